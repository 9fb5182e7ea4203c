"""Button, lamp and lines: real line events of a real kernel, a daemon without root."""
import os
import subprocess
import unittest

import board as boards
from board import Board
from house import GPIO_GROUP, PROGRAMS, Cloud, Gateway

BOARD = """
[button]
line = "GPIO3"

[led]
drive = "gpio:GPIO17"

[[gpio.lines]]
name = "relay1"
line = "GPIO5"
direction = "output"
kind = "relay"

[[gpio.lines]]
name = "door"
line = "GPIO22"
direction = "input"
kind = "contact"
bias = "pull-down"
"""


class GPIOSuite(unittest.TestCase):
    """The library's face, by its own tests, on this kernel; they make chips of their own."""

    def test_the_librarys_own_tests_pass_on_this_kernel(self):
        bundle = os.path.join(PROGRAMS, "gatehousePackageTests.xctest")
        if not os.path.exists(bundle):
            self.skipTest("only the daemon is built with these libraries")
        result = subprocess.run(
            [bundle, "--testing-library", "swift-testing", "--filter", "GPIOTests.GPIOSimTests"],
            capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
        words = result.stdout + result.stderr
        self.assertEqual(result.returncode, 0, words[-4000:])
        self.assertRegex(words, r"Test run with [1-9]\d* tests? .*passed")
        self.assertNotIn("skipped", words)


class PairingByHand(unittest.TestCase):
    """From the knock to the switched relay, with nothing simulated but the pins."""

    @classmethod
    def setUpClass(cls):
        cls.board = Board(group=GPIO_GROUP)
        cls.cloud = Cloud()
        cls.gateway = Gateway(BOARD + cls.cloud.configuration).start()

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.end()
        cls.cloud.end()
        cls.board.unplug()
        assert code == 0, f"the gateway ended with {code}, expected 0"

    def test_1_the_lamp_flashes_twice_a_second_while_the_cloud_knocks(self):
        self.gateway.wait(30, "the knock", lambda: self.gateway.phase() == "knocking")
        changes = self.board.watch(boards.LAMP, seconds=6)
        # 250 ms on, 250 ms off: 24 changes in 6 s; a guest without KVM stutters.
        self.assertGreaterEqual(len(changes) - 1, 16, changes)
        self.assertLessEqual(len(changes) - 1, 26, changes)
        self.assertTrue(all(a[1] != b[1] for a, b in zip(changes, changes[1:])), changes)

    def test_2_a_press_gives_trust_and_the_gateway_joins_the_cloud(self):
        if self.gateway.phase() != "knocking":
            self.skipTest("the window ended: the machine is too slow for 30 s")
        self.board.press()
        self.gateway.wait(30, "the trust", lambda: len(self.gateway.ask("trust", "list")) > 0)
        # Steady for two seconds: accepted.
        self.gateway.wait(90, "the sign-in", lambda: self.gateway.ask("status")["cloud"]["signed_in"])
        self.cloud.login()

    def test_3_a_relay_switched_through_the_cloud_moves_its_pin(self):
        relay = self.gateway.wait(
            60, "the relay in the cloud",
            lambda: [href for href in self.cloud.resources("oic.r.switch.binary") if "/gpio/relay1/" in href])[0]
        for wanted in (True, False, True):
            self.cloud.client("set", relay, f"value={'true' if wanted else 'false'}")
            self.assertEqual(self.board.is_high(boards.RELAY), wanted)

    def test_4_an_edge_of_a_line_is_a_value_in_the_cloud(self):
        door = self.gateway.wait(
            60, "the door in the cloud",
            lambda: [href for href in self.cloud.resources("oic.r.sensor.contact") if "/gpio/door/" in href])[0]
        for up in (True, False):
            self.board.pull(boards.DOOR, up=up)
            self.gateway.wait(
                30, f"the door {'open' if up else 'shut'} in the cloud",
                lambda: self.cloud.client("get", door)["value"] is up)

    def test_5_a_hold_of_five_seconds_warns_and_letting_go_backs_out(self):
        self.board.pull(boards.BUTTON, up=False)
        try:
            self.gateway.wait(15, "the warning", lambda: self.gateway.phase() == "reset-warning")
        finally:
            self.board.pull(boards.BUTTON, up=True)
        self.gateway.wait(10, "the way back", lambda: self.gateway.phase() == "idle")
        self.assertEqual(len(self.gateway.ask("trust", "list")), 1)


    def test_6_a_chip_that_vanishes_is_told_and_comes_back_by_itself(self):
        """The kernel wakes nobody who waits for an edge of it; a card that is pulled is noticed all the same."""
        parts = {"button", "led", "gpio"}

        def degraded():
            return {part["part"]: part["reason"] for part in self.gateway.ask("status")["degraded"]}

        self.assertEqual(parts & set(degraded()), set())
        self.board.unplug()
        reasons = self.gateway.wait(
            30, "the loss", lambda: next(found for found in [degraded()] if {"button", "gpio"} <= set(found)))
        self.assertIn(self.board.chip, reasons["button"])
        self.assertEqual(self.gateway.ask("read", "gpio/door")["state"], "errorUnsigned")
        self.board.wait_unplugged()
        self.board.plug()
        self.gateway.wait(30, "the way back", lambda: parts & set(degraded()) == set())
        # An output begins as it is configured; then both directions work as before.
        self.assertFalse(self.board.is_high(boards.RELAY))
        self.gateway.ask("set", "gpio/relay1", "Output", "true")
        self.assertTrue(self.board.is_high(boards.RELAY))
        self.board.pull(boards.DOOR, up=True)
        self.gateway.wait(10, "the open door", lambda: self.gateway.ask("read", "gpio/door")["fields"][0]["value"])


class WithoutTheGroup(unittest.TestCase):
    """A daemon that may not open the chip says so, and runs."""

    def test_the_missing_permission_is_named(self):
        board = Board(name="closed", group=None)
        os.chmod(f"/dev/{board.chip}", 0o600)
        gateway = Gateway(BOARD)
        try:
            gateway.start()
            degraded = gateway.ask("status")["degraded"]
            reasons = {part["part"]: part["reason"] for part in degraded}
            for part in ("button", "led"):
                self.assertIn(f"/dev/{board.chip} (user 0, group 0, mode 600)", reasons[part])
                self.assertIn("let the daemon's user into the group", reasons[part])
        finally:
            gateway.end()
            board.unplug()


if __name__ == "__main__":
    unittest.main(verbosity=2)
