"""Both use cases of oneM2M's report on dynamic authorization, between two daemons.

    two_gateways.py --gatehouse .build/debug/gatehouse

`/gw1` is the hotel's reception and issues tokens, `/gw2` is a floor with a lock and a meter. The floor is registered at the
reception, over TLS with certificates; it trusts the reception's keys as far as its configuration says. The phone, the thief
and the service are HTTP clients. Prints a line for each thing that was found as it should be, and ends with 1 at the first
that was not.
"""

import base64
import json
import os
import time

from acme import Client, until
from gateway import PROVIDER, Certificates, Gateway
from scenario import ok, play

LOCK = "~/gw2/cse-gw2/gpio-lock12/output"
# The shortest that is configured for real; the floor hears of a revocation within it.
REFRESH = 10

RECEPTION = """
[onem2m.tokens]
issue = true
audience = ["/gw2"]
[[onem2m.tokens.privileges]]
resources = ["/gw2/cse-gw2/gpio-*/*"]
operations = ["retrieve", "update", "delete"]
[[onem2m.tokens.privileges]]
resources = ["/gw2/cse-gw2/meter"]
roles = ["*@energy.example.com"]
[[onem2m.tokens.policies]]
name = "guests"
holders = ["/gw1/Cphone", "/gw1/Cthief"]
resources = ["/gw2/cse-gw2/gpio-lock12/output"]
operations = ["retrieve", "update"]
lifetime = 3600
[[onem2m.tokens.policies]]
name = "subscribers"
holders = ["/gw1/Chems"]
resources = ["/gw2/cse-gw2/meter"]
roles = ["reader@energy.example.com"]
lifetime = 3600
"""


