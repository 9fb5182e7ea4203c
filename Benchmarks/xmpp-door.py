#!/usr/bin/env python3
"""Reads a gateway of 1,000 sensors over XMPP, and beside it slixmpp's device half with 1,000 nodes of 5 fields, through one server.

    xmpp-door.py --gatehouse PATH [--server prosody|ejabberd] [--nodes 1000]

Needs slixmpp, Prosody or ejabberd, and openssl. Prints the time of a read-out of everything, read-outs of one node a second, and
the memory of the gateway with and without its XMPP door. Gateway and device are processes of their own; what they use of the
processor is theirs alone, whatever the reader and the server between cost.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/Interop/xmpp"))
import house  # noqa: E402
import slixmpp  # noqa: E402
import xmpp_house  # noqa: E402
from slixmpp.plugins.xep_0323.device import Device  # noqa: E402

FIELDS = 5
ROUNDS = 3


def memory(pid):
    """Resident and anonymous KiB."""
    found = {}
    for line in open(f"/proc/{pid}/status"):
        name, _, value = line.partition(":")
        if name in ("VmRSS", "RssAnon"):
            found[name] = int(value.split()[0])
    return found["VmRSS"], found["RssAnon"]


class Sensors(house.Gateway):
    """A gateway that hears many tags."""

    def __init__(self, binary, folder, server, count, with_xmpp=True):
        self.count, self.with_xmpp = count, with_xmpp
        super().__init__(binary, folder, server)

    def start(self):
        capture = os.path.join(self.folder, "adverts.jsonl")
        with open(capture, "w") as file:
            for index in range(self.count):
                address = f"C0:00:00:00:{index >> 8:02X}:{index & 255:02X}"
                payload = "0512FC5394C37C0004FFFC040CAC364200CD" + address.replace(":", "")
                file.write(json.dumps({"time": index * 0.001, "address": address, "address_type": "random", "rssi": -60,
                                       "ad_structure_hex": f"1BFF9904{payload}"}) + "\n")
        text = open(self.config).read().replace("loop = true", f"loop = false\nspeed = 0\nnodes_maximum = {self.count}")
        if not self.with_xmpp:
            text = text.replace('account = "gateway@localhost"', 'account = ""')
        open(self.config, "w").write(text)
        self.process = subprocess.Popen([self.binary, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            raise

    def wait_until_ready(self):
        house.until("the sensors", lambda: (self.ask("status") or {}).get("nodes", {}).get("total", 0) >= self.count)
        if self.with_xmpp:
            house.until("the gateway online", lambda: (self.ask("status")["xmpp"] or {}).get("online"))


def processor(pid):
    """Seconds of the processor."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Place:
    """Where the server is, for a process that has not started it."""

    def __init__(self, port, authority):
        self.port, self.authority = port, authority


async def device(server, count):
    """slixmpp's device half, until the standard input ends."""
    peer = xmpp_house.Peer("old", server)
    peer.connect("127.0.0.1", server.port)
    await asyncio.wait_for(peer.ready, 20)
    for index in range(count):
        node = Device(f"N{index}")
        for field in range(FIELDS):
            node._add_field(name=f"Value {field}", typename="numeric", unit="C")
            node._add_field_momentary_data(f"Value {field}", "24.30")
        peer.plugin["xep_0323"].register_node(nodeId=f"N{index}", device=node, commTimeout=10)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await peer.disconnect()


