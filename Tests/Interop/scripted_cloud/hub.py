"""A hub that behaves towards a device as plgd hub was measured to (v2.25.0), strict or loose.

It is meant to be unforgiving: it closes on errors, waits for the device before it answers a sign-in, drops notifications
whose numbers do not rise, and writes down every rule the device breaks.
"""

import asyncio
import ssl
import time
import zlib

import cbor2

import coap_tcp as coap
from coap_tcp import Message


class Hub:
    """What one scenario wants of the cloud; every attribute may be changed before or while it runs."""

    def __init__(self, certificate, key, authority, device_id):
        self.certificate, self.key, self.authority, self.device_id = certificate, key, authority, device_id
        self.require_certificate = True
        self.require_batch = True
        self.individual = False          # observe each resource, whatever /oic/res offers
        self.codes = {"code-1"}          # one-time tokens
        self.sign_up_refusal = None      # (code, text)
        self.sign_in_refusals = []       # (code, text) for the next sign-ins
        self.refresh_refusals = []
        self.redirect = ""
        self.token_life = -1             # of sign-up and refresh
        self.session_life = None         # of sign-in; the token's when None
        self.ping_after = 10.0           # seconds of silence
        self.pong_timeout = 5.0
        self.queued = []                 # commands for when the device is back: (href, body)
        self.deaf = False                # answers nothing, not even pings

        self.access_tokens, self.refresh_tokens = set(), set()
        self.issued = 0
        self.published = {}              # href -> link with our ins
        self.twin = {}                   # href -> representation
        self.events = []
        self.violations = []
        self.connections = []
        self._changed = asyncio.Condition()
        self._servers = []
        self._tasks = set()

    # What happened

    def record(self, kind, **info):
        self.events.append({"t": time.monotonic(), "kind": kind, **info})
        self.spawn(self._notify())

    async def _notify(self):
        async with self._changed:
            self._changed.notify_all()

    def violation(self, text):
        self.violations.append(text)
        self.record("violation", text=text)

    def count(self, kind, **info):
        return len(self.all(kind, **info))

    def all(self, kind, **info):
        return [e for e in self.events if e["kind"] == kind and all(e.get(k) == v for k, v in info.items())]

    async def wait(self, condition, timeout):
        """Whether `condition()` came true in time; looked at after each event."""
        async def watch():
            async with self._changed:
                while not condition():
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.25)
                    except asyncio.TimeoutError:
                        pass
        try:
            await asyncio.wait_for(watch(), timeout)
            return True
        except asyncio.TimeoutError:
            return bool(condition())

    async def wait_for(self, kind, timeout, number=1, **info):
        return await self.wait(lambda: self.count(kind, **info) >= number, timeout)

    # Life

    def spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def listen(self, port=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # What Go's TLS takes of OCF's suites: no CCM.
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA")
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED if self.require_certificate else ssl.CERT_OPTIONAL
        server = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=context)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        connection = Connection(self, reader, writer)
        self.connections.append(connection)
        await connection.run()

    async def close(self):
        for server in self._servers:
            server.close()
        for connection in self.connections:
            connection.drop()
        await asyncio.sleep(0.05)
        for task in list(self._tasks):
            task.cancel()

    @property
    def signed_in(self):
        return next((c for c in reversed(self.connections) if c.is_signed_in and not c.is_closed), None)

    # Tokens

    def issue(self):
        self.issued += 1
        access, refresh = f"access-{self.issued}", f"refresh-{self.issued}"
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return {"accesstoken": access, "refreshtoken": refresh, "expiresin": self.token_life}

    def unpublish(self, href, why):
        if self.published.pop(href, None) is not None:
            self.record("unpublished", href=href, why=why)


class Answer(asyncio.Future):
    """An answer to come."""

    def __init__(self, ends_observation):
        super().__init__()
        self.ends_observation = ends_observation


