#!/usr/bin/env python3
"""Makes vectors by running the formats' reference readers on random payloads.

    python3 -m venv venv && venv/bin/pip install bthome-ble==3.25.0 ruuvitag-sensor==4.1.0 TheengsDecoder==2.5.0 \\
        xiaomi-ble==1.21.2 govee-ble==1.5.2 PySwitchbot==3.1.0 beacontools==2.1.0 ibeacon-ble==1.2.0 bluetooth-sig==0.6.0
    venv/bin/python make_vectors.py SEED COUNT [FAMILY...] > generated.jsonl

COUNT payloads of each family; a line each, shaped like those of ble.jsonl. An empty `expected` means that the reader
takes nothing from the payload. The families that came later are in `more_vectors.py`.
"""

import json
import logging
import random
import struct
import sys

from bthome_ble import BTHomeBluetoothDeviceData
from bthome_ble.const import MEAS_TYPES
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from habluetooth import BluetoothServiceInfoBleak
from ruuvitag_sensor.data_formats import DataFormats
from ruuvitag_sensor.decoder import get_decoder
from TheengsDecoder import decodeBLE

logging.disable(logging.CRITICAL)
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"


def mac():
    return ":".join(f"{random.randrange(256):02X}" for _ in range(6))


def structure(kind, number, data):
    return bytes([len(data) + 3, kind]) + struct.pack("<H", number) + data


def read_bthome(address, data, key, service=BTHOME):
    info = BluetoothServiceInfoBleak(
        name=address, address=address, rssi=-60, manufacturer_data={}, service_data={service: data},
        service_uuids=[service], source="", device=None, advertisement=None, connectable=False, time=0, tx_power=-127)
    update = BTHomeBluetoothDeviceData(bindkey=key).update(info)
    expected = {}
    for name, value in update.entity_values.items():
        if name.key == "signal_strength":
            continue
        native = value.native_value
        unit = update.entity_descriptions[name].native_unit_of_measurement
        expected[name.key] = {
            "value": native.isoformat() if hasattr(native, "isoformat") else native,
            "unit": getattr(unit, "value", unit)}
    for name, value in update.binary_entity_values.items():
        expected["binary:" + name.key] = {"value": value.native_value, "unit": None}
    for name, value in update.events.items():
        event = {"value": value.event_type, "unit": None}
        if value.event_properties:
            event["properties"] = value.event_properties
        expected["event:" + name.key] = event
    return expected


def bthome_object():
    number = random.choice(list(MEAS_TYPES))
    kind = MEAS_TYPES[number]
    if kind.data_format in ("string", "raw"):
        length = random.choice([0, 1, 3, 7])
        text = bytes(random.choice(b"abc \xc3\xa9\xff") for _ in range(length))
        return bytes([number, length]) + (text if kind.data_format == "string" else random.randbytes(length))
    if kind.data_format == "command":
        length = random.choice([0, 1, 2])
        return bytes([number, length | random.choice([0, 0x20, 0xE0]), random.randrange(7)]) + random.randbytes(length)
    if number == 0x3A:
        return bytes([number, random.choice([0, 1, 2, 3, 4, 5, 6, 7, 0x80, 0x81, 0x82])])
    if number == 0x3C:
        return bytes([number, random.randrange(4), random.randrange(256)])
    fixed = {"firmware_version_4": 4, "firmware_version_3": 3, "device_type_id": 2}
    length = fixed.get(kind.data_format, kind.data_length)
    return bytes([number]) + random.choice(
        [random.randbytes(length), b"\xff" * length, b"\0" * length, b"\0" * (length - 1) + b"\x80"])


def bthome_payload():
    if random.random() < 0.1:
        return random.randbytes(random.randrange(20))
    objects = [bthome_object() for _ in range(random.randrange(7))]
    if objects and random.random() < 0.3:
        objects += [random.choice(objects)] * random.randrange(1, 3)
    if random.random() < 0.7:
        objects.sort(key=lambda entry: entry[:1])
    payload = b"".join(objects)
    if random.random() < 0.1:
        payload = payload[: random.randrange(len(payload) + 1)]
    if random.random() < 0.05:
        payload += bytes([random.choice([0x66, 0x99, 0xEE])]) + random.randbytes(2)
    return payload[:200]


