#!/usr/bin/env bash
# "displayName, account" is a field mask of two paths, and the second begins with a space.
#
# The JSON form of google.protobuf.FieldMask is a comma-separated list of lowerCamelCase paths. A person writes a space after
# the comma, or leaves a comma at the end. The parsers that come with protobuf make of that
#
#                                            "name, account"       "name,"
#   Python protobuf 7.36.2                   name | " account"     name | ""
#   TypeScript @bufbuild/protobuf 2.17.0     name | " account"     name | ""
#   Go google.golang.org/protobuf 1.36.11    refused               refused
#
# so that a server which checks paths refuses what its client library has let pass, and one that ignores unknown paths
# updates one field where its caller named two.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json, sys
from google.protobuf import field_mask_pb2, json_format
for text in sys.argv[1:]:
    try:
        print(json.dumps(list(json_format.Parse(json.dumps(text), field_mask_pb2.FieldMask()).paths), separators=(",", ":")))
    except json_format.ParseError:
        print("refused")
PY

cat >go.mod <<'MOD'
module finding

go 1.23

require google.golang.org/protobuf v1.36.11
MOD
cat >read.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func main() {
	for _, text := range os.Args[1:] {
		var mask fieldmaskpb.FieldMask
		if err := protojson.Unmarshal([]byte(`"`+text+`"`), &mask); err != nil {
			fmt.Println("refused")
			continue
		}
		paths, _ := json.Marshal(mask.GetPaths())
		fmt.Println(string(paths))
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
for (const text of process.argv.slice(2)) {
  try { console.log(JSON.stringify(fromJsonString(FieldMaskSchema, JSON.stringify(text)).paths)); }
  catch { console.log("refused"); }
}
JS

seen=$(for reader in "venv/bin/python read.py" "node read.mjs" "./read-go"; do
    $reader "name, account" "name," "name,account" | paste -sd' '
done)
echo "$seen"
[ "$seen" = '["name"," account"] ["name",""] ["name","account"]
["name"," account"] ["name",""] ["name","account"]
refused refused ["name","account"]' ]
echo "as described"
