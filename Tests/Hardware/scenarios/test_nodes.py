"""Devices that are connected to, through the whole house: from the cloud to a peripheral's characteristic and back."""
import time
import unittest

import connectable
from air import Air
from board import Board
from connectable import CODE, LEVEL, RELAY, SERVICE, Lock
from house import GPIO_GROUP, Cloud, Gateway

LOCK, MUTE = "F0:F1:F2:F3:F4:03", "F0:F1:F2:F3:F4:04"
REFUSING, BABBLING, SHORT = "F0:F1:F2:F3:F4:05", "F0:F1:F2:F3:F4:06", "F0:F1:F2:F3:F4:07"


def characteristic(device, number, name, **settings):
    lines = "".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n" for key, value in settings.items())
    return f"""
[[ble.gatt]]
device = "{device}"
service = "{SERVICE}"
characteristic = "{number}"
name = "{name}"
{lines}"""


CONFIGURATION = "".join([
    '\n[button]\nline = "GPIO3"\n\n[ble]\nsource = "kernel"\nread_interval = 10\nconnections = 4\n',
    characteristic(LOCK, RELAY, "Relay", format="bool", writable=True),
    characteristic(LOCK, LEVEL, "Level", format="u16", unit="%", decimals=1, notify=True),
    characteristic(LOCK, CODE, "Code", format="u16"),
    *(characteristic(device, LEVEL, "Level", format="u16") for device in (MUTE, REFUSING, BABBLING, SHORT)),
])


def name(address):
    return "ble/" + address.replace(":", "")


class ThroughTheHouse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.board, cls.air, cls.cloud = Board(name="nodes", group=GPIO_GROUP), Air(), Cloud()
        cls.gateway = Gateway(CONFIGURATION + cls.cloud.configuration)
        cls.lock = Lock()
        cls.air.plug()
        cls.air.place(LOCK, cls.lock.build, connectable.advert("LOCK"))
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        try:
            code = cls.gateway.end()
        finally:
            cls.cloud.end()
            cls.air.end()
            cls.board.unplug()
        assert code == 0, f"the gateway ended with {code}, expected 0"

    def node(self, address=LOCK):
        return self.gateway.ask("read", name(address))

    def value(self, field):
        node = self.node()
        return next((item["value"] for item in node["fields"] + node["parameters"] if item["name"] == field), None)

    def resource(self, type_, end):
        return self.gateway.wait(
            60, f"{end} in the cloud", lambda: [
                href for href in self.cloud.resources(type_)
                if href.endswith(f"{name(LOCK)}/{end}")])[0]

    def test_1_a_write_through_the_cloud_reaches_the_peripheral(self):
        self.gateway.wait(60, "the knock", lambda: self.gateway.phase() == "knocking")
        self.board.press()
        self.gateway.wait(120, "the sign-in", lambda: self.gateway.ask("status")["cloud"]["signed_in"])
        self.cloud.login()
        self.gateway.wait(60, "the relay's value", lambda: self.value("Relay") is False)
        relay = self.resource("oic.r.switch.binary", "relay")
        for wanted in (True, False):
            self.cloud.client("set", relay, f"value={'true' if wanted else 'false'}")
            # The command has returned, so the peripheral has it.
            self.assertEqual(self.lock.written[-1], b"\x01" if wanted else b"\x00")
            self.assertIs(self.cloud.client("get", relay)["value"], wanted)

    def test_2_what_the_peripheral_tells_is_a_value_in_the_cloud(self):
        self.air.do(lambda: self.lock.tell(125))
        level = self.gateway.wait(30, "12.5 %", lambda: self.value("Level") == 12.5 and "level")
        href = self.gateway.wait(
            60, "the level in the cloud", lambda: [
                link for link in [entry["href"] for entry in self.cloud.client("resources")]
                if link.endswith(f"{name(LOCK)}/{level}")])[0]
        for raw, value in ((730, 73), (5, 0.5)):
            self.air.do(lambda: self.lock.tell(raw))
            self.gateway.wait(
                30, f"{value} % in the cloud", lambda: value in self.cloud.client("get", href).values())

    def test_3_those_that_misbehave_hold_nobody_up_and_are_named(self):
        relay = self.resource("oic.r.switch.binary", "relay")
        for address, build in (
                (MUTE, connectable.mute), (REFUSING, connectable.refusing), (BABBLING, connectable.babbling),
                (SHORT, connectable.short)):
            self.air.place(address, build, connectable.advert("BAD"))
        wanted = {name(address) for address in (MUTE, REFUSING, BABBLING, SHORT)}

        def told():
            return {trouble["node"]: trouble["reason"] for trouble in self.gateway.ask("status")["ble"]["troubles"]}

        # The mute one is given 30 s; all the while the lock is served.
        begin, longest, value = time.monotonic(), 0, True
        while not wanted.issubset(told()):
            self.assertLess(time.monotonic() - begin, 180, told())
            start = time.monotonic()
            self.cloud.client("set", relay, f"value={'true' if value else 'false'}")
            longest = max(longest, time.monotonic() - start)
            self.assertEqual(self.lock.written[-1], b"\x01" if value else b"\x00")
            value = not value
        self.assertLess(longest, 25)
        reasons = told()
        self.assertIn("30 s", reasons[name(MUTE)])
        for address in (MUTE, REFUSING, BABBLING, SHORT):
            self.assertEqual(self.node(address)["state"], "errorUnsigned")

    def test_4_a_bond_is_made_with_the_number_that_the_device_shows(self):
        self.gateway.wait(60, "the wish for a bond", lambda: "pair" in " ".join(self.node()["messages"]))
        answer = self.gateway.ask("pair", name(LOCK))
        self.assertEqual(answer["state"], "passkey")
        self.gateway.wait(10, "a number on the display", lambda: self.lock.shown)
        answer = self.gateway.ask("pair", name(LOCK), "--passkey", self.lock.shown)
        self.assertEqual(answer["state"], "paired")
        self.assertEqual(self.value("Code"), 4711)
        self.assertEqual(self.node()["state"], "ok")
        self.assertEqual(self.lock.pairings, 1)

    def test_5_the_bond_holds_after_a_restart_and_under_another_address(self):
        # With the adapter the kernel's keys go, too, as they do at a boot; the store's are all there is.
        self.assertEqual(self.gateway.program.end(), 0)
        self.air.unplug()
        self.air.plug()
        hidden = self.air.hide(LOCK)
        self.gateway.start()
        self.assertNotEqual(hidden, LOCK)
        self.gateway.wait(60, "the code, read anew", lambda: self.value("Code") == 4711)
        self.assertEqual(self.node()["state"], "ok")
        self.assertEqual(self.lock.pairings, 1)
        # The hidden address names nobody; its owner does.
        nodes = [node["id"] for node in self.gateway.ask("nodes")]
        self.assertIn(name(LOCK), nodes)
        self.assertNotIn(name(hidden), nodes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
