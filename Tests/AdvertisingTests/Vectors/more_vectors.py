"""The families of `make_vectors.py` that came later: BTHome v1, MiBeacon, Govee, SwitchBot, beacons, characteristics.

Where a reader and the format's document disagree, the payload is left out; each place says so.
"""

import datetime
import enum
import math
import random
import struct
from types import SimpleNamespace

from beacontools import parse_packet
from bluetooth_sig import BluetoothSIGTranslator
from bthome_ble.const import MEAS_TYPES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from Cryptodome.Cipher import AES
from govee_ble.parser import GoveeBluetoothDeviceData, calculate_crc
from habluetooth import BluetoothServiceInfoBleak
from home_assistant_bluetooth import BluetoothServiceInfo
from ibeacon_ble import iBeaconParser
from make_vectors import mac, read_bthome, structure
from switchbot.adv_parser import MODELS_BY_MANUFACTURER_DATA, SUPPORTED_TYPES, parse_advertisement_data
from xiaomi_ble.devices import DEVICE_TYPES
from xiaomi_ble.parser import XiaomiBluetoothDeviceData, xiaomi_dataobject_dict

BASE = "0000{:04x}-0000-1000-8000-00805f9b34fb"
FLAGS = b"\x02\x01\x06"


def numbers(address):
    return bytes.fromhex(address.replace(":", ""))


def readings(update):
    expected = {}
    for name, value in update.entity_values.items():
        if name.key == "signal_strength":
            continue
        unit = update.entity_descriptions[name].native_unit_of_measurement
        key = name.key + (f"@{name.device_id}" if name.device_id else "")
        expected[key] = {"value": value.native_value, "unit": getattr(unit, "value", unit)}
    for name, value in update.binary_entity_values.items():
        expected["binary:" + name.key] = {"value": bool(value.native_value), "unit": None}
    for name, value in update.events.items():
        event = {"value": value.event_type, "unit": None}
        if value.event_properties:
            event["properties"] = value.event_properties
        expected["event:" + name.key] = event
    return expected


def info(name, address, services=(), makers=(), uuids=()):
    return BluetoothServiceInfo(
        name=name, address=address, rssi=-60, manufacturer_data=dict(makers),
        service_data={BASE.format(number): data for number, data in services},
        service_uuids=[BASE.format(number) for number in uuids], source="")


# BTHome, version 1


def bthome1(number):
    address, key = mac(), None
    payload = b""
    for _ in range(random.randrange(5)):
        kind = random.choice([k for k, m in MEAS_TYPES.items() if m.data_format in ("unsigned_integer", "signed_integer")])
        # Version 1 gives the length with each object; a number of three bytes as version 2 has it, or another.
        form = MEAS_TYPES[kind].data_format == "signed_integer"
        length = MEAS_TYPES[kind].data_length if random.random() < 0.8 else random.randrange(1, 5)
        payload += bytes([form << 5 | length + 1, kind]) + random.randbytes(length)
    if random.random() < 0.1:
        payload = payload[: random.randrange(len(payload) + 1)]
    service = 0x181C
    data = payload
    if random.random() < 0.4:
        key, counter, service = random.randbytes(16), random.randbytes(4), 0x181E
        nonce = numbers(address) + b"\x1e\x18" + counter
        sealed = AESCCM(key, tag_length=4).encrypt(nonce, payload, b"\x11")
        data = sealed[:-4] + counter + sealed[-4:]
        if random.random() < 0.1:
            data = data[:-1] + bytes([data[-1] ^ 1])
    line = {
        "id": f"generated/bthome1/{number:03}", "address": address,
        "ad_structure_hex": (FLAGS + structure(0x16, service, data)).hex()}
    if key:
        line["key"] = key.hex()
    return line | {"expected": read_bthome(address, data, key, BASE.format(service))}


# MiBeacon


