"""What a hub does to a device, one scenario each; every check says what was expected and what was found."""

import asyncio
import os
import signal

import certificates
import coap_tcp as coap
from device import Gatehouse
from hub import Hub

CLOUD_ID = "00000000-0000-0000-0000-00000000c10d"
DEVICE_ID = "9f3a4c2e-1b7d-4e58-8a60-2d5c7e9b1f04"

#: Long enough for a debug build on a busy machine with two back-offs, so that only what is wrong fails.
PATIENCE = 30


class Run:
    """One scenario under way: a hub, a gateway, and the checks."""

    def __init__(self, name, binary, certs, folder, report, port=0):
        self.name, self.report, self.certs, self.folder = name, report, certs, folder
        self.port = port
        self.hub = Hub(f"{certs}/cloud.pem", f"{certs}/cloud.key", f"{certs}/ca.pem", DEVICE_ID)
        self.gateway = Gatehouse(binary, folder, DEVICE_ID, CLOUD_ID, certs)
        self.failed = 0

    def check(self, what, ok, found=None):
        ok = bool(ok)
        self.failed += not ok
        self.report({"scenario": self.name, "check": what, "ok": ok, "found": found})
        return ok

    async def begin(self, lines=("relay1", "door1"), press=True):
        self.port = await self.hub.listen(self.port)
        self.gateway.configure(self.port, lines)
        await self.gateway.start(press)

    async def until_published(self, number=1):
        ok = await self.hub.wait_for("published", PATIENCE, number)
        return self.check(f"signs in and publishes ({number})", ok, self.kinds())

    async def until_observed(self):
        ok = await self.hub.wait(
            lambda: self.hub.all("observing", accepted=True) and "/gpio/relay1" in str(self.hub.twin), PATIENCE)
        return self.check("its resources are observed and have values", ok, sorted(self.hub.twin))

    def kinds(self):
        return [event["kind"] for event in self.hub.events if event["kind"] not in ("pong", "ping")][-12:]

    def switch(self):
        """The href of the relay's binary switch."""
        for href, link in self.hub.published.items():
            if href.startswith("/gpio/relay1/") and "oic.r.switch.binary" in link.get("rt", []):
                return href
        return None

    def the_usual(self):
        """What holds in every scenario, however it went."""
        self.check("breaks no rule of the hub's", not self.hub.violations, self.hub.violations[:5])
        self.check("no notification is dropped", self.hub.count("dropped") == 0, self.hub.all("dropped")[:3])
        log = self.gateway.log_text()
        secrets = ["code-1"] + [f"{kind}-{n}" for kind in ("access", "refresh") for n in range(1, self.hub.issued + 1)]
        self.check("no token is in the log", not any(secret in log for secret in secrets))

    async def end(self):
        code = await self.gateway.stop()
        self.check("ends with exit code 0", code == 0, code)
        await self.hub.close()


async def strict(run):
    """The posture of the Helm chart: client identity certificate and batch observation are required."""
    await run.begin()
    await run.until_published()
    await run.until_observed()
    hub = run.hub
    asked = hub.all("asked-before-answer")
    run.check("serves /oic/res before its sign-in is answered", asked and asked[0]["code"] == "2.05", asked[:1])
    run.check("that answer has the device's link", asked and asked[0]["links"] == 1, asked[:1])
    run.check("shows its identity certificate", hub.all("connected")[0]["name"] == f"uuid:{DEVICE_ID}")
    run.check("uses a GCM suite", "GCM" in hub.all("connected")[0]["cipher"], hub.all("connected")[0]["cipher"])
    run.check("observes in batch", hub.all("observing", batch=True, accepted=True), hub.all("observing")[:3])
    links = hub.all("discovered")[-1]["links"]
    missing = [href for href in hub.published if href not in links]
    run.check("/oic/res lists all that is published", not missing, missing)
    run.check("signs up once", hub.count("sign-up") == 1, hub.count("sign-up"))
    await switching(run)
    await run.end()
    run.the_usual()


async def switching(run):
    """Switches the relay through the cloud, each time to be heard of as a notification with a rising number."""
    hub, href = run.hub, run.switch()
    if not run.check("publishes the relay's switch", href, sorted(hub.published)):
        return
    connection = hub.signed_in
    for value in [True, False, True, False, True]:
        answer = await connection.command(href, {"value": value})
        run.check(f"POST {href} value {value} is 2.04", answer and answer.code == coap.CHANGED,
                  answer and coap.dotted(answer.code))
        heard = await hub.wait(lambda: (hub.twin.get(href) or {}).get("value") is value, PATIENCE)
        run.check(f"its notification says {value}", heard, hub.twin.get(href))
        read = await connection.ask_value(coap.GET, href)
        run.check(f"GET {href} says {value}", read and read.get("value") is value, read)
    numbers = [event["number"] for event in hub.all("notified")]
    run.check("notifications are numbered", numbers and None not in numbers, numbers)
    answer = await connection.ask(coap.GET, "/no/such/thing")
    run.check("an unknown href is 4.04", answer and answer.code == coap.NOT_FOUND, answer and coap.dotted(answer.code))
    answer = await connection.ask(coap.POST, "/oic/sec/doxm", body={"owned": False})
    run.check("security resources are refused", answer and answer.code >> 5 == 4, answer and coap.dotted(answer.code))


