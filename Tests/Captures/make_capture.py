#!/usr/bin/env python3
"""Makes the capture that the simulated board replays: a minute of eight sensors and the strangers around them.

    python3 make_capture.py ../../board/simulated/adverts           # needs the package `cryptography`

writes adverts.jsonl and, with the same advertisements, adverts.btsnoop (HCI packets with H4 types). The payloads have the
layouts of the formats' documents; the values move as a room's do. Always the same bytes.

Counters of the encrypted sensor stay below 100 and start anew with each round: a receiver takes that for a new battery,
where it would refuse a higher counter that goes back.
"""

import json
import math
import random
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

random.seed(7)
LENGTH = 60.0
SHELLY_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
adverts = []


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def structure(kind, data):
    return bytes([len(data) + 1, kind]) + data


def service(uuid, data):
    return structure(0x16, struct.pack("<H", uuid) + data)


def maker(company, data):
    return structure(0xFF, struct.pack("<H", company) + data)


def name(text):
    return structure(0x09, text.encode())


FLAGS = b"\x02\x01\x06"


def add(time, address, payload, rssi, address_type="public", connectable=False):
    assert len(payload) <= 31, (address, len(payload))
    adverts.append({
        "time": round(time, 3), "address": address, "address_type": address_type, "connectable": connectable,
        "rssi": round(rssi + random.gauss(0, 2.5)), "ad_structure_hex": payload.hex()})


def every(interval, first=0.0):
    """Times at an interval with the random delay of 0 to 10 ms that the specification asks for."""
    time, number = first, 0
    while time < LENGTH:
        yield time, number
        number += 1
        time = first + number * interval + random.uniform(0, 0.01)


def wave(time, middle, swing, period):
    return middle + swing * math.sin(2 * math.pi * time / period)


# A thermometer in the kitchen: BTHome in the clear, each message sent twice.
for t, n in every(2.5, 0.1):
    temperature, humidity = wave(t, 21.6, 0.45, 60), wave(t, 48.2, 1.5, 45)
    data = b"\x40\x00" + bytes([n]) + b"\x01\x5d\x02" + struct.pack("<h", round(temperature * 100))
    data += b"\x03" + struct.pack("<H", round(humidity * 100))
    for again in (0, 0.35):
        add(t + again, "A4:C1:38:8D:18:B2", FLAGS + service(0xFCD2, data) + name("ATC_8D18B2"), -58)

# A thermometer in the bath, encrypted.
for t, n in every(5, 0.4):
    plain = b"\x01\x57\x02" + struct.pack("<h", round(wave(t, 24.1, 0.8, 60) * 100))
    plain += b"\x03" + struct.pack("<H", round(wave(t, 61, 4, 30) * 100))
    counter = struct.pack("<I", n)
    sender = mac("54:48:E6:8F:80:A5")
    sealed = AESCCM(SHELLY_KEY, tag_length=4).encrypt(sender + b"\xd2\xfc\x41" + counter, plain, None)
    data = b"\x41" + sealed[:-4] + counter + sealed[-4:]
    add(t, "54:48:E6:8F:80:A5", FLAGS + service(0xFCD2, data), -71)

# A RuuviTag on the balcony.
for t, n in every(1.285, 0.2):
    data = struct.pack(
        ">BhHHhhhHBH", 5, round(wave(t, 7.3, 0.3, 60) * 200), round(wave(t, 78, 2, 60) * 400),
        round((1009.8 + 0.05 * math.sin(t / 9)) * 100 - 50_000), random.randint(-20, 20), random.randint(-20, 20),
        1000 + random.randint(-15, 15), (2977 - 1600) << 5 | 22, 66, 1000 + n)
    add(t, "E6:2E:B9:2E:73:E5", FLAGS + maker(0x0499, data + mac("E6:2E:B9:2E:73:E5")), -79, "random", True)

# A thermometer in the cellar: pvvx.
for t, n in every(3, 0.6):
    data = mac("A4:C1:38:05:15:F5")[::-1] + struct.pack(
        "<hHHBBB", round(wave(t, 13.05, 0.06, 60) * 100), round(wave(t, 66.4, 0.4, 60) * 100), 2811, 77, n, 5)
    add(t, "A4:C1:38:05:15:F5", service(0x181A, data), -84)

