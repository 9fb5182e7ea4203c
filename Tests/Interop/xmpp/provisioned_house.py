#!/usr/bin/env python3
"""The whole life of a gateway with a provisioning server (XEP-0324), scripted in slixmpp with raw stanzas, through a real
XMPP server: knock, button, token, friend, read-out restricted to one field of one node, control restricted, rule changed,
cache cleared, restricted anew, restart, unfriended; strangers' demands; a second server.

    provisioned_house.py --gatehouse PATH [--server prosody|ejabberd] [--long] [--work DIR]

Each check is a line; exit code 0 when all passed. `--long` waits for a server that never answers, too.
"""

import argparse
import asyncio
import base64
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house  # noqa: E402
import peer  # noqa: E402
import slixmpp  # noqa: E402
from peer import check, local, until  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402

PROVISIONING, SENSOR, CONTROL = (f"urn:xmpp:iot:{name}" for name in ("provisioning", "sensordata", "control"))
GATEWAY = "gateway@localhost/gatehouse"
TAG = "CBB8334C884F"


def element(name, content="", **attributes):
    text = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name} xmlns='{PROVISIONING}'{text}>{content}</{name}>"


class Questions(slixmpp.xmlstream.matcher.base.MatcherBase):
    """Everything of XEP-0324 that asks."""

    def match(self, stanza):
        return (stanza.xml.tag == "{jabber:client}iq" and stanza.xml.get("type") in ("get", "set")
                and any(child.tag.startswith(f"{{{PROVISIONING}}}") for child in stanza.xml))


class Account(peer.Client):
    """An account that answers XEP-0324 by its script, or not at all."""

    def __init__(self, name, server, is_authority=False):
        super().__init__(f"{name}@localhost/main", server)
        self.register_plugin("xep_0030")
        if is_authority:
            self.plugin["xep_0030"].add_feature(PROVISIONING)
        self.asked, self.refusals = [], 0
        self.script = lambda name, question: None
        self.add_event_handler("presence_unsubscribed", self.refused_friendship)
        self.register_handler(slixmpp.xmlstream.handler.Callback("questions", Questions(None), self.take))

    def refused_friendship(self, _):
        self.refusals += 1

    def take(self, iq):
        question = next(child for child in iq.xml if child.tag.startswith(f"{{{PROVISIONING}}}"))
        name = local(question)
        self.asked.append(name)
        answer = self.script(name, question)
        if answer is not None:
            kind = "error" if answer.startswith("<error") else "result"
            self.send_raw(f"<iq type='{kind}' id={quoteattr(iq['id'])} to={quoteattr(str(iq['from']))}>{answer}</iq>")

    def befriend(self):
        self.send_presence(pto="gateway@localhost", ptype="subscribe")

    async def ask(self, kind, text):
        iq = self.make_iq(ito=GATEWAY, itype=kind)
        iq.append(ET.fromstring(text))
        answer = await iq.send(timeout=20)
        return next(iter(answer.xml), None)

    async def refused(self, kind, text):
        try:
            answer = await self.ask(kind, text)
        except IqError as error:
            return error.iq["error"]["condition"]
        return f"no error: {None if answer is None else ET.tostring(answer)}"

    def tell(self, text):
        self.send_raw(f"<message to='{GATEWAY}'>{text}</message>")

    async def read(self, number, content="", tokens=""):
        self.payloads.clear()
        await self.ask("get", f"<req xmlns='{SENSOR}' seqnr='{number}' momentary='true' {tokens}>{content}</req>")
        await until("the end of the read-out", lambda: any(
            payload.get("seqnr") == str(number) and payload.get("done") == "true" for payload in self.payloads))
        return sorted((node.get("nodeId"), value.get("name"))
                      for payload in self.payloads for node in payload for stamp in node for value in stamp)