def bthome(number):
    address, payload, key, inside = mac(), bthome_payload(), None, b""
    information = 0x40 | random.choice([0, 4])
    if random.random() < 0.03:
        information = random.randrange(256) & ~1
    if random.random() < 0.2:
        information |= 2
    if information & 2:
        inside = bytes.fromhex((address if random.random() < 0.8 else mac()).replace(":", ""))[::-1]
    if random.random() < 0.5:
        data = bytes([information & ~1]) + inside + payload
    else:
        information |= 1
        secret = random.randbytes(16)
        counter = struct.pack("<I", random.choice([0, 1, 99, 100, 2**32 - 1, random.randrange(2**32)]))
        sender = inside[::-1] if inside else bytes.fromhex(address.replace(":", ""))
        nonce = sender + b"\xd2\xfc" + bytes([information]) + counter
        sealed = AESCCM(secret, tag_length=4).encrypt(nonce, payload, None)
        data = bytes([information]) + inside + sealed[:-4] + counter + sealed[-4:]
        if random.random() < 0.1:
            at = random.randrange(1, len(data))
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        if random.random() < 0.03:
            data = data[: random.randrange(1, len(data))]
        key = secret if random.random() < 0.95 else None
    if random.random() < 0.03:
        key = random.randbytes(16)
    line = {
        "id": f"generated/bthome/{number:03}", "address": address,
        "ad_structure_hex": (b"\x02\x01\x06" + structure(0x16, 0xFCD2, data)).hex()}
    if key:
        line["key"] = key.hex()
    return line | {"expected": read_bthome(address, data, key)}


RUUVI_UNITS = {
    "humidity": "%", "temperature": "°C", "pressure": "hPa", "acceleration": "mG", "acceleration_x": "mG",
    "acceleration_y": "mG", "acceleration_z": "mG", "tx_power": "dBm", "battery": "mV", "pm_1": "µg/m³",
    "pm_2_5": "µg/m³", "pm_4": "µg/m³", "pm_10": "µg/m³", "co2": "ppm", "luminosity": "lx"}


def ruuvi(number):
    form = random.choice([3, 5, 6, 0xE1])
    length = {3: 14, 5: 24, 6: 20, 0xE1: 40}[form]
    data = bytearray(random.randbytes(length))
    data[0] = form
    if random.random() < 0.3:
        for at in range(1, length - 1, 2):
            if random.random() < 0.3:
                data[at : at + 2] = random.choice([b"\x80\0", b"\xff\xff", b"\0\0", b"\x7f\xff"])
    if random.random() < 0.05:
        data = data[: random.randrange(1, length)]
    payload = b"\x02\x01\x06" + structure(0xFF, 0x0499, bytes(data))
    found, raw = DataFormats.convert_data((bytes([len(payload)]) + payload).hex().upper())
    values = (get_decoder(found).decode_data(raw) if found else None) or {}
    return {
        "id": f"generated/ruuvi/{number:03}", "ad_structure_hex": payload.hex(),
        "expected": {
            name: {"value": value, "unit": RUUVI_UNITS.get(name)} for name, value in values.items() if name != "rssi"}}


def atc(number):
    address = "A4:C1:38:" + mac()[9:]
    sender = bytes.fromhex(address.replace(":", ""))
    data = random.choice([sender + random.randbytes(7), sender[::-1] + random.randbytes(9)])
    answer = decodeBLE(json.dumps({"servicedatauuid": "0x181a", "servicedata": data.hex(), "id": address}))
    values = json.loads(answer) if answer else {}
    units = {"tempc": "°C", "hum": "%", "batt": "%", "volt": "V"}
    return {
        "id": f"generated/atc/{number:03}", "address": address, "ad_structure_hex": structure(0x16, 0x181A, data).hex(),
        "expected": {name: {"value": values[name], "unit": unit} for name, unit in units.items() if name in values}}


def main():
    import more_vectors

    families = {"bthome": bthome, "ruuvi": ruuvi, "atc": atc} | more_vectors.FAMILIES
    random.seed(int(sys.argv[1]))
    for name in sys.argv[3:] or families:
        for number in range(int(sys.argv[2])):
            print(json.dumps(families[name](number), ensure_ascii=False))


if __name__ == "__main__":
    main()
