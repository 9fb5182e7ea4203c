"""What scenarios with scripted accounts have in common: checks, waiting, a client that is ready when it has its roster."""

import asyncio
import traceback

import house
import slixmpp

failed = []


def check(what, is_good, seen=""):
    print(("ok    " if is_good else "FAIL  ") + what + ("" if is_good else f": {seen}"), flush=True)
    if not is_good:
        failed.append(what)


def local(element):
    return element.tag.split("}")[1]


async def until(what, condition, seconds=20):
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        await asyncio.sleep(0.05)


def play(scenario, server, gateway):
    """Plays a scenario to its end, takes the house down, and gives the exit code."""
    try:
        asyncio.run(scenario)
    except Exception:
        check("the script ran to its end", False, traceback.format_exc())
    finally:
        gateway.stop()
        server.stop()
    if failed:
        print(open(gateway.log).read()[-3000:])
    return 1 if failed else 0


class Client(slixmpp.ClientXMPP):
    """An account; what comes in messages is kept as it came."""

    def __init__(self, jid, server):
        super().__init__(jid, house.PASSWORD)
        self.ca_certs, self.enable_direct_tls, self.enable_plaintext = server.authority, False, False
        self.auto_authorize, self.auto_subscribe = True, False
        self.port, self.payloads = server.port, []
        self.ready = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", self.started)
        self.register_handler(slixmpp.xmlstream.handler.Callback(
            "payloads", slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}message"), self.came))

    async def started(self, _):
        self.send_presence()
        await self.get_roster()
        if not self.ready.done():
            self.ready.set_result(None)

    async def __aenter__(self):
        self.connect("127.0.0.1", self.port)
        await asyncio.wait_for(self.ready, 20)
        return self

    async def __aexit__(self, *_):
        await self.disconnect()

    def came(self, message):
        self.payloads += [child for child in message.xml if "iot" in child.tag]

    def sees_gateway(self):
        return "gatehouse" in self.client_roster["gateway@localhost"].resources
