"""The daemon as a oneM2M CSE on a simulated board, its command line, and certificates for those who speak to it."""

import datetime
import ipaddress
import json
import os
import signal
import ssl
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acme import Client, free_port_of_both, until

BOARDS = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../board"))
PROVIDER = "sp.example"


class Gateway:
    """The CSE `/NAME` with the base `cse-NAME`; `Cadmin` administers it. `more` is TOML."""

    def __init__(self, program, folder, name, more, scheme="http", secure=None):
        self.program, self.folder, self.name = program, folder, name
        self.base = f"cse-{name}"
        self.port, self.secure_port = free_port_of_both(), free_port_of_both()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secure_url = f"https://127.0.0.1:{self.secure_port}"
        self.socket = os.path.join(folder, "control.sock")
        os.makedirs(folder, exist_ok=True)
        self.config = os.path.join(folder, "gatehouse.toml")
        point = self.secure_url if secure else f"{scheme}://127.0.0.1:{self.port}"
        tls = "" if secure is None else f"""
[onem2m.tls]
certificate = "{secure.of(f"/{name}")}"
key = "{secure.of(f"/{name}")}"
trust = "{secure.authority}"
"""
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
cse_id = "{name}"
cse_name = "{self.base}"
sp_id = "{PROVIDER}"
administrators = ["Cadmin"]
points_of_access = ["{point}"]
[onem2m.http]
port = {self.port}
secure_address = "127.0.0.1"
secure_port = {self.secure_port if secure else 0}
[onem2m.coap]
port = {self.port}
secure_address = "127.0.0.1"
secure_port = {self.secure_port if secure else 0}
{tls}
{more}
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

    def command(self, *words, check=True, given=None):
        result = subprocess.run([self.program, *words, "--socket", self.socket, "--json"], text=True, input=given,
                                capture_output=True)
        assert not check or result.returncode == 0, (words, result)
        return result

    def status(self):
        return json.loads(self.command("status").stdout)

    def registrar(self):
        return self.status()["onem2m"]["registrar"]

    def degraded(self):
        return [item["reason"] for item in self.status()["degraded"] if item["part"] == "onem2m"]

    def client(self, originator):
        return Client(self.url, originator)

    def log(self):
        path = os.path.join(self.folder, "log")
        return open(path, errors="replace").read()[-4000:] if os.path.exists(path) else "it did not start"

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        self.process = None


class Certificates:
    """An authority of the test's own, and certificates whose subjectAltName has the CSE-ID or AE-ID as a URI."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "M2M authority of the tests")])
        self.certificate = self.build(self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.authority = self.write("authority.pem", self.certificate)

    def build(self, subject, key, constraints, names=()):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=1)).add_extension(constraints, critical=True))
        if constraints.ca:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def write(self, name, certificate, key=None):
        path = os.path.join(self.folder, name)
        text = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            text += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
        return path

    def of(self, identifier):
        """The PEM file of the certificate and the key of `/gw1` or `/gw1/Cphone`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.UniformResourceIdentifier(f"//{PROVIDER}{identifier}"),
                 x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "m2m")])
        certificate = self.build(subject, key.public_key(), x509.BasicConstraints(ca=False, path_length=None), names)
        return self.write(identifier.strip("/").replace("/", "-") + ".pem", certificate, key)

    def context(self, identifier):
        """TLS as whoever has this identifier; the other side is judged by the authority."""
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.of(identifier))
        return context
