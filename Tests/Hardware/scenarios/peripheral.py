"""A Bluetooth peripheral and the controller that the kernel has, both Bumble's, on one link in memory.

    peripheral.py READY    makes the file READY once both are there, and runs until it is ended
"""
import asyncio
import sys

from bumble import hci
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.link import LocalLink
from bumble.pairing import PairingConfig
from bumble.transport import open_transport

ADDRESS = "F0:F1:F2:F3:F4:03"
SERVICE = "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
ECHO = "6E400002-B5A3-F393-E0A9-E50E24DCCA9E"
SECRET = "6E400003-B5A3-F393-E0A9-E50E24DCCA9E"


class Link(LocalLink):
    """Data comes from the address that the connection has, which may be the public one; Bumble's own link always takes the
    random one."""

    def send_acl_data(self, sender, destination, transport, data):
        connection = sender.le_connections.get(destination)
        receiver = self.find_le_controller(destination)
        if connection and receiver:
            asyncio.get_running_loop().call_soon(
                lambda: receiver.on_link_acl_data(connection.self_address, transport, data))


async def main(ready):
    link = Link()
    kernel = await open_transport("vhci")
    adapter = Controller(
        "adapter", host_source=kernel.source, host_sink=kernel.sink, link=link, public_address="B8:27:EB:11:22:33/P")
    # As on a Pi 3: legacy advertising alone, and none of the privacy that Bumble claims and has not (see air.py).
    mask = hci.LeFeatureMask
    adapter.le_features &= ~(
        mask.LE_EXTENDED_ADVERTISING | mask.LE_PERIODIC_ADVERTISING | mask.LE_2M_PHY | mask.LE_CODED_PHY | mask.LL_PRIVACY)

    controller = Controller("peripheral", link=link)
    host = Host()
    host.controller = controller
    controller.host = host
    device = Device(name="LOCK", address=hci.Address(ADDRESS), host=host)
    value = {"echo": b"init"}

    def read(_connection):
        return value["echo"]

    def write(_connection, new):
        value["echo"] = bytes(new)
        if len(new) < 20:
            asyncio.get_running_loop().create_task(device.notify_subscribers(echo, b"ack:" + bytes(new)))

    can, may = Characteristic.Properties, Characteristic.Permissions
    echo = Characteristic(
        UUID(ECHO), can.READ | can.WRITE | can.WRITE_WITHOUT_RESPONSE | can.NOTIFY, may.READABLE | may.WRITEABLE,
        CharacteristicValue(read=read, write=write))
    secret = Characteristic(
        UUID(SECRET), can.READ | can.WRITE,
        may.READABLE | may.WRITEABLE | may.READ_REQUIRES_ENCRYPTION | may.WRITE_REQUIRES_ENCRYPTION, b"secret")
    battery = Characteristic(UUID.from_16_bits(0x2A19), can.READ | can.NOTIFY, may.READABLE, bytes([87]))
    device.add_service(Service(UUID.from_16_bits(0x180F), [battery]))
    device.add_service(Service(UUID(SERVICE), [echo, secret]))
    device.pairing_config_factory = lambda _connection: PairingConfig(sc=True, mitm=False, bonding=True)
    await device.power_on()
    await device.start_advertising(
        own_address_type=hci.OwnAddressType.RANDOM, auto_restart=True, advertising_interval_min=100,
        advertising_interval_max=100,
        advertising_data=bytes(
            AdvertisingData([
                (AdvertisingData.FLAGS, b"\x06"),
                (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, b"\x0f\x18"),
                (AdvertisingData.COMPLETE_LOCAL_NAME, b"LOCK"),
            ])))
    with open(ready, "w", encoding="ascii") as file:
        file.write(ADDRESS)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
