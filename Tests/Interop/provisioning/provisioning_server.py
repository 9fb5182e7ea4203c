#!/usr/bin/env python3
"""Devices scripted with slixmpp ask a running `gatehouse-cloud` through a real server: all of XEP-0324's server half.

    provisioning_server.py --cloud PATH [--server prosody|ejabberd] [--form component|account] [--work DIR]

Each check is a line; exit code 0 when all passed, 1 when one did not.
"""

import argparse
import asyncio
import base64
import datetime
import os
import sys
import tempfile
import traceback
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import authority  # noqa: E402
import house  # noqa: E402
import peer  # noqa: E402
import slixmpp  # noqa: E402
from authority import SPACE  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402
from peer import check, failed, local, until  # noqa: E402
from slixmpp.exceptions import IqError  # noqa: E402

payloads = []
GATEWAY, READER = "gateway@localhost", "reader@localhost"
TAG = "<node sourceId='MeteringTopology' cacheType='ble' nodeId='A4C1388D18B2'/>"
OTHER = "<node sourceId='MeteringTopology' cacheType='ble' nodeId='B0'/>"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


class Device(peer.Client):
    """A device that asks the authority: what it is told is kept as it came."""

    def __init__(self, name, server, place):
        super().__init__(f"{name}@localhost/device", server)
        self.authority = place
        self.register_plugin("xep_0030")
        self.clears, self.messages, self.challenges, self.key, self.answers = 0, [], 0, None, True
        for name, take in (("clearCache", self.clear), ("tokenChallenge", self.challenged)):
            self.register_handler(slixmpp.xmlstream.handler.Callback(
                name, slixmpp.xmlstream.matcher.MatchXPath(f"{{jabber:client}}iq/{{{SPACE}}}{name}"), take))

    async def started(self, event):
        await super().started(event)
        if self.authority.form == "component":
            # What a gateway does at a component, which has no roster: it tells it that it is there.
            self.send_presence(pto=self.authority.address)

    def keep(self, payload):
        payloads.append(ET.tostring(payload, encoding="unicode"))

    def clear(self, iq):
        self.keep(next(iter(iq.xml)))
        self.clears += 1
        if self.answers:
            answer = iq.reply()
            answer.append(ET.fromstring(f"<clearCacheResponse xmlns='{SPACE}'/>"))
            answer.send()

    def challenged(self, iq):
        payload = next(iter(iq.xml))
        self.keep(payload)
        self.challenges += 1
        answer = iq.reply()
        plain = self.key.decrypt(base64.b64decode(payload.text), OAEP) if self.key else b"wrong"
        answer.append(ET.fromstring(
            f"<tokenChallengeResponse xmlns='{SPACE}'>{base64.b64encode(plain).decode()}</tokenChallengeResponse>"))
        answer.send()

    def came(self, message):
        for child in message.xml:
            if child.tag.startswith("{" + SPACE + "}"):
                self.keep(child)
                self.messages.append((local(child), child.get("jid")))

    async def ask(self, text, kind="get"):
        iq = self.make_iq(ito=self.authority.address, itype=kind)
        iq.append(ET.fromstring(text))
        answer = await iq.send(timeout=20)
        payload = next(iter(answer.xml), None)
        if payload is not None and SPACE in payload.tag:
            self.keep(payload)
        return payload

    async def refused(self, text, kind="get"):
        try:
            answer = await self.ask(text, kind)
        except IqError as error:
            return error.iq["error"]["type"] + "/" + error.iq["error"]["condition"]
        return f"answered {ET.tostring(answer) if answer is not None else None}"

    async def is_friend(self, jid):
        return (await self.ask(f"<isFriend xmlns='{SPACE}' jid='{jid}'/>")).get("result") == "true"

    async def may(self, action, jid, content="", attributes=""):
        """Whether, and with which nodes and names; None for no."""
        name = {"read": "canRead", "control": "canControl"}[action]
        if action == "read":
            attributes += " momentary='true'"
        answer = await self.ask(f"<{name} xmlns='{SPACE}' jid='{jid}' {attributes}>{content}</{name}>")
        if answer.get("result") != "true":
            return None
        return ([child.get("nodeId") for child in answer if local(child) == "node"],
                [child.get("name") for child in answer if local(child) != "node"])

    async def token(self, certificate, key, is_right=True):
        challenge = await self.ask(f"<getToken xmlns='{SPACE}'>{certificate}</getToken>")
        plain = key.decrypt(base64.b64decode(challenge.text), OAEP) if is_right else b"x" * 32
        response = (f"<getTokenChallengeResponse xmlns='{SPACE}' seqnr='{challenge.get('seqnr')}'>"
                    f"{base64.b64encode(plain).decode()}</getTokenChallengeResponse>")
        if not is_right:
            return await self.refused(response), await self.refused(response)
        return (await self.ask(response)).get("token")


