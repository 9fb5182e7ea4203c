"""Registrars that answer wrongly: none of them is believed, each is named, and none does the gateway harm.

    wrong_registrars.py --gatehouse .build/debug/gatehouse

A gateway for each, all at once, and one more whose registrar is right, then wrong for a while, and right again. Prints a line
for each thing that was found as it should be, and ends with 1 at the first that was not.
"""

import json
import os
import socket
import struct
import threading
import time

from aiocoap import ACK, CREATED, INTERNAL_SERVER_ERROR, RST, Message
from aiocoap.numbers import OptionNumber
from aiocoap.numbers.codes import EMPTY
from aiocoap.optiontypes import OpaqueOption, UintOption

from acme import until
from gateway import Gateway
from listener import Listener
from scenario import ok, play

JSON = {"Content-Type": "application/json"}
# What is said in CI takes as long as the gateway waits for an answer: RegistrarSettings.timeout is 10 s.
PATIENCE = 60


def send(status, headers, body=b"", length=None):
    def answer(handler, _):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, handler.headers.get("X-M2M-RI", "") if value is RIGHT else value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = length is not None
    return answer


RIGHT = object()


def hang_up(handler, _):
    handler.close_connection = True
    handler.connection.close()


def reset(handler, _):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    hang_up(handler, _)


def never(handler, _):
    time.sleep(PATIENCE)


def drip(handler, _):
    """Says for ever that it is about to answer."""
    try:
        handler.wfile.write(b"HTTP/1.1 201 Created\r\nX-M2M-RSC: 2001\r\nX-Slow: ")
        for _ in range(PATIENCE * 2):
            handler.wfile.write(b"a")
            time.sleep(0.5)
    except OSError:
        handler.close_connection = True


def shout(handler, _):
    handler.wfile.write(b"220 smtp.example ESMTP\r\n")
    handler.close_connection = True


# What is wrong, how it is said, and what the status says of it.
WRONG = [
    ("a web page", send(200, {"Content-Type": "text/html"}, b"<html>"), "expected JSON or CBOR"),
    ("half of a JSON text", send(201, {**JSON, "X-M2M-RSC": "2001", "X-M2M-RI": RIGHT}, b'{"m2m:csr":'), "JSON"),
    ("an answer to another request", send(201, {**JSON, "X-M2M-RSC": "2001", "X-M2M-RI": "another"}, b"{}"),
     "another request"),
    ("less than it says", send(201, {**JSON, "X-M2M-RSC": "2001"}, b"{}", length=100), "amid a message"),
    ("two million bytes", send(201, {**JSON, "X-M2M-RSC": "2001"}, b" " * 2_000_000), "longer than"),
    ("nothing, and hangs up", hang_up, "closed before the answer"),
    ("nothing, and resets", reset, "reset"),
    ("no HTTP", shout, "no HTTP"),
    ("never", never, "no answer within"),
    ("a letter at a time", drip, "no answer within"),
    ("no", send(403, {"X-M2M-RSC": "4103", "X-M2M-RI": RIGHT}), "4103"),
    ("5000 under 201", send(201, {**JSON, "X-M2M-RSC": "5000", "X-M2M-RI": RIGHT}, b"{}"), "5000"),
    ("a status that is no number", send(201, {**JSON, "X-M2M-RSC": "fine", "X-M2M-RI": RIGHT}, b"{}"), "X-M2M-RSC"),
    ("accepted, and no more", send(202, {**JSON, "X-M2M-RSC": "1000", "X-M2M-RI": RIGHT}, b""), "CSEBase"),
    ("a status from nowhere", send(200, {**JSON, "X-M2M-RSC": "99999", "X-M2M-RI": RIGHT}, b"{}"), "99999"),
    ("a CSEBase that is none", send(200, {**JSON, "X-M2M-RSC": "2000", "X-M2M-RI": RIGHT}, b'{"m2m:cb":[]}'), "CSEBase"),
]


def datagram(message, kind, request, token):
    message.mtype, message.mid, message.token = kind, request.mid, token
    return message.encode()


def constrained(make):
    """What `make` makes of the request, as a piggybacked answer."""
    return lambda request: datagram(make(request), ACK, request, request.token)


def empty(kind):
    return lambda request: datagram(Message(code=EMPTY), kind, request, b"")


def with_options(message, **options):
    for name, value in options.items():
        number = OptionNumber({"rqi": 283, "rsc": 307}[name])
        option = UintOption(number, value) if isinstance(value, int) else OpaqueOption(number, value)
        message.opt.add_option(option)
    return message


def of_another(request):
    return datagram(with_options(Message(code=CREATED), rsc=2001), ACK, request, b"another!")


