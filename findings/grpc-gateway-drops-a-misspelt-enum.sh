#!/usr/bin/env bash
# A misspelt enum value is an error in protojson and nothing at all behind grpc-gateway.
#
# github.com/grpc-ecosystem/grpc-gateway/v2 2.27.3 reads bodies with DiscardUnknown, so that fields which a newer client
# knows do no harm. protojson (google.golang.org/protobuf 1.36.11) lets the same switch cover the *names of enum values*: a
# field whose value is misspelt is left unset. The caller gets no error; the handler sees a message in which the caller chose
# nothing. The same value as a query parameter is refused by name.
#
# Shown with the gateway's own default marshaler on google.protobuf.Field and its kind.
#
# Needs Go 1.24 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >go.mod <<'MOD'
module finding

go 1.24

require (
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.27.3
	google.golang.org/protobuf v1.36.11
)
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/typepb"
)

const body = `{"name": "tier", "kind": "TYPE_INTT32"}`

func main() {
	request, _ := http.NewRequest("POST", "/", nil)
	reader, _ := runtime.MarshalerForRequest(runtime.NewServeMux(), request)
	var field typepb.Field
	err := reader.NewDecoder(strings.NewReader(body)).Decode(&field)
	fmt.Println("gateway, body:", field.GetName(), field.GetKind(), err)

	err = protojson.Unmarshal([]byte(body), &typepb.Field{})
	fmt.Println("protojson:", err != nil)

	filter := utilities.NewDoubleArray(nil)
	err = runtime.PopulateQueryParameters(&typepb.Field{}, url.Values{"kind": {"TYPE_INTT32"}}, filter)
	fmt.Println("gateway, query:", err != nil)
}
GO
go mod tidy 2>/dev/null && go build -o show main.go
seen=$(./show)
echo "$seen"
[ "$seen" = "gateway, body: tier TYPE_UNKNOWN <nil>
protojson: true
gateway, query: true" ]
echo "as described"
