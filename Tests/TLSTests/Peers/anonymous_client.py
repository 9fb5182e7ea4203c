"""A DTLS 1.2 client for two suites: 0xFF00 (ECDH_anon, AES-128-CBC, SHA-256), which no library at hand offers, and
0xC037 (ECDHE_PSK with the same), whose identity and hint may here be any bytes.

    anonymous_client.py PORT TEXT

Makes the handshake with 0xFF00 on loopback, checks the server's Finished, sends TEXT, prints what comes back and the
secrets that the owner's key is derived from. Written from RFC 5246, 6347, 8422, 4279 and 5489; for tests, with no defence
against anybody.
"""

import hashlib
import hmac
import os
import socket
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HANDSHAKE, CHANGE_CIPHER_SPEC, ALERT, DATA = 22, 20, 21, 23


def prf(secret, label, seed, count):
    seed = label + seed
    result, a = b"", seed
    while len(result) < count:
        a = hmac.digest(secret, a, "sha256")
        result += hmac.digest(secret, a + seed, "sha256")
    return result[:count]


def number(value, width):
    return value.to_bytes(width, "big")


class Client:
    def __init__(self, port, psk=None):
        """`psk` is what gives identity and key for the server's hint; without it the suite is 0xFF00."""
        self.psk = psk
        self.suite = b"\xc0\x37" if psk else b"\xff\x00"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.epoch, self.sequence, self.message = 0, 0, 0
        self.transcript = b""
        self.waiting = []
        self.keys = None

    # Records

    def send(self, kind, body):
        counter = number(self.epoch, 2) + number(self.sequence, 6)
        self.sequence += 1
        if self.epoch:
            mac_key, key = self.keys[0], self.keys[2]
            head = counter + bytes([kind, 254, 253]) + number(len(body), 2)
            body += hmac.digest(mac_key, head + body, "sha256")
            padding = 15 - len(body) % 16
            body += bytes([padding] * (padding + 1))
            iv = os.urandom(16)
            encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
            body = iv + encryptor.update(body) + encryptor.finalize()
        self.socket.send(bytes([kind, 254, 253]) + counter + number(len(body), 2) + body)

    def receive(self):
        while not self.waiting:
            datagram = self.socket.recv(65536)
            while datagram:
                length = int.from_bytes(datagram[11:13], "big")
                self.waiting.append((datagram[:13], datagram[13 : 13 + length]))
                datagram = datagram[13 + length :]
        head, body = self.waiting.pop(0)
        if head[3:5] != b"\0\0":
            mac_key, key = self.keys[1], self.keys[3]
            decryptor = Cipher(algorithms.AES(key), modes.CBC(body[:16])).decryptor()
            plain = decryptor.update(body[16:]) + decryptor.finalize()
            plain = plain[: len(plain) - plain[-1] - 1]
            body, mac = plain[:-32], plain[-32:]
            expected = hmac.digest(mac_key, head[3:11] + head[:3] + number(len(body), 2) + body, "sha256")
            assert hmac.compare_digest(mac, expected), "the server's MAC is wrong"
        assert head[0] != ALERT, f"alert {list(body)}"
        return head[0], body

    # Messages

    def say(self, kind, body, hashed=True):
        head = bytes([kind]) + number(len(body), 3) + number(self.message, 2) + number(0, 3) + number(len(body), 3)
        self.message += 1
        if hashed:
            self.transcript += head + body
        self.send(HANDSHAKE, head + body)

    def hear(self, kind, hashed=True):
        record, body = self.receive()
        assert record == HANDSHAKE and body[0] == kind, f"record {record}, message {body[0]}; expected {kind}"
        assert int.from_bytes(body[1:4], "big") == len(body) - 12, "one message, one fragment"
        if hashed:
            self.transcript += body
        return body[12:]

    def verify_data(self, label):
        return prf(self.master, label, hashlib.sha256(self.transcript).digest(), 12)

    def handshake(self):
        random = os.urandom(32)

        def hello(cookie):
            # supported_groups: P-256; uncompressed points. No signature_algorithms: nothing is signed.
            extensions = bytes.fromhex("000a00040002001700" + "0b00020100")
            return (
                b"\xfe\xfd" + random + b"\0" + bytes([len(cookie)]) + cookie + b"\x00\x02" + self.suite + b"\x01\x00"
                + number(len(extensions), 2) + extensions
            )

        self.say(1, hello(b""), hashed=False)
        request = self.hear(3, hashed=False)
        self.say(1, hello(request[3 : 3 + request[2]]))
        server = self.hear(2)
        server_random = server[2:34]
        after = 35 + server[34]
        assert server[after : after + 2] == self.suite, "another suite"
        # No Certificate: the next is the key exchange, and behind the point there is no signature.
        exchange = self.hear(12)
        identity = b""
        if self.psk:
            length = int.from_bytes(exchange[:2], "big")
            name, key = self.psk(exchange[2 : 2 + length])
            identity = number(len(name), 2) + name
            exchange = exchange[2 + length :]
        assert exchange[:4] == b"\x03\x00\x17\x41" and len(exchange) == 69, f"key exchange {exchange.hex()}"
        self.hear(14)
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), exchange[4:])
        ours = ec.generate_private_key(ec.SECP256R1())
        point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.say(16, identity + bytes([len(point)]) + point)
        secret = ours.exchange(ec.ECDH(), theirs)
        if self.psk:
            secret = number(len(secret), 2) + secret + number(len(key), 2) + key
        self.master = prf(secret, b"master secret", random + server_random, 48)
        self.randoms = random, server_random
        block = prf(self.master, b"key expansion", server_random + random, 96)
        self.keys = block[:32], block[32:64], block[64:80], block[80:96]
        self.send(CHANGE_CIPHER_SPEC, b"\x01")
        self.epoch, self.sequence = 1, 0
        self.say(20, self.verify_data(b"client finished"))
        assert self.receive() == (CHANGE_CIPHER_SPEC, b"\x01")
        expected = self.verify_data(b"server finished")
        assert self.hear(20, hashed=False) == expected, "the server's Finished is wrong"
        return self

    def close(self):
        self.send(ALERT, b"\x01\x00")


def main():
    client = Client(int(sys.argv[1])).handshake()
    print("finished", client.master.hex(), *[random.hex() for random in client.randoms], flush=True)
    client.send(DATA, sys.argv[2].encode())
    kind, text = client.receive()
    assert kind == DATA
    print("heard", text.decode(), flush=True)
    client.close()


if __name__ == "__main__":
    main()