# The same over CoAP, as datagrams.
WRONG_DATAGRAMS = [
    ("a datagram of nonsense", lambda request: b"\xff" * 40, "no response in"),
    ("a datagram, and never", empty(ACK), "no response in"),
    ("a datagram, and resets", empty(RST), "Reset"),
    ("a datagram to another question", of_another, "no response in"),
    ("a datagram to another request",
     constrained(lambda request: with_options(Message(code=CREATED), rsc=2001, rqi=b"another")), "another request"),
    ("a datagram of text",
     constrained(lambda request: with_options(Message(code=CREATED, payload=b"fine"), rsc=2001)), "neither JSON nor CBOR"),
    ("a datagram with 5000", constrained(lambda request: with_options(Message(code=INTERNAL_SERVER_ERROR), rsc=5000)), "5000"),
]


class Datagrams:
    """A socket that answers each CoAP request as it is told."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"coap://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                datagram, source = self.socket.recvfrom(65_536)
            except OSError:
                return
            request = Message.decode(datagram)
            if request.code != EMPTY:
                self.socket.sendto(self.answer(request), source)

    def stop(self):
        self.socket.close()


class Registrar:
    """Right in the few things that it is asked, until `wrong` says what it answers instead."""

    def __init__(self):
        self.wrong, self.asked = None, 0
        self.listener = Listener(self.answer)

    def answer(self, handler, body):
        self.asked += 1
        if self.wrong is not None:
            return self.wrong(handler, body)
        rsc = {"POST": 2001, "GET": 2000, "PUT": 2004, "DELETE": 2002}[handler.command]
        found = {"m2m:cb": {"csi": "/id-in", "rn": "cse-in", "cst": 1, "srv": ["3"]}}
        if handler.command != "GET" or handler.path.split("?")[0].endswith("/gw1"):
            found = {"m2m:csr": {"csi": "/gw1"}}
        status = 201 if rsc == 2001 else 200
        send(status, {**JSON, "X-M2M-RSC": str(rsc), "X-M2M-RI": RIGHT}, json.dumps(found).encode())(handler, body)


class House:
    def __init__(self, arguments, folder):
        self.program, self.folder = arguments.gatehouse, folder
        self.gateways, self.listeners = [], []

    def gateway(self, url):
        gateway = Gateway(self.program, os.path.join(self.folder, f"gateway{len(self.gateways)}"), "gw1", more=f"""
[onem2m.registrar]
url = "{url}"
cse_id = "/id-in"
check = 1
""")
        self.gateways.append(gateway)
        return gateway

    def run(self):
        cases = []
        for kind, wrong in ((Listener, WRONG), (Datagrams, WRONG_DATAGRAMS)):
            for what, answer, reason in wrong:
                listener = kind(answer)
                self.listeners.append(listener)
                cases.append((what, reason, self.gateway(listener.url)))
        threads = [threading.Thread(target=gateway.start) for _, _, gateway in cases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.for_a_while()
        for what, reason, gateway in cases:
            status = until("the degraded state", lambda: [
                status for status in [gateway.status()["onem2m"]] if status["trouble"]], PATIENCE)[0]
            registrar, seen = status["registrar"], status["trouble"]
            ok(f"a registrar that answers {what} is not believed",
               not registrar["registered"] and registrar["registrations"] == 0, status)
            ok(f"the status names it: {seen}",
               seen.startswith(f"not registered at {registrar['url']}: ") and reason in seen, seen)
            ok("and requests here go on", gateway.client("Cadmin").get("cse-gw1").rsc == 2000)

    def for_a_while(self):
        """Right at first, and again later: what is wrong between costs the registration only while it lasts."""
        registrar = Registrar()
        self.listeners.append(registrar.listener)
        gateway = self.gateway(registrar.listener.url)
        gateway.start()
        until("the registration", lambda: gateway.registrar()["registered"])
        for what, answer in (("a web page", WRONG[0][1]), ("nothing", hang_up), ("5000", WRONG[11][1])):
            registrar.wrong = answer
            until("the degraded state", gateway.degraded)
            status = gateway.registrar()
            ok(f"one that turns to answering {what} is no registrar any more",
               not status["registered"] and status["state"] in ("waiting", "registering"), status)
            begun = time.monotonic()
            answer = gateway.client("Cadmin").get("~/id-in/cse-in")
            ok("requests there are 5103, at once", answer.rsc == 5103 and time.monotonic() - begun < 3, answer)
            registrar.wrong = None
            until("the registration", lambda: gateway.registrar()["registered"])
            ok("and is one when it is right again", gateway.degraded() == [], gateway.degraded())
        ok("which makes four registrations", gateway.registrar()["registrations"] == 4, gateway.registrar())

    def logs(self):
        return [gateway.log()[-1000:] for gateway in self.gateways]

    def close(self):
        for gateway in self.gateways:
            if gateway.process is not None:
                gateway.process.kill()
                gateway.process.wait()
        for listener in self.listeners:
            listener.stop()


play(__doc__, House)