def mi_object():
    kind = random.choice(list(xiaomi_dataobject_dict))
    lengths = {
        0x0006: 5, 0x000A: 2, 0x000B: 9, 0x000F: 3, 0x1001: 3, 0x1004: 2, 0x1005: 2, 0x1006: 2, 0x1007: 3, 0x1009: 2,
        0x1010: 2, 0x1017: 4, 0x100D: 4, 0x2000: 5, 0x3003: 6, 0x4801: 4, 0x4805: 4, 0x4808: 4, 0x4818: 2, 0x483D: 4,
        0x483E: 4, 0x4A08: 4, 0x4C01: 4, 0x4C08: 4, 0x4E16: 9, 0x6E16: 9}
    data = random.randbytes(lengths.get(kind, 1))
    if kind in (0x4801, 0x4805, 0x4808, 0x4A08, 0x4C01, 0x4C08):
        data = struct.pack("<f", random.uniform(-50, 500))
    elif kind == 0x2000:
        data = struct.pack("<hhB", random.randrange(3000, 4200), random.randrange(3000, 4200), random.randrange(101))
    elif random.random() < 0.6:
        data = bytes(random.choice([0, 1, 2, 3, 4, 5, 6, 8, 15, 100, 255]) for _ in data)
    if kind == 0x000B and random.random() < 0.8:
        data = bytes([random.randrange(256)]) + random.choice(
            [b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack("<I", random.choice([5, 0x80010002, 0x80080001, 0x80090003]))]
        ) + data[5:]
    return kind, struct.pack("<HB", kind, len(data)) + data


def undefined(kind, content, model):
    """What xiaomi-ble reports for codes that mean nothing, or does not report for an accident of its own."""
    data = content[3:]
    if kind == 0x1001:
        button, value, press = data
        if model in ("YLYK01YL", "YLYK01YL-FANCL", "YLYK01YL-VENFAN") and button > 5:
            return True  # the button "None"
        if model == "YLYB01YL-BHFRC" and button > 8 or model == "XMMF01JQD" and button > 1:
            return True
        if model == "YLKG07YL/YLKG08YL":
            return press in (1,) or press > 6 or press == 3 and button > 1  # a dimmer has no double press
        return press > 2 if model.startswith("K9B-") else press in (3, 4) or press > 6  # "no_press"
    if kind == 0x000B:
        return 0xC0DE0000 <= int.from_bytes(data[1:5], "little") <= 0xC0DE1005
    return kind in (0x4C08, 0x4805, 0x4A08) and math.isnan(struct.unpack("<f", data[-4:])[0])


def mibeacon(number):
    address, key = mac(), None
    product = random.choice(list(DEVICE_TYPES))
    model = DEVICE_TYPES[product].model
    version = random.choice([2, 3, 4, 5])
    # The old encryption has one object, for every value of it is judged and not only the last of a name.
    objects = [mi_object() for _ in range(random.choice([1, 1, 1, 2, 3]) if version >= 4 else 1)]
    payload = b"".join(content for kind, content in objects if not undefined(kind, content, model))
    control, head = 0x0040, b""
    if random.random() < 0.5:
        control |= 0x10
        head += numbers(address)[::-1]
    if random.random() < 0.3:
        control |= 0x20
        head += random.choice([b"\x08", b"\x28\x01"])
    seal = random.random() < 0.5 and payload
    if seal:
        control |= 0x08
    start = struct.pack("<HHB", control | version << 12, product, random.randrange(256))
    data = start + head + payload
    if seal and version >= 4:
        key, counter = random.randbytes(16), random.randbytes(3)
        nonce = numbers(address)[::-1] + start[2:5] + counter
        sealed = AESCCM(key, tag_length=4).encrypt(nonce, payload, b"\x11")
        data = start + head + sealed[:-4] + counter + sealed[-4:]
        if random.random() < 0.05:
            data = data[:-1] + bytes([data[-1] ^ 1])
    elif seal:
        old, counter = random.randbytes(12), random.randbytes(3)
        key = old[:6] + bytes.fromhex("8d3d3c97") + old[6:]
        nonce = start + counter + numbers(address)[::-1][:-1]
        data = start + head + AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=4).encrypt(payload) + counter + b"\0"
    if len(data) > 200:
        return mibeacon(number)
    try:
        expected = readings(XiaomiBluetoothDeviceData(bindkey=key).update(info("X", address, [(0xFE95, data)])))
    except KeyError:
        return mibeacon(number)  # xiaomi-ble gives up at a button that there is not.
    if seal and version < 4 and any(
        reading["unit"] == "%" and not 0 <= reading["value"] <= 100
        or reading["unit"] == "°C" and not -51 < reading["value"] < 151 for reading in expected.values()
    ):
        return mibeacon(number)  # Nothing proves an old key but values that can be; see MiBeacon.isPlausible.
    line = {
        "id": f"generated/mibeacon/{number:03}", "address": address,
        "ad_structure_hex": (FLAGS + structure(0x16, 0xFE95, data)).hex()}
    if key:
        line["key"] = key.hex()
    return line | {"expected": expected}


