"""The air of a room: a Bluetooth controller that the kernel takes for its own, and who advertises around it."""
import asyncio
import struct
import threading

from bumble import hci
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Device
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport import open_transport

ADAPTER = "B8:27:EB:11:22:33"


class Adapter(Controller):
    """The controller that the kernel has."""

    cancellations = 0

    def on_hci_le_create_connection_cancel_command(self, command):
        self.cancellations += 1
        return super().on_hci_le_create_connection_cancel_command(command)


class Link(LocalLink):
    """Bumble sends data from a device's random address even on a connection of its public one; the kernel then drops it."""

    def send_acl_data(self, sender, dest, transport, data):
        connection, receiver = sender.le_connections.get(dest), self.find_le_controller(dest)
        if connection and receiver:
            asyncio.get_running_loop().call_soon(
                lambda: receiver.on_link_acl_data(connection.self_address, transport, data))


def bthome(temperature, packet):
    """A BTHome version 2 thermometer's AD structures."""
    service = bytes([0x40, 0x00, packet, 0x02]) + struct.pack("<h", round(temperature * 100))
    return bytes(AdvertisingData([
        (AdvertisingData.FLAGS, b"\x06"),
        (AdvertisingData.SERVICE_DATA_16_BIT_UUID, struct.pack("<H", 0xFCD2) + service)]))


class Air:
    """Runs in a thread of its own; what is asked of it is done when the call returns."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.link = None
        self.transport = None
        self.devices = {}

    def _run(self, task, seconds=60):
        return asyncio.run_coroutine_threadsafe(task, self.loop).result(seconds)

    def plug(self, is_true=True):
        """An adapter comes; the kernel calls it hci0, or the next free number.

        One that is not true claims LL Privacy and tells of connections by the event that is older than that, as Bumble does.
        The kernel, which waits for the newer one, then gives the attempt up four seconds later and takes the connection,
        which has long been there, for cancelled: it does not end it any more, whoever asks."""
        self._run(self._plug(is_true))

    async def _plug(self, is_true):
        if self.link is None:
            self.link = Link()
        self.transport = await open_transport("vhci")
        self.controller = Adapter(
            "adapter", host_source=self.transport.source, host_sink=self.transport.sink, link=self.link,
            public_address=f"{ADAPTER}/P")
        # Like the one of a Raspberry Pi 3: legacy advertising. Bumble would answer a legacy scan with extended reports.
        features = hci.LeFeatureMask
        self.controller.le_features &= ~(
            features.LE_EXTENDED_ADVERTISING | features.LE_PERIODIC_ADVERTISING | features.LE_2M_PHY
            | features.LE_CODED_PHY)
        if is_true:
            self.controller.le_features &= ~features.LL_PRIVACY

    def unplug(self):
        """The adapter goes, as pulling it would have it."""
        async def go():
            # Whoever was connected notices that the other end is gone.
            for device in self.devices.values():
                for connection in list(device.connections.values()):
                    try:
                        await asyncio.wait_for(connection.disconnect(), 2)
                    except Exception:  # it has noticed already
                        pass
            if self.controller in self.link.controllers:
                self.link.controllers.remove(self.controller)
            await self.transport.close()
        self._run(go())

    def advertise(self, address, data, interval=100):
        """A sensor says `data` from now on, each so many milliseconds."""
        self._run(self._advertise(address, data, interval))

    async def _advertise(self, address, data, interval, build=None):
        device = self.devices.get(address)
        if device is None:
            controller = Controller(address, link=self.link)
            host = Host()
            host.controller, controller.host = controller, host
            device = self.devices[address] = Device(name=address, address=hci.Address(address), host=host)
            if build is not None:
                build(device)
            await device.power_on()
        else:
            await device.stop_advertising()
        await device.start_advertising(
            own_address_type=hci.OwnAddressType.RANDOM, auto_restart=True, advertising_interval_min=interval,
            advertising_interval_max=interval, advertising_data=data)

    def place(self, address, build, data, interval=100):
        """A device that takes connections; `build` gives it what it has, before it is switched on."""
        self._run(self._advertise(address, data, interval, build))

    def hide(self, address):
        """A device goes on under an address that changes: the next one that its identity key resolves.

        Gives that address."""
        return self._run(self._call(address, hci.Address.generate_private_address(self.devices[address].irk)))

    def show(self, address):
        """A device goes on under its own address."""
        self._run(self._call(address, hci.Address(address)))

    async def _call(self, owner, address):
        device = self.devices[owner]
        await device.stop_advertising()
        device.random_address = address
        await device.send_sync_command(hci.HCI_LE_Set_Random_Address_Command(random_address=address))
        await device.start_advertising(
            own_address_type=hci.OwnAddressType.RANDOM, auto_restart=True, advertising_interval_min=100,
            advertising_interval_max=100, advertising_data=device.advertising_data)
        return str(address).partition("/")[0]

    def do(self, action):
        """Does something in the air's own thread, where all of its devices live."""
        async def go():
            result = action()
            return await result if asyncio.iscoroutine(result) else result
        return self._run(go())

    def quiet(self, address):
        """A sensor falls silent."""
        self._run(self.devices.pop(address).stop_advertising())

    def crowd(self, count, data, seconds):
        """One report each from so many random addresses, spread over the time: tags, phones and people passing by."""
        async def pass_by():
            for number in range(count):
                address = hci.Address(f"{0x40 | number % 0x40:02X}:00:00:00:{number >> 8:02X}:{number & 0xFF:02X}")
                report = hci.HCI_LE_Advertising_Report_Event.Report(
                    event_type=hci.HCI_LE_Advertising_Report_Event.EventType.ADV_NONCONN_IND,
                    address_type=hci.Address.RANDOM_DEVICE_ADDRESS, address=address, data=data, rssi=-70)
                self.controller.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
                await asyncio.sleep(seconds / count)
        self._run(pass_by(), seconds * 10 + 60)

    def end(self):
        if self.transport is not None:
            try:
                self.unplug()
            except Exception:  # the guest ends anyway
                pass
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