# A thermometer in the bedroom: ATC1441.
for t, n in every(4, 0.8):
    data = mac("A4:C1:38:01:11:F1") + struct.pack(
        ">hBBHB", round(wave(t, 18.4, 0.5, 60) * 10), round(wave(t, 52, 2, 60)), 86, 2950, n)
    add(t, "A4:C1:38:01:11:F1", service(0x181A, data), -66)

# The air in the living room: Ruuvi Air, somebody breathes.
for t, n in every(2, 0.3):
    voc, nox = round(wave(t, 104, 6, 40)), 1
    data = struct.pack(
        ">BhHHHHBBBBBB", 6, round(wave(t, 22.4, 0.2, 60) * 200), round(wave(t, 44, 1, 60) * 400),
        round(1010.2 * 100 - 50_000), round(wave(t, 4.2, 1.1, 20) * 10), round(620 + t * 1.5), voc >> 1, nox >> 1, 140, 0,
        n, (voc & 1) << 6 | (nox & 1) << 7)
    add(t, "CB:B8:33:4C:88:4F", FLAGS + maker(0x0499, data + bytes.fromhex("4c884f")), -62, "random", True)

# A window: says when it opens and closes, and now and then that it is there.
for number, (t, is_open) in enumerate([(1.0, 0), (15, 1), (15.2, 1), (31, 0), (31.2, 0), (48, 1), (55, 0)]):
    packet = {0: 1, 1: 2, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5}[number]
    data = b"\x44\x00" + bytes([packet]) + b"\x01\x64\x05" + struct.pack("<I", 43_000 + 90 * number)[:3]
    data += b"\x2d" + bytes([is_open]) + b"\x3f" + struct.pack("<h", 450 * is_open)
    add(t, "3C:2E:F5:A1:10:07", FLAGS + service(0xFCD2, data), -69)

# A button: a press, a double press, a long press; each message three times.
for packet, (t, code) in enumerate([(2.0, 0), (12, 1), (37, 2), (52, 4)]):
    data = b"\x44\x00" + bytes([packet + 1]) + b"\x01\x5a\x3a" + bytes([code])
    for again in range(3):
        add(t + again * 0.1, "3C:2E:F5:A1:10:2A", FLAGS + service(0xFCD2, data), -55)

# Strangers: phones that change their address, a beacon, a format that does not decode.
for t, n in every(0.9, 0.5):
    phone = f"{random.Random(n // 8).randrange(0x40, 0x80):02X}:12:34:56:78:{n // 8:02X}"
    add(t, phone, bytes.fromhex("02011a020a0c0bff4c001006031a4f2d3c51"), -88, "random", True)
for t, n in every(3.1, 1.2):
    add(t, "D0:F0:18:43:00:01", FLAGS + maker(0x004C, bytes.fromhex("0215fda50693a4e24fb1afcfc6eb0764782500010002c5")), -77)
for t, n in every(6.3, 1.6):
    add(t, "58:2D:34:10:20:30", FLAGS + service(0xFE95, bytes.fromhex("5020aa01da302010342d580d1004d2003102")), -81)

adverts.sort(key=lambda advert: advert["time"])
target = sys.argv[1]
with open(target + ".jsonl", "w", encoding="utf-8") as lines:
    for advert in adverts:
        lines.write(json.dumps(advert) + "\n")

# 0x00DCDDB30F2F8000 microseconds lie between the year 0 and 1970.
START = 0x00DCDDB30F2F8000 + 1_760_000_000_000_000
with open(target + ".btsnoop", "wb") as capture:
    capture.write(b"btsnoop\0" + struct.pack(">II", 1, 1002))
    for advert in adverts:
        payload = bytes.fromhex(advert["ad_structure_hex"])
        report = bytes([0x02, 1, 0 if advert["connectable"] else 3, 1 if advert["address_type"] == "random" else 0])
        report += mac(advert["address"])[::-1] + bytes([len(payload)]) + payload + struct.pack("b", advert["rssi"])
        packet = b"\x04\x3e" + bytes([len(report)]) + report
        time = START + round(advert["time"] * 1_000_000)
        capture.write(struct.pack(">IIIIq", len(packet), len(packet), 3, 0, time) + packet)
