#!/usr/bin/env python3
"""A proxy that fails as networks do, request by request, over HTTP/2 and HTTP/1.1 without TLS.

    sdks/faults.py PORT TARGET_PORT [SEED]

The seed decides what becomes of the first request, of the second, and so on, over all connections:

    refused   the connection is reset before the request got through, and new ones are refused for a moment
    before    the connection is reset before the end of the request got through: it has no effect
    after     the request gets through, and the connection is reset where its answer would begin: it has its effect
    late      the answers of the connection are held back for a while
    passed    nothing happens to it

Other requests on the connection share its end. SIGTERM and SIGINT end the proxy, which then prints how often it did what.
"""

import asyncio
import collections
import random
import signal
import socket
import struct
import sys

HOST = "127.0.0.1"
# Of a hundred requests. What happens after the effect is the most frequent fault: it doubles what forgets its request id.
FATES = {"refused": 2, "before": 4, "after": 7, "late": 3, "passed": 84}
REFUSED_SECONDS = 0.1
LATE_SECONDS_MIN, LATE_SECONDS_MAX = 0.2, 0.8
# The longest head of a request over HTTP/1.1, and what is read at once.
HEAD_MAX = 64 * 1024
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM = 0, 1, 3
END_STREAM = 1


class Proxy:
    def __init__(self, port, target_port, seed):
        self.port, self.target_port = port, target_port
        self.chance = random.Random(seed)
        self.counts = collections.Counter()
        self.server = None

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, HOST, self.port, limit=HEAD_MAX)

    async def refuse(self):
        """Stops listening for a moment, so that connections are refused."""
        if self.server is None:
            return
        server, self.server = self.server, None
        server.close()
        await asyncio.sleep(REFUSED_SECONDS)
        await self.listen()

    def fate(self):
        """What becomes of the next request."""
        fate = self.chance.choices(list(FATES), FATES.values())[0]
        self.counts[fate] += 1
        return fate

    async def serve(self, reader, writer):
        try:
            beginning = await reader.readexactly(4)
            target_reader, target_writer = await asyncio.open_connection(HOST, self.target_port)
        except (OSError, asyncio.IncompleteReadError):
            # The target is away, or somebody only looked whether the proxy is there.
            writer.transport.abort()
            return
        is_http2 = HTTP2_PREFACE.startswith(beginning)
        requests = (http2_requests if is_http2 else http1_requests)(beginning, reader)
        answers = (http2_answers if is_http2 else http1_answers)(target_reader)
        pending = {}
        ways = [
            asyncio.create_task(self.carry_requests(requests, target_writer, pending)),
            asyncio.create_task(self.carry_answers(answers, writer, pending)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        # Closed without lingering, the caller's side is reset rather than ended.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        target_writer.transport.abort()
        for outcome in await asyncio.gather(*ways, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, (OSError, asyncio.IncompleteReadError)):
                print(f"{type(outcome).__name__}: {outcome}", file=sys.stderr, flush=True)

    async def carry_requests(self, requests, target, pending):
        """Carries what the caller sends, until a request is to be cut before its end."""
        async for part, ended in requests:
            fate = self.fate() if ended is not None else "passed"
            if fate == "refused":
                asyncio.create_task(self.refuse())
            if fate in ("refused", "before"):
                return
            if ended is not None:
                pending[ended] = fate
            target.write(part)
            await target.drain()

    async def carry_answers(self, answers, caller, pending):
        """Carries what the platform answers, until an answer is to be cut where it begins."""
        async for part, answered in answers:
            fate = pending.pop(answered, "passed")
            if fate == "after":
                return
            if fate == "late":
                # Of the whole connection: heads of other answers could not be read without those before them.
                await asyncio.sleep(self.chance.uniform(LATE_SECONDS_MIN, LATE_SECONDS_MAX))
            caller.write(part)
            await caller.drain()


async def http2_requests(beginning, reader):
    """The frames of callers, each with the stream whose request it ends."""
    yield beginning + await reader.readexactly(len(HTTP2_PREFACE) - len(beginning)), None
    while True:
        frame, kind, flags, stream = await read_frame(reader)
        yield frame, stream if kind in (DATA, HEADERS) and flags & END_STREAM else None


async def http2_answers(reader):
    """The frames of the platform, each with the stream that it answers."""
    while True:
        frame, kind, _, stream = await read_frame(reader)
        yield frame, stream if kind in (DATA, HEADERS, RST_STREAM) else None


async def read_frame(reader):
    head = await reader.readexactly(9)
    length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
    stream = int.from_bytes(head[5:], "big") & 0x7FFF_FFFF
    return head + await reader.readexactly(length), kind, flags, stream


async def http1_requests(beginning, reader):
    """The requests of callers, who send the next one when they have their answer. Each is whole; all are called 0."""
    while True:
        request = beginning + await reader.readuntil(b"\r\n\r\n")
        beginning = b""
        fields = [line.partition(b":") for line in request.lower().split(b"\r\n")[1:]]
        fields = {name.strip(): value.strip() for name, _, value in fields}
        if fields.get(b"transfer-encoding", b"").endswith(b"chunked"):
            # The head goes on at once: a stream's caller may wait for answers before its end.
            yield request, None
            while (size := int((line := await reader.readuntil(b"\r\n")).partition(b";")[0], 16)) > 0:
                yield line + await reader.readexactly(size + 2), None
            while (trailer := await reader.readuntil(b"\r\n")) != b"\r\n":
                line += trailer
            yield line + trailer, 0
        else:
            yield request + await reader.readexactly(int(fields.get(b"content-length", 0))), 0


async def http1_answers(reader):
    """What the platform answers, as it comes."""
    while part := await reader.read(HEAD_MAX):
        yield part, 0


async def main(port, target_port, seed=1):
    proxy = Proxy(port, target_port, seed)
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    await proxy.listen()
    print(f"listens at {port}", flush=True)
    await ended.wait()
    # Connections that are still open are left as they are, without a word: the process ends.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    print(", ".join(f"{fate} {proxy.counts[fate]}" for fate in FATES), flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    asyncio.run(main(*map(int, sys.argv[1:])))
