"""A CoAP server made of aiocoap, for tests: /store (GET, PUT, POST, DELETE), /big/N, /count (observable).

Over TCP, or over the transport that the second argument names."""

import asyncio
import sys

import aiocoap
import aiocoap.resource as resource
from aiocoap import BAD_REQUEST, CHANGED, CONTENT, DELETED, NOT_FOUND, Context, Message


def body(count):
    return bytes((i ^ i >> 8 ^ i >> 16) & 0xFF for i in range(count))


class Store(resource.Resource):
    def __init__(self):
        super().__init__()
        self.value = None

    async def render_get(self, request):
        if self.value is None:
            return Message(code=NOT_FOUND)
        return Message(code=CONTENT, payload=self.value)

    async def render_put(self, request):
        self.value = request.payload
        return Message(code=CHANGED)

    async def render_post(self, request):
        return Message(code=CHANGED, payload=request.payload)

    async def render_delete(self, request):
        self.value = None
        return Message(code=DELETED)


class Big(resource.Resource, resource.PathCapable):
    async def render_get(self, request):
        try:
            return Message(code=CONTENT, payload=body(int(request.opt.uri_path[-1])), content_format=42)
        except ValueError:
            return Message(code=BAD_REQUEST, payload=b"not a number")


class Count(resource.ObservableResource):
    def __init__(self):
        super().__init__()
        self.count = 0

    def update_observation_count(self, count):
        if count:
            asyncio.get_running_loop().call_later(0.02, self.step)

    def step(self):
        self.count += 1
        self.updated_state()
        if self.count < 5:
            asyncio.get_running_loop().call_later(0.02, self.step)

    async def render_get(self, request):
        return Message(code=CONTENT, payload=b"count %d" % self.count)


async def main(port, transport):
    site = resource.Site()
    site.add_resource(["store"], Store())
    site.add_resource(["big"], Big())
    site.add_resource(["count"], Count())
    await Context.create_server_context(site, bind=("127.0.0.1", port), transports=[transport])
    await asyncio.get_running_loop().create_future()


asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "tcpserver"))
