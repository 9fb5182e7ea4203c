"""An onboarding tool that shares no code with the device: owns it as IoTivity-Lite's tool does, message by message.

    onboarding_tool.py FOLDER PORT SECURE_PORT just-works
    onboarding_tool.py FOLDER PORT SECURE_PORT pin FILE

FOLDER has anonymous_client.py, the DTLS client. FILE is where the PIN will stand once the device shows it. Prints a line a
step, and ends with 0 when the device is owned, provisioned, and has been asked as its owner with the derived key and the
hint that names it.
"""

import hashlib
import hmac
import os
import socket
import sys
import time
import uuid

import cbor2

folder, port, secure_port, method = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sys.path.insert(0, folder)
from anonymous_client import DATA, Client, prf  # noqa: E402

GET, POST, DELETE = 1, 2, 4
ME = uuid.uuid4()


def option(number, value, last):
    delta, head = number - last, b""
    extended = b""
    nibble = delta
    if delta >= 269:
        nibble, extended = 14, (delta - 269).to_bytes(2, "big")
    elif delta >= 13:
        nibble, extended = 13, bytes([delta - 13])
    length, more = len(value), b""
    if length >= 13:
        length, more = 13, bytes([len(value) - 13])
    return bytes([nibble << 4 | length]) + head + extended + more + value


def body_of(message):
    """What follows the payload marker; options and token may have its byte, too."""
    place = 4 + (message[0] & 15)
    while place < len(message) and message[place] != 0xFF:
        delta, length = message[place] >> 4, message[place] & 15
        place += 1
        place += {13: 1, 14: 2}.get(delta, 0)
        if length == 13:
            length, place = message[place] + 13, place + 1
        elif length == 14:
            length, place = int.from_bytes(message[place : place + 2], "big") + 269, place + 2
        place += length
    return message[place + 1 :]


class Link:
    """CoAP over something that sends and receives whole datagrams."""

    def __init__(self, send, receive):
        self.send, self.receive = send, receive
        self.id = int.from_bytes(os.urandom(2), "big")

    def ask(self, code, path, body=None, query=None):
        self.id = (self.id + 1) & 0xFFFF
        token = os.urandom(8)
        options = [(11, part.encode()) for part in path.strip("/").split("/")]
        if body is not None:
            options.append((12, (10000).to_bytes(2, "big")))
        if query:
            options.append((15, query.encode()))
        options.append((17, (10000).to_bytes(2, "big")))
        options.append((2049, (2048).to_bytes(2, "big")))
        if body is not None:
            options.append((2053, (2048).to_bytes(2, "big")))
        message, last = bytes([0x48, code]) + self.id.to_bytes(2, "big") + token, 0
        for number, value in options:
            message += option(number, value, last)
            last = number
        if body is not None:
            message += b"\xff" + cbor2.dumps(body)
        self.send(message)
        while True:
            answer = self.receive()
            kind = answer[0] >> 4 & 3
            if answer[1] == 0:
                print("  acknowledged; waiting", flush=True)
                continue
            if answer[4 : 4 + (answer[0] & 15)] != token:
                continue
            if kind == 0:
                self.send(bytes([0x60, 0]) + answer[2:4])
            payload = body_of(answer)
            text = f"{answer[1] >> 5}.{answer[1] & 31:02d}"
            print(f"{path}{'?' + query if query else ''}: {text}", flush=True)
            return text, payload


def expect(answer, *codes):
    assert answer[0] in codes, f"{answer}; expected {codes}"
    return cbor2.loads(answer[1]) if answer[1] and answer[0] == "2.05" else None


plain_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
plain_socket.settimeout(10)
plain_socket.connect(("127.0.0.1", port))
plain = Link(plain_socket.send, lambda: plain_socket.recv(65536))


def secured(psk=None):
    client = Client(secure_port, psk).handshake()

    def receive():
        kind, body = client.receive()
        assert kind == DATA, f"record {kind}"
        return body

    return client, Link(lambda message: client.send(DATA, message), receive)


