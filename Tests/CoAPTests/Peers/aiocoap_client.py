"""Uses every part of a CoAP server with aiocoap, for tests. Prints "ok" when all was as it should be."""

import asyncio
import sys

from aiocoap import DELETE, GET, POST, PUT, Context, Message


def body(count):
    return bytes((i ^ i >> 8 ^ i >> 16) & 0xFF for i in range(count))


async def main(base):
    context = await Context.create_client_context()

    async def request(code, path, payload=b""):
        message = Message(code=code, uri=base + path, payload=payload)
        return await asyncio.wait_for(context.request(message).response, 20)

    def check(what, found, expected):
        assert found == expected, f"{what}: {found!r} instead of {expected!r}"

    check("hello", (await request(GET, "/hello")).payload, b"hello")
    check("put", str((await request(PUT, "/store/a", b"one")).code), "2.01 Created")
    check("put again", str((await request(PUT, "/store/a", b"two")).code), "2.04 Changed")
    check("get", (await request(GET, "/store/a")).payload, b"two")
    check("post", (await request(POST, "/echo", b"back")).payload, b"back")
    check("delete", str((await request(DELETE, "/store/a")).code), "2.02 Deleted")
    gone = await request(GET, "/store/a")
    check("gone", str(gone.code), "4.04 Not Found")
    check("nowhere", (await request(GET, "/nowhere")).payload, b"nothing here")
    check("slow", (await request(GET, "/slow")).payload, b"late")
    for count in (0, 1, 1023, 1024, 1025, 5000, 70000, 400000):
        check(f"big {count}", (await request(GET, f"/big/{count}")).payload, body(count))
    for count in (1024, 5000, 300000):
        check(f"echo {count}", (await request(POST, "/echo", body(count))).payload, body(count))
    answers = await asyncio.gather(*(request(POST, "/echo", b"%d" % i) for i in range(100)))
    check("many", [a.payload for a in answers], [b"%d" % i for i in range(100)])

    observation = context.request(Message(code=GET, uri=base + "/count", observe=0))
    seen = [(await asyncio.wait_for(observation.response, 20)).payload]
    async for notification in observation.observation:
        seen.append(notification.payload)
        if len(seen) == 6:
            break
    check("observed", [s[:7] for s in seen], [b"count %d" % i for i in range(6)])
    observation.observation.cancel()
    await context.shutdown()
    print("ok")


asyncio.run(main(sys.argv[1]))
