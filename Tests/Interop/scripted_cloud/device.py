"""The gateway under test: its configuration, its process, its command line."""

import asyncio
import json
import os
import signal

LINES = {"relay1": ("GPIO17", "output", "relay"), "door1": ("GPIO22", "input", "contact")}


class Gatehouse:
    def __init__(self, binary, folder, device_id, cloud_id, certs):
        self.binary, self.folder, self.device_id, self.cloud_id, self.certs = binary, folder, device_id, cloud_id, certs
        os.makedirs(folder, exist_ok=True)
        self.socket = os.path.join(folder, "control.sock")
        self.config = os.path.join(folder, "gatehouse.toml")
        self.log = os.path.join(folder, "gatehouse.log")
        self.process = None

    def configure(self, port, lines=("relay1", "door1"), token="code-1"):
        text = f"""
[gateway]
state = "{self.folder}/state"
control = "{self.socket}"
control_group = ""
[log]
level = "debug"
[board]
profile = "simulated"
simulated = true
directory = "{self.board_directory()}"
[button]
line = "GPIO3"
[ocf]
local = false
certificate = "{self.certs}/device.pem"
key = "{self.certs}/device.key"
device_id = "{self.device_id}"
[cloud]
address = "coaps+tcp://127.0.0.1:{port}"
id = "{self.cloud_id}"
token = "{token}"
provider = "scripted"
trust = "{self.certs}/ca.pem"
"""
        for name in lines:
            line, direction, kind = LINES[name]
            text += f'\n[[gpio.lines]]\nname = "{name}"\nline = "{line}"\ndirection = "{direction}"\nkind = "{kind}"\n'
        os.makedirs(f"{self.folder}/state", mode=0o700, exist_ok=True)
        with open(self.config, "w") as file:
            file.write(text)

    def board_directory(self):
        here = os.path.dirname(os.path.abspath(__file__))
        return os.path.normpath(os.path.join(here, "..", "..", "..", "board"))

    async def start(self, press=True):
        log = open(self.log, "ab")
        self.process = await asyncio.create_subprocess_exec(
            self.binary, "run", "--config", self.config, stdout=log, stderr=log)
        log.close()
        if press:
            asyncio.get_running_loop().create_task(self.press_until_trusted())

    async def press_until_trusted(self):
        """A hand that presses whenever the lamp flashes; a press without a knock does nothing."""
        for _ in range(60):
            await asyncio.sleep(0.3)
            if self.process is None or self.process.returncode is not None:
                return
            code, trusted = await self.ask("trust", "list")
            if code == 0 and trusted:
                return
            await self.ask("press")

    async def ask(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            self.binary, *arguments, "--json", "--socket", self.socket,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        out, _ = await process.communicate()
        try:
            return process.returncode, json.loads(out)
        except ValueError:
            return process.returncode, None

    async def status(self):
        return (await self.ask("status"))[1] or {}

    async def stop(self, by=signal.SIGTERM, timeout=10):
        """The exit code; None when it had to be killed."""
        if self.process is None or self.process.returncode is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(by)
        try:
            return await asyncio.wait_for(self.process.wait(), timeout)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None

    def log_text(self):
        with open(self.log, errors="replace") as file:
            return file.read()