async def loose(run):
    """The posture of the bundle: no client certificate needed, each resource observed by itself."""
    run.hub.require_certificate = False
    run.hub.require_batch = False
    run.hub.individual = True
    await run.begin()
    await run.until_published()
    await run.until_observed()
    observable = [href for href, link in run.hub.published.items() if link["p"]["bm"] & 2]
    accepted = await run.hub.wait(
        lambda: {e["href"] for e in run.hub.all("observing", accepted=True)} >= set(observable), PATIENCE)
    run.check("every observable resource can be observed", accepted, run.hub.all("observing", accepted=False)[:3])
    await switching(run)
    await run.end()
    run.the_usual()


async def first_sign_in_refused(run):
    """The hub's registration event is late: 4.01 and then 5.03, each with a close, before it lets in."""
    run.hub.sign_in_refusals = [(coap.UNAUTHORIZED, "access to device denied"), (coap.SERVICE_UNAVAILABLE, "later")]
    await run.begin()
    await run.until_published()
    hub = run.hub
    run.check("tries the sign-in again", hub.count("sign-in") >= 3, hub.count("sign-in"))
    run.check("and does not sign up again", hub.count("sign-up") == 1, hub.count("sign-up"))
    connected = [event["t"] for event in hub.all("connected")]
    pauses = [round(b - a, 2) for a, b in zip(connected, connected[1:])]
    run.check("with pauses of a second or more", all(pause >= 0.9 for pause in pauses), pauses)
    await run.end()
    run.the_usual()


async def wrong_code(run):
    """A one-time token that is refused is not tried again and again."""
    run.hub.sign_up_refusal = (coap.UNAUTHORIZED, "invalid code")
    await run.begin()
    run.check("signs up", await run.hub.wait_for("sign-up", PATIENCE), run.kinds())
    await asyncio.sleep(6)
    run.check("asks once", run.hub.count("sign-up") == 1, run.hub.count("sign-up"))
    status = str(await run.gateway.status())
    run.check("status says failed", "failed" in status, status[:400])
    await run.end()
    run.the_usual()


async def hub_in_trouble(run):
    """5.03 to the sign-up: the token is not spent, the sign-up is tried again."""
    run.hub.sign_up_refusal = (coap.SERVICE_UNAVAILABLE, "oauth server down")
    await run.begin()
    run.check("signs up", await run.hub.wait_for("sign-up", PATIENCE), run.kinds())
    run.hub.sign_up_refusal = None
    await run.until_published()
    await run.end()
    run.the_usual()


async def redirect(run):
    """The answer to the sign-up sends the device to another address of the same hub."""
    second = await run.hub.listen()
    run.hub.redirect = f"coaps+tcp://127.0.0.1:{second}"
    await run.begin()
    await run.until_published()
    hub = run.hub
    ports = [event["port"] for event in hub.all("sign-in")]
    run.check("signs in where it was sent", ports and set(ports) == {second}, ports)
    run.check("signs up once", hub.count("sign-up") == 1, hub.count("sign-up"))
    await run.gateway.stop(signal.SIGKILL)
    await run.gateway.start(press=False)
    await run.until_published(2)
    run.check("and after a restart too", hub.all("sign-in")[-1]["port"] == second, hub.all("sign-in")[-1]["port"])
    await run.end()
    run.the_usual()


async def pings(run):
    """The hub asks an idle device for signs of life, and closes when none comes."""
    run.hub.ping_after, run.hub.pong_timeout = 0.5, 2.0
    await run.begin()
    await run.until_published()
    connections = run.hub.count("connected")
    run.check("answers pings", await run.hub.wait_for("pong", PATIENCE, 6), run.hub.count("pong"))
    run.check("and stays connected", run.hub.count("connected") == connections and run.hub.signed_in, run.kinds())
    await run.end()
    run.the_usual()


