"""Searches for OCF devices by multicast, as a tool on another host does.

    search.py INTERFACE PATH [QUERY]

Asks 224.0.1.187 and ff02::158 on the interface and prints a line of JSON for each answer that comes within 2.5 s: the
address it came from, the seconds it took, the code, the body.
"""

import json
import os
import select
import socket
import struct
import sys
import time

import cbor2

interface, path = sys.argv[1], sys.argv[2]
query = sys.argv[3] if len(sys.argv) > 3 else None
index = socket.if_nametoindex(interface)


def option(number, value, last):
    delta = number - last
    nibble, extended = (13, bytes([delta - 13])) if delta >= 13 else (delta, b"")
    length, more = (13, bytes([len(value) - 13])) if len(value) >= 13 else (len(value), b"")
    return bytes([nibble << 4 | length]) + extended + more + value


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


token = os.urandom(8)
message, last = bytes([0x58, 1]) + os.urandom(2) + token, 0
options = [(11, part.encode()) for part in path.strip("/").split("/")]
if query:
    options.append((15, query.encode()))
options.append((17, (10000).to_bytes(2, "big")))
for number, value in options:
    message += option(number, value, last)
    last = number

four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"\0" * 4, b"\0" * 4, index))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
begin = time.monotonic()
four.sendto(message, ("224.0.1.187", 5683))
six.sendto(message, ("ff02::158", 5683, 0, index))
while (left := begin + 2.5 - time.monotonic()) > 0:
    for ready in select.select([four, six], [], [], left)[0]:
        answer, sender = ready.recvfrom(65536)
        if answer[4 : 4 + (answer[0] & 15)] != token:
            continue
        # The body of the first block is enough of a list to see whose it is.
        payload = body_of(answer)
        try:
            body = cbor2.loads(payload)
        except Exception:
            body = None
        print(
            json.dumps(
                {
                    "from": sender[0], "after": round(time.monotonic() - begin, 3),
                    "code": f"{answer[1] >> 5}.{answer[1] & 31:02d}", "body": body,
                },
                default=repr,
            ),
            flush=True,
        )
