"""Devices that are connected to, through the whole house: from the cloud to a peripheral's characteristic and back."""
import time
import unittest

import connectable
import kernel
from air import Air
from board import Board
from bumble.pairing import PairingDelegate
from connectable import CODE, LEVEL, RELAY, SERVICE, Lock
from house import GPIO_GROUP, Cloud, Gateway

LOCK, MUTE = "F0:F1:F2:F3:F4:03", "F0:F1:F2:F3:F4:04"
REFUSING, BABBLING, SHORT = "F0:F1:F2:F3:F4:05", "F0:F1:F2:F3:F4:06", "F0:F1:F2:F3:F4:07"
SAFE = "F0:F1:F2:F3:F4:08"


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
    characteristic(SAFE, LEVEL, "Level", format="u16", notify=True),
    *(characteristic(device, CODE, "Code", format="u16") for device in (LOCK, SAFE)),
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

    def value(self, field, address=LOCK):
        node = self.node(address)
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
            self.assertLess(time.monotonic() - begin, 300, told())
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

    def test_6_forgetting_ends_the_link_that_the_bond_secures(self):
        self.gateway.wait(60, "the secured link", lambda: self.air.do(self.lock.is_secured))
        self.assertIn(LOCK, kernel.bonded())
        connections, disconnections = self.lock.connections, self.lock.disconnections
        self.gateway.ask("forget", name(LOCK))
        # The command has returned: whoever holds the other end is rid of us, and the kernel has none of its keys.
        self.assertNotIn(LOCK, kernel.bonded())
        self.gateway.wait(1, "the link's end", lambda: self.lock.disconnections == disconnections + 1)
        self.assertNotIn(name(LOCK), [node["id"] for node in self.gateway.ask("nodes")])
        # It goes on advertising under its changing address, which now names nobody: nobody connects to it again, and a
        # restart brings no key of it back.
        self.gateway.wait(30, "a stranger", lambda: self.gateway.ask("strangers"))
        self.restart()
        self.assertNotIn(LOCK, kernel.bonded())
        self.assertEqual(self.lock.connections, connections)
        # Under its own address the configuration admits it anew, and it is as unknown as on the first day.
        self.air.show(LOCK)
        self.gateway.wait(60, "the wish for a bond", lambda: "pair" in " ".join(self.node()["messages"]))
        self.assertIsNone(self.value("Code"))
        self.assertFalse(self.air.do(self.lock.is_secured))

    def restart(self, is_true=True):
        """The gateway with another adapter."""
        self.assertEqual(self.gateway.program.end(), 0)
        self.air.unplug()
        self.air.plug(is_true)
        self.gateway.start()
        self.gateway.wait(
            60, "the scan", lambda: self.gateway.ask("status")["ble"]["adapters"][0]["state"] == "scanning")

    def test_7_a_bond_is_made_when_both_show_the_same_number_and_its_link_ends_though_the_kernel_will_not(self):
        # The adapter is one whose connections the kernel does not end, for what comes after.
        self.restart(is_true=False)
        safe = Lock(PairingDelegate.DISPLAY_OUTPUT_AND_YES_NO_INPUT)
        self.air.place(SAFE, safe.build, connectable.advert("SAFE"))
        self.gateway.wait(60, "the wish for a bond", lambda: "pair" in " ".join(self.node(SAFE)["messages"]))
        answer = self.gateway.ask("pair", name(SAFE))
        self.assertEqual(answer["state"], "compare")
        self.assertEqual(answer["number"], f"{safe.shown:06}")
        answer = self.gateway.ask("pair", name(SAFE), "--same")
        self.assertEqual(answer["state"], "paired")
        self.assertEqual(self.value("Code", SAFE), 4711)
        self.assertEqual(safe.pairings, 1)

        # The kernel has given up a connection that it has: the controller is told all the same that it shall end.
        self.gateway.wait(30, "the kernel's mistake", lambda: self.air.controller.cancellations)
        self.assertTrue(self.air.do(safe.is_secured))
        disconnections = safe.disconnections
        self.gateway.ask("forget", name(SAFE))
        self.assertNotIn(SAFE, kernel.bonded())
        self.gateway.wait(1, "the link's end", lambda: safe.disconnections == disconnections + 1)
        self.assertFalse(self.air.do(safe.is_secured))


if __name__ == "__main__":
    unittest.main(verbosity=2)
