#!/usr/bin/env python3
"""A gateway's whole life with a provisioning server: `gatehouse` on a simulated board, `gatehouse-cloud`, a real XMPP server
between, and a neighbour scripted with slixmpp.

    provisioning_life.py --gatehouse PATH --cloud PATH [--server prosody|ejabberd] [--form component|account] [--work DIR]

Knock, button, token, friend, a read-out restricted to one field of one node, control restricted, a rule changed, the cache
cleared, restricted anew, answered from memory while the server is away, told after having been away, unfriended. Each check
is a line; exit code 0 when all passed, 1 when one did not.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import traceback
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import authority  # noqa: E402
import house  # noqa: E402
import peer  # noqa: E402
from peer import check, failed, local, until  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402

SENSOR, CONTROL = "urn:xmpp:iot:sensordata", "urn:xmpp:iot:control"
GATEWAY, NEIGHBOUR, TAG = "gateway@localhost", "neighbour@localhost", "CBB8334C884F"


class Neighbour(peer.Client):
    """Somebody who would like to read the gateway."""

    def __init__(self, server):
        super().__init__(f"{NEIGHBOUR}/n", server)
        self.answers, self.number = [], 0
        for kind in ("subscribed", "unsubscribed"):
            self.add_event_handler("presence_" + kind, lambda presence, kind=kind: self.answers.append(kind))

    async def befriend(self):
        """Asks the gateway to be a friend; what it says."""
        self.answers.clear()
        self.send_presence_subscription(pto=GATEWAY)
        await until("an answer to the request", lambda: self.answers)
        return self.answers[-1]

    async def ask(self, kind, text):
        iq = self.make_iq(ito=GATEWAY + "/gatehouse", itype=kind)
        iq.append(ET.fromstring(text))
        try:
            return next(iter((await iq.send(timeout=20)).xml), None)
        except IqError as error:
            return error.iq["error"]["condition"]

    async def read(self, content=""):
        """What can be read: {(node, field)}, or the error."""
        self.number += 1
        self.payloads.clear()
        answer = await self.ask(
            "get", f"<req xmlns='{SENSOR}' seqnr='{self.number}' momentary='true'>{content}</req>")
        if isinstance(answer, str):
            return answer

        def is_done():
            return any(payload.get("seqnr") == str(self.number) and (payload.get("done") == "true" or local(payload) == "done")
                       for payload in self.payloads)
        await until("the end of the read-out", is_done)
        return {(node.get("nodeId"), value.get("name"))
                for payload in self.payloads if local(payload) == "fields"
                for node in payload for stamp in node for value in stamp}

    async def switch(self, node, value="true"):
        """The nodes that were acted on when they were fewer, "done", or the error."""
        answer = await self.ask("set", f"<set xmlns='{CONTROL}'>{node}<boolean name='Output' value='{value}'/></set>")
        if isinstance(answer, str):
            return answer
        return [child.get("nodeId") for child in answer if local(child) == "node"] or "done"


async def run(server, place, gateway):
    def do(*words):
        return asyncio.to_thread(place.do, *words)

    def ask(*words):
        return asyncio.to_thread(place.ask, *words)

    def here(*words):
        return asyncio.to_thread(gateway.ask, *words)

    async def eventually(what, condition, seconds=20):
        deadline = asyncio.get_running_loop().time() + seconds
        while not await condition():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"waited in vain for {what}")
            await asyncio.sleep(0.1)

    async def waiting(kind):
        """The request of the neighbour that waits for a person."""
        found = []

        async def look():
            found[:] = [request for request in await ask("pending")
                        if request["kind"] == kind and request["who"] == NEIGHBOUR]
            return found
        await eventually(f"the pending {kind}", look)
        return found[0]

    async def clear():
        async def is_clear():
            devices = await ask("devices")
            return devices and devices[0]["online"] and not devices[0]["cacheToClear"]
        # A second until the server follows the command line, and the way to the gateway and back.
        await asyncio.sleep(0.2)
        await eventually("the cleared cache", is_clear)

    # Knock, button, trust, token.
    await do("devices", "add", GATEWAY, "--invite")

    async def knocks():
        return ((await here("status") or {}).get("pairing") or {}).get("ends_in_s")
    await eventually("the knock", knocks)
    check("the server knocks, and nothing is given yet", not (await ask("tokens")))
    pressed = await asyncio.to_thread(gateway.command, "press")
    check("the button is pressed", pressed.returncode == 0, pressed.stderr)

    async def has_token():
        return await ask("tokens")
    await eventually("the token", has_token)
    shown = (await ask("tokens"))[0]
    check("the gateway has a token", shown["jid"] == GATEWAY and shown["valid"], shown)
    await clear()
    check("it is there, and its cache is clear", True)

    async with Neighbour(server) as neighbour:
        # Friend.
        check("a stranger is refused", await neighbour.befriend() == "unsubscribed", neighbour.answers)
        await do("pending", "allow", str((await waiting("friend"))["id"]))
        await clear()
        check("a friend is let in", await neighbour.befriend() == "subscribed", neighbour.answers)
        await until("the gateway's presence", neighbour.sees_gateway)

        # Reading.
        seen = await neighbour.read()
        check("a friend may read nothing yet", seen == "forbidden", seen)
        request = await waiting("read")
        await do("pending", "allow", str(request["id"]), "--node", "ble/" + TAG, "--name", "Temperature")
        await clear()
        seen = await neighbour.read()
        check("one field of one node", seen == {(TAG, "Temperature")}, seen)
        seen = await neighbour.read(f"<node nodeId='{TAG}'/><node nodeId='relay1'/>")
        check("and by name no more", seen == {(TAG, "Temperature")}, seen)

        # Controlling.
        relay, tag = "<node nodeId='relay1'/>", f"<node nodeId='{TAG}'/>"
        seen = await neighbour.switch(relay)
        check("it may control nothing", seen == "forbidden", seen)
        await do("rules", "add", "control", NEIGHBOUR, "--on", GATEWAY, "--node", "gpio/relay1", "--name", "Output")
        await clear()
        seen = await neighbour.switch(relay)
        check("now the relay", seen in ("done", ["relay1"]), seen)
        nodes = {node["id"]: node for node in await here("nodes")}
        check("it is on", "relay1" in str(nodes), nodes.keys())

        # From memory.
        await neighbour.read()
        decisions = await here("decisions", "list")
        check("the gateway remembers", len(decisions) >= 2, decisions)
        await asyncio.to_thread(place.kill)
        seen = await neighbour.read()
        check("and answers from memory while the server is away", seen == {(TAG, "Temperature")}, seen)
        seen = await neighbour.read("<node nodeId='door1'/>")
        check("what it does not remember is denied", seen == "forbidden", seen)
        await asyncio.to_thread(place.start)

        # A rule changes.
        rule = next(rule for rule in await ask("rules") if rule["action"] == "read")
        await do("rules", "remove", str(rule["id"]))
        await do("rules", "add", "read", NEIGHBOUR, "--on", GATEWAY, "--node", "ble/*", "--name", "Humidity")
        await clear()
        seen = await neighbour.read(tag)
        check("restricted anew", seen == {(TAG, "Humidity")}, seen)

        # A rule changes while the gateway is away.
        await asyncio.to_thread(gateway.stop)
        rule = next(rule for rule in await ask("rules") if rule["action"] == "read")
        await do("rules", "remove", str(rule["id"]))
        await do("rules", "add", "read", NEIGHBOUR, "--on", GATEWAY, "--node", "ble/*", "--name", "Pressure")
        await asyncio.sleep(1.5)
        check("a gateway that is away has a cache to be cleared", (await ask("devices"))[0]["cacheToClear"])
        await asyncio.to_thread(gateway.start)
        await clear()
        await until("the gateway's return", neighbour.sees_gateway)
        seen = await neighbour.read(tag)
        check("told when it came", seen == {(TAG, "Pressure")}, seen)

        # Unfriended.
        neighbour.answers.clear()
        await do("friends", "remove", GATEWAY, NEIGHBOUR)
        await until("the end of the friendship", lambda: "unsubscribed" in neighbour.answers)
        await clear()
        check("unfriended", True)
        check("and a stranger again", await neighbour.befriend() == "unsubscribed", neighbour.answers)
    actions = {line["action"] for line in await ask("audit")}
    check("the audit trail has it all", {"device admitted", "token given", "pending answered", "rule added",
                                         "rule removed", "friend removed"} <= actions, actions)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gatehouse", required=True)
    parser.add_argument("--cloud", required=True)
    parser.add_argument("--server", choices=["prosody", "ejabberd"], default="prosody")
    parser.add_argument("--form", choices=["component", "account"], default="component")
    parser.add_argument("--work")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(arguments.work or folder, "life")
        server = house.Server(arguments.server, os.path.join(work, "server"), ["gateway", "neighbour", "authority"],
                              component=authority.Authority.COMPONENT)
        place = gateway = None
        try:
            place = authority.Authority(os.path.abspath(arguments.cloud), os.path.join(work, "cloud"), server,
                                        arguments.form)
            gateway = house.Gateway(os.path.abspath(arguments.gatehouse), os.path.join(work, "gateway"), server, peers="")
            asyncio.run(run(server, place, gateway))
        except Exception:
            check("the script ran to its end", False, traceback.format_exc())
        finally:
            for party in (gateway, place):
                if party and failed:
                    print(open(party.log).read()[-4000:])
                if party and party.process.poll() is None:
                    party.stop()
            server.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