def xiaomi_other(number):
    address = mac()
    service, length = random.choice([(0x181D, 10), (0x181B, 13), (0xFD50, 9)])
    data = bytearray(random.randbytes(length))
    if service == 0xFD50:
        # A temperature below zero is not described.
        data[1] &= 0x7F
    elif random.random() < 0.2:
        data[1:3] = data[11:13] = b"\0\0"
        data = data[:length]
    data = bytes(data)
    return {
        "id": f"generated/xiaomi-other/{number:03}", "address": address,
        "ad_structure_hex": structure(0x16, service, data).hex(),
        "expected": readings(XiaomiBluetoothDeviceData().update(info("X", address, [(service, data)])))}


# Govee


def sealed_govee():
    plain = bytes([1, 5, random.choice([2, 3, 8, 9, 10, 11, 13, 77]), 2, random.randrange(101)]) + bytes(
        [random.choice([0, 1, 2, 3, 0x10, 0x11, 6])]) + bytes(10)
    time = random.randbytes(4)
    cipher = Cipher(algorithms.AES((time + bytes(12))[::-1]), modes.ECB()).encryptor()
    sealed = cipher.update(plain[::-1])[::-1]
    check = calculate_crc(sealed) if random.random() < 0.9 else 0
    return random.randbytes(2) + time + sealed + check.to_bytes(2, "big")


def govee(number):
    address = mac()
    models = [
        (6, 0xEC88, "GVH5075_1234", []), (6, 0xEC88, "", []), (6, 0x8803, "GVH51271234", []), (6, 0x8843, "", []),
        (6, 0x0001, "GVH5100_1234", []), (6, 0x0001, "GVH5106_1234", []), (8, 0x0001, "GV51081234", []),
        (8, 0x0001, "GV5112AB12", []), (8, 0x0001, "GV5140AB12", []), (7, 0xEC88, "Govee_H5074_1234", []),
        (9, 0xEC88, "Govee_H5052_1234", []), (9, 0x0001, "B51781234", []), (9, 0x8801, "Govee_H5179_1234", []),
        (14, 0xF861, "GVPROBE", []), (14, 0x1234, "GVH5183_1234", []), (17, 0x2730, "", [0x8251]),
        (17, 0x1B36, "GVH5184_1234", []), (20, 0x4A32, "", [0x8551]), (20, 0xAC63, "GVH5191_1234", []),
        (20, 0x3022, "", []), (20, 0xAF2F, "", [0x5550]), (24, 0xEF88, "GV51221234", []), (24, 0xEF88, "", []),
        (6, 0x1234, "Other", []), (11, 0xEC88, "GVH5075_1234", [])]
    length, company, name, uuids = random.choice(models)
    data = bytearray(random.randbytes(length))
    if length == 24:
        data = sealed_govee()
    elif "5112" in name:
        data[7] = random.choice([0x41, 0x82, 0x82, 0x41, 0x99])
    elif company in (0x8803, 0x8843):
        data[:] = bytes([0xEC, 0, random.choice([1, 2]), random.choice([1, 1, 1, 3])]) + bytes(
            [random.choice([0, 1]), random.choice([1, 17])])
    elif length in (17, 20):
        data[6] = random.choice([1, 2, 65, 66, 129, 130, 193, 194, 7])
    elif length == 9 and company == 1:
        data[2] = random.choice([0, 1])
    if length in (6, 8) and company in (0xEC88, 1) and random.random() < 0.6:
        data[2 if company == 1 else 1] &= 0x83
    data = bytes(data)
    device = GoveeBluetoothDeviceData()
    expected = readings(device.update(info(name, address, makers=[(company, data)], uuids=uuids)))
    for reading in expected.values():
        # The same number, whatever its zero's sign.
        if reading["value"] == 0 and not isinstance(reading["value"], bool):
            reading["value"] = 0
    payload = FLAGS + structure(0xFF, company, data)
    if uuids:
        payload += bytes([3, 3]) + struct.pack("<H", uuids[0])
    if name:
        payload += bytes([len(name) + 1, 9]) + name.encode()
    return {
        "id": f"generated/govee/{number:03}", "address": address, "ad_structure_hex": payload.hex(),
        "expected": expected}