# Discovery, and the choice of the method.
doxm = expect(plain.ask(GET, "/oic/sec/doxm", query="owned=FALSE"), "2.05")
assert doxm["owned"] is False and doxm["oxmsel"] == 4, doxm
number = {"just-works": 0, "pin": 1}[method]
assert number in doxm["oxms"], doxm
expect(plain.ask(POST, "/oic/sec/doxm", {"oxmsel": number}), "2.04")

if method == "pin":
    deadline = time.time() + 10
    while not os.path.exists(sys.argv[5]) and time.time() < deadline:
        time.sleep(0.05)
    pin = open(sys.argv[5]).read().strip()
    old = uuid.UUID(doxm["deviceuuid"])
    label = b"oic.sec.doxm.rdp"

    def with_pin(hint):
        assert hint == label + b":" + old.bytes, hint
        return label, hashlib.pbkdf2_hmac("sha256", pin.encode(), old.bytes, 1000, 16)

    client, owner = secured(with_pin)
else:
    label = b"oic.sec.doxm.jw"
    client, owner = secured()

# The ownership connection.
new, me = uuid.uuid4(), str(ME)
expect(owner.ask(POST, "/oic/sec/pstat", {"om": 4}), "2.04")
expect(owner.ask(POST, "/oic/sec/doxm", {"devowneruuid": me}), "2.04")
expect(owner.ask(POST, "/oic/sec/doxm", {"deviceuuid": str(new)}), "2.04")
expect(owner.ask(POST, "/oic/sec/doxm", {"rowneruuid": me}), "2.04")
expect(owner.ask(POST, "/oic/sec/acl2", {"rowneruuid": me}), "2.04")
expect(owner.ask(POST, "/oic/sec/pstat", {"rowneruuid": me}), "2.04")
credential = {"credtype": 1, "subjectuuid": me, "privatedata": {"encoding": "oic.sec.encoding.raw", "data": b""}}
expect(owner.ask(POST, "/oic/sec/cred", {"creds": [credential], "rowneruuid": me}), "2.01", "2.04")
expect(owner.ask(POST, "/oic/sec/sdi", {"uuid": me, "name": "Home", "priv": False}), "2.04")
expect(owner.ask(POST, "/oic/sec/doxm", {"owned": True}), "2.04")
expect(owner.ask(POST, "/oic/sec/pstat", {"dos": {"s": 2}}), "2.04")
expect(owner.ask(DELETE, "/oic/sec/acl2"), "2.02")
entries = [
    {"subject": {"uuid": me}, "resources": [{"href": "/oic/sec/sp"}], "permission": 14},
    {"subject": {"uuid": me}, "resources": [{"href": "/oic/sec/csr"}], "permission": 2},
    {
        "subject": {"conntype": "anon-clear"},
        "resources": [{"href": "/oic/d"}, {"href": "/oic/p"}, {"href": "/oic/res"}], "permission": 2,
    },
]
expect(owner.ask(POST, "/oic/sec/acl2", {"aclist2": entries}), "2.01", "2.04")
expect(owner.ask(POST, "/oic/sec/pstat", {"dos": {"s": 3}}), "2.04")
client.close()

# The owner's key: both ends have derived it, and nobody has sent it. Each suite here has 96 octets of key block.
randoms = client.randoms
block = prf(client.master, b"key expansion", randoms[1] + randoms[0], 96)
key = prf(block, label, ME.bytes + new.bytes, 16)


def as_owner(hint):
    assert hint == new.bytes, f"the hint is {hint.hex()}; expected the device's id {new}"
    return ME.bytes, key


client, owner = secured(as_owner)
doxm = expect(owner.ask(GET, "/oic/sec/doxm"), "2.05")
assert doxm["owned"] is True and doxm["devowneruuid"] == me and doxm["deviceuuid"] == str(new), doxm
creds = expect(owner.ask(GET, "/oic/sec/cred"), "2.05")
assert not any(entry.get("privatedata", {}).get("data") for entry in creds["creds"]), creds
expect(plain.ask(GET, "/oic/sec/doxm"), "4.01")
assert expect(plain.ask(GET, "/oic/d"), "2.05")["di"] == str(new)
client.close()
print("owned", me, new, flush=True)
