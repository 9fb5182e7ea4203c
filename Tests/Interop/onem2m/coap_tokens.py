"""Tokens over CoAP, in the three ways in which they come: whole primitives, token ids, local token ids.

    coap_tokens.py --gatehouse .build/debug/gatehouse

Over UDP the client is aiocoap. Over DTLS it is OpenSSL with aiocoap's messages, by a pre-shared key and by a certificate.
Prints a line for each thing that was found as it should be, and ends with 1 at the first that was not.
"""

import asyncio
import json
import os
import secrets
import select
import subprocess

import cbor2
from aiocoap import ACK, CON, DELETE, GET, POST, PUT, Context, Message
from aiocoap.numbers import OptionNumber
from aiocoap.numbers.codes import EMPTY
from aiocoap.optiontypes import OpaqueOption, UintOption

from gateway import Certificates, Gateway
from scenario import ok, play

# TS-0008 V3.9, table 6.2.2.4-1.
TY, RVI, FR, RQI, RSC, ATI = 267, 271, 279, 283, 307, 327
RELAY = "cse-gw1/gpio-relay1/output"

CONFIGURATION = """
[[gpio.lines]]
name = "relay1"
line = "RELAY1"
direction = "output"
[onem2m.tokens]
issue = true
[[onem2m.tokens.privileges]]
resources = ["/gw1/cse-gw1/gpio-relay1/*"]
operations = ["retrieve", "update"]
[[onem2m.tokens.policies]]
name = "guests"
holders = ["/gw1/Cguest*"]
resources = ["/gw1/cse-gw1/gpio-relay1/output"]
operations = ["retrieve", "update"]
lifetime = 3600
[[onem2m.peers]]
name = "guest"
key_file = "{key_file}"
speaks_for = ["/gw1/Cguest"]
"""


class Answer:
    def __init__(self, message):
        self.message = message
        self.code = str(message.code).split()[0]
        values = {}
        for option in message.opt.option_list():
            values[int(option.number)] = option.encode()
        self.rsc = int.from_bytes(values.get(RSC, b""), "big")
        self.identifier = values.get(RQI, b"").decode()
        self.assigned = values.get(ATI, b"").decode()
        self.format = message.opt.content_format
        self.body = None
        # Without a content format it is a sentence for people (RFC 7252 5.5.2).
        if message.payload and self.format is not None:
            self.body = (cbor2 if self.format in (60, 10013) else json).loads(message.payload)

    def __repr__(self):
        return f"{self.code} {self.rsc} {self.format} {self.body!r}"


class Requests:
    """What an originator asks, as CoAP messages."""

    number = 0

    def __init__(self, transport, originator):
        self.transport, self.originator = transport, originator

    def ask(self, code, path, payload=b"", query=(), form=None, **options):
        message = Message(code=code, payload=payload)
        message.opt.uri_path = tuple(path.split("/")) if path else ()
        message.opt.uri_query = tuple(query)
        if form is not None:
            message.opt.content_format = form
        for name, value in options.items():
            number = OptionNumber({"ty": TY, "rvi": RVI, "fr": FR, "rqi": RQI}[name])
            if isinstance(value, int):
                message.opt.add_option(UintOption(number, value))
            else:
                message.opt.add_option(OpaqueOption(number, value.encode()))
        return Answer(self.transport.send(message))

    def named(self):
        Requests.number += 1
        return {"fr": self.originator, "rqi": f"q{Requests.number}", "rvi": "3"}

    def plain(self, code, path, body=None, query=(), ty=None):
        options = self.named()
        if ty is not None:
            options["ty"] = ty
        payload = b"" if body is None else json.dumps(body).encode()
        answer = self.ask(code, path, payload, query, None if body is None else 50, **options)
        assert answer.identifier == options["rqi"], answer
        return answer

    def whole(self, form=10007, path="", **parameters):
        """A whole primitive, whose answer is one too (TS-0008 6.2.4)."""
        primitive = {**self.named(), "to": RELAY, **parameters}
        payload = json.dumps(primitive).encode() if form == 10007 else cbor2.dumps(primitive)
        answer = self.ask(POST, path, payload, form=form)
        if answer.format in (10009, 10013):
            assert answer.body["rqi"] == primitive["rqi"] and answer.body["rsc"] == answer.rsc, answer
        return answer


