"""The programs of this checkout as a board runs them: the daemon without root, a cloud, and what people ask of both."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAMS = os.environ.get("GATEHOUSE_PROGRAMS", os.path.join(ROOT, ".build", "debug"))
# `nobody`, and the group that owns GPIO chips; any numbers that are not root's.
USER, GPIO_GROUP = 65534, 997
# What systemd/gatehouse.service gives, and no more.
CAPABILITIES = ("net_admin", "net_raw")


class Failure(Exception):
    """What was expected and did not happen, with the last words of whoever should have done it."""


class Ended(Exception):
    """A program that should run has ended."""


def wait(seconds, what, condition, words=lambda: ""):
    """Asks until there is an answer, and gives it: None, False and what is empty are none yet, nor is what cannot be found. A
    guest without KVM is slow: be generous."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            answer = condition()
            if answer:
                return answer
        except (Failure, OSError, KeyError, IndexError, StopIteration, TypeError) as error:
            last = error
        time.sleep(0.1)
    raise Failure(f"waited {seconds} s for {what} in vain{f' ({last})' if last else ''}\n{words()}")


def run(program, *arguments, **options):
    """The standard output of one of our programs."""
    result = subprocess.run(
        [os.path.join(PROGRAMS, program), *map(str, arguments)], capture_output=True, text=True, timeout=120,
        stdin=options.pop("stdin", subprocess.DEVNULL), **options)
    if result.returncode != 0:
        raise Failure(f"{program} {' '.join(map(str, arguments))} ended with {result.returncode}: {result.stderr}")
    return result.stdout


class Program:
    """A program that runs until it is told to end."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def wait(self, seconds, what, condition):
        """Like `wait`, and gives up at once when the program has ended."""
        def check():
            if self.process.poll() is not None:
                raise Ended(f"waited for {what}, but the program ended with {self.process.returncode}\n{self.words()}")
            return condition()
        return wait(seconds, what, check, self.words)

    def words(self, lines=25):
        with open(self.log, errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def end(self, by=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"it did not end when told to\n{self.words()}") from None


class Gateway:
    """The daemon, as its unit starts it: no root, the group of the GPIO chips, two capabilities."""

    def __init__(self, configuration, capabilities=CAPABILITIES, user=USER):
        self.folder = tempfile.mkdtemp(prefix="gatehouse-", dir="/run")
        os.chown(self.folder, user, user)
        os.chmod(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "control.sock")
        self.file = os.path.join(self.folder, "gatehouse.toml")
        self.capabilities, self.user = capabilities, user
        self.program = None
        with open(self.file, "w") as file:
            file.write(f"""[gateway]
name = "Hardware"
state = "{self.folder}/state"
control = "{self.socket}"
control_group = ""

[board]
directory = "{ROOT}/board"
{configuration}
""")

    def start(self):
        capabilities = "-all" + "".join(f",+{name}" for name in self.capabilities)
        self.program = Program(
            ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", f"--groups={GPIO_GROUP}", "--no-new-privs",
             f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}", f"--bounding-set={capabilities}",
             os.path.join(PROGRAMS, "gatehouse"), "run", "--config", self.file],
            os.path.join(self.folder, "log"))
        try:
            self.program.wait(60, "the gateway to answer", lambda: self.ask("status"))
        except Exception:
            self.end()
            raise
        return self

    def ask(self, *arguments):
        """What the command line answers, read as JSON."""
        return json.loads(run("gatehouse", *arguments, "--json", "--socket", self.socket))

    def wait(self, seconds, what, condition):
        return self.program.wait(seconds, what, condition)

    def phase(self):
        return self.ask("status")["pairing"]["phase"]

    def end(self):
        try:
            return self.program.end() if self.program else 0
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Cloud:
    """A cloud on the guest's loopback, with an account for a gateway and a client that looks in from far away."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cloud-", dir="/run")
        os.chmod(self.folder, 0o755)
        self.state = os.path.join(self.folder, "state")
        self.gateway_files = os.path.join(self.folder, "gateway")
        self.client_files = os.path.join(self.folder, "client")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command("ca", "init")
        self.program = Program(
            [os.path.join(PROGRAMS, "gatehouse-cloud"), "serve", "--state", self.state, "--address", "127.0.0.1",
             "--port", str(self.port), "--public-uri", f"coaps+tcp://127.0.0.1:{self.port}"],
            os.path.join(self.folder, "log"))
        self.program.wait(60, "the cloud to listen", lambda: "READY" in self.program.words())
        self.command("user", "add", "home")
        self.command("device", "add", "--user", "home", "--out", self.gateway_files, "--installed-at",
                     self.gateway_files)
        for folder, _, names in os.walk(self.gateway_files):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                os.chown(path, USER, USER)
        self.command("client", "add", "--user", "home", "--out", self.client_files)

    def command(self, *arguments):
        return run("gatehouse-cloud", *arguments, "--state", self.state)

    @property
    def configuration(self):
        """The tables that make a gateway knock at this cloud."""
        with open(os.path.join(self.gateway_files, "gateway.toml")) as file:
            return file.read()

    def client(self, command, *arguments):
        """What the client's command line answers, read as JSON."""
        return json.loads(run("gatehouse-cloud", command, *arguments, "--json", "--client", self.client_files))

    def login(self):
        run("gatehouse-cloud", "login", "--client", self.client_files)

    def resources(self, type_):
        """The addresses of the user's resources of this type."""
        return [link["href"] for link in self.client("resources") if type_ in link["rt"]]

    def end(self):
        try:
            self.program.end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
