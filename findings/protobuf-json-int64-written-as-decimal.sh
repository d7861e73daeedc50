#!/usr/bin/env bash
# One JSON number, three integers.
#
# The protobuf JSON mapping lets an int64 be written as a JSON number, with a fraction of zeros or an exponent. So
# {"amount": 9007199254740993.0} names one exact integer. Read as google.protobuf.Int64Value:
#
#   Python protobuf 7.36.2          9007199254740992   one too few, no error
#   Go google.golang.org/protobuf 1.36.11   9007199254740993   exact
#   TypeScript @bufbuild/protobuf 2.17.0    9007199254740992   one too few, no error
#
# Python also takes the quoted form "9007199254740993.0" and loses the same unit; Go reads it exactly; TypeScript refuses
# it. At the other end Python refuses 9223372036854775807.0, which is the greatest int64, and Go reads it.
# Between the three, an amount of more than 2^53 minor units survives only as a quoted integer without a point.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import sys
from google.protobuf import json_format, wrappers_pb2
for text in sys.argv[1:]:
    try:
        print(json_format.Parse(text, wrappers_pb2.Int64Value()).value)
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
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	for _, text := range os.Args[1:] {
		var value wrapperspb.Int64Value
		if err := protojson.Unmarshal([]byte(text), &value); err != nil {
			fmt.Println("refused")
		} else {
			fmt.Println(value.GetValue())
		}
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString } from "@bufbuild/protobuf";
import { Int64ValueSchema } from "@bufbuild/protobuf/wkt";
for (const text of process.argv.slice(2)) {
  try { console.log(String(fromJsonString(Int64ValueSchema, text).value)); } catch { console.log("refused"); }
}
JS

texts=(9007199254740993.0 '"9007199254740993.0"' 9223372036854775807.0 '"9007199254740993"')
seen=$(for reader in "venv/bin/python read.py" "./read-go" "node read.mjs"; do $reader "${texts[@]}" | paste -sd' '; done)
echo "$seen"
[ "$seen" = "9007199254740992 9007199254740992 refused 9007199254740993
9007199254740993 9007199254740993 9223372036854775807 9007199254740993
9007199254740992 refused refused 9007199254740993" ]
echo "as described"
