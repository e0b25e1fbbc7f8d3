"""A peer for the transport `poll`: engine.io, restricted to polling, sends back what it gets."""

import sys

import engineio
from aiohttp import web
from engineio.payload import Payload

try:
    import uvloop

    uvloop.install()
except ImportError:
    pass

# It refuses more packets than this in one POST; the driver sends together what waits.
Payload.max_decode_packets = 100_000

server = engineio.AsyncServer(
    async_mode="aiohttp", async_handlers=False, transports=["polling"], http_compression=False, cors_allowed_origins=[],
    max_http_buffer_size=10_000_000, monitor_clients=False,
)


@server.on("message")
async def message(sid, data):
    await server.send(sid, data)


application = web.Application()
server.attach(application)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
