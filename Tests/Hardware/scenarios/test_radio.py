"""The radio: kernel sockets of a real kernel, a controller in software, a daemon without root and without bluetoothd."""
import unittest

import kernel
from air import ADAPTER, Air, bthome
from board import Board
from house import GPIO_GROUP, Cloud, Gateway

SENSOR = "F0:F1:F2:F3:F4:01"
NODE = "F0F1F2F3F401"
BLE = f"""
[ble]
source = "kernel"

[[ble.nodes]]
address = "{SENSOR}"
name = "Kitchen"
"""

BUTTON = """
[button]
line = "GPIO3"
"""


def adapters(gateway):
    return gateway.ask("status")["ble"]["adapters"]


def temperature(gateway):
    node = gateway.ask("read", f"ble/{NODE}")
    return next((field["value"] for field in node["fields"] if field["name"].lower().startswith("temperature")), None)


class ARoom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.air = Air()
        cls.gateway = Gateway(BLE)
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        code = cls.gateway.end()
        cls.air.end()
        assert code == 0, f"the gateway ended with {code}, expected 0"

    def degraded(self):
        return [part["reason"] for part in self.gateway.ask("status")["degraded"] if part["part"] == "ble"]

    def test_1_no_adapter_is_a_state_with_a_name(self):
        self.gateway.wait(20, "the missing adapter", lambda: "no Bluetooth adapter is there" in self.degraded())

    def test_2_an_adapter_that_comes_is_powered_and_scans(self):
        self.air.plug()
        self.gateway.wait(60, "the scan", lambda: adapters(self.gateway)[0]["state"] == "scanning")
        self.assertEqual(adapters(self.gateway)[0]["address"], ADAPTER)
        self.assertEqual(self.degraded(), [])

    def test_3_an_advert_in_the_air_is_a_value(self):
        self.air.advertise(SENSOR, bthome(21.5, packet=1))
        self.gateway.wait(60, "21.5 °C", lambda: temperature(self.gateway) == 21.5)
        self.air.advertise(SENSOR, bthome(22.25, packet=2))
        self.gateway.wait(60, "22.25 °C", lambda: temperature(self.gateway) == 22.25)

    def test_4_a_thousand_strangers_are_heard_and_none_is_a_node(self):
        before = self.gateway.ask("status")
        self.air.crowd(1000, bytes([2, 1, 6, 3, 0xFF, 0xFF, 0xFF]), seconds=20)
        after = self.gateway.wait(
            60, "a thousand strangers", lambda: next(
                status for status in [self.gateway.ask("status")]
                if status["ble"]["from_strangers"] >= before["ble"]["from_strangers"] + 1000 - status["ble"]["dropped"]))
        self.assertEqual(after["nodes"]["total"], before["nodes"]["total"])
        self.assertEqual(after["ble"]["dropped"], 0)

    def test_5_an_adapter_that_vanishes_is_told_and_comes_back_by_itself(self):
        self.air.unplug()
        self.gateway.wait(60, "the loss", lambda: "no Bluetooth adapter is there" in self.degraded())
        self.air.plug()
        self.air.advertise(SENSOR, bthome(23.75, packet=3))
        self.gateway.wait(90, "23.75 °C", lambda: temperature(self.gateway) == 23.75)
        self.assertEqual(self.degraded(), [])

    def test_6_an_adapter_that_is_switched_off_is_told_with_the_cure_and_comes_back_by_itself(self):
        # The kernel takes what a controller says while it is off for a fault of the controller in software, which then is gone.
        self.air.quiet(SENSOR)
        kernel.switch(False)
        self.gateway.wait(30, "the switch", lambda: adapters(self.gateway)[0]["state"] == "blocked")
        self.assertIn("`rfkill unblock bluetooth`", self.degraded()[0])
        kernel.switch(True)
        self.gateway.wait(90, "the scan", lambda: adapters(self.gateway)[0]["state"] == "scanning")
        self.assertEqual(self.degraded(), [])
        self.air.advertise(SENSOR, bthome(24.5, packet=4))
        self.gateway.wait(60, "24.5 °C", lambda: temperature(self.gateway) == 24.5)


class FromAirToCloud(unittest.TestCase):
    """A real press admits the cloud; an advert of a sensor is then a value far away, and so is the next one."""

    def test_an_advert_in_the_air_is_a_value_in_the_cloud(self):
        board, air, cloud = Board(name="cloudy", group=GPIO_GROUP), Air(), Cloud()
        gateway = Gateway(BUTTON + BLE + cloud.configuration)
        try:
            air.plug()
            air.advertise(SENSOR, bthome(19.5, packet=1))
            gateway.start()
            gateway.wait(60, "the knock", lambda: gateway.phase() == "knocking")
            board.press()
            gateway.wait(120, "the sign-in", lambda: gateway.ask("status")["cloud"]["signed_in"])
            cloud.login()
            href = gateway.wait(
                90, "the thermometer in the cloud",
                lambda: [href for href in cloud.resources("oic.r.temperature") if f"/ble/{NODE}/" in href])[0]
            for packet, value in ((2, 19.75), (3, 18.25)):
                air.advertise(SENSOR, bthome(value, packet))
                gateway.wait(
                    60, f"{value} °C in the cloud", lambda: cloud.client("get", href)["temperature"] == value)
        finally:
            gateway.end()
            cloud.end()
            air.end()
            board.unplug()


class WithoutCapabilities(unittest.TestCase):
    """What is missing is named; the daemon runs."""

    def missing(self, capabilities, name):
        air = Air()
        gateway = Gateway(BLE, capabilities=capabilities)
        try:
            air.plug()
            gateway.start()
            reasons = gateway.wait(
                60, f"the word {name}", lambda: [
                    part["reason"] for part in gateway.ask("status")["degraded"] if name in part["reason"]])
            self.assertTrue(reasons)
            self.assertEqual(adapters(gateway)[0]["state"], "no-permission")
        finally:
            gateway.end()
            air.end()

    def test_without_net_admin_it_cannot_be_powered(self):
        self.missing((), "CAP_NET_ADMIN")

    def test_without_net_raw_it_cannot_scan(self):
        self.missing(("net_admin",), "CAP_NET_RAW")


if __name__ == "__main__":
    unittest.main(verbosity=2)
