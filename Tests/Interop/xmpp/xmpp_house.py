#!/usr/bin/env python3
"""Reads, controls and administers a running gateway with slixmpp, through a real server.

    xmpp_house.py --gatehouse PATH [--server prosody|ejabberd] [--docs docs/xmpp.md] [--work DIR]

Each check is a line; exit code 0 when all passed, 1 when one did not.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house  # noqa: E402
import peer  # noqa: E402
import registry  # noqa: E402
from peer import check, local  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402

SENSOR, CONTROL = "urn:xmpp:iot:sensordata", "urn:xmpp:iot:control"
CONCENTRATOR = "urn:xmpp:iot:concentrators"
GATEWAY = "gateway@localhost/gatehouse"
TAG = "CBB8334C884F"


class Peer(peer.Client):
    """An account that is a friend of the gateway."""

    def __init__(self, name, server):
        super().__init__(f"{name}@localhost/{name}", server)
        self.register_plugin("xep_0030")
        # The plug-ins answer whatever comes, so those who send raw stanzas go without.
        if name == "old":
            self.register_plugin("xep_0323", {"threaded": False})
            self.register_plugin("xep_0325", {"threaded": False})
        self.auto_subscribe = True
        self.waiting = asyncio.Event()

    async def __aenter__(self):
        await super().__aenter__()
        self.send_presence_subscription(pto="gateway@localhost")
        await self.until("the gateway's presence", lambda: self.sees_gateway())
        return self

    def came(self, message):
        super().came(message)
        self.waiting.set()

    async def until(self, what, condition, seconds=20):
        async def wait():
            while not condition():
                self.waiting.clear()
                try:
                    await asyncio.wait_for(self.waiting.wait(), 0.1)
                except asyncio.TimeoutError:
                    pass
        try:
            await asyncio.wait_for(wait(), seconds)
        except asyncio.TimeoutError:
            raise TimeoutError(f"waited in vain for {what}")

    async def ask(self, kind, text, to=GATEWAY):
        iq = self.make_iq(ito=to, itype=kind)
        iq.append(ET.fromstring(text))
        answer = await iq.send(timeout=10)
        return next(iter(answer.xml), None)

    async def refused(self, kind, text):
        try:
            answer = await self.ask(kind, text)
        except IqError as error:
            return error.iq
        raise AssertionError(f"an error was expected, not {ET.tostring(answer)}")

    async def command(self, name, attributes="", content=""):
        change = not name.startswith(("get", "contains"))
        return await self.ask("set" if change else "get",
                              f"<{name} xmlns='{CONCENTRATOR}' {attributes}>{content}</{name}>")

    async def read(self, number, attributes, content=""):
        self.payloads.clear()
        await self.ask("get", f"<req xmlns='{SENSOR}' seqnr='{number}' {attributes}>{content}</req>")
        await self.until("the end of the read-out", lambda: any(
            payload.get("seqnr") == str(number) and payload.get("done") == "true" for payload in self.payloads))
        return {(node.get("nodeId"), value.get("name")): value
                for payload in self.payloads for node in payload for stamp in node for value in stamp}


async def plugins(gateway, reader):
    """slixmpp's own plug-ins, of 2013, as reader and controller."""
    values, ended = {}, asyncio.Event()

    def callback(from_jid, result, nodeId=None, timestamp=None, fields=None, error_msg=None):
        for field in fields or []:
            values[(nodeId, field["name"])] = field["value"]
        if result in ("done", "failure", "rejected"):
            ended.set()

    plugin = reader.plugin["xep_0323"]
    plugin.request_data(from_jid=reader.boundjid.full, to_jid=GATEWAY, callback=callback, flags={"momentary": "true"},
                        nodeIds=[TAG])
    await asyncio.wait_for(ended.wait(), 10)
    check("slixmpp's xep_0323 reads the tag", values.get((TAG, "Temperature")) == "24.30", values)

    done = asyncio.get_running_loop().create_future()

    def controlled(from_jid, result, nodeIds=None, fields=None, error_msg=None):
        if not done.done():
            done.set_result(result)

    reader.plugin["xep_0325"].set_request(from_jid=reader.boundjid.full, to_jid=GATEWAY, callback=controlled,
                                   fields=[("Output", "boolean", "true")], nodeIds=["relay1"])
    await asyncio.wait_for(done, 10)
    check("slixmpp's xep_0325 switches the relay", output(gateway) is True, output(gateway))
    reader.plugin["xep_0325"].set_command(from_jid=reader.boundjid.full, to_jid=GATEWAY,
                                   fields=[("Output", "boolean", "false")], nodeIds=["relay1"])
    await reader.until("the relay off", lambda: output(gateway) is False)
    check("and by a message", output(gateway) is False)


