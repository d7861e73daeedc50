#!/usr/bin/env bash
# Which digits make an int64? Four languages, four answers.
#
# In protobuf JSON an int64 is usually a string, and the mapping says "decimal". The texts below are legal JSON strings; what
# each parser makes of them as google.protobuf.Int64Value is its host language's idea of an integer:
#
#                                            "1_000"   "１２" (full width)   "0x10"    " 7"      "+7"
#   Python protobuf 7.36.2                   1000      12                   refused   refused   7
#   Java protobuf-java-util 4.33.0           refused   12                   refused   refused   7
#   TypeScript @bufbuild/protobuf 2.17.0     refused   refused              16        7         7
#   Go google.golang.org/protobuf 1.36.11    refused   refused              refused   refused   refused
#
# Full-width digits are what a Chinese input method types. A gateway that speaks for several of these clients has to choose,
# and a number that one client's test suite sends successfully is a 400 for the next.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >texts.json <<'JSON'
["1_000", "１２", "0x10", " 7", "+7", "7"]
JSON

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json
from google.protobuf import json_format, wrappers_pb2
def read(text):
    try:
        return str(json_format.Parse(json.dumps(text, ensure_ascii=False), wrappers_pb2.Int64Value()).value)
    except json_format.ParseError:
        return "refused"
print("Python", *map(read, json.load(open("texts.json", encoding="utf-8"))))
PY

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
import com.google.gson.JsonParser;
import com.google.protobuf.Int64Value;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.nio.file.Files;
import java.nio.file.Path;

class Read {
    public static void main(String[] arguments) throws Exception {
        StringBuilder line = new StringBuilder("Java");
        for (var text : JsonParser.parseString(Files.readString(Path.of("texts.json"))).getAsJsonArray()) {
            Int64Value.Builder value = Int64Value.newBuilder();
            try {
                JsonFormat.parser().merge(text.toString(), value);
                line.append(' ').append(value.getValue());
            } catch (InvalidProtocolBufferException error) {
                line.append(" refused");
            }
        }
        System.out.println(line);
    }
}
JAVA

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { fromJsonString } from "@bufbuild/protobuf";
import { Int64ValueSchema } from "@bufbuild/protobuf/wkt";
const read = (text) => {
  try { return String(fromJsonString(Int64ValueSchema, JSON.stringify(text)).value); } catch { return "refused"; }
};
console.log("TypeScript", ...JSON.parse(readFileSync("texts.json", "utf8")).map(read));
JS

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
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	content, _ := os.ReadFile("texts.json")
	var texts []string
	if err := json.Unmarshal(content, &texts); err != nil {
		panic(err)
	}
	line := "Go"
	for _, text := range texts {
		quoted, _ := json.Marshal(text)
		var value wrapperspb.Int64Value
		if err := protojson.Unmarshal(quoted, &value); err != nil {
			line += " refused"
		} else {
			line += fmt.Sprintf(" %d", value.GetValue())
		}
	}
	fmt.Println(line)
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

seen=$(venv/bin/python read.py; java -cp 'jars/*' Read.java; node read.mjs; ./read-go)
echo "$seen"
[ "$seen" = "Python 1000 12 refused refused 7 7
Java refused 12 refused refused 7 7
TypeScript refused refused 16 7 7 7
Go refused refused refused refused refused 7" ]
echo "as described"