class Plain:
    """aiocoap over UDP, which sends what is long in blocks."""

    def __init__(self, loop, port):
        self.loop, self.port = loop, port
        self.context = loop.run_until_complete(Context.create_client_context())

    def send(self, message):
        message.unresolved_remote = f"127.0.0.1:{self.port}"
        return self.loop.run_until_complete(asyncio.wait_for(self.context.request(message).response, 20))

    def close(self):
        self.loop.run_until_complete(self.context.shutdown())


class Secure:
    """OpenSSL's DTLS 1.2 with the messages of aiocoap, one at a time."""

    def __init__(self, port, *how):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-quiet", *how],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.number = secrets.randbelow(60_000)

    def read(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        found = os.read(self.process.stdout.fileno(), 65_536) if ready else b""
        assert found, (self.process.poll(), self.process.stderr.read() if self.process.poll() is not None else b"silent")
        return found

    def send(self, message):
        self.number += 1
        message.mtype, message.mid, message.token = CON, self.number, secrets.token_bytes(4)
        sent = message.encode()
        self.process.stdin.write(sent)
        while True:
            received = self.read(20)
            # An acknowledgement without an answer, which may stand before the answer itself.
            if received[:2] == b"\x60\x00":
                received = received[4:]
                if not received:
                    continue
            answer = Message.decode(received)
            if answer.token != message.token:
                continue
            if answer.mtype == CON:
                taken = Message(code=EMPTY)
                taken.mtype, taken.mid = ACK, answer.mid
                self.process.stdin.write(taken.encode())
            return answer

    def close(self):
        self.process.kill()
        self.process.wait()


class House:
    def __init__(self, arguments, folder):
        self.certificates = Certificates(os.path.join(folder, "certificates"))
        self.key = secrets.token_hex(16)
        key_file = os.path.join(folder, "guest.key")
        with open(os.open(key_file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(self.key + "\n")
        self.gateway = Gateway(arguments.gatehouse, os.path.join(folder, "gw1"), "gw1",
                               CONFIGURATION.format(key_file=key_file), secure=self.certificates)
        self.loop = asyncio.new_event_loop()
        self.open = []

    def opened(self, transport):
        self.open.append(transport)
        return transport

    def run(self):
        self.gateway.start()
        plain = self.opened(Plain(self.loop, self.gateway.port))
        guest, thief = Requests(plain, "Cguest"), Requests(plain, "Cthief")
        for who in (guest, thief):
            answer = who.plain(POST, "cse-gw1", {"m2m:ae": {"api": "Nguest", "rr": False, "srv": ["3"]}}, ty=2)
            ok(f"{who.originator} registers over CoAP", (answer.code, answer.rsc) == ("2.01", 2001), answer)
        self.tokens("UDP", guest, thief)
        answer = guest.whole(op=2, tkns=[self.issue()["tkob"], self.issue()["tkob"]])
        ok("UDP: two tokens in several blocks", answer.rsc == 2000, answer)
        key = self.opened(Secure(self.gateway.secure_port, "-psk_identity", "guest", "-psk", self.key, "-cipher",
                                 "ECDHE-PSK-AES128-CBC-SHA256"))
        shown = self.certificates.of("/gw1/Cthief")
        by_certificate = self.opened(Secure(
            self.gateway.secure_port, "-cert", shown, "-key", shown, "-CAfile", self.certificates.authority,
            "-verify_return_error"))
        guest, thief = Requests(key, "Cguest"), Requests(by_certificate, "Cthief")
        self.tokens("DTLS", guest, thief)
        answer = Requests(key, "Cthief").plain(GET, RELAY)
        ok("DTLS: the guest's key speaks for no one else", answer.rsc == 4106, answer)
        answer = Requests(by_certificate, "Cguest").whole(op=2, tkns=[self.issue()["tkob"]])
        ok("DTLS: nor the thief's certificate for the guest", answer.rsc == 4106, answer)

    def issue(self):
        words = ["token", "issue", "/gw1/Cguest", "--resource", "/gw1/" + RELAY, "--may", "retrieve", "--may", "update"]
        return json.loads(self.gateway.command(*words).stdout)["gh:atrs"]

    def tokens(self, way, guest, thief):
        def also(what, condition, seen=None):
            ok(f"{way}: {what}", condition, seen)

        answer = guest.plain(GET, RELAY, query=["tqi=true"])
        also("without a token 4103, with the place where one is had",
             (answer.code, answer.rsc) == ("4.03", 4103) and answer.body["m2m:tqf"]["dasi"][0]["uri"], answer)
        wanted = {"tkps": {"pm": [{"ris": [RELAY], "pv": {"acr": [{"acor": ["Cguest"], "acop": 6}]}}]}}
        if way == "UDP":
            answer = guest.plain(POST, "cse-gw1/authority/atis", {"gh:atrq": wanted}, ty=32002)
            also("a token is had over CoAP", (answer.code, answer.rsc) == ("2.01", 2001), answer)
            grant = answer.body["gh:atrs"]
        else:
            grant = self.issue()
        token, identifier = grant["tkob"], grant["tkid"]
        for form, answered in ((10007, 10009), (10012, 10013)):
            answer = guest.whole(form, op=2, tkns=[token])
            also(f"a whole primitive of content format {form} brings it",
                 (answer.code, answer.rsc, answer.format) == ("2.05", 2000, answered)
                 and "cod:binSh" in answer.body["pc"], answer)
        assigned = answer.body["ati"]["ltia"][0]
        also("the answer assigns it a local id", assigned["tkid"] == identifier, answer)
        for turned in (True, False):
            answer = guest.whole(op=3, tkns=[token], pc={"cod:binSh": {"state": turned}})
            state = json.loads(self.gateway.command("read", "gpio/relay1", "Output").stdout)["parameters"][0]["value"]
            also(f"with it the relay is {'on' if turned else 'off'}",
                 (answer.code, answer.rsc) == ("2.04", 2004) and state is turned, (answer, state))
        answer = guest.whole(op=2, tkns=[token], path=RELAY)
        also("the path may say where it goes, too", answer.rsc == 2000, answer)
        answer = guest.whole(op=2, tkns=[token], path="cse-gw1")
        also("but not elsewhere", (answer.code, answer.rsc) == ("4.00", 4000), answer)
        ways = {"the token id": [f"tids={identifier}"], "the local token id": [f"ltids={assigned['lti']}"]}
        for name, query in ways.items():
            answer = guest.plain(GET, RELAY, query=query)
            also(f"{name} in the query does as well", (answer.code, answer.rsc) == ("2.05", 2000), answer)
            answer = guest.plain(PUT, RELAY, {"cod:binSh": {"state": True}}, query=query)
            also("to set it, too", (answer.code, answer.rsc) == ("2.04", 2004), answer)
            answer = guest.plain(DELETE, RELAY, query=query)
            also("and to nothing that it does not permit", answer.rsc in (4103, 4005), answer)
            answer = thief.plain(GET, RELAY, query=query)
            also("nor for anybody else", (answer.code, answer.rsc) == ("4.03", 4103), answer)
        answer = thief.whole(op=2, tkns=[token])
        also("a stolen token is refused", answer.rsc == 4103, answer)
        answer = guest.whole(op=2, tkns=[token[:-8] + "AAAAAAAA"])
        also("a spoilt one is refused", answer.rsc == 4103, answer)
        answer = guest.whole(op=2, tkns=["eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."])
        also("one without a signature is refused", answer.rsc == 4103, answer)
        answer = guest.ask(GET, RELAY, query=["tkns=" + token], **guest.named())
        also("a token in an option that it does not fit is no option", answer.code in ("4.02", "4.00"), answer)
        answer = guest.plain(GET, RELAY, query=["ltids=t0"])
        also("a local id that nobody has is refused", answer.rsc == 4103, answer)
        self.gateway.command("token", "revoke", identifier)
        for name, query in ways.items():
            answer = guest.plain(GET, RELAY, query=query)
            also(f"revoked: {name} is refused", (answer.code, answer.rsc) == ("4.03", 4103), answer)
        answer = guest.whole(op=2, tkns=[token])
        also("revoked: and so is the token", answer.rsc == 4103, answer)

    def logs(self):
        return [self.gateway.log()]

    def close(self):
        for transport in self.open:
            transport.close()
        self.gateway.stop()
        self.loop.close()


play(__doc__, House)