def output(gateway):
    answer = gateway.ask("read", "relay1") or {}
    for parameter in answer.get("parameters", []):
        if parameter["name"] == "Output":
            return parameter["value"]
    return None


async def sensor_data(reader, guest):
    """XEP-0323 by raw stanzas."""
    values = await reader.read(1, "momentary='true'", f"<node nodeId='{TAG}' cacheType='ble'/>")
    check("momentary values keep decimals and unit",
          values[(TAG, "Temperature")].get("value") == "24.30" and values[(TAG, "Temperature")].get("unit") == "°C",
          sorted(values))
    values = await reader.read(2, "all='true'")
    check("all nodes, all kinds, the house's own too",
          ("relay1", "Output") in values and ("gateway", "Software Version") in values, sorted(values))
    check("history of the minute is there", (TAG, "Temperature, Minute Max") in values, sorted(values))
    stamps = [stamp.get("value") for payload in reader.payloads for node in payload for stamp in node]
    check("every time has a zone", all(stamp.endswith("Z") for stamp in stamps))
    values = await guest.read(3, "momentary='true'")
    check("a guest reads one field of one node", list(values) == [(TAG, "Temperature")], sorted(values))
    error = await guest.refused("get", f"<req xmlns='{SENSOR}' seqnr='4' momentary='true'><node nodeId='relay1'/></req>")
    check("and no other", error["error"]["condition"] == "forbidden", error)
    error = await reader.refused("get", f"<cancel xmlns='{SENSOR}' seqnr='77'/>")
    check("nothing to cancel", error["error"]["condition"] == "item-not-found", error)
    numbers = list(range(100, 120))
    reader.payloads.clear()
    await asyncio.gather(*(reader.ask("get", f"<req xmlns='{SENSOR}' seqnr='{number}' momentary='true'/>")
                           for number in numbers))
    await reader.until("20 read-outs at once", lambda: {
        payload.get("seqnr") for payload in reader.payloads if payload.get("done") == "true"} >= set(map(str, numbers)))
    check("20 read-outs at once", True)


async def control(gateway, reader, guest, old):
    """XEP-0325 by raw stanzas."""
    form = await reader.ask("get", f"<getForm xmlns='{CONTROL}'><node nodeId='relay1'/></getForm>")
    check("the form has the parameter", any(field.get("var") == "Output" for field in form), ET.tostring(form))
    submit = "<x xmlns='jabber:x:data' type='submit'><field var='Output'><value>1</value></field></x>"
    await reader.ask("set", f"<set xmlns='{CONTROL}'><node nodeId='relay1'/>{submit}</set>")
    check("a form sets the relay", output(gateway) is True)
    error = await reader.refused("set", f"<set xmlns='{CONTROL}'><node nodeId='relay1'/><boolean name='Output' value='0'/>"
                                        f"<int name='Level' value='1'/></set>")
    problem = error.xml.find(f".//{{{CONTROL}}}paramError")
    check("all or nothing, by name", problem is not None and problem.get("var") == "Level" and output(gateway) is True)
    error = await guest.refused("set", f"<set xmlns='{CONTROL}'><node nodeId='relay1'/><boolean name='Output' value='0'/></set>")
    check("a guest controls nothing", error["error"]["condition"] == "forbidden")
    answer = await old.ask("set", f"<set xmlns='{CONTROL}'><node nodeId='relay1'/><bool name='Output' value='false'/></set>")
    check("a peer of 2013 finds responseCode", answer.get("responseCode") == "OK" and output(gateway) is False)
    error = await old.refused("get", f"<req xmlns='{SENSOR}' seqnr='4' momentary='true'><node nodeId='none'/></req>")
    check("and rejected", error.xml.find(f"{{{SENSOR}}}rejected") is not None, error)