class Connection:
    def __init__(self, hub, reader, writer):
        self.hub, self.reader, self.writer = hub, reader, writer
        self.port = writer.get_extra_info("sockname")[1]
        self.is_signed_in = self.is_closed = False
        self.has_csm = False
        self.pending, self.observations = {}, {}
        self.last_token = 0
        self.last_heard = time.monotonic()
        self.pong = None
        self.settling = None             # the task that discovers and observes after a sign-in

    # Frames

    def send(self, message):
        if not self.is_closed:
            self.writer.write(coap.encode(message))

    def drop(self):
        if not self.is_closed:
            self.is_closed = True
            self.writer.transport.abort()

    async def run(self):
        certificate = self.writer.get_extra_info("peercert")
        name = ""
        for part in (certificate or {}).get("subject", ()):
            for key, value in part:
                if key == "commonName":
                    name = value
        self.hub.record("connected", port=self.port, name=name, cipher=self.writer.get_extra_info("cipher")[0])
        if self.hub.require_certificate and name != f"uuid:{self.hub.device_id}":
            self.hub.violation(f"client certificate of {name!r}, expected uuid:{self.hub.device_id}")
            return self.drop()
        self.send(Message(coap.CSM, options=[(2, coap.uint(262144)), (4, b"")]))
        keeper = self.hub.spawn(self.keep_alive())
        try:
            while not self.is_closed:
                message = await coap.read(self.reader)
                self.last_heard = time.monotonic()
                if self.hub.deaf:
                    continue
                self.take(message)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        except ValueError as error:
            self.hub.violation(f"no frame: {error}")
        finally:
            keeper.cancel()
            self.is_closed = True
            self.is_signed_in = False
            self.hub.record("disconnected", port=self.port)
            for future in self.pending.values():
                if not future.done():
                    future.cancel()
            self.writer.close()

    def take(self, message):
        hub = self.hub
        if not self.has_csm:
            self.has_csm = True
            if message.code != coap.CSM:
                hub.violation(f"the first message is {message}, expected a CSM")
        if message.code == coap.PING:
            hub.record("ping")
            if message.size < 7:
                hub.violation(f"a ping of {message.size} bytes, expected 7 or more")
            self.send(Message(coap.PONG, message.token))
        elif message.code == coap.PONG:
            hub.record("pong")
            if self.pong and not self.pong.done():
                self.pong.set_result(message.token)
        elif message.code == coap.CSM:
            if message.size < 7:
                hub.violation(f"a CSM of {message.size} bytes, expected 7 or more")
        elif message.code == coap.RELEASE:
            hub.record("release")
        elif message.code == coap.ABORT:
            hub.violation(f"an Abort: {message.payload[:80]!r}")
        elif message.code >> 5 == 0:
            self.check_request(message)
            hub.spawn(self.serve(message))
        else:
            self.response(message)

    def check_request(self, message):
        if len(message.token) < 5:
            self.hub.violation(f"{message}: a token of {len(message.token)} bytes, expected 5 or more")
        wanted = [(coap.ACCEPT, coap.OCF_CBOR), (coap.OCF_ACCEPT_VERSION, coap.OCF_1_0_0)]
        if message.payload:
            wanted += [(coap.CONTENT_FORMAT, coap.OCF_CBOR), (coap.OCF_CONTENT_VERSION, coap.OCF_1_0_0)]
        for option, value in wanted:
            if message.number(option) != value:
                self.hub.violation(f"{message}: option {option} is {message.number(option)}, expected {value}")

    # Requests to the device

    def response(self, message):
        observation = self.observations.get(message.token)
        future = self.pending.get(message.token)
        if future and observation and future.ends_observation and message.number(coap.OBSERVE) is not None:
            # Sent before the device had read the end of the observation.
            return self.notification(observation, message, is_first=False)
        self.pending.pop(message.token, None)
        if future and not future.done():
            future.set_result(message)
        elif observation is None:
            self.hub.violation(f"a response nobody waits for: {message}")
        if observation is not None:
            self.notification(observation, message, is_first=future is not None)

    async def ask(self, code, path, query=(), body=None, observe=None, token=None, timeout=20.0):
        """The device's answer; None when there is none."""
        self.last_token += 1
        token = token or b"hub" + self.last_token.to_bytes(5, "big")
        options = [(coap.URI_PATH, part.encode()) for part in path.split("/") if part]
        options += [(coap.URI_QUERY, part.encode()) for part in query]
        options += [(coap.ACCEPT, coap.uint(coap.OCF_CBOR)), (coap.OCF_ACCEPT_VERSION, coap.uint(coap.OCF_1_0_0))]
        if observe is not None:
            options.append((coap.OBSERVE, coap.uint(observe)))
        payload = b""
        if body is not None:
            payload = cbor2.dumps(body)
            options += [(coap.CONTENT_FORMAT, coap.uint(coap.OCF_CBOR)),
                        (coap.OCF_CONTENT_VERSION, coap.uint(coap.OCF_1_0_0))]
        future = Answer(observe == 1)
        self.pending[token] = future
        self.send(Message(code, token, options, payload))
        try:
            answer = await asyncio.wait_for(future, timeout)
        except (asyncio.TimeoutError, asyncio.CancelledError):
            self.pending.pop(token, None)
            self.hub.record("unanswered", path=path)
            return None
        if answer.payload and answer.code >> 5 == 2:
            if answer.number(coap.CONTENT_FORMAT) != coap.OCF_CBOR:
                self.hub.violation(f"answer to {path}: Content-Format {answer.number(coap.CONTENT_FORMAT)}")
            elif answer.number(coap.OCF_CONTENT_VERSION) != coap.OCF_1_0_0:
                self.hub.violation(f"answer to {path}: OCF version {answer.number(coap.OCF_CONTENT_VERSION)}")
        if answer.code == coap.NOT_FOUND:
            self.hub.unpublish(path, "4.04")
        return answer

    async def ask_value(self, *arguments, **named):
        answer = await self.ask(*arguments, **named)
        if answer is None or answer.code >> 5 != 2 or not answer.payload:
            return None
        return cbor2.loads(answer.payload)

    async def command(self, href, body):
        answer = await self.ask(coap.POST, href, body=body)
        self.hub.record("command", href=href, body=body, code=coap.dotted(answer.code) if answer else None)
        return answer

    async def keep_alive(self):
        while not self.is_closed:
            await asyncio.sleep(min(0.2, self.hub.ping_after))
            if self.hub.deaf or time.monotonic() - self.last_heard < self.hub.ping_after:
                continue
            self.pong = asyncio.get_running_loop().create_future()
            self.send(Message(coap.PING, b"pingping"))
            try:
                token = await asyncio.wait_for(asyncio.shield(self.pong), self.hub.pong_timeout)
                if token != b"pingping":
                    self.hub.violation(f"a pong with token {token!r}")
                self.last_heard = time.monotonic()
            except asyncio.TimeoutError:
                self.hub.violation("a ping was not answered")
                return self.drop()

    # Notifications

    def notification(self, observation, message, is_first):
        hub = self.hub
        number = message.number(coap.OBSERVE)
        if message.code == coap.NOT_FOUND:
            hub.unpublish(observation["href"], "4.04 in a notification")
            return
        if number is not None and observation["last"] is not None and number <= observation["last"]:
            hub.record("dropped", href=observation["href"], number=number, last=observation["last"])
            return
        if number is not None:
            observation["last"] = number
            if number >= 1 << 24:
                hub.violation(f"an Observe number of {number}")
        if not is_first:
            hub.record("notified", href=observation["href"], number=number)
        if not message.payload:
            return
        value = cbor2.loads(message.payload)
        if not observation["batch"]:
            hub.twin[observation["href"]] = value
            return
        for item in value:
            href = item["href"]
            prefix = f"ocf://{hub.device_id}"
            href = href[len(prefix):] if href.startswith(prefix) else href
            if item["rep"] == {} and not href.startswith("/oic/sec"):
                hub.twin.pop(href, None)
                hub.unpublish(href, "empty in a batch")
            else:
                hub.twin[href] = item["rep"]

    async def observe(self, href, query=(), batch=False):
        self.last_token += 1
        token = b"obs" + self.last_token.to_bytes(5, "big")
        self.observations[token] = {"href": href, "query": query, "batch": batch, "last": None}
        answer = await self.ask(coap.GET, href, query, observe=0, token=token)
        is_accepted = answer is not None and answer.number(coap.OBSERVE) is not None
        self.hub.record("observing", href=href, batch=batch, accepted=is_accepted,
                        code=coap.dotted(answer.code) if answer else None)
        if not is_accepted:
            self.observations.pop(token, None)

    # Requests of the device

    def answer(self, request, code, body=None):
        options, payload = [], b""
        if body is not None:
            payload = cbor2.dumps(body)
            options = [(coap.CONTENT_FORMAT, coap.uint(coap.OCF_CBOR)),
                       (coap.OCF_CONTENT_VERSION, coap.uint(coap.OCF_1_0_0))]
        self.send(Message(code, request.token, options, payload))

    async def fail(self, request, code, text):
        """An error on account, session or tokenrefresh closes the connection 10 ms after the reply."""
        self.hub.record("refused", path=request.path, code=coap.dotted(code))
        self.send(Message(code, request.token, [], text.encode()))
        await asyncio.sleep(0.01)
        self.drop()

    async def serve(self, request):
        hub = self.hub
        body = {}
        if request.payload:
            try:
                body = cbor2.loads(request.payload)
            except Exception:
                hub.violation(f"{request}: the body is no CBOR")
                return await self.fail(request, coap.BAD_REQUEST, "body")
        route = (request.code, request.path)
        if route == (coap.POST, "/oic/sec/account"):
            await self.sign_up(request, body)
        elif route == (coap.POST, "/oic/sec/session") and body.get("login"):
            await self.sign_in(request, body)
        elif route == (coap.POST, "/oic/sec/session"):
            await self.sign_out(request, body)
        elif route == (coap.POST, "/oic/sec/tokenrefresh"):
            await self.refresh(request, body)
        elif not self.is_signed_in and route != (coap.DELETE, "/oic/sec/account"):
            hub.violation(f"{request} before the sign-in")
            await self.fail(request, coap.UNAUTHORIZED, "not signed in")
        elif route == (coap.DELETE, "/oic/sec/account"):
            await self.deregister(request)
        elif route == (coap.POST, "/oic/rd"):
            await self.publish(request, body)
        elif route == (coap.DELETE, "/oic/rd"):
            self.delete_links(request)
        else:
            hub.violation(f"{request}: not a path of a hub's")
            self.answer(request, coap.NOT_FOUND)

    async def sign_up(self, request, body):
        hub = self.hub
        hub.record("sign-up", port=self.port, body=sorted(body))
        if hub.sign_up_refusal:
            return await self.fail(request, *hub.sign_up_refusal)
        if not body.get("di") or not body.get("accesstoken"):
            return await self.fail(request, coap.BAD_REQUEST, "missing di or token")
        if body["accesstoken"] not in hub.codes:
            hub.record("spent-code")
            return await self.fail(request, coap.UNAUTHORIZED, "invalid code")
        if body.get("authprovider") != "scripted":
            return await self.fail(request, coap.UNAUTHORIZED, "unknown authprovider")
        hub.codes.discard(body["accesstoken"])
        self.answer(request, coap.CHANGED, {**hub.issue(), "uid": "user-1", "redirecturi": hub.redirect})

    async def sign_in(self, request, body):
        hub = self.hub
        hub.record("sign-in", port=self.port, token=body.get("accesstoken"))
        if hub.sign_in_refusals:
            return await self.fail(request, *hub.sign_in_refusals.pop(0))
        if not body.get("di") or not body.get("uid") or not body.get("accesstoken"):
            return await self.fail(request, coap.BAD_REQUEST, "missing member")
        if body["accesstoken"] not in hub.access_tokens or body["uid"] != "user-1":
            return await self.fail(request, coap.UNAUTHORIZED, "invalid token")
        # The cloud asks first and answers after the device's reply, whatever its code; without one it waits for ever.
        reply = await self.ask(coap.GET, "/oic/res", ["if=oic.if.ll", "rt=oic.wk.d"], timeout=70)
        hub.record("asked-before-answer", code=coap.dotted(reply.code) if reply else None,
                   links=len(cbor2.loads(reply.payload)) if reply and reply.payload else 0)
        if reply is None:
            return
        # Commands that waited for the device arrive with the sign-in, before its answer and after.
        queued, hub.queued = hub.queued, []
        tasks = [hub.spawn(self.command(href, value)) for href, value in queued]
        life = hub.token_life if hub.session_life is None else hub.session_life
        is_again = self.is_signed_in
        self.is_signed_in = True
        self.answer(request, coap.CHANGED, {"expiresin": life})
        hub.record("signed-in", port=self.port, again=is_again)
        await asyncio.gather(*tasks)
        if not is_again:
            self.settling = hub.spawn(self.after_sign_in())

    async def after_sign_in(self):
        hub = self.hub
        links = await self.ask_value(coap.GET, "/oic/res", ["if=oic.if.ll"])
        if self.is_closed:
            return
        if links is None:
            return hub.violation("GET /oic/res?if=oic.if.ll gave no links")
        hub.record("discovered", links={link["href"]: link for link in links})
        listed = {link["href"]: link for link in links}
        for href in list(hub.published):
            if href not in listed:
                hub.unpublish(href, "not in /oic/res")
        itself = listed.get("/oic/res", {})
        has_batch = bool(itself.get("p", {}).get("bm", 0) & 2) and "oic.if.b" in itself.get("if", [])
        if has_batch and not hub.individual:
            await self.observe("/oic/res", ["if=oic.if.b"], batch=True)
        elif hub.require_batch:
            hub.violation("no batch observation of /oic/res is offered")
            self.drop()
        else:
            await self.observe_each(list(hub.published))

    async def observe_each(self, hrefs):
        seen = {observation["href"] for observation in self.observations.values()}
        tasks = []
        for href in hrefs:
            if href in seen or href not in self.hub.published:
                continue
            if self.hub.published[href].get("p", {}).get("bm", 0) & 2:
                tasks.append(self.observe(href))
            else:
                tasks.append(self.ask(coap.GET, href))
        await asyncio.gather(*tasks)

    async def sign_out(self, request, body):
        self.hub.record("sign-out", port=self.port)
        if not self.is_signed_in:
            return await self.fail(request, coap.BAD_REQUEST, "not signed in")
        if self.settling:
            await self.settling
        self.is_signed_in = False
        for token, observation in list(self.observations.items()):
            await self.ask(coap.GET, observation["href"], observation["query"], observe=1, token=token, timeout=3)
        self.observations.clear()
        self.answer(request, coap.CHANGED, {})
        self.hub.record("signed-out", port=self.port)

    async def refresh(self, request, body):
        hub = self.hub
        hub.record("refresh", port=self.port, token=body.get("refreshtoken"), signed_in=self.is_signed_in)
        if hub.refresh_refusals:
            return await self.fail(request, *hub.refresh_refusals.pop(0))
        if not body.get("uid"):
            return await self.fail(request, coap.BAD_REQUEST, "missing uid")
        if body.get("authprovider") != "scripted":
            hub.violation("tokenrefresh without authprovider: any provider may answer it")
        # A bad refresh token is 5.03, the OAuth error hidden in it.
        if body.get("refreshtoken") not in hub.refresh_tokens:
            return await self.fail(request, coap.SERVICE_UNAVAILABLE, "oauth2: invalid grant")
        hub.refresh_tokens.discard(body["refreshtoken"])
        hub.access_tokens.clear()
        self.answer(request, coap.CHANGED, hub.issue())

    async def deregister(self, request):
        hub = self.hub
        hub.record("deregister", query=request.query, signed_in=self.is_signed_in)
        if not self.is_signed_in:
            return await self.fail(request, coap.BAD_REQUEST, "not signed in")
        hub.published.clear()
        hub.access_tokens.clear()
        hub.refresh_tokens.clear()
        self.answer(request, coap.DELETED)

    async def publish(self, request, body):
        hub = self.hub
        if body.get("di") != hub.device_id or not body.get("links") or body.get("ttl", body.get("lt", -1)) < 0:
            hub.violation(f"publish with di {body.get('di')}, {len(body.get('links', []))} links, ttl {body.get('ttl')}")
            return self.answer(request, coap.BAD_REQUEST)
        for link in body["links"]:
            # The directory numbers links itself; the device's number is overwritten.
            link["ins"] = zlib.crc32(link["href"].encode())
            link["di"] = hub.device_id
            hub.published[link["href"]] = link
        hub.record("published", hrefs=[link["href"] for link in body["links"]])
        self.answer(request, coap.CHANGED, {"di": hub.device_id, "links": body["links"], "ttl": body["ttl"]})
        if hub.individual:
            hub.spawn(self.observe_each([link["href"] for link in body["links"]]))

    def delete_links(self, request):
        hub = self.hub
        query = [part.split("=", 1) for part in request.query]
        numbers = {int(value) for key, value in query if key == "ins"}
        if ["di", hub.device_id] not in query:
            hub.violation(f"{request}: DELETE /oic/rd without di")
            return self.answer(request, coap.BAD_REQUEST)
        hrefs = [href for href, link in hub.published.items() if link["ins"] in numbers or not numbers]
        if not numbers:
            hub.violation("DELETE /oic/rd without ins: removes every link")
        for href in hrefs:
            hub.unpublish(href, "asked by the device")
        hub.record("unpublish-request", numbers=len(numbers), hrefs=hrefs)
        self.answer(request, coap.DELETED if hrefs else coap.BAD_REQUEST)
