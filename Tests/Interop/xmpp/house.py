"""A gateway on a simulated board, and Prosody or ejabberd on loopback, in a folder of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from loopback import free_port, until  # noqa: E402

PASSWORD = "secret,word=1"
BOARDS = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../board"))
ACCOUNTS = ["gateway", "reader", "guest", "old", "authority", "second", "neighbour", "stranger"]


class Server:
    """The XMPP server, with a certificate of an authority of its own, and a place for a component."""

    def __init__(self, kind, folder, accounts=ACCOUNTS, component="registry.localhost"):
        self.kind, self.folder, self.port = kind, folder, free_port()
        self.accounts, self.component = accounts, component
        self.component_port, self.secret = free_port(), "component secret"
        os.makedirs(os.path.join(folder, "data"))
        self.authority = os.path.join(folder, "ca.pem")
        self.run_quietly("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                         "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "30")
        self.run_quietly("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                         "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        with open(os.path.join(folder, "san"), "w") as file:
            file.write("subjectAltName=DNS:localhost\n")
        self.run_quietly("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                         "-CAcreateserial", "-out", "server.crt", "-days", "30", "-extfile", "san")
        getattr(self, "start_" + kind)()
        until("the XMPP server", self.listens)

    def run_quietly(self, *words):
        subprocess.run(words, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens(self):
        assert self.process.poll() is None, open(os.path.join(self.folder, "server.log")).read()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def launch(self, words, environment=None):
        log = open(os.path.join(self.folder, "server.log"), "wb")
        self.process = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)

    def start_prosody(self):
        root = ["--root"] if os.getuid() == 0 else []
        config = os.path.join(self.folder, "prosody.cfg.lua")
        with open(config, "w") as file:
            file.write(f"""
run_as_root = {"true" if root else "false"}
pidfile = "{self.folder}/prosody.pid"
data_path = "{self.folder}/data"
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{}}
component_ports = {{ {self.component_port} }}
component_interfaces = {{ "127.0.0.1" }}
s2s_ports = {{}}
modules_disabled = {{ "s2s" }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "smacks" }}
authentication = "internal_hashed"
c2s_require_encryption = true
ssl = {{ certificate = "{self.folder}/server.crt"; key = "{self.folder}/server.key" }}
VirtualHost "localhost"
Component "{self.component}"
  component_secret = "{self.secret}"
""")
        for account in self.accounts:
            self.run_quietly("prosodyctl", *root, "--config", config, "register", account, "localhost", PASSWORD)
        self.launch(["prosody", *root, "--config", config, "-F"])

    def start_ejabberd(self):
        with open(os.path.join(self.folder, "server.pem"), "w") as pem:
            for part in ("server.crt", "server.key"):
                pem.write(open(os.path.join(self.folder, part)).read())
        with open(os.path.join(self.folder, "ejabberd.yml"), "w") as file:
            file.write(f"""
hosts: [localhost]
loglevel: info
ca_file: "{self.folder}/ca.pem"
certfiles: ["{self.folder}/server.pem"]
listen:
  - {{port: {self.port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true}}
  - {{port: {self.component_port}, ip: "127.0.0.1", module: ejabberd_service, hosts: {{"{self.component}": {{password: "{self.secret}"}}}}}}
auth_method: [internal]
auth_password_format: scram
access_rules: {{c2s: {{allow: all}}, local: {{allow: all}}}}
modules:
  mod_disco: {{}}
  mod_ping: {{}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resume_timeout: 300}}
""")
        machine = {"x86_64": "x86_64", "aarch64": "aarch64"}.get(os.uname().machine, os.uname().machine)
        made = ", ".join(f'ejabberd_auth:try_register(<<"{name}">>, <<"localhost">>, <<"{PASSWORD}">>)' for name in self.accounts)
        self.launch(["erl", "-noinput", "-mnesia", "dir", f'"{self.folder}/data"', "-s", "ejabberd", "-eval",
                     f'{made}, file:write_file("{self.folder}/ready", <<>>).'],
                    {"HOME": self.folder, "EJABBERD_CONFIG_PATH": f"{self.folder}/ejabberd.yml",
                     "EJABBERD_LOG_PATH": f"{self.folder}/ejabberd.log", "ERL_CRASH_DUMP": f"{self.folder}/crash",
                     "ERL_LIBS": f"/usr/lib/{machine}-linux-gnu"})
        until("ejabberd's accounts", lambda: os.path.exists(os.path.join(self.folder, "ready")))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Gateway:
    """`gatehouse run` with lines and sensors in memory."""

    PEERS = """
[[xmpp.peers]]
jid = "reader@localhost"
may = "administer"
[[xmpp.peers]]
jid = "guest@localhost"
may = "read"
nodes = ["ble/CBB8334C884F"]
names = ["Temperature"]
[[xmpp.peers]]
jid = "old@localhost"
may = "control"
dialect = "{dialect}"
"""

    def __init__(self, binary, folder, server, dialect="2013", peers=PEERS):
        self.binary, self.folder = binary, folder
        os.makedirs(folder)
        self.socket = os.path.join(folder, "control.sock")
        with open(os.path.join(folder, "password"), "w") as file:
            file.write(PASSWORD + "\n")
        capture = os.path.join(folder, "adverts.jsonl")
        with open(capture, "w") as file:
            # A Ruuvi tag, format 5: 24.30 °C, 53.49 %, 1000.44 hPa (the format's published example).
            payload = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
            for index in range(20):
                file.write(json.dumps({"time": index * 0.5, "address": "CB:B8:33:4C:88:4F", "address_type": "random", "rssi": -60,
                                       "ad_structure_hex": f"1BFF9904{payload}"}) + "\n")
        self.config = os.path.join(folder, "gatehouse.toml")
        with open(self.config, "w") as file:
            file.write(f"""
[gateway]
name = "Hall"
state = "{folder}/state"
control = "{self.socket}"
control_group = ""
[board]
directory = "{BOARDS}"
simulated = true
[[gpio.lines]]
name = "relay1"
line = "4"
direction = "output"
kind = "relay"
[[gpio.lines]]
name = "door1"
line = "5"
direction = "input"
kind = "contact"
[ble]
source = "capture"
capture = "{capture}"
admit = "known-formats"
loop = true
[xmpp]
account = "gateway@localhost"
password_file = "{folder}/password"
server = "127.0.0.1:{server.port}"
trust = "{server.authority}"
registry = "auto"
{peers.format(dialect=dialect)}
""")
        self.log = os.path.join(folder, "gatehouse.log")
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.binary, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            raise

    def wait_until_ready(self):
        until("the gateway online", lambda: ((self.ask("status") or {}).get("xmpp") or {}).get("online"))
        until("the sensor", lambda: any(node["id"].startswith("ble/") for node in self.ask("nodes") or []))

    def command(self, *words):
        return subprocess.run([self.binary, *words, "--socket", self.socket], capture_output=True, text=True)

    def ask(self, *words):
        assert self.process.poll() is None, open(self.log).read()[-2000:]
        result = self.command(*words, "--json")
        return json.loads(result.stdout) if result.returncode == 0 else None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def make(binary, kind, folder, **options):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    server = Server(kind, os.path.join(folder, "server"))
    try:
        return server, Gateway(binary, os.path.join(folder, "gateway"), server, **options)
    except BaseException:
        server.stop()
        raise