async def concentrator(gateway, reader, guest):
    """XEP-0326 by raw stanzas."""
    topology = "sourceId='MeteringTopology'"
    known = {value.text for value in await reader.command("getCapabilities")}
    check("41 capabilities, no database", len(known) == 41 and "getDatabases" not in known, sorted(known))
    for name in sorted(known):
        # Every command of the list answers as one of XEP-0326, if only that something is not there.
        node = f"{topology} nodeId='none' index='nodeType' indexValue='x' command='identify' queryId='q' type='x'"
        content = f"<node {topology} nodeId='none'/><x xmlns='jabber:x:data' type='submit'/>"
        answer = await reader.command(name, node, content)
        check(f"{name} answers", local(answer) == name + "Response" and answer.get("result") != "NotImplemented",
              ET.tostring(answer))
    roots = [node.get("nodeId") for node in await reader.command("getRootNodes", topology)]
    check("buses are roots", roots == ["gpio", "ble"], roots)
    bus = f"{topology} nodeId='gpio' cacheType='bus'"
    lines = await reader.command("getChildNodes", bus + " parameters='true'")
    check("lines below their bus", [node.get("nodeId") for node in lines] == ["relay1", "door1"])
    reader.payloads.clear()
    answer = await reader.command("subscribe", topology)
    check("subscribed", answer.get("result") == "OK")
    fields = "".join(f"<field var='{name}'><value>{value}</value></field>" for name, value in
                     [("name", "lamp2"), ("line", "7"), ("direction", "output"), ("kind", "light")])
    made = await reader.command("createNewNode", bus + " type='GPIO.Line'",
                                f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
    check("a line is made", made.get("result") == "OK", ET.tostring(made))
    await reader.ask("set", f"<set xmlns='{CONTROL}'><node nodeId='lamp2'/><boolean name='Output' value='1'/></set>")
    lamp = f"{topology} nodeId='lamp2' cacheType='gpio'"
    edited = await reader.command("setNodeParametersAfterEdit", lamp,
                                  "<x xmlns='jabber:x:data' type='submit'><field var='title'><value>Porch</value></field>"
                                  "<field var='debounce'><value>20</value></field></x>")
    check("and edited", edited.get("result") == "OK" and edited[0].get("displayName") == "Porch", ET.tostring(edited))
    moved = await reader.command("moveNodeUp", lamp)
    check("and moved up", moved.get("result") == "OK")
    house_node = "sourceId='Gateway' nodeId='gateway'"
    gone = asyncio.ensure_future(reader.wait_until("presence_unavailable", 20))
    restart = await reader.command("executeNodeCommand", house_node + " command='reboot'")
    check("the gateway starts anew when it is told to", restart.get("result") == "OK" and
          (await gone)["from"].bare == "gateway@localhost", ET.tostring(restart))
    await asyncio.to_thread(gateway.wait_until_ready)
    await reader.until("the gateway's return", reader.sees_gateway)
    check("and there after a restart", (await reader.command("containsNode", lamp)).text == "true")
    known = {child.get("id"): child.get("value") for child in await reader.command("getNode", lamp + " parameters='true'")}
    check("as it was edited", (known.get("title"), known.get("debounce")) == ("Porch", "20"), known)
    order = [node.get("nodeId") for node in await reader.command("getChildNodes", bus)]
    check("where it was moved to", order == ["relay1", "lamp2", "door1"], order)
    await reader.command("subscribe", topology)
    fixed = await reader.command("destroyNode", f"{topology} nodeId='relay1'")
    check("what the file says is not destroyed", fixed.get("result") == "Locked", ET.tostring(fixed))
    gone = await reader.command("destroyNode", lamp)
    check("and destroyed", gone.get("result") == "OK", ET.tostring(gone))
    await reader.until("the event", lambda: any(local(payload) == "nodeRemoved" for payload in reader.payloads))
    check("events told of it", True)
    tag = f"{topology} nodeId='{TAG}' cacheType='ble'"
    await reader.command("setNodeParametersAfterEdit", tag,
                         "<x xmlns='jabber:x:data' type='submit'><field var='name'><value>Cellar</value></field></x>")
    check("a sensor is named", (await reader.command("getNode", tag)).get("displayName") == "Cellar")
    wrong = await reader.command("setNodeParametersAfterEdit", tag,
                                 "<x xmlns='jabber:x:data' type='submit'><field var='key'><value>short</value></field></x>")
    check("a bind key has 32 digits", wrong.get("result") == "FormError" and wrong[0].get("var") == "key", ET.tostring(wrong))
    check("the lamp blinks", (await reader.command("executeNodeCommand", house_node + " command='identify'")).get("result") == "OK")
    wrong = await reader.command("executeNodeCommand", house_node + " command='factoryReset'",
                                 "<x xmlns='jabber:x:data' type='submit'><field var='confirm'><value>no</value></field></x>")
    check("a reset has to be confirmed", wrong.get("result") == "FormError", ET.tostring(wrong))
    join = await reader.command("executeNodeCommand", f"{topology} nodeId='ble' cacheType='bus' command='permitJoin'",
                                "<x xmlns='jabber:x:data' type='submit'><field var='seconds'><value>30</value></field>"
                                "<field var='limit'><value>2</value></field></x>")
    check("sensors may join", join.get("result") == "OK" and (gateway.ask("status")["join"] or {}).get("ends_in_s"),
          ET.tostring(join))
    fields = "<field var='address'><value>A4:C1:38:00:00:01</value></field><field var='key'><value>%s</value></field>"
    for key, result in [("short", "FormError"), ("00112233445566778899AABBCCDDEEFF", "OK")]:
        made = await reader.command("createNewNode", f"{topology} nodeId='ble' cacheType='bus' type='BLE.Sensor'",
                                    f"<x xmlns='jabber:x:data' type='submit'>{fields % key}</x>")
        check(f"a sensor to come, with a key: {result}", made.get("result") == result and made.find("{*}node") is None,
              ET.tostring(made))
    reader.payloads.clear()
    query = await reader.command("executeNodeQuery", tag + " command='history'",
                                 "<x xmlns='jabber:x:data' type='submit'><field var='period'><value>Minute</value></field></x>")
    await reader.until("the table", lambda: any(
        local(event) == "queryDone" for payload in reader.payloads for event in payload))
    check("a query answers with a table", query.get("queryId") is not None)
    denied = await guest.command("createNewNode", bus + " type='GPIO.Line'", "<x xmlns='jabber:x:data' type='submit'/>")
    check("a guest makes nothing", denied.get("result") == "InsufficientPrivileges", ET.tostring(denied))
    seen = [node.get("nodeId") for node in await guest.command("getAllNodes", topology)]
    check("a guest sees one node", seen == [TAG], seen)


async def discovery(server, gateway, reader, guest):
    """XEP-0347: a registry finds the gateway, an owner claims it, and lets it go; a factory reset takes it out."""
    things = registry.Registry(server)
    things.connect()
    await asyncio.wait_for(things.ready, 20)

    def tags():
        return things.things.get("gateway@localhost", {}).get("tags", {})

    def seen(name):
        return [entry for entry in things.seen if entry[0] == name]

    async def again(what, change):
        """Waits for the next registration after something."""
        count = len(seen("register"))
        await asyncio.to_thread(change)
        await reader.until(what, lambda: len(seen("register")) > count, 40)

    def restart():
        gateway.stop()
        gateway.start()

    async def claims(text):
        try:
            return await guest.ask("set", text, to="registry.localhost")
        except IqError:
            return None

    relay = f"<set xmlns='{CONTROL}'><node nodeId='relay1'/><boolean name='Output' value='%s'/></set>"
    await again("the registration", restart)
    label = registry.label(gateway.ask("label")["text"])
    key = next(value for _, name, value in label if name == "KEY")
    check("registered with what the label says", tags() == {name: value for _, name, value in label}, tags())
    check("nobody claims it by another key", await claims(registry.mine(label, "WRONG")) is None)
    answer = await claims(registry.mine(label))
    check("an owner claims it by the label", answer is not None and answer.get("jid") == "gateway@localhost")
    await reader.until("the blanked key", lambda: "KEY" not in tags())
    check("and the key is blanked", (gateway.ask("xmpp") or {}).get("owner") == "guest@localhost", gateway.ask("xmpp"))
    await reader.until("the gateway's return", reader.sees_gateway)
    await guest.ask("set", relay % "1")
    check("an owner may control", output(gateway) is True)
    await again("the registration of what is owned", restart)
    check("owned, it is registered without its key", "KEY" not in seen("register")[-1][2] and
          gateway.ask("xmpp")["owner"] == "guest@localhost", (seen("register")[-1], gateway.ask("xmpp")))
    jid = "jid='gateway@localhost'"
    await guest.ask("set", f"<remove xmlns='{registry.DISCOVERY}' {jid}/>", to="registry.localhost")
    await reader.until("removed", lambda: "removed" in (gateway.ask("xmpp") or {}).get("registered", ""))
    check("removed from what others find, it is still the owner's", gateway.ask("xmpp")["owner"] == "guest@localhost", (seen("register")[-1], gateway.ask("xmpp")))
    count = len(seen("register"))
    await guest.ask("set", f"<disown xmlns='{registry.DISCOVERY}' {jid}/>", to="registry.localhost")
    await reader.until("the registration anew", lambda: len(seen("register")) > count)
    check("disowned, it can be claimed again", tags().get("KEY") == key and gateway.ask("xmpp")["owner"] is None)
    await reader.until("the gateway's return", reader.sees_gateway)
    error = await guest.refused("set", relay % "0")
    check("and the owner of before controls nothing", error["error"]["condition"] == "forbidden", error)

    def reset():
        command = (f"<executeNodeCommand xmlns='{CONCENTRATOR}' sourceId='Gateway' nodeId='gateway' command='factoryReset'>"
                   "<x xmlns='jabber:x:data' type='submit'><field var='confirm'><value>Hall</value></field></x>"
                   "</executeNodeCommand>")
        asyncio.run_coroutine_threadsafe(reader.ask("set", command), reader.loop).result(20)

    await again("the registration after a factory reset", reset)
    order = [name for name, _, _ in things.seen][-2:]
    check("a factory reset takes it out, and it comes back with another key",
          order == ["unregister", "register"] and tags().get("KEY") not in (None, key), things.seen[-3:])
    check("every stanza is as the schema has it", not things.faults, things.faults)
    await things.disconnect()


def documented(path, server, gateway):
    """The script of the documentation, as it stands there."""
    text = open(path, encoding="utf-8").read()
    script = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    check("the documented script has ten lines", len([line for line in script.splitlines() if line.strip()]) <= 10)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env={
        **os.environ, "ACCOUNT": "reader@localhost/script", "PASSWORD": house.PASSWORD, "GATEWAY": GATEWAY,
        "SENSOR": TAG, "RELAY": "relay1", "SERVER": "127.0.0.1", "PORT": str(server.port), "CA": server.authority})
    check("the documented script reads and switches", "24.30" in result.stdout and output(gateway) is True,
          result.stdout + result.stderr[-1500:])


