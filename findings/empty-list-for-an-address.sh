#!/usr/bin/env bash
# An empty list, or an empty text, is an address in Python, and true is a tier; in Go, Java and TypeScript each is an error.
#
# PHP writes an object without members as [], a form sends "" for what was left out, and a field that was a bool before it
# became an enum still comes as true from older callers. protobuf JSON has an object for a message, and a name or number for an
# enum. Shown with google.protobuf.Type, whose sourceContext is a message, and Field, whose kind is an enum; the last column
# is there to compare:
#
#                                            message: []   message: ""   list: [""]         enum: true   int32: true
#   Python protobuf 7.36.2                   set, empty    set, empty    an empty message   value 1      refused
#   Go google.golang.org/protobuf 1.36.12    refused       refused       refused            refused      refused
#   Java protobuf-java-util 4.33.0           refused       refused       refused            refused      refused
#   TypeScript @bufbuild/protobuf 2.17.0     refused       refused       refused            refused      refused
#
# Python walks through the members of whatever it is given, and an empty list or text has none; a number of an enum it makes
# with int(), and int(true) is 1. "Has an address" is a question that segments ask, and the answer is yes for each member whose
# address a PHP shop does not know. A test against Python alone passes, and its callers fail at the next server.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json, sys
from google.protobuf import json_format, type_pb2
for text in sys.argv[2:]:
    try:
        message = json_format.Parse(text, getattr(type_pb2, sys.argv[1])())
        print(json.dumps(json_format.MessageToDict(message), separators=(",", ":")))
    except json_format.ParseError:
        print("refused")
PY

cat >go.mod <<'MOD'
module finding

go 1.23

require google.golang.org/protobuf v1.36.12
MOD
cat >read.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/typepb"
)

func main() {
	for _, text := range os.Args[2:] {
		var message proto.Message = &typepb.Field{}
		if os.Args[1] == "Type" {
			message = &typepb.Type{}
		}
		if err := protojson.Unmarshal([]byte(text), message); err != nil {
			fmt.Println("refused")
			continue
		}
		written, _ := json.Marshal(json.RawMessage(protojson.Format(message)))
		fmt.Println(string(written))
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { FieldSchema, TypeSchema } from "@bufbuild/protobuf/wkt";
const schema = process.argv[2] === "Type" ? TypeSchema : FieldSchema;
for (const text of process.argv.slice(3)) {
  try { console.log(toJsonString(schema, fromJsonString(schema, text))); } catch { console.log("refused"); }
}
JS

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.google.protobuf</groupId><artifactId>protobuf-java-util</artifactId><version>4.33.0</version>
  </dependency></dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Read.java <<'JAVA'
import com.google.protobuf.Field;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Type;
import com.google.protobuf.util.JsonFormat;

class Read {
    public static void main(String[] arguments) {
        for (int i = 1; i < arguments.length; i++) {
            Message.Builder message = arguments[0].equals("Type") ? Type.newBuilder() : Field.newBuilder();
            try {
                JsonFormat.parser().merge(arguments[i], message);
                System.out.println(JsonFormat.printer().omittingInsignificantWhitespace().print(message.build()));
            } catch (InvalidProtocolBufferException error) {
                System.out.println("refused");
            }
        }
    }
}
JAVA

read_all() {
    { "$@" Type '{"sourceContext":{}}' '{"sourceContext":[]}' '{"sourceContext":""}' '{"options":[""]}'
    "$@" Field '{"kind":1}' '{"kind":true}' '{"number":true}'; } | paste -sd' '
}
seen="python     $(read_all venv/bin/python read.py)
go         $(read_all ./read-go)
java       $(read_all java -cp 'jars/*' Read.java)
typescript $(read_all node read.mjs)"
echo "$seen"
[ "$seen" = 'python     {"sourceContext":{}} {"sourceContext":{}} {"sourceContext":{}} {"options":[{}]} {"kind":"TYPE_DOUBLE"} {"kind":"TYPE_DOUBLE"} refused
go         {"sourceContext":{}} refused refused refused {"kind":"TYPE_DOUBLE"} refused refused
java       {"sourceContext":{}} refused refused refused {"kind":"TYPE_DOUBLE"} refused refused
typescript {"sourceContext":{}} refused refused refused {"kind":"TYPE_DOUBLE"} refused refused' ]
echo "as described"
