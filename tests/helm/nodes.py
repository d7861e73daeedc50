"""Plays three nodes in three zones for tests/helm/cluster.sh, which has no kubelet and no scheduler:

    python3 tests/helm/nodes.py https://127.0.0.1:PORT TOKEN

Binds each pod to one of them in turn, unless it is cordoned, says that the pod is ready, and lets it go when it is deleted.
"""

import itertools
import json
import ssl
import sys
import time
import urllib.error
import urllib.request

ADDRESS, TOKEN = sys.argv[1:]
# The server's certificate is its own, made a moment ago; it is on this machine.
TRUSTING = ssl._create_unverified_context()
NODES = {"n1": "east", "n2": "west", "n3": "north"}
MERGE = "application/strategic-merge-patch+json"
PAUSE_SECONDS = 0.3


def call(method, path, body=None, kind="application/json"):
    """Answers with nothing where somebody else was faster."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": kind}
    try:
        request = urllib.request.Request(ADDRESS + path, data, headers, method=method)
        with urllib.request.urlopen(request, context=TRUSTING, timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code not in (404, 409):
            print(method, path, error.code, error.read(), flush=True)
        return None


def is_ready(pod):
    conditions = pod["status"].get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def ready(pod, number):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    address = f"10.1.{number // 250 % 250}.{number % 250 + 1}"
    containers = [
        {"name": container["name"], "image": container["image"], "imageID": "played", "ready": True, "started": True,
         "restartCount": 0, "state": {"running": {"startedAt": now}}}
        for container in pod["spec"]["containers"]
    ]
    kinds = ("Initialized", "PodScheduled", "ContainersReady", "Ready")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds]
    return {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                       "containerStatuses": containers, "conditions": conditions}}


def play(numbers):
    nodes = (call("GET", "/api/v1/nodes") or {}).get("items", [])
    open_nodes = [node["metadata"]["name"] for node in nodes if not node["spec"].get("unschedulable")]
    for pod in (call("GET", "/api/v1/pods") or {}).get("items", []):
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if "deletionTimestamp" in meta:
            call("DELETE", path, {"gracePeriodSeconds": 0})
        elif "nodeName" not in pod["spec"]:
            node = open_nodes[next(numbers) % len(open_nodes)]
            call("POST", f"{path}/binding", {"metadata": {"name": meta["name"]}, "target": {"kind": "Node", "name": node}})
        elif not is_ready(pod):
            call("PATCH", f"{path}/status", ready(pod, next(numbers)), MERGE)


def main():
    for name, zone in NODES.items():
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
        call("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
    numbers = itertools.count()
    while True:
        try:
            play(numbers)
        except urllib.error.URLError:
            pass
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
