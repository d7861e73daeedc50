#!/usr/bin/env bash
# A rollout to half of the members picks another half in Node.js than in Python, for every id that is not ASCII.
#
# Unleash promises a stable rollout: the same toggle, the same user id, the same answer in every SDK, since all hash the id with
# MurmurHash3. 2,000 ids each, gradual rollout of 50 %, both SDKs fed the same toggle and asked by their public calls:
#
#                       on in Python           on in Node.js          same answer
#                       UnleashClient 6.9.1    unleash-client 6.12.1
#   member-0 ...        1026                   1026                   2000
#   会员-0 ...           969                    987                    1030
#
# 1,030 of 2,000 is what two coins make. Node's hash (murmurhash3js 3.0.1) takes the low byte of each UTF-16 unit, Python's engine
# the bytes of UTF-8. Tests with ids such as user-1 never show it, and nor does either share on its own. A member sees
# the new price in the app and the old one in the order. Split by an id of the platform's own, in ASCII, and hash it once.
#
# Needs Python 3, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >toggles.json <<'JSON'
{"version": 2, "features": [{"name": "new-price", "type": "release", "enabled": true, "stale": false, "variants": [], "strategies": [
  {"name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "userId", "groupId": "new-price"}, "constraints": []}]}]}
JSON

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check UnleashClient==6.9.1 yggdrasil-engine==2.0.0
cat >ask.py <<'PY'
import json
from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache
cache = FileCache("finding", directory="cache")
cache.bootstrap_from_dict(json.load(open("toggles.json")))
client = UnleashClient("http://127.0.0.1:9/api", "finding", cache=cache, disable_metrics=True, disable_registration=True)
client.initialize_client(fetch_toggles=False)
for prefix in ("member-", "会员-"):
    print("".join(str(int(client.is_enabled("new-price", {"userId": f"{prefix}{i}"}))) for i in range(2000)))
client.destroy()
PY

npm install --silent --no-audit --no-fund --no-save --prefix . unleash-client@6.12.1 >/dev/null
cat >ask.cjs <<'JS'
const { Unleash } = require("unleash-client");
const data = JSON.parse(require("fs").readFileSync("toggles.json")).features;
const client = new Unleash({
  appName: "finding", url: "http://127.0.0.1:9/api", bootstrap: { data }, backupPath: ".", refreshInterval: 0,
  disableMetrics: true, skipInstanceCountWarning: true,
});
client.on("error", () => {});
client.on("warn", () => {});
client.once("ready", () => {
  for (const prefix of ["member-", "会员-"]) {
    console.log(Array.from({ length: 2000 }, (_, i) => Number(client.isEnabled("new-price", { userId: prefix + i }))).join(""));
  }
  process.exit();
});
JS

venv/bin/python ask.py >python.txt 2>python.log
node ask.cjs >node.txt
seen=$(paste -d' ' python.txt node.txt | python3 -c '
import sys
for line in sys.stdin:
    python, node = line.split()
    print(python.count("1"), node.count("1"), sum(a == b for a, b in zip(python, node)), len(node))')
echo "$seen"
[ "$seen" = "1026 1026 2000 2000
969 987 1030 2000" ]
echo "as described"
