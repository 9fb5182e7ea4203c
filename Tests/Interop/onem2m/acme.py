"""ACME as an infrastructure CSE, on loopback and in a folder of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from loopback import free_port, until  # noqa: E402


def free_port_of_both():
    """A port that is free for TCP and for UDP."""
    while True:
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Answer:
    """What a CSE answers over HTTP."""

    def __init__(self, status, headers, body):
        self.status, self.headers = status, headers
        self.rsc = int(headers.get("X-M2M-RSC", 0))
        self.body = json.loads(body) if body and "json" in headers.get("Content-Type", "") else body

    def __repr__(self):
        return f"{self.status} {self.rsc} {self.body!r}"


class Client:
    """An originator at a CSE, over HTTP or, with a context, over TLS; it shares no code with either side."""

    number = 0

    def __init__(self, url, originator, context=None):
        self.url, self.originator, self.context = url, originator, context

    def ask(self, method, path, body=None, ty=None, timeout=15, **headers):
        Client.number += 1
        kind = "application/json" + (f";ty={ty}" if ty else "")
        request = urllib.request.Request(
            f"{self.url}/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"X-M2M-Origin": self.originator, "X-M2M-RI": f"c{Client.number}", "X-M2M-RVI": "3",
                     "Accept": "application/json", "Content-Type": kind, **headers})
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.context) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def create(self, path, ty, body, **more):
        return self.ask("POST", path, body, ty, **more)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def put(self, path, body, **more):
        return self.ask("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)


class ACME:
    """The IN-CSE /id-in with the base cse-in; CAdmin may do everything there."""

    def __init__(self, folder, originators="/id-mn"):
        self.folder = folder
        self.port = free_port()
        self.coap_port = free_port_of_both()
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin = Client(self.url, "CAdmin")
        self.process = None
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "acme.ini"), "w") as file:
            file.write(f"""
[basic.config]
cseType=IN
cseID=id-in
cseName=cse-in
adminID=CAdmin
dataDirectory={folder}
networkInterface=127.0.0.1
cseHost=127.0.0.1
httpPort={self.port}
databaseType=tinydb
secret=a secret of tests
serviceProviderID=//sp.example
logLevel=warning
consoleTheme=dark

[cse]
enableRemoteCSE=true
checkExpirationsInterval=2

[cse.registration]
allowedAEOriginators=C*,S*
allowedCSROriginators={originators}
checkLiveliness=false

[http]
address=http://127.0.0.1:{self.port}
listenIF=127.0.0.1

[coap]
enable=true
listenIF=127.0.0.1
port={self.coap_port}

[database.tinydb]
writeDelay=0

[textui]
startWithTUI=false

[console]
confirmQuit=false

[logging]
enableFileLogging=true
enableScreenLogging=false
path={folder}/logs
""")

    def start(self):
        """Starts it; again when a request came before it was ready, of which it dies."""
        for _ in range(3):
            self.launch()
            until("ACME", lambda: self.process.poll() is not None or self.has_started(), 60)
            if self.process.poll() is None:
                return until("ACME", self.is_up, 60)
        raise RuntimeError(self.log())

    def has_started(self):
        return self.log(whole=True).count("CSE started") > self.starts

    def launch(self):
        self.starts = self.log(whole=True).count("CSE started")
        log = open(os.path.join(self.folder, "acme.log"), "ab")
        program = os.path.join(os.path.dirname(sys.executable), "acmecse")
        self.process = subprocess.Popen(
            [program, "--base-directory", self.folder, "--config", "acme.ini", "--db-type",
             "tinydb", "--headless"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)

    def forget(self):
        """All that it keeps; while it does not run."""
        shutil.rmtree(os.path.join(self.folder, "data"), ignore_errors=True)

    def settle(self, resource_id):
        """Waits until a resource is on disk and no file is being written, after which ACME may be stopped: it writes nothing
        then, and what changes while it writes waits for the next change of the same file. So an AE comes and goes."""
        folder = os.path.join(self.folder, "data")
        files = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json")]
        last_change = time.monotonic()

        def is_kept():
            nonlocal last_change
            tables = {os.path.basename(file).split("-")[0]: open(file, errors="replace").read() for file in files}
            # It is named in others' policies as well.
            if f'"ri": "{resource_id}"' in tables["resources"] and all(
                    f'"{resource_id}"' in tables[table] for table in ("identifiers", "originators")):
                return True
            if time.monotonic() - last_change > 1:
                passer_by = Client(self.url, "Cpasser")
                passer_by.create("cse-in", 2, {"m2m:ae": {"rn": "passer", "api": "Npasser", "rr": False, "srv": ["3"]}})
                passer_by.delete("cse-in/passer")
                last_change = time.monotonic()
            return False

        until("what ACME keeps", is_kept)
        until("ACME to be done with its files", lambda: time.time() - max(map(os.path.getmtime, files)) > 0.5)

    def is_up(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        try:
            return self.admin.get("cse-in").rsc == 2000
        except OSError:
            return False

    def log(self, whole=False):
        path = os.path.join(self.folder, "acme.log")
        text = open(path, errors="replace").read() if os.path.exists(path) else ""
        if whole:
            return text
        text = text[-3000:]
        folder = os.path.join(self.folder, "logs")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            text += open(os.path.join(folder, name), errors="replace").read()[-3000:]
        return text

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