async def stale_commands(run):
    """Commands that waited for the device arrive at the moment of its sign-in."""
    await run.begin()
    await run.until_published()
    href = run.switch()
    if run.check("publishes the relay's switch", href, sorted(run.hub.published)):
        await run.gateway.stop()
        stale = [(href, {"value": True}), ("/gone/long/ago", {"value": True}), (href, {"value": "nonsense"})]
        run.hub.queued = list(stale)
        await run.gateway.start(press=False)
        run.check("answers them all", await run.hub.wait_for("command", PATIENCE, 3), run.hub.all("command"))
        codes = [(run.hub.all("command", href=where, body=body) or [{"code": None}])[0]["code"] for where, body in stale]
        run.check("does what can be done and refuses the rest",
                  codes[0] == "2.04" and codes[1] == "4.04" and (codes[2] or "").startswith("4."), codes)
        await run.until_published(2)
        value = await run.hub.signed_in.ask_value(coap.GET, href)
        run.check("the relay is on", value and value.get("value") is True, value)
    await run.end()
    run.the_usual()


async def token_refresh(run):
    """A token of a few seconds is refreshed on the connection, and the session goes on."""
    run.hub.token_life = 4
    await run.begin()
    await run.until_published()
    hub = run.hub
    run.check("refreshes twice", await hub.wait_for("refresh", PATIENCE, 2), run.kinds())
    await hub.wait_for("signed-in", PATIENCE, 3)
    tokens = [event["token"] for event in hub.all("refresh")]
    run.check("each time with the newest refresh token", tokens[:2] == ["refresh-1", "refresh-2"], tokens)
    run.check("while signed in", all(event["signed_in"] for event in hub.all("refresh")[:2]))
    run.check("on one connection", hub.count("connected") == 1, hub.count("connected"))
    run.check("and publishes once", hub.count("published") == 1, hub.count("published"))
    await run.end()
    run.the_usual()


async def refresh_refused(run):
    """A refresh that fails with 5.03 and a close; the token that is there still signs in."""
    run.hub.token_life = 3600
    await run.begin()
    await run.until_published()
    await run.gateway.stop(signal.SIGKILL)
    run.hub.refresh_refusals = [(coap.SERVICE_UNAVAILABLE, "oauth server down")]
    await run.gateway.start(press=False)
    await run.until_published(2)
    run.check("signs up once", run.hub.count("sign-up") == 1, run.hub.count("sign-up"))
    await run.end()
    run.the_usual()


async def restart(run):
    """Killed and started again: refresh first, then sign-in, no sign-up, all links still there."""
    run.hub.token_life = 3600
    await run.begin()
    await run.until_published()
    await run.until_observed()
    hub = run.hub
    before = set(hub.published)
    await run.gateway.stop(signal.SIGKILL)
    await run.gateway.start(press=False)
    await run.until_published(2)
    run.check("refreshes before it signs in", hub.all("refresh", signed_in=False), run.kinds())
    run.check("signs in with the new token", hub.all("sign-in")[-1]["token"] == "access-2", hub.all("sign-in")[-1])
    run.check("signs up once", hub.count("sign-up") == 1, hub.count("sign-up"))
    await hub.wait_for("discovered", PATIENCE, 2)
    run.check("loses no link", set(hub.published) == before and hub.count("unpublished") == 0,
              hub.all("unpublished")[:3])
    await run.end()
    run.the_usual()


async def node_removed(run):
    """A line taken out of the configuration: its links go from the directory, the others stay."""
    await run.begin()
    await run.until_published()
    hub = run.hub
    await run.gateway.stop()
    run.gateway.configure(run.port, lines=("relay1",))
    await run.gateway.start(press=False)
    await run.until_published(2)
    gone = await hub.wait(lambda: not any(href.startswith("/gpio/door1") for href in hub.published), PATIENCE)
    run.check("the removed node is unpublished", gone, sorted(hub.published))
    run.check("the other is not", run.switch(), sorted(hub.published))
    await run.end()
    run.the_usual()


async def connection_lost(run):
    """The hub drops the connection: back within seconds, with the same token, and everything observed again."""
    await run.begin()
    await run.until_published()
    await run.until_observed()
    hub = run.hub
    for number in (2, 3):
        hub.signed_in.drop()
        back = await hub.wait(lambda: hub.count("signed-in") >= number and hub.signed_in, PATIENCE)
        run.check(f"is back ({number})", back, run.kinds())
    run.check("signs up once", hub.count("sign-up") == 1, hub.count("sign-up"))
    observed = await hub.wait(lambda: hub.signed_in and hub.signed_in.observations, PATIENCE)
    run.check("is observed again", observed)
    await switching(run)
    await run.end()
    run.the_usual()