async def readouts(reader, pid, target, node, number, names=""):
    """Values and seconds of everything and those of the processor of `pid`; nodes a second, sixteen under way, and the
    processor's seconds of each."""
    async def one(sequence, content):
        iq = reader.make_iq(ito=target, itype="get")
        iq.append(xmpp_house.ET.fromstring(
            f"<req xmlns='{xmpp_house.SENSOR}' seqnr='{sequence}' momentary='true'>{content}</req>"))
        await iq.send(timeout=300)
        await reader.until("a read-out", lambda: str(sequence) in done, 300)

    done, values = set(), 0

    def came(message):
        nonlocal values
        for payload in message.xml:
            if payload.get("done") == "true":
                done.add(payload.get("seqnr"))
            values += sum(1 for child in payload.iter() if child.get("momentary") == "true")

    reader.add_event_handler("message", came)
    handler = slixmpp.xmlstream.handler.Callback(
        "bench", slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}message"), came)
    reader.register_handler(handler)
    reader.del_event_handler("message", came)
    began, used = time.monotonic(), processor(pid)
    await one(number, names)
    everything = values, time.monotonic() - began, processor(pid) - used
    began, used, total = time.monotonic(), processor(pid), 1_000
    queue = iter(range(number + 1, number + 1 + total))

    async def worker():
        for sequence in queue:
            await one(sequence, node + names)

    await asyncio.gather(*(worker() for _ in range(16)))
    rate = total / (time.monotonic() - began)
    reader.remove_handler("bench")
    return *everything, rate, (processor(pid) - used) / total


def told(name, nodes, rounds):
    """The best of several rounds: what else the machine does makes none faster."""
    values, seconds, used = min((round[:3] for round in rounds), key=lambda found: found[1])
    rate, cost = max(round[3] for round in rounds), min(round[4] for round in rounds)
    print(f"{name}: {nodes} nodes, {values} values in {seconds:.2f} s, {used:.2f} s of its processor; "
          f"{rate:.0f} read-outs of a node a second, {1e6 * cost:.0f} µs of its processor each")


async def run(arguments, server, gateway):
    async with xmpp_house.Peer("reader", server) as reader:
        sensor = next(node for node in gateway.ask("nodes") if node["id"].startswith("ble/"))
        names = "".join(f"<field name='{field['name']}'/>" for field in sensor["fields"][:FIELDS])
        node = "<node nodeId='C00000000001' cacheType='ble'/>"
        other = subprocess.Popen(
            [sys.executable, __file__, "--device", f"{server.port}:{server.authority}", "--nodes", str(arguments.nodes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            await asyncio.to_thread(other.stdout.readline)
            ours, theirs = [], []
            for number in range(10_000, 10_000 * (1 + ROUNDS), 10_000):
                ours.append(await readouts(reader, gateway.process.pid, xmpp_house.GATEWAY, node, number, names))
                theirs.append(await readouts(reader, other.pid, "old@localhost/old", "<node nodeId='N1'/>", number + 5_000))
            told("gatehouse", arguments.nodes, ours)
            told("slixmpp", arguments.nodes, theirs)
            print("slixmpp's device: {} KiB resident, {} anonymous".format(*memory(other.pid)))
        finally:
            other.stdin.close()
            other.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gatehouse")
    parser.add_argument("--device", help=argparse.SUPPRESS)
    parser.add_argument("--server", choices=["prosody", "ejabberd"], default="prosody")
    parser.add_argument("--nodes", type=int, default=1_000)
    arguments = parser.parse_args()
    if arguments.device:
        port, authority = arguments.device.split(":", 1)
        return asyncio.run(device(Place(int(port), authority), arguments.nodes))
    if not arguments.gatehouse:
        parser.error("--gatehouse: the program to be measured was expected")
    binary = os.path.abspath(arguments.gatehouse)
    with tempfile.TemporaryDirectory() as folder:
        server = house.Server(arguments.server, os.path.join(folder, "server"))
        try:
            figures = {}
            for with_xmpp in (False, True):
                gateway = Sensors(binary, os.path.join(folder, f"idle{with_xmpp}"), server, 1, with_xmpp)
                time.sleep(3)
                figures[with_xmpp] = memory(gateway.process.pid)
                gateway.stop()
            print("door, idle and online: "
                  + ", ".join(f"{figures[True][index] - figures[False][index]} KiB {name}"
                              for index, name in enumerate(["resident", "anonymous"])))
            gateway = Sensors(binary, os.path.join(folder, "many"), server, arguments.nodes)
            try:
                asyncio.run(run(arguments, server, gateway))
                print("gateway: {} KiB resident, {} anonymous".format(*memory(gateway.process.pid)))
            finally:
                gateway.stop()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
