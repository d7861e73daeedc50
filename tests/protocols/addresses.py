"""The gateway's reading of google.api.http beside that of Envoy's transcoder and of grpc-gateway, on one table of requests.

    python3 tests/protocols/addresses.py contracts.binpb target/debug/examples/transcoder [envoy go/gateway]

addresses.tsv has each request with what the three make of it: the method and its request message, or the status of HTTP; of
the addresses below /v1/told, which have a response_body, the body too. Where the gateway parts from either, the table says
why. With the programs of the other two they are asked anew, and their columns are written.
"""

import base64
import csv
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from google.protobuf import json_format

from peers import Program, Python, Refused

TABLE = os.path.join(os.path.dirname(__file__), "addresses.tsv")
COLUMNS = ["method", "uri", "body", "gateway", "envoy", "grpc-gateway", "reason"]
ASK, TOLD = "quanyu.proving.v1.Ask", "quanyu.proving.v1.Told"
# What the service of go/gateway answers.
ANSWER = {
    "thing": {"name": "a", "size": "5"},
    "tags": ["x", "y"],
    "text": "said",
    "number": "7",
    "counts": {"a": "1"},
    "madeTime": "1970-01-01T00:00:01.500Z",
}
START_SECONDS_MAX = 20
PAUSE_SECONDS = 0.1
CALL_SECONDS = 10


def main():
    descriptors, transcoder, *others = sys.argv[1:]
    python, gateway = Python(descriptors), Program(transcoder, descriptors)
    with open(TABLE, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    wrong = []
    if others:
        with Others(python, descriptors, *others) as asked:
            for row in rows:
                row.update(asked(row))
        write(rows)
    for row in rows:
        made = of_gateway(python, gateway, row)
        request = f"{row['method']} {row['uri']} {row['body']}".strip()
        if made != row["gateway"]:
            wrong.append(f"{request}: the gateway makes {made}, and the table says {row['gateway']}")
        if (len({row["gateway"], row["envoy"], row["grpc-gateway"]}) > 1) != bool(row["reason"]):
            wrong.append(f"{request}: a reason is due where the gateway parts from one of the others, and only there")
    for line in wrong:
        print(line)
    parted = sum(bool(row["reason"]) for row in rows)
    print(f"{len(rows)} requests, {parted} of them read otherwise than by Envoy or grpc-gateway, each with its reason")
    return 1 if wrong else 0


def write(rows):
    with open(TABLE, "w", newline="") as file:
        file.write("\t".join(COLUMNS) + "\n")
        file.writelines("\t".join(row[column] for column in COLUMNS) + "\n" for row in rows)


def has_response_body(row):
    return row["uri"].startswith("/v1/told/")


def shown(rpc, message, *bodies):
    """A method, its request, and where it is told, the body of the answer."""
    text = f"{rpc.rsplit('/', 1)[1]} {json.dumps(message, sort_keys=True, ensure_ascii=False)}"
    return " answers ".join([text, *(json.dumps(body, sort_keys=True) for body in bodies)])


def request_of(python, binary):
    message = python.of(ASK).FromString(binary)
    try:
        return json_format.MessageToDict(message)
    except json_format.SerializeToJsonError:
        return f"no JSON: {' '.join(str(message).split())}"


def of_gateway(python, gateway, row):
    try:
        read = gateway.ask(do="request", method=row["method"], uri=row["uri"], body=row["body"])
    except Refused as error:
        return str(error).split(" ", 1)[0]
    bodies = []
    if has_response_body(row):
        answer = base64.b64encode(python.read(TOLD, json.dumps(ANSWER))).decode()
        body = gateway.ask(do="answer", method=row["method"], uri=row["uri"], type=TOLD, binary=answer)
        bodies = [json.loads(body["json"])]
    return shown(read["rpc"], request_of(python, base64.b64decode(read["binary"])), *bodies)


class Others:
    """Envoy and grpc-gateway before one service."""

    def __init__(self, python, descriptors, envoy, gateway):
        self.python = python
        self.service, self.gateway, self.last, self.envoy = (free() for _ in range(4))
        self.folder = tempfile.TemporaryDirectory(prefix="quanyu-envoy.")
        config = os.path.join(self.folder.name, "envoy.json")
        with open(config, "w") as file:
            json.dump(envoy_config(self.envoy, self.service, descriptors), file)
        self.processes = [
            subprocess.Popen(
                [gateway, *(f"127.0.0.1:{port}" for port in (self.service, self.gateway, self.last))], stdout=subprocess.DEVNULL
            ),
            subprocess.Popen([envoy, "--disable-hot-restart", "-l", "error", "-c", config], stdout=subprocess.DEVNULL),
        ]

    def __enter__(self):
        try:
            for port in (self.service, self.gateway, self.last, self.envoy):
                wait_for(port)
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        self.folder.cleanup()

    def __call__(self, row):
        return {"envoy": self.ask(self.envoy, row), "grpc-gateway": self.ask(self.gateway, row)}

    def ask(self, port, row):
        status, body = call(port, row["method"], row["uri"], row["body"])
        _, last = call(self.last, "GET", "/", "")
        last = json.loads(last)
        if not last["rpc"]:
            return str(status)
        told = [json.loads(body)] if has_response_body(row) else []
        return shown(last["rpc"], request_of(self.python, base64.b64decode(last["binary"])), *told)


def call(port, method, uri, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
    headers = {"content-type": "application/json"} if body else {}
    connection.request(method, uri, body.encode() or None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def envoy_config(port, service, descriptors):
    """Envoy, which refuses what it does not know rather than to pass it on."""

    def at(port):
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    extension, http_filter = "type.googleapis.com/envoy.extensions", "type.googleapis.com/envoy.extensions.filters.http"
    transcoder = {
        "@type": f"{http_filter}.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": os.path.abspath(descriptors),
        "services": ["quanyu.proving.v1.ProvingService"],
        "request_validation_options": {"reject_unknown_method": True, "reject_unknown_query_parameters": True},
    }
    connections = {
        "@type": f"{extension}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "rest",
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "service"}}]}
            ]
        },
        "http_filters": [
            {"name": "transcoder", "typed_config": transcoder},
            {"name": "router", "typed_config": {"@type": f"{http_filter}.router.v3.Router"}},
        ],
    }
    options = f"{extension}.upstreams.http.v3.HttpProtocolOptions"
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": at(service)}}]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": options,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }
    chain = {"filters": [{"name": "http", "typed_config": connections}]}
    listener = {"name": "rest", "address": at(port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


if __name__ == "__main__":
    sys.exit(main())
