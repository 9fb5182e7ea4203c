"""The GATT client over the kernel's own sockets: a peripheral that is Bumble's, without bluetoothd."""
import os
import subprocess
import sys
import tempfile
import time
import unittest

import peripheral
from house import PROGRAMS


class KernelSuite(unittest.TestCase):
    """The client's own tests of the kernel's face: discovery, values, notifications, pairing, a bond that is loaded again."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        ready = os.path.join(self.folder.name, "ready")
        self.air = subprocess.Popen([sys.executable, peripheral.__file__, ready])
        end = time.monotonic() + 120
        while not os.path.exists(ready):
            self.assertIsNone(self.air.poll(), "the peripheral ended")
            self.assertLess(time.monotonic(), end, "the peripheral does not come up")
            time.sleep(0.2)
        # The kernel sets its new adapter up by itself.
        while not os.path.exists("/sys/class/bluetooth/hci0"):
            self.assertLess(time.monotonic(), end, "the kernel has no adapter")
            time.sleep(0.2)

    def tearDown(self):
        self.air.kill()
        self.air.wait()
        self.folder.cleanup()

    def test_a_peripheral_of_somebody_elses_making(self):
        bundle = os.path.join(PROGRAMS, "gatehousePackageTests.xctest")
        if not os.path.exists(bundle):
            self.skipTest("only the daemon is built with these libraries")
        result = subprocess.run(
            [bundle, "--testing-library", "swift-testing", "--filter", "GATTTests.KernelTests"], capture_output=True,
            text=True, timeout=400, stdin=subprocess.DEVNULL,
            env={**os.environ, "GATEHOUSE_PERIPHERAL": peripheral.ADDRESS})
        words = result.stdout + result.stderr
        self.assertEqual(result.returncode, 0, words[-4000:])
        self.assertRegex(words, r"Test run with [1-9]\d* tests? .*passed")
        self.assertNotIn("skipped", words)


if __name__ == "__main__":
    unittest.main()