# SwitchBot

SWITCHBOT_UNITS = {"temp.c": "°C", "temp.f": "°F", "temperature": "°C", "humidity": "%", "battery": "%"}


def flattened(values, prefix=""):
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{prefix}{name}.")
            continue
        if isinstance(value, enum.Enum):
            value = value.name
        if isinstance(value, datetime.timedelta):
            value = str(value)
        flat[f"{prefix}{name}"] = {"value": value, "unit": SWITCHBOT_UNITS.get(f"{prefix}{name}")}
    return flat


def switchbot(number):
    letter = random.choice(list(SUPPORTED_TYPES))
    model = SUPPORTED_TYPES[letter]
    first = letter.encode() if isinstance(letter, str) else letter
    if len(first) == 1:
        service = bytes([first[0] | random.choice([0, 0, 0x80])]) + random.randbytes(random.choice([2, 5, 8]))
    else:
        service = b"\0" + random.randbytes(2) + first + random.choice([b"", b"\x40"])
    maker = bytearray(random.randbytes(random.choice([11, 13, 16, 18, 19])))
    name = model["modelFriendlyName"]
    if "Thermostat" in name and len(maker) > 11:
        maker[11] = random.randrange(6) << 4 | random.randrange(6)
    if "Evaporative" in name:
        maker[7] = maker[7] & 0xF0 | random.randrange(1, 9)
    if "Lock" in name:
        maker[7] &= 0xBF if name in ("Lock Ultra", "Lock Pro", "Lock Pro Wifi", "Lock Vision Pro", "Lock Ultra Max") else 0xFF
    if random.random() < 0.1:
        maker[8:11] = b"\0\0\0"
    company = 2409 if model["manufacturer_id"] != 741 else 741
    makers = {company: bytes(maker)}
    if random.random() < 0.15:
        makers = {}
    device = SimpleNamespace(address="AA:BB:CC:DD:EE:FF", name="X")
    advert = SimpleNamespace(
        service_data={BASE.format(0xFD3D): service}, manufacturer_data=makers, rssi=-60, local_name="X")
    answer = parse_advertisement_data(device, advert)
    expected = flattened(answer.data["data"]) if answer else {}
    if all(reading["value"] is None or key == "switchMode" for key, reading in expected.items()):
        expected = {}  # Nothing is known: a Bot's or a humidifier's list of nothing.
    # A quantity that is not in the data at all is left out; one that the device has no value for is null.
    if name not in ("Evaporative Humidifier",) and "Purifier" not in name and "Fan" not in name:
        expected = {key: reading for key, reading in expected.items() if reading["value"] is not None}
    payload = FLAGS + structure(0x16, 0xFD3D, service)
    for maker_number, data in makers.items():
        part = structure(0xFF, maker_number, data)
        payload = payload + part if random.random() < 0.5 else FLAGS + part + payload[3:]
    return {
        "id": f"generated/switchbot/{number:03}", "address": "AA:BB:CC:DD:EE:FF", "ad_structure_hex": payload.hex(),
        "expected": expected}


# Beacons


def ibeacon(number):
    data = b"\x02\x15" + random.randbytes(21)
    if random.random() < 0.1:
        data = data[: random.randrange(2, 23)]
    seen = iBeaconParser().parse(info("X", "AA-BB", makers=[(0x004C, data)]))
    expected = {}
    if seen:
        expected = {
            "uuid": {"value": str(seen.uuid), "unit": None}, "major": {"value": seen.major, "unit": None},
            "minor": {"value": seen.minor, "unit": None},
            "measured_power": {"value": seen.power, "unit": "dBm at 1 m"}}
    return {
        "id": f"generated/ibeacon/{number:03}", "ad_structure_hex": (FLAGS + structure(0xFF, 0x004C, data)).hex(),
        "expected": expected}


