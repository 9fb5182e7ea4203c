"""The gateway as a middle-node CSE under ACME, an infrastructure CSE that is not ours.

    acme_house.py --gatehouse .build/debug/gatehouse [--scheme http|coap] [--away SECONDS] [--wrong]

Registration, requests passed on both ways, subscriptions across, ACME restarted, away and back. Prints a line for each thing
that was found as it should be, and ends with 1 at the first that was not. `--away 600` keeps ACME away for ten minutes; CI
keeps it away for a few seconds.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from acme import ACME, Client, free_port_of_both, until
from listener import Listener

BOARDS = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../board"))


def ok(what, condition, seen=None):
    if not condition:
        print(f"not ok {what}: {seen!r}")
        raise SystemExit(1)
    print(f"ok {what}", flush=True)


class Gateway:
    """The daemon as /id-mn with the base cse-mn, on a simulated board."""

    def __init__(self, program, folder, registrar, scheme):
        self.program, self.folder = program, folder
        self.port = free_port_of_both()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket = os.path.join(folder, "control.sock")
        os.makedirs(folder, exist_ok=True)
        self.config = os.path.join(folder, "gatehouse.toml")
        with open(self.config, "w") as file:
            file.write(f"""
[gateway]
state = "{folder}/state"
control = "{self.socket}"
control_group = ""
[log]
level = "info"
[board]
profile = "{BOARDS}/simulated.toml"
[ocf]
local = false
[onem2m]
enabled = true
cse_id = "id-mn"
cse_name = "cse-mn"
sp_id = "sp.example"
insecure = "everybody"
administrators = ["Cadmin"]
points_of_access = ["{scheme}://127.0.0.1:{self.port}"]
[onem2m.http]
port = {self.port}
[onem2m.coap]
port = {self.port}
[onem2m.registrar]
url = "{registrar}"
cse_id = "/id-in"
check = 1
""")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "run", "--config", self.config], stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(self.folder, "log"), "ab"), stderr=subprocess.STDOUT)
        until("the gateway", self.is_up)

    def is_up(self):
        assert self.process.poll() is None, self.log()
        return self.command("status", check=False).returncode == 0

    def command(self, *words, check=True):
        return subprocess.run([self.program, *words, "--socket", self.socket, "--json"], check=check, text=True,
                              capture_output=True)

    def status(self):
        return json.loads(self.command("status").stdout)

    def degraded(self):
        return [item["reason"] for item in self.status()["degraded"] if item["part"] == "onem2m"]

    def log(self):
        path = os.path.join(self.folder, "log")
        return open(path, errors="replace").read()[-4000:] if os.path.exists(path) else "it did not start"

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        self.process = None


def wrong_answers():
    """What a registrar that answers wrongly says, by what is wrong with it."""

    def send(status, headers, body=b"", length=None):
        def answer(handler, _):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body) if length is None else length))
            handler.end_headers()
            handler.wfile.write(body)
            handler.close_connection = length is not None
        return answer

    def hang_up(handler, _):
        handler.close_connection = True
        handler.connection.close()

    json_type = {"Content-Type": "application/json", "X-M2M-RSC": "2001"}
    return {
        "a web page": send(200, {"Content-Type": "text/html"}, b"<html>"),
        "half of a JSON text": send(201, json_type, b'{"m2m:csr":'),
        "an answer to another request": send(201, {**json_type, "X-M2M-RI": "another"}, b"{}"),
        "less than it says": send(201, json_type, b"{}", length=100),
        "two million bytes": send(201, json_type, b" " * 2_000_000),
        "nothing, and hangs up": hang_up,
        "no": send(403, {"X-M2M-RSC": "4103"}),
        "a CSEBase that is none": send(200, {**json_type, "X-M2M-RSC": "2000"}, b'{"m2m:cb":[]}'),
    }


def wrong(arguments, folder):
    """A registrar that answers wrongly is none, and harms nothing."""
    answers = wrong_answers()
    listener = Listener(lambda handler, body: answers[listener.current](handler, body))
    for number, what in enumerate(answers):
        listener.current = what
        gateway = Gateway(arguments.gatehouse, os.path.join(folder, f"wrong{number}"), listener.url, "http")
        try:
            gateway.start()
            until("the degraded state", gateway.degraded)
            ok(f"a registrar that answers {what} is not believed",
               not gateway.status()["onem2m"]["registrar"]["registered"], gateway.status())
            ok("and requests here go on", Client(gateway.url, "Cadmin").get("cse-mn").rsc == 2000)
        except BaseException:
            print(gateway.log(), file=sys.stderr)
            raise
        finally:
            gateway.stop()
    listener.stop()


class House:
    def __init__(self, arguments, folder):
        self.acme = ACME(os.path.join(folder, "acme"))
        registrar = self.acme.url if arguments.scheme == "http" else f"coap://127.0.0.1:{self.acme.coap_port}"
        self.gateway = Gateway(arguments.gatehouse, os.path.join(folder, "gateway"), registrar, arguments.scheme)
        self.arguments = arguments
        self.listener = Listener()
        self.here = Client(self.gateway.url, "Clamp")
        self.admin = Client(self.gateway.url, "Cadmin")
        self.there = Client(self.acme.url, "CInApp")

    def is_registered(self):
        return self.acme.admin.get("cse-in/id-mn").rsc == 2000

    def run(self):
        self.acme.start()
        self.gateway.start()
        self.registration()
        self.set_up_here()
        self.inwards()
        self.set_up_there()
        self.outwards()
        self.subscriptions()
        self.restart()
        self.away()
        self.leave()

    def registration(self):
        until("the registration", self.is_registered)
        csr = self.acme.admin.get("cse-in/id-mn").body["m2m:csr"]
        ok("ACME has a remoteCSE of the gateway", csr["csi"] == "/id-mn" and csr["cb"] == "/id-mn/cse-mn", csr)
        ok("it says where the gateway is reached", csr["poa"][0].startswith(self.arguments.scheme + "://"), csr)
        ok("it has an end", len(csr["et"]) >= 15, csr)
        mirror = until("the mirror", lambda: self.admin.get("cse-mn/id-in").body.get("m2m:csr"))
        ok("the gateway shows ACME as a remoteCSE", mirror["csi"] == "/id-in" and mirror["cb"] == "/id-in/cse-in", mirror)
        ok("the status says so", self.gateway.status()["onem2m"]["registrar"]["registered"], self.gateway.status())
        ok("nothing is degraded", self.gateway.degraded() == [], self.gateway.degraded())

    def set_up_here(self):
        answer = self.here.create("cse-mn", 2, {"m2m:ae": {"rn": "lamp", "api": "Nlamp", "rr": True, "srv": ["3"]}})
        ok("an AE registers at the gateway", answer.rsc == 2001, answer)
        policy = {"m2m:acp": {"rn": "acp", "pv": {"acr": [{"acor": ["/id-in/CInApp", "/id-in", "Clamp"], "acop": 63}]},
                              "pvs": {"acr": [{"acor": ["Clamp"], "acop": 63}]}}}
        ok("it makes a policy", self.here.create("cse-mn/lamp", 1, policy).rsc == 2001)
        answer = self.here.create("cse-mn/lamp", 3, {"m2m:cnt": {"rn": "log", "acpi": ["cse-mn/lamp/acp"]}})
        ok("and a container", answer.rsc == 2001, answer)
        answer = self.here.put("cse-mn/lamp", {"m2m:ae": {"acpi": ["cse-mn/lamp/acp"]}})
        ok("which is for notifications to itself as well", answer.rsc == 2004, answer)

    def inwards(self):
        """An AE of ACME at resources of the gateway."""
        self.register_there()
        log = "~/id-mn/cse-mn/lamp/log"
        answer = self.there.create(log, 4, {"m2m:cin": {"con": "from afar"}})
        ok("it creates a content instance at the gateway, through ACME", answer.rsc == 2001, answer)
        answer = self.there.get(log + "/la")
        ok("and reads it back", answer.body["m2m:cin"]["con"] == "from afar", answer)
        ok("as the AE here does", self.here.get("cse-mn/lamp/log/la").body["m2m:cin"]["con"] == "from afar")
        answer = self.there.put(log, {"m2m:cnt": {"lbl": ["hall", "ground floor"]}})
        ok("it updates the container", answer.rsc == 2004, answer)
        # ACME 2026.5.3 passes no discovery on over CoAP: it fails in itself with a KeyError.
        if self.arguments.scheme == "http":
            answer = self.there.get("~/id-mn/cse-mn/lamp/log?fu=1&ty=4")
            ok("it discovers", answer.rsc == 2000 and answer.body["m2m:uril"], answer)
        answer = self.there.get(log + "?rcn=4")
        ok("it reads with children", answer.body["m2m:cnt"]["m2m:cin"][0]["con"] == "from afar", answer)
        # Several blocks over CoAP are more than ACME passes on.
        long = "x" * (5000 if self.arguments.scheme == "http" else 500)
        answer = self.there.create(log, 4, {"m2m:cin": {"con": long}})
        ok("it creates something long", answer.rsc == 2001, answer)
        ok("and reads it", self.there.get(log + "/la").body["m2m:cin"]["con"] == long)
        answer = self.there.get("~/id-mn/cse-mn/lamp/nothing")
        ok("what is not there is 4004", answer.rsc == 4004, answer)
        answer = self.there.get("~/id-mn/cse-mn/lamp/acp")
        ok("what it may not is 4103", answer.rsc == 4103, answer)
        answer = self.there.delete(log + "/la")
        ok("it deletes", answer.rsc == 2002, answer)

    def register_there(self):
        everybody = [{"acor": ["/id-mn", "/id-mn/Clamp", "CAdmin", "CInApp"], "acop": 63}]
        policy = {"m2m:acp": {"rn": "forMN", "pv": {"acr": everybody}, "pvs": {"acr": everybody}}}
        answer = self.acme.admin.create("cse-in", 1, policy)
        ok("ACME's administrator makes a policy", answer.rsc == 2001, answer)
        answer = self.there.create("cse-in", 2, {"m2m:ae": {"rn": "app", "api": "Napp", "rr": True, "srv": ["3"],
                                                            "poa": [self.listener.url], "acpi": ["cse-in/forMN"]}})
        ok("an AE registers at ACME", answer.rsc == 2001, answer)

    def set_up_there(self):
        answer = self.acme.admin.create("cse-in", 3, {"m2m:cnt": {"rn": "shared", "acpi": ["cse-in/forMN"]}})
        ok("and a container", answer.rsc == 2001, answer)

    def outwards(self):
        """The gateway's AE at resources of ACME, whose options the gateway has to hand on."""
        shared = "~/id-in/cse-in/shared"
        answer = self.here.create(shared, 4, {"m2m:cin": {"con": "from below"}})
        ok("the gateway's AE creates at ACME, through the gateway", answer.rsc == 2001, answer)
        ok("ACME has it", self.acme.admin.get("cse-in/shared/la").body["m2m:cin"]["con"] == "from below")
        ok("it reads it", self.here.get(shared + "/la").body["m2m:cin"]["con"] == "from below")
        ok("it updates", self.here.put(shared, {"m2m:cnt": {"lbl": ["a"]}}).rsc == 2004)
        answer = self.here.get("~/id-in/cse-in?fu=1&ty=4")
        ok("it discovers there", answer.rsc == 2000, answer)
        ok("what is not there is 4004", self.here.get("~/id-in/cse-in/nothing").rsc == 4004)
        answer = Client(self.gateway.url, "Cnobody").get(shared)
        ok("nobody's requests are not handed on", answer.rsc == 4106 or answer.rsc == 4103, answer)
        answer = self.here.get("~/id-other/cse/x")
        ok("a CSE that nobody knows is not found", answer.rsc in (4004, 5103, 5107), answer)

    def subscriptions(self):
        subscription = {"m2m:sub": {"rn": "watch", "nu": ["/id-in/CInApp"], "nct": 1, "enc": {"net": [3]}}}
        answer = self.there.create("~/id-mn/cse-mn/lamp/log", 23, subscription)
        ok("ACME's AE subscribes at the gateway", answer.rsc == 2001, answer)
        self.here.create("cse-mn/lamp/log", 4, {"m2m:cin": {"con": "news one"}})
        until("the notification", lambda: self.listener.heard("news one"))
        ok("and is told, through ACME", True)
        answer = self.here.put("cse-mn/lamp", {"m2m:ae": {"poa": [self.listener.url]}})
        ok("the gateway's AE says where it is reached", answer.rsc == 2004, answer)
        # Nor does ACME send notifications over CoAP: a KeyError again.
        if self.arguments.scheme == "coap":
            return
        subscription = {"m2m:sub": {"rn": "watch", "nu": ["/id-mn/Clamp"], "nct": 1, "enc": {"net": [3]}}}
        answer = self.here.create("~/id-in/cse-in/shared", 23, subscription)
        ok("it subscribes at ACME", answer.rsc == 2001, answer)
        self.there.create("cse-in/shared", 4, {"m2m:cin": {"con": "news two"}})
        until("the notification", lambda: self.listener.heard("news two"))
        ok("and is told, through the gateway", True)

    def restart(self):
        """ACME has forgotten all over a restart: who was registered has to find out."""
        self.acme.stop()
        self.acme.forget()
        self.acme.start()
        until("the registration anew", self.is_registered)
        ok("the gateway registers anew when ACME has forgotten it", True)
        self.register_there()
        ok("requests go again", self.there.get("~/id-mn/cse-mn/lamp/log/la").body["m2m:cin"]["con"] == "news one")

    def away(self):
        self.acme.settle("CInApp")
        self.acme.stop()
        until("the degraded state", self.gateway.degraded)
        ok("the status names what is missing", "127.0.0.1" in self.gateway.degraded()[0], self.gateway.degraded())
        ok("and is not registered", not self.gateway.status()["onem2m"]["registrar"]["registered"])
        begun = time.monotonic()
        answer = self.here.get("~/id-in/cse-in")
        ok("requests there are 5103, at once", answer.rsc == 5103 and time.monotonic() - begun < 3, answer)
        ok("requests here go on", self.here.get("cse-mn/lamp/log/la").rsc == 2000)
        self.here.create("cse-mn/lamp/log", 4, {"m2m:cin": {"con": "news three"}})
        time.sleep(self.arguments.away)
        self.acme.start()
        ok("ACME is back, and knows the gateway from before", self.is_registered())
        until("the registration after the absence",
              lambda: self.gateway.status()["onem2m"]["registrar"]["registered"], 150)
        ok("the gateway is registered again", True)
        until("what waited", lambda: self.listener.heard("news three"), 60)
        ok("what waited is delivered", True)
        until("the status", lambda: self.gateway.degraded() == [])
        ok("nothing is degraded any more", True)

    def leave(self):
        self.gateway.stop()
        answer = self.acme.admin.get("cse-in/id-mn")
        ok("the gateway takes its registration back as it stops", answer.rsc == 4004, answer)

    def close(self):
        self.gateway.stop()
        self.acme.stop()
        self.listener.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gatehouse", required=True)
    parser.add_argument("--scheme", choices=["http", "coap"], default="http")
    parser.add_argument("--away", type=float, default=3)
    parser.add_argument("--wrong", action="store_true", help="a registrar that answers wrongly, in the place of ACME")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="acme-house-")
    if arguments.wrong:
        try:
            return wrong(arguments, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    house = House(arguments, folder)
    try:
        house.run()
    except BaseException:
        print(house.gateway.log(), file=sys.stderr)
        print(house.acme.log(), file=sys.stderr)
        raise
    finally:
        house.close()
        shutil.rmtree(folder, ignore_errors=True)


main()