async def run(arguments, server, gateway):
    async with Peer("reader", server) as reader, Peer("guest", server) as guest, Peer("old", server) as old:
        info = await reader.plugin["xep_0030"].get_info(jid=GATEWAY)
        check("disco tells of the extensions", {SENSOR, CONTROL, CONCENTRATOR} <= set(info["disco_info"]["features"]))
        for what in (plugins(gateway, old), sensor_data(reader, guest), control(gateway, reader, guest, old),
                     concentrator(gateway, reader, guest)):
            await what
    status = gateway.command("status").stdout
    check("status has a line", "xmpp" in status and "online as" in status, status)
    check("gatehouse xmpp shows more", "read-outs" in gateway.command("xmpp").stdout or "readouts" in gateway.command("xmpp").stdout)
    label = gateway.command("label")
    check("gatehouse label draws", "IoTDisco;SN:" in label.stdout and "█" in label.stdout, label.stderr)
    check("and as SVG", gateway.command("label", "--svg").stdout.startswith("<svg"))
    if arguments.docs:
        await asyncio.to_thread(documented, arguments.docs, server, gateway)
    # Its end is a factory reset, so it comes last.
    async with Peer("reader", server) as reader, Peer("guest", server) as guest:
        await discovery(server, gateway, reader, guest)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gatehouse", required=True)
    parser.add_argument("--server", choices=["prosody", "ejabberd"], default="prosody")
    parser.add_argument("--docs")
    parser.add_argument("--work")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or folder
        server, gateway = house.make(os.path.abspath(arguments.gatehouse), arguments.server, os.path.join(work, "xmpp"))
        return peer.play(run(arguments, server, gateway), server, gateway)


if __name__ == "__main__":
    sys.exit(main())