async def sign_out(run):
    """SIGTERM: the device signs out, serves the end of its observations meanwhile, and ends."""
    await run.begin()
    await run.until_published()
    await run.until_observed()
    code = await run.gateway.stop()
    run.check("ends with exit code 0", code == 0, code)
    run.check("signs out", run.hub.count("signed-out") == 1, run.kinds())
    run.check("answers the ends of its observations", run.hub.count("unanswered") == 0, run.hub.all("unanswered"))
    await run.hub.close()
    run.the_usual()


async def deregister(run):
    """`gatehouse cloud clear`: DELETE on the account while signed in, then no connection any more."""
    await run.begin()
    await run.until_published()
    code, _ = await run.gateway.ask("cloud", "clear")
    run.check("gatehouse cloud clear exits 0", code == 0, code)
    run.check("deregisters", await run.hub.wait_for("deregister", PATIENCE), run.kinds())
    run.check("while signed in", run.hub.all("deregister", signed_in=True), run.hub.all("deregister")[:1])
    run.check("and leaves", await run.hub.wait(lambda: run.hub.signed_in is None, PATIENCE))
    connections = run.hub.count("connected")
    await asyncio.sleep(5)
    run.check("for good", run.hub.count("connected") == connections, run.kinds())
    await run.end()
    run.the_usual()


async def wrong_cloud(run):
    """A hub with a good certificate of another hub's id gets nothing but a closed connection."""
    other = "00000000-0000-0000-0000-00000000bad0"
    run.hub.certificate, run.hub.key = certificates.make_leaf(run.certs, "other-cloud", other)
    await refused_at_tls(run, "certificate-refused")


async def wrong_authority(run):
    """A hub of the right id whose certificate comes from a stranger."""
    certificates.make_authority(run.certs, "stranger")
    run.hub.certificate, run.hub.key = certificates.make_leaf(run.certs, "strange-cloud", CLOUD_ID, "stranger")
    await refused_at_tls(run, "certificate-refused")


async def wrong_clock(run):
    """A certificate that is not valid yet: the gateway says that its clock is wrong and goes on."""
    run.hub.certificate, run.hub.key = certificates.make_leaf(
        run.certs, "future-cloud", CLOUD_ID, starts="20900101000000Z")
    await refused_at_tls(run, "clock-wrong")


async def refused_at_tls(run, trouble):
    await run.begin()
    seen = ""
    for _ in range(PATIENCE * 2):
        await asyncio.sleep(0.5)
        seen = str(await run.gateway.status())
        if trouble in seen:
            break
    run.check(f"status says {trouble}", trouble in seen, seen[:600])
    run.check("tells the hub nothing", run.hub.count("sign-up") == 0, run.kinds())
    await run.end()
    run.the_usual()


async def deaf_hub(run):
    """Slow (90 s). A hub that neither answers nor closes is left, and found again."""
    await run.begin()
    await run.until_published()
    run.hub.ping_after = 1000
    run.hub.deaf = True
    left = await run.hub.wait_for("disconnected", 120)
    run.check("leaves a deaf hub", left, run.kinds())
    run.hub.deaf = False
    run.check("and finds it again", await run.hub.wait(lambda: run.hub.signed_in, 60), run.kinds())
    await run.end()
    run.the_usual()


async def revoked(run):
    """Slow (2 min). Refused at every sign-in, the device tries both tokens, says so, and stays quiet."""
    await run.begin()
    await run.until_published()
    run.hub.sign_in_refusals = [(coap.UNAUTHORIZED, "access to device denied")] * 50
    run.hub.refresh_refusals = [(coap.SERVICE_UNAVAILABLE, "invalid grant")] * 50
    run.hub.signed_in.drop()
    seen = ""
    for _ in range(170):
        await asyncio.sleep(1)
        seen = str(await run.gateway.status())
        if "revoked" in seen:
            break
    run.check("status says revoked", "revoked" in seen, seen[:600])
    refused = run.hub.count("refused")
    run.check("after several refusals, not one", refused >= 4, refused)
    run.check("having tried both tokens", run.hub.all("refused", path="/oic/sec/tokenrefresh"), refused)
    await run.end()
    run.the_usual()


QUICK = [strict, loose, first_sign_in_refused, wrong_code, hub_in_trouble, redirect, pings, stale_commands,
         token_refresh, refresh_refused, restart, node_removed, connection_lost, sign_out, deregister, wrong_cloud,
         wrong_authority, wrong_clock]
SLOW = [deaf_hub, revoked]
ALL = {function.__name__.replace("_", "-"): function for function in QUICK + SLOW}


def prepare(certs):
    if not os.path.exists(f"{certs}/cloud.pem"):
        certificates.make_authority(certs)
        certificates.make_leaf(certs, "cloud", CLOUD_ID)
        certificates.make_leaf(certs, "device", DEVICE_ID)
