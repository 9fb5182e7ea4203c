"""A thing registry (XEP-0347) as a component, and an owner: written from the text, with none of Gatehouse's code.

Every stanza of the extension that comes or goes is judged by the XSF's schema.
"""

import asyncio
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.exceptions import IqError

DISCOVERY = "urn:xmpp:iot:discovery"
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../XMPPDoorTests/Schemas/discovery.xsd")
CLAIMING = ("SN", "MAN", "MODEL", "V", "KEY")


def judged(element):
    """What is wrong with an element by the schema; empty when nothing is."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(ET.tostring(element))
        file.flush()
        result = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, file.name],
                                capture_output=True, text=True)
    return "" if result.returncode == 0 else result.stderr


class Registry(slixmpp.ComponentXMPP):
    def __init__(self, server):
        super().__init__("registry.localhost", server.secret, "127.0.0.1", server.component_port)
        self.register_plugin("xep_0030")
        self["xep_0030"].add_identity("directory", "iot", jid="registry.localhost")
        self["xep_0030"].add_feature(DISCOVERY, jid="registry.localhost")
        self.things, self.seen, self.faults = {}, [], []
        self.ready = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self.ready.done() or self.ready.set_result(None))
        for name in ("register", "update", "unregister", "mine", "disown", "remove"):
            self.register_handler(slixmpp.xmlstream.handler.CoroutineCallback(
                name, slixmpp.xmlstream.matcher.MatchXPath(f"{{{self.default_ns}}}iq/{{{DISCOVERY}}}{name}"),
                getattr(self, "take_" + name)))

    def judge(self, payload):
        self.faults += filter(None, [judged(payload)])

    def came(self, iq):
        payload = next(iter(iq.xml))
        self.judge(payload)
        self.seen.append((payload.tag.split("}")[1], iq["from"].full, {
            tag.get("name").upper(): tag.get("value") for tag in payload}))
        return payload, self.seen[-1][2]

    def refuse(self, iq):
        answer = iq.reply()
        answer["type"] = "error"
        answer["error"]["type"], answer["error"]["condition"] = "cancel", "item-not-found"
        answer.send()

    def answer(self, iq, payload=None):
        answer = iq.reply()
        if payload is not None:
            self.judge(payload)
            answer.append(payload)
        answer.send()

    async def tell(self, thing, name, **attributes):
        """A request of the registry to a thing; whether it was taken."""
        iq = self.make_iq_set(ito=thing, ifrom="registry.localhost")
        payload = ET.Element(f"{{{DISCOVERY}}}{name}", attributes)
        self.judge(payload)
        iq.append(payload)
        try:
            await iq.send(timeout=10)
            return True
        except IqError:
            return False

    async def take_register(self, iq):
        payload, tags = self.came(iq)
        thing = self.things.setdefault(iq["from"].bare, {"owner": None})
        thing.update(jid=iq["from"].full, tags=dict(tags))
        claimed = ET.Element(f"{{{DISCOVERY}}}claimed", {"jid": thing["owner"]}) if thing["owner"] else None
        self.answer(iq, claimed)

    async def take_update(self, iq):
        payload, tags = self.came(iq)
        thing = self.things.get(iq["from"].bare)
        if not thing or not thing["owner"]:
            return self.refuse(iq)
        thing["tags"].update(tags)
        thing["tags"] = {name: value for name, value in thing["tags"].items() if value}
        self.answer(iq)

    async def take_unregister(self, iq):
        self.came(iq)
        self.things.pop(iq["from"].bare, None)
        self.answer(iq)

    async def take_mine(self, iq):
        payload, tags = self.came(iq)
        for jid, thing in self.things.items():
            if thing["owner"] is None and "KEY" in tags and all(
                    thing["tags"].get(name) == tags.get(name) for name in CLAIMING):
                thing["owner"] = iq["from"].bare
                self.answer(iq, ET.Element(f"{{{DISCOVERY}}}claimed", {"jid": jid}))
                thing["told"] = await self.tell(thing["jid"], "claimed", jid=thing["owner"], public="true")
                return
        self.refuse(iq)

    async def owned(self, iq):
        payload, _ = self.came(iq)
        thing = self.things.get(payload.get("jid"))
        if thing and thing["owner"] == iq["from"].bare:
            return thing
        self.refuse(iq)

    async def take_remove(self, iq):
        if thing := await self.owned(iq):
            self.answer(iq)
            thing["told"] = await self.tell(thing["jid"], "removed")

    async def take_disown(self, iq):
        if thing := await self.owned(iq):
            thing["owner"] = None
            self.answer(iq)
            thing["told"] = await self.tell(thing["jid"], "disowned")


def label(text):
    """The tags of a label's `IoTDisco;…`, as an owner's telephone reads them."""
    parts, current, is_escaped = [], "", False
    for character in text:
        if is_escaped or character not in "\\;":
            current, is_escaped = current + character, False
        elif character == "\\":
            is_escaped = True
        else:
            parts.append(current)
            current = ""
    parts.append(current)
    assert parts[0] == "IoTDisco", parts
    return [("num" if part[0] == "#" else "str", *part.lstrip("#").split(":", 1)) for part in parts[1:]]


def mine(tags, key=None):
    content = "".join(f"<{kind} name='{name}' value='{key if key and name == 'KEY' else value}'/>"
                      for kind, name, value in tags if name in CLAIMING)
    return f"<mine xmlns='{DISCOVERY}'>{content}</mine>"