def certificate(name):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
    der = made.public_bytes(serialization.Encoding.DER)
    return base64.b64encode(der).decode(), key, made.fingerprint(hashes.SHA256()).hex()


async def run(server, place):
    def do(*words):
        return asyncio.to_thread(place.do, *words)

    def ask(*words):
        return asyncio.to_thread(place.ask, *words)

    async def cleared(device, count):
        await until("the cleared cache", lambda: device.clears > count)

    async with Device("gateway", server, place) as device:
        # Letting it in: by its own coming, or by the person who adds it.
        if place.form == "component":
            items = await device.plugin["xep_0030"].get_items(jid="localhost")
            check("found by disco#items", any(item[0] == place.COMPONENT for item in items["disco_items"]["items"]),
                  items)
            question = f"<isFriend xmlns='{SPACE}' jid='{READER}'/>"
            check("a stranger is not answered", await device.refused(question) == "cancel/forbidden")
            waiting = (await ask("pending"))[0]
            check("and waits for a person", waiting["kind"] == "device" and waiting["device"] == GATEWAY, waiting)
            await do("pending", "allow", "--", str(waiting["id"]))
            await cleared(device, 0)
        else:
            await do("devices", "add", GATEWAY, "--invite")
            device.send_presence_subscription(pto=place.ACCOUNT)
            await until("the authority's presence", lambda: "provisioning" in
                               device.client_roster[place.ACCOUNT].resources)
            check("friends, each of the other", True)
        info = await device.plugin["xep_0030"].get_info(jid=place.address)
        check("disco tells the feature", SPACE in info["disco_info"]["features"], info)

        # Friends.
        check("nobody is a friend yet", not await device.is_friend(READER))
        waiting = await ask("pending")
        # Written down within a second.
        while not any(request["kind"] == "friend" for request in waiting):
            waiting = await ask("pending")
        count = device.clears
        await do("friends", "add", GATEWAY, READER)
        await cleared(device, count)
        await until("the recommendation", lambda: ("friend", READER) in device.messages)
        check("a friend, by its bare address", await device.is_friend(READER + "/some"))
        check("and what waited for a person is decided",
              not any(request["kind"] == "friend" for request in await ask("pending")))

        # Reading and controlling, restricted.
        count = device.clears
        await do("rules", "add", "read", READER, "--on", GATEWAY, "--node", "ble/A4C1388D18B2", "--name", "Temperature")
        await do("rules", "add", "control", "localhost", "--on", GATEWAY, "--node", "gpio/*", "--name", "Output")
        await cleared(device, count)
        fields = "<field name='Temperature'/><field name='Humidity'/>"
        answer = await device.may("read", READER, TAG + OTHER + fields)
        check("one field of one node", answer == (["A4C1388D18B2"], ["Temperature"]), answer)
        answer = await device.may("read", READER)
        check("the same when nothing was named", answer == (["A4C1388D18B2"], ["Temperature"]), answer)
        check("another node is no", await device.may("read", READER, OTHER) is None)
        relay = "<node sourceId='MeteringTopology' cacheType='gpio' nodeId='relay1'/>"

        async def controlled():
            return await device.may("control", READER, relay + TAG + "<parameter name='Output'/>")
        answer = await controlled()
        if answer is None:
            await asyncio.sleep(1.5)
            answer = await controlled()
        check("control of the lines alone", answer == (["relay1"], []), answer)

        # The rule changes.
        count = device.clears
        rule = next(rule for rule in await ask("rules") if rule["action"] == "read")
        await do("rules", "remove", str(rule["id"]))
        await do("rules", "add", "read", READER, "--on", GATEWAY, "--name", "Humidity")
        await cleared(device, count)
        await asyncio.sleep(1.2)
        answer = await device.may("read", READER, TAG + fields)
        check("restricted anew", answer == ([], ["Humidity"]), answer)

        # A question for a person, allowed once.
        check("nobody has decided", await device.may("read", "guest@localhost", TAG) is None)
        waiting = []
        while not any(request["who"] == "guest@localhost" for request in waiting):
            waiting = await ask("pending")
        count = device.clears
        number = next(request["id"] for request in waiting if request["who"] == "guest@localhost")
        await do("pending", "allow", "--once", str(number))
        await cleared(device, count)
        check("allowed once", await device.may("read", "guest@localhost", TAG) is not None)
        await cleared(device, count + 1)
        check("and not twice", await device.may("read", "guest@localhost", TAG) is None)

        # Tokens.
        shown, key, fingerprint = certificate("reader")
        token = await device.token(shown, key)
        check("a token without white space", bool(token) and len(token.split()) == 1)
        wrong, again = await device.token(shown, key, is_right=False)
        check("a wrong answer, and the right one after it", (wrong, again) ==
              ("modify/bad-request", "cancel/item-not-found"), (wrong, again))
        check("a certificate that is none", await device.refused(
            f"<getToken xmlns='{SPACE}'>AAAA</getToken>") == "modify/bad-request")
        count = device.clears
        await do("rules", "add", "control", "certificate:" + fingerprint, "--on", GATEWAY)
        await cleared(device, count)
        device.key = None
        shown_with = f"deviceToken='unknown {token}'"
        answer = await device.may("control", "guest@localhost", TAG, shown_with)
        check("a token that is not proved counts nothing", answer is None and device.challenges == 1, answer)
        device.key = key
        answer = await device.may("control", "guest@localhost", TAG, shown_with)
        check("one that is proved does", answer == ([], []) and device.challenges == 2, (answer, device.challenges))
        count = device.clears
        await do("tokens", "revoke", fingerprint[:16])
        await cleared(device, count)
        check("revoked it does not", await device.may("control", "guest@localhost", TAG, shown_with) is None)

        # What only a server sends, and what makes no sense.
        check("a device clears nobody's cache", await device.refused(
            f"<clearCache xmlns='{SPACE}'/>", "set") == "cancel/feature-not-implemented")
        check("nonsense", await device.refused(f"<canRead xmlns='{SPACE}'/>") == "modify/bad-request")

    # Away while something changes, and the server killed between.
    await do("friends", "remove", GATEWAY, READER)
    await asyncio.to_thread(place.kill)
    await asyncio.to_thread(place.start)
    devices = await ask("devices")
    check("remembered over a kill", devices[0]["cacheToClear"], devices)
    async with Device("gateway", server, place) as device:
        await cleared(device, 0)
        check("told when it comes", True)
        await until("the end of the friendship", lambda: ("unfriend", READER) in device.messages)
        check("and unfriended", not await device.is_friend(READER))
        await asyncio.sleep(1.2)
        check("once acknowledged not again", device.clears == 1, device.clears)
        check("nothing is left", not (await ask("devices"))[0]["cacheToClear"])
    actions = [line["action"] for line in await ask("audit")]
    check("the audit trail has it all", {"rule added", "friend removed", "token given", "certificate revoked",
                                         "pending answered", "rule used up"} <= set(actions), actions)
    trouble = authority.judge(payloads)
    check(f"{len(set(payloads))} kinds of stanza are valid by the XSF's schema", not trouble, trouble)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cloud", required=True)
    parser.add_argument("--server", choices=["prosody", "ejabberd"], default="prosody")
    parser.add_argument("--form", choices=["component", "account"], default="component")
    parser.add_argument("--work")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(arguments.work or folder, "provisioning")
        server = house.Server(arguments.server, os.path.join(work, "server"), ["gateway", "reader", "guest", "authority"],
                              component=authority.Authority.COMPONENT)
        place = None
        try:
            place = authority.Authority(os.path.abspath(arguments.cloud), os.path.join(work, "cloud"), server,
                                        arguments.form)
            asyncio.run(run(server, place))
            check("ends with 0", place.stop() == 0)
        except Exception:
            check("the script ran to its end", False, traceback.format_exc())
        finally:
            if place:
                if failed:
                    print(open(place.log).read()[-3000:])
                if place.process.poll() is None:
                    place.kill()
            server.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
