"""A peer: python-socketio on aiohttp, over WebSocket only, sends back what it gets, or tells it to a room."""

import sys

import socketio
from aiohttp import web
from engineio.payload import Payload
from urllib.parse import parse_qs

try:
    import uvloop

    uvloop.install()
except ImportError:
    pass

Payload.max_decode_packets = 100_000

server = socketio.AsyncServer(
    async_mode="aiohttp", async_handlers=False, transports=["websocket"], http_compression=False,
    cors_allowed_origins=[], max_http_buffer_size=10_000_000, monitor_clients=False,
)
rooms = {}


@server.event
async def connect(sid, environ):
    room = parse_qs(environ.get("QUERY_STRING", "")).get("room")
    if room:
        rooms[sid] = room[0]
        await server.enter_room(sid, room[0])


@server.on("m")
async def message(sid, data):
    await server.emit("m", data, to=rooms.get(sid, sid))


@server.event
async def disconnect(sid, *reason):
    rooms.pop(sid, None)


application = web.Application()
server.attach(application)
web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