def eddystone(number):
    power = random.randbytes(1)
    kind = random.choice(["uid", "url", "tlm", "other"])
    if kind == "uid":
        data = b"\0" + power + random.randbytes(16) + random.choice([b"", b"\0\0"])
    elif kind == "url":
        text = bytes(random.choice(b"abcxyz019-/._~\0\1\2\3\7\x0d") for _ in range(random.randrange(1, 17)))
        data = b"\x10" + power + bytes([random.randrange(4)]) + text
    elif kind == "tlm":
        # beacontools takes a temperature below zero for one above 128: only those above are compared.
        data = b"\x20\0" + random.randbytes(2) + struct.pack(">H", random.randrange(0x8000)) + random.randbytes(8)
    else:
        data = bytes([random.choice([0x21, 0x30, 0x40, 0xFF])]) + random.randbytes(10)
    payload = FLAGS + b"\x03\x03\xaa\xfe" + structure(0x16, 0xFEAA, data)
    frame = parse_packet(payload) if kind != "other" else None
    expected = {}
    if frame and kind == "uid":
        expected = {
            "tx_power": {"value": frame.tx_power, "unit": "dBm at 0 m"},
            "namespace": {"value": frame.namespace, "unit": None}, "instance": {"value": frame.instance, "unit": None}}
    elif frame and kind == "url":
        expected = {
            "tx_power": {"value": frame.tx_power, "unit": "dBm at 0 m"}, "url": {"value": frame.url, "unit": None}}
    elif frame:
        expected = {
            "voltage": {"value": frame.voltage, "unit": "mV"},
            "temperature": {"value": frame.temperature, "unit": "°C"},
            "advertising_count": {"value": frame.advertising_count, "unit": "frames"},
            "seconds_since_boot": {
                "value": frame.seconds_since_boot, "unit": "as the package returns it; the wire unit is 0.1 s"}}
    return {
        "id": f"generated/eddystone/{number:03}", "ad_structure_hex": payload.hex(), "expected": expected}


# Characteristics

# Not those whose reader counts the exponent of SFLOAT and FLOAT from -8 and -128 instead of as two's complement
# (IEEE 11073-20601), nor torque and length, which it scales otherwise than its own document.
CHARACTERISTICS = {
    "2A07": 1, "2A19": 1, "2A29": 0, "2A2C": 2, "2A58": 2, "2A56": 0, "2A6C": 3, "2A6D": 4, "2A6E": 2, "2A6F": 2,
    "2A70": 2, "2A71": 2, "2A72": 2, "2A73": 2, "2A74": 1, "2A75": 3, "2A76": 1, "2A77": 2, "2A78": 2, "2A79": 1,
    "2A7A": 1, "2A7B": 1, "2A98": 2, "2AB3": 2, "2AE2": 1, "2AEA": 2, "2AEB": 3, "2AEE": 2, "2AF2": 3, "2AFB": 3,
    "2AFC": 2, "2B02": 2, "2B04": 1, "2B05": 3, "2B18": 2, "2B8C": 2, "2BE4": 1, "2BE7": 2, "2C06": 4, "2C1B": 1,
    "2C1C": 2, "2A50": 7, "2AA1": 6}
TRANSLATOR = BluetoothSIGTranslator()


def characteristic(number):
    uuid = random.choice(list(CHARACTERISTICS))
    length = CHARACTERISTICS[uuid]
    value = random.choice([random.randbytes(length), b"\xff" * length, b"\0" * max(0, length - 1) + b"\x80"])
    if uuid == "2A29":
        value = random.choice([b"ACME", "Müller".encode(), b"\xff", b""])
    elif length == 0:
        value = random.randbytes(random.randrange(4))
    elif random.random() < 0.05:
        value = value[:-1]
    if length == 0:
        value = value[:8]
    about = TRANSLATOR.get_characteristic_info_by_uuid(uuid)
    expected = {}
    try:
        answer = TRANSLATOR.parse_characteristic(uuid, value)
    except Exception:  # The package has many ways to say no.
        answer = None
    unit = about.unit or None
    if hasattr(answer, "__struct_fields__"):
        for name in answer.__struct_fields__:
            part = getattr(answer, name)
            expected[f"{about.name}.{name}"] = {"value": getattr(part, "value", part), "unit": unit}
    elif isinstance(answer, tuple):
        expected = {about.name: {"value": [int(line) for line in answer], "unit": unit}}
    elif answer is not None:
        expected = {about.name: {"value": getattr(answer, "value", answer), "unit": unit}}
    return {
        "id": f"generated/characteristic/{number:03}", "characteristic": f"0x{uuid}", "value_hex": value.hex(),
        "expected": expected}


FAMILIES = {
    "bthome1": bthome1, "mibeacon": mibeacon, "xiaomi-other": xiaomi_other, "govee": govee, "switchbot": switchbot,
    "ibeacon": ibeacon, "eddystone": eddystone, "characteristic": characteristic}
