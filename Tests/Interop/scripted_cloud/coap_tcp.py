"""CoAP over TCP (RFC 8323), just enough for a hub: frames, options, codes."""

from dataclasses import dataclass, field

GET, POST, PUT, DELETE = 0x01, 0x02, 0x03, 0x04
CREATED, DELETED, VALID, CHANGED, CONTENT = 0x41, 0x42, 0x43, 0x44, 0x45
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 0x80, 0x81, 0x83, 0x84
SERVICE_UNAVAILABLE = 0xA3
CSM, PING, PONG, RELEASE, ABORT = 0xE1, 0xE2, 0xE3, 0xE4, 0xE5

OBSERVE, URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT = 6, 11, 12, 15, 17
OCF_ACCEPT_VERSION, OCF_CONTENT_VERSION = 2049, 2053
OCF_CBOR, OCF_1_0_0 = 10000, 2048


def dotted(code):
    return f"{code >> 5}.{code & 31:02}"


def uint(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


@dataclass
class Message:
    code: int
    token: bytes = b""
    options: list = field(default_factory=list)
    payload: bytes = b""
    size: int = 0  # of the frame, as it came

    def values(self, number):
        return [value for option, value in self.options if option == number]

    def number(self, option):
        values = self.values(option)
        return int.from_bytes(values[0], "big") if values else None

    @property
    def path(self):
        return "/" + "/".join(value.decode() for value in self.values(URI_PATH))

    @property
    def query(self):
        return [value.decode() for value in self.values(URI_QUERY)]

    def __str__(self):
        query = "?" + "&".join(self.query) if self.query else ""
        return f"{dotted(self.code)} {self.path}{query} ({self.size} bytes)"


def _split(value):
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


def encode(message):
    body = b""
    last = 0
    for number, value in sorted(message.options, key=lambda option: option[0]):
        delta, delta_bytes = _split(number - last)
        length, length_bytes = _split(len(value))
        body += bytes([delta << 4 | length]) + delta_bytes + length_bytes + value
        last = number
    if message.payload:
        body += b"\xff" + message.payload
    size = len(body)
    if size < 13:
        head = bytes([size << 4 | len(message.token)])
    elif size < 269:
        head = bytes([13 << 4 | len(message.token), size - 13])
    elif size < 65805:
        head = bytes([14 << 4 | len(message.token)]) + (size - 269).to_bytes(2, "big")
    else:
        head = bytes([15 << 4 | len(message.token)]) + (size - 65805).to_bytes(4, "big")
    return head + bytes([message.code]) + message.token + body


async def read(reader):
    """The next message of a stream; raises IncompleteReadError at its end."""
    first = (await reader.readexactly(1))[0]
    length, token_length = first >> 4, first & 15
    extra = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}.get(length)
    size = 1
    if extra:
        length = int.from_bytes(await reader.readexactly(extra[0]), "big") + extra[1]
        size += extra[0]
    if token_length > 8:
        raise ValueError(f"token of {token_length} bytes")
    code = (await reader.readexactly(1))[0]
    token = await reader.readexactly(token_length)
    body = await reader.readexactly(length)
    size += 1 + token_length + length
    options, payload, place, number = [], b"", 0, 0
    while place < len(body):
        if body[place] == 0xFF:
            payload = body[place + 1:]
            break
        delta, option_length = body[place] >> 4, body[place] & 15
        place += 1
        parts = []
        for nibble in (delta, option_length):
            if nibble == 13:
                parts.append(body[place] + 13)
                place += 1
            elif nibble == 14:
                parts.append(int.from_bytes(body[place:place + 2], "big") + 269)
                place += 2
            else:
                parts.append(nibble)
        number += parts[0]
        options.append((number, body[place:place + parts[1]]))
        place += parts[1]
    return Message(code, token, options, payload, size)
