"""Devices that take connections: a lock as it should be, and some that misbehave. All are Bumble's."""
import struct

from bumble import att, hci
from bumble.core import UUID, AdvertisingData
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

SERVICE = "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
RELAY = "6E400002-B5A3-F393-E0A9-E50E24DCCA9E"
LEVEL = "6E400003-B5A3-F393-E0A9-E50E24DCCA9E"
CODE = "6E400004-B5A3-F393-E0A9-E50E24DCCA9E"

CAN, MAY = Characteristic.Properties, Characteristic.Permissions


def advert(name):
    """The AD structures of a device that takes connections."""
    return bytes(AdvertisingData([
        (AdvertisingData.FLAGS, b"\x06"), (AdvertisingData.COMPLETE_LOCAL_NAME, name.encode("ascii"))]))


class Lock:
    """A relay that is read and written, a level that is told and cannot be read, and a code that wants a bond which a
    person has authenticated."""

    def __init__(self, capability=PairingDelegate.DISPLAY_OUTPUT_ONLY):
        self.relay = bytearray(b"\x00")
        self.written = []
        self.connections = 0
        self.disconnections = 0
        self.pairings = 0
        # What its display shows.
        self.shown = None
        self.capability = capability
        self.device = None

    def build(self, device):
        """Gives a device these services."""
        self.device = device

        def write(_connection, value):
            self.relay[:] = value
            self.written.append(bytes(value))

        self.level = Characteristic(UUID(LEVEL), CAN.NOTIFY, MAY(0), b"\x00\x00")
        device.add_service(Service(UUID(SERVICE), [
            Characteristic(
                UUID(RELAY), CAN.READ | CAN.WRITE, MAY.READABLE | MAY.WRITEABLE,
                CharacteristicValue(read=lambda _connection: bytes(self.relay), write=write)),
            self.level,
            Characteristic(
                UUID(CODE), CAN.READ, MAY.READABLE | MAY.READ_REQUIRES_AUTHENTICATION, struct.pack("<H", 4711)),
        ]))
        device.keystore, device.irk = MemoryKeyStore(), bytes(range(1, 17))
        device.pairing_config_factory = lambda _connection: PairingConfig(
            sc=True, mitm=True, bonding=True, delegate=Display(self),
            identity_address_type=PairingConfig.AddressType.RANDOM)
        device.on("connection", self.connected)

    def connected(self, connection):
        self.count("connections")
        connection.on("disconnection", lambda _reason: self.count("disconnections"))
        connection.on("pairing", lambda _keys: self.count("pairings"))

    def is_secured(self):
        """Whether there is a connection, and it is encrypted."""
        return any(connection.is_encrypted for connection in self.device.connections.values())

    def count(self, name):
        setattr(self, name, getattr(self, name) + 1)

    async def tell(self, level):
        """Notifies whoever has subscribed."""
        await self.device.notify_subscribers(self.level, struct.pack("<H", level))


class Display(PairingDelegate):
    """What a lock shows while it pairs."""

    def __init__(self, lock):
        super().__init__(io_capability=lock.capability)
        self.lock = lock

    async def display_number(self, number, digits):
        self.lock.shown = number

    async def compare_numbers(self, number, digits):
        self.lock.shown = number
        return True


def mute(device):
    """Takes connections and answers nothing."""
    device.gatt_server.on_gatt_pdu = lambda connection, pdu: None


def refusing(device):
    """Answers every request with an error."""
    def answer(connection, pdu):
        device.gatt_server.send_gatt_pdu(
            connection, struct.pack("<BBHB", 0x01, pdu.op_code, 0, att.ATT_UNLIKELY_ERROR_ERROR))
    device.gatt_server.on_gatt_pdu = answer


def babbling(device):
    """Answers with what is no attribute protocol: too short, too long for its kind, to nothing that was asked."""
    nonsense = [
        b"\x01", b"\x03\x17", b"\x11\x00", b"\x11\x06\x01\x00\x05\x00\x00", b"\x09\x02\x01\x00\x00", b"\xff" * 20,
        b"\x1b\x01", b"\x01\x10\x01\x00"]

    def answer(connection, pdu):
        nonsense.append(nonsense.pop(0))
        device.gatt_server.send_gatt_pdu(connection, nonsense[-1])
    device.gatt_server.on_gatt_pdu = answer


def short(device):
    """Has the lock's services, and a level of one byte where two are expected."""
    device.add_service(Service(UUID(SERVICE), [
        Characteristic(UUID(LEVEL), CAN.READ, MAY.READABLE, b"\x05")]))
