"""`gatehouse-cloud` as a provisioning server, and its command line, for scenarios."""

import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../xmpp"))
import house  # noqa: E402

SPACE = "urn:xmpp:iot:provisioning"
SCHEMA = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                      "../../XMPPDoorTests/Schemas/provisioning.xsd"))


class Authority:
    """`gatehouse-cloud serve` with `[provisioning]`, as a component or as an account."""

    GROUPS = ("devices", "friends", "rules", "pending", "tokens", "services", "users", "roles", "privileges")
    COMPONENT, ACCOUNT = "provisioning.localhost", "authority@localhost"

    def __init__(self, binary, folder, server, form):
        self.binary, self.folder, self.form = binary, folder, form
        self.address = self.COMPONENT if form == "component" else self.ACCOUNT + "/provisioning"
        self.state, self.config = os.path.join(folder, "state"), os.path.join(folder, "cloud.toml")
        os.makedirs(folder)
        secret = os.path.join(folder, "secret")
        with open(secret, "w") as file:
            file.write((server.secret if form == "component" else house.PASSWORD) + "\n")
        if form == "component":
            place = f'component = "{self.COMPONENT}"\nserver = "127.0.0.1:{server.component_port}"'
        else:
            place = f'account = "{self.ACCOUNT}"\nserver = "127.0.0.1:{server.port}"\ntrust = "{server.authority}"'
        with open(self.config, "w") as file:
            file.write(f'[server]\naddress = "127.0.0.1"\nport = 0\n[provisioning]\n{place}\nsecret_file = "{secret}"\n')
        subprocess.run([binary, "ca", "init", "--state", self.state], check=True, stdout=subprocess.DEVNULL)
        self.log = os.path.join(folder, "cloud.log")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--state", self.state, "--config", self.config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        house.until("the provisioning server", self.is_online)

    def is_online(self):
        assert self.process.poll() is None, open(self.log).read()[-2000:]
        return "online" in self.ask("status")["state"]

    def command(self, *words):
        # Before the words: what follows "--" is no option any more.
        depth = 2 if len(words) > 1 and words[1].isalpha() and words[0] in self.GROUPS else 1
        options = ["--state", self.state, "--config", self.config]
        return subprocess.run([self.binary, "provisioning", *words[:depth], *options, *words[depth:]],
                              capture_output=True, text=True)

    def do(self, *words):
        result = self.command(*words)
        assert result.returncode == 0, f"{words}: {result.stderr}"
        return result.stdout

    def ask(self, *words):
        return json.loads(self.do(*words, "--json"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        return self.process.returncode


def judge(payloads):
    """What the XSF's schema has against these texts; empty when nothing."""
    if not payloads:
        return "no payload was seen"
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for index, text in enumerate(sorted(set(payloads))):
            files.append(os.path.join(folder, f"{index}.xml"))
            with open(files[-1], "w") as file:
                file.write(text)
        result = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, *files],
                                capture_output=True, text=True)
        return "" if result.returncode == 0 else result.stderr