class Rules:
    """What an authority says; tokens are given after a challenge that openssl encrypts."""

    def __init__(self, folder, name, padding="oaep"):
        self.folder, self.name, self.padding = folder, name, padding
        self.friends, self.fields, self.nodes, self.controls = set(), [], [], []
        self.secondary = False
        self.secret = os.urandom(32)
        self.right = None

    def certificate(self):
        return os.path.join(self.folder, f"{self.name}.der")

    def encrypted(self, secret):
        done = subprocess.run(
            ["openssl", "pkeyutl", "-encrypt", "-certin", "-keyform", "DER", "-inkey", self.certificate(), "-pkeyopt",
             f"rsa_padding_mode:{self.padding}"], input=secret, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return base64.b64encode(done.stdout).decode()

    def __call__(self, name, question):
        jid = question.get("jid")
        if name == "getToken":
            with open(self.certificate(), "wb") as file:
                file.write(base64.b64decode(question.text))
            return element("getTokenChallenge", self.encrypted(self.secret), seqnr="1")
        if name == "getTokenChallengeResponse":
            self.right = base64.b64decode(question.text) == self.secret
            return element("getTokenResponse", token=f"TOKEN-{self.name}")
        if name == "isFriend":
            return element("isFriendResponse", jid=jid, result=str(jid in self.friends).lower(),
                           secondaryTrustAllowed=str(self.secondary).lower())
        if name == "canRead":
            lists = "".join(f"<node nodeId='{node}'/>" for node in self.nodes)
            lists += "".join(f"<field name='{field}'/>" for field in self.fields)
            return element("canReadResponse", lists, jid=jid, momentary="true", result=str(bool(lists)).lower())
        if name == "canControl":
            lists = "".join(f"<node nodeId='{node}'/>" for node in self.controls)
            return element("canControlResponse", lists, jid=jid, result=str(bool(lists)).lower())
        if name == "canAccess":
            return element("canAccessResponse", result="true", userToken="USER")
        if name == "hasPrivilege":
            return element("hasPrivilegeResponse", result="false")
        if name == "downloadPrivileges":
            return element("downloadPrivilegesResponse", "<exclude id='Gateway.Administer'/><include id='Gateway'/>")
        return None


async def knock(gateway, account):
    account.befriend()
    await until("the lamp", lambda: gateway.ask("status")["pairing"]["phase"] == "knocking")
    assert gateway.command("press").returncode == 0


def servers(gateway):
    return {server["address"]: server for server in (gateway.ask("status")["xmpp"] or {}).get("provisioning", [])}


async def trust(gateway, authority, rules, stranger):
    error = await stranger.refused("set", element("clearCache"))
    check("before there is trust nobody clears anything", error in ("forbidden", "service-unavailable"), error)
    authority.script = rules
    await knock(gateway, authority)
    await until("trust", lambda: servers(gateway).get("authority@localhost", {}).get("token"))
    check("knock, button, feature, challenge, token", rules.right is True)
    check("trust list shows it", any(
        record["identifier"] == "authority@localhost" for record in gateway.ask("trust", "list")))


async def friends(gateway, authority, rules, neighbour, stranger):
    rules.friends = {"neighbour@localhost"}
    neighbour.befriend()
    await until("the friendship", neighbour.sees_gateway)
    check("a friend is let in by the server", True)
    stranger.befriend()
    await until("the refusal", lambda: stranger.refusals == 1)
    check("and a stranger is not", not stranger.sees_gateway())


async def read_outs(gateway, authority, rules, neighbour):
    node = f"<node nodeId='{TAG}'/>"
    rules.nodes, rules.fields = [TAG, "relay1"], ["Temperature"]
    seen = await neighbour.read(1, node)
    check("one field of one node", seen == [(TAG, "Temperature")], seen)
    error = await neighbour.refused("get", f"<req xmlns='{SENSOR}' seqnr='2' momentary='true'><node nodeId='door1'/></req>")
    check("and no other node", error == "forbidden", error)
    asked = len(authority.asked)
    await neighbour.read(3, node)
    check("what was answered is not asked again", len(authority.asked) == asked)
    rules.controls = ["relay1"]
    answer = await neighbour.ask("set", f"<set xmlns='{CONTROL}'><node nodeId='relay1'/><node nodeId='door1'/>"
                                        f"<boolean name='Output' value='true'/></set>")
    acted = [child.get("nodeId") for child in answer]
    check("control is restricted, and says so", acted[:1] == ["relay1"] and "door1" not in acted, ET.tostring(answer))
    lines = gateway.ask("decisions", "list")
    check("decisions list shows them", {line["action"] for line in lines} >= {"read", "control", "befriend"}, lines)
    told = gateway.ask("decisions", "explain", "neighbour@localhost", f"ble/{TAG}", "Temperature")
    check("explain: allowed, by the server, from memory",
          told["allowed"] and told["servers"][0]["from"] == "memory" and told["servers"][0]["since"], told)
    told = gateway.ask("decisions", "explain", "neighbour@localhost", f"ble/{TAG}", "Humidity")
    check("explain: another field is not", not told["allowed"], told)


async def changed(gateway, authority, rules, neighbour):
    node = f"<node nodeId='{TAG}'/>"
    rules.nodes, rules.fields = [], []
    answer = await authority.ask("set", element("clearCache"))
    check("clearCache is acknowledged", answer.tag == f"{{{PROVISIONING}}}clearCacheResponse", answer)
    error = await neighbour.refused("get", f"<req xmlns='{SENSOR}' seqnr='5' momentary='true'>{node}</req>")
    check("the new rule holds at once", error == "forbidden", error)
    rules.nodes, rules.fields = [TAG], ["Humidity"]
    await authority.ask("set", element("clearCache"))
    seen = await neighbour.read(6, node)
    check("restricted anew", seen == [(TAG, "Humidity")], seen)
    await asyncio.to_thread(gateway.stop)
    authority.script = lambda name, question: None
    asked = len(authority.asked)
    await asyncio.to_thread(gateway.start)
    await until("the gateway's return", neighbour.sees_gateway)
    seen = await neighbour.read(7, node)
    check("after a restart it is known without a question",
          seen == [(TAG, "Humidity")] and len(authority.asked) == asked, (seen, authority.asked[asked:]))
    authority.script = rules


async def tokens(authority, rules, neighbour, stranger):
    neighbour.script = lambda name, question: element("tokenChallengeResponse", "OTk=") if name == "tokenChallenge" else None
    text = element("tokenChallenge", "AAAA", token="FOREIGN")
    check("a token that was not sent is not challenged", await authority.refused("get", text) == "forbidden")
    await neighbour.read(8, f"<node nodeId='{TAG}'/>", "deviceToken='FOREIGN'")
    check("the token went along", authority.asked[-1] == "canRead", authority.asked[-3:])
    answer = await authority.ask("get", text)
    check("its challenge is passed on, and the answer back", answer is not None and answer.text == "OTk=", answer)
    check("no stranger may challenge it", await stranger.refused("get", text) == "forbidden")
    own = element("tokenChallenge", rules.encrypted(b"x" * 16), token=f"TOKEN-{rules.name}")
    check("the gateway's own is not proved unasked", await authority.refused("get", own) == "forbidden")


async def hostile(gateway, neighbour, stranger):
    before = len(gateway.ask("decisions", "list"))
    check("a stranger clears no cache", await stranger.refused("set", element("clearCache")) == "forbidden")
    stranger.tell(element("unfriend", jid="neighbour@localhost"))
    stranger.tell(element("friend", jid="stranger@localhost"))
    await asyncio.sleep(0.3)
    check("and unfriends nobody", neighbour.sees_gateway() and len(gateway.ask("decisions", "list")) == before)


async def second(gateway, authority, rules, other, other_rules, neighbour, is_long):
    other.befriend()
    await until("the refusal", lambda: other.refusals == 1)
    check("no second server while the first wants none", "second@localhost" not in servers(gateway))
    rules.secondary = True
    await authority.ask("set", element("clearCache"))
    other.script = other_rules
    await knock(gateway, other)
    await until("the second", lambda: servers(gateway).get("second@localhost", {}).get("token"))
    check("a second server, with a challenge of PKCS #1 v1.5", other_rules.right is True)
    other_rules.nodes, other_rules.fields = [TAG], ["Temperature"]
    node = f"<node nodeId='{TAG}'/>"
    seen = await neighbour.read(20, node)
    check("what either grants is granted", seen == [(TAG, "Humidity"), (TAG, "Temperature")], seen)
    # Wrongly: about another, and nonsense. Each is no answer, and is asked again.
    for number, wrong in enumerate([
            element("canReadResponse", jid="eve@localhost", result="true"), element("holabandola"),
            "<error type='cancel'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"]):
        other.script = lambda name, question: wrong
        await other.ask("set", element("clearCache"))
        seen = await neighbour.read(30 + number, node)
        check(f"a wrong answer is none ({number + 1})", seen == [(TAG, "Humidity")], seen)
    if is_long:
        other.script = lambda name, question: None
        seen = await neighbour.read(40, node)
        check("a silent server is waited for, and holds nobody up for ever", seen == [(TAG, "Humidity")], seen)
    gateway.command("trust", "remove", "second@localhost")
    check("trust is taken away", list(servers(gateway)) == ["authority@localhost"], servers(gateway))


async def the_end(gateway, authority, neighbour):
    # Beside the authority, which has to answer meanwhile.
    lists = await asyncio.to_thread(gateway.ask, "decisions", "privileges", "neighbour@localhost")
    check("privileges are downloaded and evaluated", lists["servers"][0]["may"] == {
        "Gateway.Administer": False, "Gateway.Metrics": True}, lists)
    authority.tell(element("unfriend", jid="neighbour@localhost"))
    await until("the end of the friendship", lambda: not neighbour.sees_gateway())
    check("unfriended", not [line for line in gateway.ask("decisions", "list") if line["who"] == "neighbour@localhost"])
    status = gateway.command("status").stdout
    check("status has a line", "authority@localhost, trusted by button" in status, status)
    check("the gateway is locked on demand", gateway.command("trust", "lock").returncode == 0
          and gateway.ask("status")["pairing"]["locked"])


async def run(arguments, server, gateway, folder):
    rules, others = Rules(folder, "authority"), Rules(folder, "second", "pkcs1")
    async with Account("authority", server, True) as authority, Account("neighbour", server) as neighbour, \
            Account("stranger", server) as stranger, Account("second", server, True) as other:
        await trust(gateway, authority, rules, stranger)
        await friends(gateway, authority, rules, neighbour, stranger)
        await read_outs(gateway, authority, rules, neighbour)
        await changed(gateway, authority, rules, neighbour)
        await tokens(authority, rules, neighbour, stranger)
        await hostile(gateway, neighbour, stranger)
        await second(gateway, authority, rules, other, others, neighbour, arguments.long)
        await the_end(gateway, authority, neighbour)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gatehouse", required=True)
    parser.add_argument("--server", choices=["prosody", "ejabberd"], default="prosody")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--work")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or folder
        server, gateway = house.make(
            os.path.abspath(arguments.gatehouse), arguments.server, os.path.join(work, "xmpp"), peers="")
        return peer.play(run(arguments, server, gateway, work), server, gateway)


if __name__ == "__main__":
    sys.exit(main())
