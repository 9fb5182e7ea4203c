"""A device that is not of our making: TLS by OpenSSL, CBOR by cbor2, CoAP over TCP written out here.

It behaves as IoTivity-Lite does: no CSM, options 12, 17, 2049 and 2053 on requests with a body, links without anchor and
endpoints, and it minds frames of less than seven bytes.

    ocf_device.py HOST PORT SID CA CERTIFICATE KEY DI TOKEN

Says one line of JSON for each step; takes `set true`, `set false`, `refresh`, `deregister` and `end` on standard input.
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

import cbor2

HOST, PORT, SID, CA, CERTIFICATE, KEY, DI, TOKEN = sys.argv[1:]
HREF = "/light/1"


def say(**what):
    print(json.dumps(what), flush=True)


def uint(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def options_bytes(options):
    out, last = b"", 0
    for number, value in sorted(options, key=lambda o: o[0]):
        head, tail = [], b""
        for part in (number - last, len(value)):
            if part < 13:
                head.append(part)
            elif part < 269:
                head.append(13)
                tail += bytes([part - 13])
            else:
                head.append(14)
                tail += struct.pack(">H", part - 269)
        out += bytes([head[0] << 4 | head[1]]) + tail + value
        last = number
    return out


def parse_options(data):
    options, place, number = [], 0, 0
    while place < len(data) and data[place] != 0xFF:
        parts, first = [], data[place]
        place += 1
        for nibble in (first >> 4, first & 15):
            if nibble == 13:
                nibble = data[place] + 13
                place += 1
            elif nibble == 14:
                nibble = struct.unpack(">H", data[place:place + 2])[0] + 269
                place += 2
            assert nibble != 15 or parts, "reserved nibble"
            parts.append(nibble)
        number += parts[0]
        options.append((number, data[place:place + parts[1]]))
        place += parts[1]
    return options, data[place + 1:]


class Device:
    def __init__(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(CA)
        context.load_cert_chain(CERTIFICATE, KEY)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.socket = context.wrap_socket(socket.create_connection((HOST, int(PORT)), timeout=20))
        self.socket.settimeout(None)
        names = dict(pair for part in self.socket.getpeercert()["subject"] for pair in part)
        assert names["commonName"] == "uuid:" + SID, names
        say(step="connected", cipher=self.socket.cipher()[0])
        self.lock = threading.Lock()
        self.waiting = {}
        self.value = False
        self.observers = {}
        self.frames = []
        self.requests = []
        threading.Thread(target=self.read, daemon=True).start()

    def send(self, code, token, options=(), payload=b""):
        body = options_bytes(options) + (b"\xff" + payload if payload else b"")
        size = len(body)
        if size < 13:
            head = bytes([size << 4 | len(token)])
        elif size < 269:
            head = bytes([13 << 4 | len(token), size - 13])
        else:
            head = bytes([14 << 4 | len(token)]) + struct.pack(">H", size - 269)
        with self.lock:
            self.socket.sendall(head + bytes([code]) + token + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def read(self):
        try:
            while True:
                first = self.exactly(1)[0]
                size, token_length = first >> 4, first & 15
                extra = {13: 1, 14: 2, 15: 4}.get(size, 0)
                if extra:
                    size = int.from_bytes(self.exactly(extra), "big") + {1: 13, 2: 269, 4: 65805}[extra]
                code = self.exactly(1)[0]
                token = self.exactly(token_length)
                options, payload = parse_options(self.exactly(size))
                self.frames.append((code, 2 + extra + token_length + size))
                self.take(code, token, options, payload)
        except (EOFError, OSError) as error:
            for event, _ in self.waiting.values():
                event.set()
            # The answer before the end may still be on its way to being told.
            time.sleep(0.5)
            say(step="closed", error=str(error))
            os._exit(0)

    def take(self, code, token, options, payload):
        if code >> 5 == 0 and code:
            self.serve(code, token, options, payload)
        elif code == 0xE2:  # Ping
            self.send(0xE3, token)
        elif code >> 5 in (2, 4, 5) and token in self.waiting:
            event, slot = self.waiting.pop(token)
            slot.append((code, options, payload))
            event.set()

    def serve(self, code, token, options, payload):
        path = "/" + "/".join(value.decode() for number, value in options if number == 11)
        query = [value.decode() for number, value in options if number == 15]
        observe = next((int.from_bytes(value, "big") for number, value in options if number == 6), None)
        self.requests.append([code, path, query])
        body = [(12, uint(10000)), (2053, uint(2048))]
        if path != HREF:
            self.send(0x84, token)
        elif code == 1:
            if observe == 0:
                self.observers[token] = 2
                body.append((6, uint(2)))
            elif observe == 1:
                self.observers.pop(token, None)
                say(step="deregistered observer")
            self.send(0x45, token, body, cbor2.dumps({"value": self.value}))
        elif code == 2:
            self.change(cbor2.loads(payload)["value"])
            self.send(0x44, token, body, cbor2.dumps({"value": self.value}))
        else:
            self.send(0x85, token)

    def change(self, value):
        self.value = value
        for token in list(self.observers):
            self.observers[token] += 1
            options = [(6, uint(self.observers[token])), (12, uint(10000)), (2053, uint(2048))]
            self.send(0x45, token, options, cbor2.dumps({"value": value}))

    def ask(self, code, path, body=None, query=()):
        token = os.urandom(8)
        options = [(11, part.encode()) for part in path.strip("/").split("/")]
        options += [(15, item.encode()) for item in query]
        options += [(17, uint(10000)), (2049, uint(2048))]
        payload = b""
        if body is not None:
            options += [(12, uint(10000)), (2053, uint(2048))]
            # Indefinite lengths, as IoTivity-Lite writes.
            payload = b"\xbf" + b"".join(cbor2.dumps(k) + cbor2.dumps(v) for k, v in body.items()) + b"\xff"
        event, slot = threading.Event(), []
        self.waiting[token] = (event, slot)
        self.send(code, token, options, payload)
        assert event.wait(20) and slot, path + " was not answered"
        code, options, payload = slot[0]
        return "%d.%02d" % (code >> 5, code & 31), dict(options), cbor2.loads(payload) if payload else None


device = Device()
code, options, account = device.ask(
    2, "/oic/sec/account", {"di": DI, "authprovider": "gatehouse", "accesstoken": TOKEN, "devicetype": "device"})
assert code == "2.04", (code, account)
assert options[12] == uint(10000) and options[2053] == uint(2048), options
assert all(account[name] for name in ("accesstoken", "refreshtoken", "uid", "expiresin")), account
say(step="signed up")


def sign_in():
    code, _, session = device.ask(
        2, "/oic/sec/session",
        {"uid": account["uid"], "di": DI, "accesstoken": account["accesstoken"], "login": True})
    assert code == "2.04" and session["expiresin"] > 0, (code, session)


sign_in()
say(step="signed in")
code, _, published = device.ask(
    2, "/oic/rd", {"di": DI, "n": "light", "ttl": 0, "links": [
        {"href": HREF, "rt": ["oic.r.switch.binary"], "if": ["oic.if.a", "oic.if.baseline"], "rel": "hosts",
         "ins": 1725371986, "p": {"bm": 3}}]}, ["rt=oic.wk.rdpub"])
assert code == "2.04" and published["di"] == DI, (code, published)
instance = published["links"][0]["ins"]
assert instance != 1725371986, "the cloud gives the number"
say(step="published", ins=instance)

for line in sys.stdin:
    words = line.split()
    if words[:1] == ["set"]:
        device.change(words[1] == "true")
        say(step="set")
    elif words == ["refresh"]:
        code, _, new = device.ask(
            2, "/oic/sec/tokenrefresh",
            {"uid": account["uid"], "di": DI, "authprovider": "gatehouse", "granttype": "refresh_token",
             "refreshtoken": account["refreshtoken"]})
        assert code == "2.04" and new["accesstoken"] != account["accesstoken"], (code, new)
        account.update(new)
        sign_in()
        say(step="refreshed")
    elif words == ["deregister"]:
        code, _, _ = device.ask(
            4, "/oic/sec/account", None,
            ["uid=" + account["uid"], "di=" + DI, "accesstoken=" + account["accesstoken"]])
        say(step="deregistered", code=code)
    elif words == ["end"]:
        say(step="end", shortest=min(size for _, size in device.frames), first=device.frames[0][0],
            requests=device.requests)
        break
