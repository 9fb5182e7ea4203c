"""A board's GPIO chip, made with the kernel's simulator: what a hand and a meter would do to a real one."""
import os
import threading
import time

CONFIGURATION = "/sys/kernel/config/gpio-sim"
# What the header of a Raspberry Pi 4 calls its chip and its lines.
LABEL = "pinctrl-bcm2711"
NAMES = {2: "GPIO2", 3: "GPIO3", 5: "GPIO5", 17: "GPIO17", 22: "GPIO22", 27: "GPIO27"}
BUTTON, LAMP, RELAY, DOOR = 3, 17, 5, 22


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)


def _read(path):
    with open(path) as file:
        return file.read().strip()


class Board:
    """A chip of 32 lines. `plug` makes it, `unplug` takes it away as pulling a card would."""

    def __init__(self, name="board", label=LABEL, names=NAMES, group=None):
        self.folder = f"{CONFIGURATION}/{name}"
        self.label, self.names, self.group = label, names, group
        bank = f"{self.folder}/bank0"
        os.makedirs(bank)
        _write(f"{bank}/num_lines", "32")
        _write(f"{bank}/label", label)
        for line, line_name in names.items():
            os.mkdir(f"{bank}/line{line}")
            _write(f"{bank}/line{line}/name", line_name)
        self.plug()

    def plug(self):
        _write(f"{self.folder}/live", "1")
        self.chip = _read(f"{self.folder}/bank0/chip_name")
        self.pins = f"/sys/devices/platform/{_read(f'{self.folder}/dev_name')}/{self.chip}"
        # What the udev rule does on a real board.
        if self.group is not None:
            os.chown(f"/dev/{self.chip}", 0, self.group)
            os.chmod(f"/dev/{self.chip}", 0o660)
        # Nobody presses: the button pulls to ground.
        self.pull(BUTTON, up=True)

    def unplug(self):
        """Kernels of today wait in the removal until the lines are given back, so it happens in the background."""
        threading.Thread(target=_write, args=(f"{self.folder}/live", "0"), daemon=True).start()

    def wait_unplugged(self, seconds=30):
        """Until the removal is through."""
        end = time.monotonic() + seconds
        while _read(f"{self.folder}/live") != "0" or os.path.exists(f"/dev/{self.chip}"):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.chip} is still there")
            time.sleep(0.05)

    def pull(self, line, up):
        _write(f"{self.pins}/sim_gpio{line}/pull", "pull-up" if up else "pull-down")

    def is_high(self, line):
        return _read(f"{self.pins}/sim_gpio{line}/value") == "1"

    def press(self, seconds=0.3):
        """A finger on the button for so long."""
        self.pull(BUTTON, up=False)
        time.sleep(seconds)
        self.pull(BUTTON, up=True)

    def watch(self, line, seconds, interval=0.01):
        """The moments at which a line changed, and to what: [(seconds since the start, level)]."""
        begin = time.monotonic()
        level = self.is_high(line)
        changes = [(0.0, level)]
        while time.monotonic() - begin < seconds:
            now = self.is_high(line)
            if now != level:
                level = now
                changes.append((time.monotonic() - begin, level))
            time.sleep(interval)
        return changes
