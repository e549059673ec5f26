"""Chats over WebSocket, for tests/docker.sh.

  client.py chat URL SOURCE [NETWORK]  two clients, from that address, hear each other; it is the
                                       network of that name
  client.py stay URL SOURCE            twenty clients: prints "here", and the codes of their closes
"""
import asyncio
import contextlib
import ssl
import sys

import websockets


def connect(url, source):
    tls = None
    if url.startswith("wss:"):
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return websockets.connect(url, ssl=tls, local_addr=(source, 0),
                              subprotocols=["text.ircv3.net"])


async def read_until(client, *words):
    while True:
        line = await client.recv()
        if all(word in line for word in words):
            return line


async def register(client, nick):
    await client.send(f"NICK {nick}")
    await client.send(f"USER {nick} 0 * :{nick}")
    welcome = await read_until(client, " 001 ")
    await client.send("JOIN #docker")
    await read_until(client, " 366 ")
    return welcome


async def chat(url, source, network=""):
    async with connect(url, source) as anna, connect(url, source) as bert:
        assert network in await register(anna, "anna")
        await register(bert, "bert")
        await anna.send("PRIVMSG #docker :hello from a container")
        await read_until(bert, ":anna!", "PRIVMSG #docker :hello from a container")


async def hear_out(client):
    """Reads to the end: the library looks no further than 32 messages ahead, not even for a close."""
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await client.recv()


async def stay(url, source):
    clients = [await connect(url, source) for _ in range(20)]
    for number, client in enumerate(clients):
        await register(client, f"carl{number}")
    print("here", flush=True)
    await asyncio.gather(*map(hear_out, clients))
    print(*{client.close_code for client in clients}, flush=True)


asyncio.run({"chat": chat, "stay": stay}[sys.argv[1]](*sys.argv[2:]))
