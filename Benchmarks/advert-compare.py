"""The adverts of AdvertBench read by bumble and by bthome-ble, on one processor and in processor time, as AdvertBench does."""
import itertools
import sys
import time

from bthome_ble.parser import BTHomeBluetoothDeviceData
from bumble.core import AdvertisingData
from habluetooth import BluetoothServiceInfoBleak

STRANGERS = [bytes.fromhex(text) for text in (
    "02011a020a0c0bff4c001006031a4f2d3c51", "02010611ff7500420401806030a1b2c3d4e5f60102",
    "0201061416cdfd8810a1b2c3d4e5f60104c3001c020201", "03039ffe17169ffe0000000000000000000000000000000000000000",
    "02010605094c4544310302f0ff")]
UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")


def info(service_data):
    return BluetoothServiceInfoBleak(
        "sensor", "54:48:E6:8F:80:A5", -60, {}, {UUID: service_data} if service_data else {}, [], "", None, None, False,
        time.monotonic(), None)


def row(name, body, seconds):
    """Times `body`, which does a hundred adverts."""
    for _ in range(3):
        body()
    start, rounds = time.process_time(), 0
    while (elapsed := time.process_time() - start) < seconds:
        body()
        rounds += 1
    rate = int(100 * rounds / elapsed)
    grouped = f"{rate:,}".replace(",", " ")
    print(f"{name:<48}{grouped:>12}{round(1e9 / rate):>7}")


def main(seconds):
    turn = itertools.cycle(STRANGERS)
    row("bumble, AD structures parsed", lambda: [AdvertisingData.from_bytes(next(turn)) for _ in range(100)], seconds)
    # A message whose packet has not changed is passed over; the values move, as they do in AdvertBench.
    plain = itertools.cycle([info(bytes([0x40, 0x02, low, 0x09, 0x03, 0xBF, 0x13])) for low in range(100)])
    parser = BTHomeBluetoothDeviceData()
    row("bthome-ble, temperature and humidity", lambda: [parser.update(next(plain)) for _ in range(100)], seconds)
    sealed = info(bytes.fromhex("41a47266c95f730011223378237214"))
    # A parser for each: one remembers the counter, and would refuse to read the same message again.
    row("bthome-ble, encrypted",
        lambda: [BTHomeBluetoothDeviceData(KEY).update(sealed) for _ in range(100)], seconds)
    nobody = info(None)
    row("bthome-ble, strangers turned away", lambda: [parser.supported(nobody) for _ in range(100)], seconds)
    values = BTHomeBluetoothDeviceData(KEY).update(sealed).entity_values
    assert any("emperature" in str(key) for key in values), values


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1)
