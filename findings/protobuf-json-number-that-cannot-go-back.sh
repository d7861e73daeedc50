#!/usr/bin/env bash
# 1e400 goes into a google.protobuf.Value as JSON and never comes out as JSON again.
#
# google.protobuf.Value holds any JSON value, and its contract excludes infinity and NaN. The JSON number 1e400 is valid JSON.
# Python protobuf 7.36.2 and TypeScript @bufbuild/protobuf 2.17.0 read it as infinity, without an error; writing the same
# message as JSON then fails in both (in Python with a bare ValueError, which is none of the module's errors). A service that stores such a message answers for ever after with an error of its own.
# Go google.golang.org/protobuf 1.36.11 refuses it when it is read. For a plain double field (DoubleValue) all three refuse
# the same number.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
from google.protobuf import json_format, struct_pb2, wrappers_pb2
for message in (struct_pb2.Value(), wrappers_pb2.DoubleValue()):
    try:
        json_format.Parse("1e400", message)
        print("read", end=" ")
        json_format.MessageToJson(message)
        print("written")
    except json_format.ParseError:
        print("refused")
    except json_format.Error:
        print("not written, with an error of the module")
    except ValueError:
        print("not written")
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

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	for _, message := range []proto.Message{&structpb.Value{}, &wrapperspb.DoubleValue{}} {
		if err := protojson.Unmarshal([]byte("1e400"), message); err != nil {
			fmt.Println("refused")
		} else if _, err := protojson.Marshal(message); err != nil {
			fmt.Println("read not written")
		} else {
			fmt.Println("read written")
		}
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { DoubleValueSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
for (const schema of [ValueSchema, DoubleValueSchema]) {
  let message;
  try { message = fromJsonString(schema, "1e400"); } catch { console.log("refused"); continue; }
  try { toJsonString(schema, message); console.log("read written"); } catch { console.log("read not written"); }
}
JS

seen=$(for reader in "venv/bin/python read.py" "node read.mjs" "./read-go"; do $reader | paste -sd,; done)
echo "$seen"
[ "$seen" = "read not written,refused
read not written,refused
refused,refused" ]
echo "as described"