def floor(reception, keys):
    return f"""
[[gpio.lines]]
name = "lock12"
line = "LOCK12"
direction = "output"
kind = "lock"
[onem2m.registrar]
url = "{reception.secure_url}"
cse_id = "/gw1"
check = 1
[onem2m.tokens]
refresh = {REFRESH}
[[onem2m.issuers]]
id = "/gw1"
keys = "{keys}"
resources = ["/gw2/cse-gw2/gpio-lock*/*", "/gw2/cse-gw2/meter"]
operations = ["retrieve", "update"]
roles = ["*@energy.example.com"]
authority = "/gw1/cse-gw1/authority"
"""


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class Hotel:
    def __init__(self, arguments, folder):
        self.program, self.folder = arguments.gatehouse, folder
        self.certificates = Certificates(os.path.join(folder, "certificates"))
        self.reception = Gateway(self.program, os.path.join(folder, "gw1"), "gw1", RECEPTION, secure=self.certificates)
        self.floor = None
        self.phone, self.thief, self.service = (self.visitor(name) for name in ("Cphone", "Cthief", "Chems"))

    def visitor(self, name):
        return Client(self.reception.secure_url, name, self.certificates.context(f"/gw1/{name}"))

    def open(self):
        self.reception.start()
        keys = os.path.join(self.folder, "reception.json")
        with open(keys, "w") as file:
            file.write(self.reception.command("token", "keys").stdout)
        self.floor = Gateway(self.program, os.path.join(self.folder, "gw2"), "gw2", floor(self.reception, keys),
                             secure=self.certificates)
        self.floor.start()
        until("the registration", lambda: self.floor.registrar()["registered"])
        ok("the floor is registered at the reception", True)

    def run(self):
        self.open()
        self.visitors_register()
        self.tourist()
        self.straight_to_the_floor()
        # Meanwhile the floor is to hear of the revocation.
        revoked = time.monotonic()
        self.checks_out_early()
        self.reads_the_meter()
        self.expires()
        self.is_heard_of(revoked)

    def visitors_register(self):
        for visitor in (self.phone, self.thief, self.service):
            answer = visitor.create("cse-gw1", 2, {"m2m:ae": {"api": "Nvisitor", "rr": False, "srv": ["3"]}})
            ok(f"{visitor.originator} registers at the reception", answer.rsc == 2001, answer)
        impostor = Client(self.reception.secure_url, "Cphone", self.thief.context)
        answer = impostor.get("cse-gw1")
        ok("but not as somebody else", answer.rsc == 4106, answer)

    def turn(self, visitor, opens, **headers):
        return visitor.put(LOCK, {"cod:binSh": {"state": opens}}, **headers)

    def is_open(self):
        """By the floor's own word on its line, not by oneM2M's."""
        node = json.loads(self.floor.command("read", "gpio/lock12", "Output").stdout)
        return node["parameters"][0]["value"]

    def ask_for_token(self, visitor, **wanted):
        return visitor.create("cse-gw1/authority/atis", 32002, {"gh:atrq": wanted})

    def permission(self, visitor, operations=6):
        rule = {"acor": [f"//{PROVIDER}/gw1/{visitor.originator}"], "acop": operations}
        return {"pm": [{"ris": ["/gw2/cse-gw2/gpio-lock12/output"], "pv": {"acr": [rule]}}]}

    # Use case 5.1

    def tourist(self):
        ok("the lock is shut", self.is_open() is False)
        answer = self.turn(self.phone, True)
        ok("the phone may not open the lock", answer.rsc == 4103, answer)
        answer = self.phone.put(LOCK + "?tqi=true", {"cod:binSh": {"state": True}})
        where = answer.body["m2m:tqf"]["dasi"][0]["uri"]
        ok("and is told where a token is had", answer.rsc == 4103 and where == "/gw1/cse-gw1/authority/atis", answer)
        answer = self.ask_for_token(self.phone, tkps=self.permission(self.phone, operations=63), tkau=["/gw2"])
        ok("one beyond what may be delegated is not given", answer.rsc == 4103, answer)
        answer = self.ask_for_token(self.phone, tkps=self.permission(self.phone, operations=14), tkau=["/gw2"])
        ok("it gets one of the reception", answer.rsc == 2001, answer)
        grant = answer.body["gh:atrs"]
        ok("for what the policy grants, and no more", grant["tkps"]["pm"][0]["pv"]["acr"][0]["acop"] == 6, grant)
        self.token, self.token_id = grant["tkob"], grant["tkid"]
        ok("the token names its holder", claims(self.token)["azp"] == f"//{PROVIDER}/gw1/Cphone", claims(self.token))
        until("the floor's first list", lambda: self.turn(self.phone, True, Authorization=self.token).rsc == 2004)
        ok("with it the lock opens, through the reception", self.is_open() is True)
        answer = self.turn(self.phone, False, Authorization="Bearer " + self.token)
        ok("and shuts", answer.rsc == 2004 and self.is_open() is False, answer)
        short = answer.headers["X-M2M-ATI"].split(":")[0]
        answer = self.phone.get(f"{LOCK}?ltids={short}")
        ok("the local token id that came with the answer does as well", answer.rsc == 2000, answer)
        answer = self.phone.get(f"{LOCK}?tids={self.token_id}")
        ok("and so does the token's id", answer.rsc == 2000, answer)
        answer = self.turn(self.thief, True, Authorization=self.token)
        ok("the stolen token opens nothing", answer.rsc == 4103 and self.is_open() is False, answer)
        answer = self.thief.get(f"{LOCK}?ltids={short}")
        ok("nor does its short name", answer.rsc == 4103, answer)
        answer = self.phone.get("~/gw2/cse-gw2/gpio-lock12", Authorization=self.token)
        ok("it is for this resource alone", answer.rsc == 4103, answer)
        answer = self.phone.delete(LOCK, Authorization=self.token)
        ok("and these operations", answer.rsc in (4005, 4103), answer)
        head, payload, signature = self.token.split(".")
        forged = ".".join([head, payload, ("A" if signature[0] != "A" else "B") + signature[1:]])
        answer = self.turn(self.phone, True, Authorization=forged)
        ok("a changed signature spoils it", answer.rsc == 4103 and self.is_open() is False, answer)
        answer = self.phone.create("cse-gw1/authority/atis", 32002, {"gh:atrq": {"tkps": {"pm": [
            {"ris": ["/gw2/cse-gw2/gpio-lock13/output"], "pv": {"acr": [{"acor": ["Cphone"], "acop": 6}]}}]}}})
        ok("a token for another door is not given", answer.rsc == 4103, answer)

    def straight_to_the_floor(self):
        """Not through the reception: the phone proves by its certificate who it is."""
        path = "cse-gw2/gpio-lock12/output"
        answer = Client(self.floor.secure_url, f"//{PROVIDER}/gw1/Cphone", self.phone.context).get(
            path, Authorization=self.token)
        ok("at the floor itself the phone is taken by its certificate", answer.rsc == 2000, answer)
        answer = Client(self.floor.secure_url, f"//{PROVIDER}/gw1/Cphone", self.thief.context).get(
            path, Authorization=self.token)
        ok("another certificate makes no Cphone", answer.rsc == 4106, answer)
        answer = Client(self.floor.secure_url, f"//{PROVIDER}/gw1/Cthief", self.thief.context).get(
            path, Authorization=self.token)
        ok("and the thief's name does not go with the token", answer.rsc == 4103, answer)

    def checks_out_early(self):
        self.reception.command("token", "revoke", self.token_id)
        listed = json.loads(self.reception.command("token", "list").stdout)["tokens"]
        ok("the reception revokes the token", [t["revoked"] for t in listed if t["tkid"] == self.token_id] == [True], listed)

    def is_heard_of(self, revoked):
        def refused():
            answer = self.phone.get(LOCK, Authorization=self.token)
            return answer if answer.rsc != 2000 else None

        answer = until("the floor hears of it", refused, 6 * REFRESH)
        ok("the floor refuses it", answer.rsc == 4103, answer)
        # To the answer, on a machine that may be slow.
        ok("within the time of its list", time.monotonic() - revoked < REFRESH + 10, time.monotonic() - revoked)
        answer = self.turn(self.phone, True, Authorization=self.token)
        ok("and the lock stays shut", answer.rsc == 4103 and self.is_open() is False, answer)
        verdict = json.loads(self.floor.command("token", "inspect", given=self.token + "\n").stdout)
        ok("the floor's own word on the token is that it is revoked", verdict["good"] is False and verdict["step"] == 9, verdict)

    def expires(self):
        answer = self.ask_for_token(self.phone, tkps=self.permission(self.phone), lft=2)
        token = answer.body["gh:atrs"]["tkob"]
        ok("a token for two seconds", answer.rsc == 2001 and claims(token)["exp"] - claims(token)["nbf"] <= 2, answer)
        answer = self.phone.get(LOCK, Authorization=token)
        ok("counts at once", answer.rsc == 2000 or time.time() > claims(token)["exp"], answer)
        until("its end", lambda: self.phone.get(LOCK, Authorization=token).rsc == 4103)
        ok("and not after its end", time.time() >= claims(token)["exp"], (time.time(), claims(token)))

    # Use case 5.2

    def reads_the_meter(self):
        admin = self.floor.client("Cadmin")
        policy = {"m2m:acp": {"rn": "energy", "pv": {"acr": [{"acor": ["reader@energy.example.com"], "acop": 2}]},
                              "pvs": {"acr": [{"acor": ["Cadmin"], "acop": 63}]}}}
        ok("the floor says what readers may", admin.create("cse-gw2", 1, policy).rsc == 2001)
        answer = admin.create("cse-gw2", 3, {"m2m:cnt": {"rn": "meter", "acpi": ["cse-gw2/energy"]}})
        ok("with its meter", answer.rsc == 2001, answer)
        admin.create("cse-gw2/meter", 4, {"m2m:cin": {"con": "12.5 kWh"}})
        meter = "~/gw2/cse-gw2/meter/la"
        ok("the service may not read it", self.service.get(meter).rsc == 4103)
        answer = self.ask_for_token(self.service, dlv="reference", tkps={"pm": [
            {"ris": ["/gw2/cse-gw2/meter"], "rids": ["reader@energy.example.com", "owner@energy.example.com"]}]})
        ok("it asks for roles, and is told where its token is", answer.rsc == 2001 and "tkob" not in answer.body["gh:atrs"], answer)
        grant = answer.body["gh:atrs"]
        ok("the role that it subscribes to", grant["tkps"]["pm"][0]["rids"] == ["reader@energy.example.com"], grant)
        place = "~" + grant["uri"]
        ok("nobody else fetches it", self.phone.get(place).rsc == 4103)
        answer = self.service.get(place)
        ok("it does", answer.rsc == 2000, answer)
        token = answer.body["gh:atok"]["tkob"]
        answer = self.service.get(meter, Authorization=token)
        ok("with the role token it reads the meter", answer.rsc == 2000 and answer.body["m2m:cin"]["con"] == "12.5 kWh", answer)
        answer = self.service.put("~/gw2/cse-gw2/meter", {"m2m:cnt": {"lbl": ["x"]}}, Authorization=token)
        ok("and changes nothing", answer.rsc == 4103, answer)
        answer = self.service.get(LOCK, Authorization=token)
        ok("nor does a reader open doors", answer.rsc == 4103, answer)
        answer = self.service.get(f"{meter}?rids=reader@energy.example.com")
        ok("a role without a token is no role", answer.rsc == 4103, answer)

    def logs(self):
        return [gateway.log() for gateway in (self.reception, self.floor) if gateway is not None]

    def close(self):
        for gateway in (self.floor, self.reception):
            if gateway is not None:
                gateway.stop()


play(__doc__, Hotel)
