#!/usr/bin/env bash
# "Write it if the balance is still 12" is refused by four of eight libraries when twelve is written 12.0.
#
# JSON Patch has the operation test for a write that depends on what it read, and RFC 6902 (4.6) has numbers equal if their values
# are. A double of twelve is 12.0 in Python, Java and Rust, and 12 in JavaScript and Go. Patches of {"points": 12, "tags": []}:
#
#                                               test        test nick   remove     replace    replace
#                                               12.0        is null     nick       nick       /tags/-
#   JavaScript fast-json-patch 3.1.1            holds       refused     refused    refused    refused
#   JavaScript rfc6902 5.4.0                    holds       refused     refused    refused    done, no change
#   Python jsonpatch 1.48                       holds       refused     refused    refused    refused
#   Go evanphx/json-patch/v5 5.9.11             refused     holds       refused    refused    refused
#   Go gopkg.in/evanphx/json-patch.v4 4.13.0    refused     holds       refused    adds it    refused
#   Java zjsonpatch 0.4.16                      refused     refused     done       refused    refused
#   Java java-json-tools json-patch 1.13        holds       refused     refused    refused    refused
#   Java parsson 1.1.7 (jakarta.json)           refused     refused     refused    refused    refused
#
# Go compares the texts of numbers, as two of Java compare their kinds: 1.20 is not 1.2 there, and a patch that is made on the one
# side and applied on the other is refused for good, since reading again brings the same 12. The other columns are of members that
# are not there, where the RFC has each of the four refused; one library of each language but Go does all five as it says. Guard
# writes by a version of the record, a text or a number that is never computed, instead of by its values.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

printf '{"points": 12, "tags": []}' >member.json
cat >patches.json <<'JSON'
[[{"op": "test", "path": "/points", "value": 12.0}],
 [{"op": "test", "path": "/nick", "value": null}],
 [{"op": "remove", "path": "/nick"}],
 [{"op": "replace", "path": "/nick", "value": "Li"}],
 [{"op": "replace", "path": "/tags/-", "value": "vip"}]]
JSON

npm install --silent --no-audit --no-fund --no-save --prefix . fast-json-patch@3.1.1 rfc6902@5.4.0 >/dev/null
cat >patch.mjs <<'JS'
import { readFileSync } from "node:fs";
import fast from "fast-json-patch";
import * as rfc6902 from "rfc6902";
const patches = JSON.parse(readFileSync("patches.json"));
const member = () => JSON.parse(readFileSync("member.json"));
const ways = {
  "fast-json-patch": (patch) => fast.applyPatch(member(), patch, true).newDocument,
  rfc6902: (patch) => {
    const document = member();
    for (const error of rfc6902.applyPatch(document, patch)) if (error) throw error;
    return document;
  },
};
for (const [name, apply] of Object.entries(ways)) {
  for (const patch of patches) {
    let answer = "refused";
    try {
      answer = JSON.stringify(apply(patch));
    } catch {}
    console.log(`${name}: ${answer}`);
  }
}
JS

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check jsonpatch==1.48
cat >patch.py <<'PY'
import json, jsonpatch
for patch in json.load(open("patches.json")):
    try:
        answer = json.dumps(jsonpatch.apply_patch(json.load(open("member.json")), patch), separators=(",", ":"))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        answer = "refused"
    print("jsonpatch:", answer)
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require (
	github.com/evanphx/json-patch/v5 v5.9.11
	gopkg.in/evanphx/json-patch.v4 v4.13.0
)
MOD
cat >go/main.go <<'GO'
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	five "github.com/evanphx/json-patch/v5"
	four "gopkg.in/evanphx/json-patch.v4"
)

func show(name string, document []byte, err error) {
	var text bytes.Buffer
	if err == nil {
		err = json.Compact(&text, document)
	}
	if err != nil {
		text.Reset()
		text.WriteString("refused")
	}
	fmt.Println(name+":", text.String())
}

func main() {
	member, _ := os.ReadFile("member.json")
	text, _ := os.ReadFile("patches.json")
	var patches []json.RawMessage
	if err := json.Unmarshal(text, &patches); err != nil {
		panic(err)
	}
	for _, text := range patches {
		patch, err := five.DecodePatch(text)
		if err != nil {
			panic(err)
		}
		document, err := patch.Apply(member)
		show("v5", document, err)
	}
	for _, text := range patches {
		patch, err := four.DecodePatch(text)
		if err != nil {
			panic(err)
		}
		document, err := patch.Apply(member)
		show("v4", document, err)
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../patch-go .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.flipkart.zjsonpatch</groupId><artifactId>zjsonpatch</artifactId><version>0.4.16</version></dependency>
    <dependency><groupId>com.github.java-json-tools</groupId><artifactId>json-patch</artifactId><version>1.13</version></dependency>
    <dependency><groupId>org.eclipse.parsson</groupId><artifactId>parsson</artifactId><version>1.1.7</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Patch.java <<'JAVA'
import com.fasterxml.jackson.databind.*;
import jakarta.json.*;
import java.io.StringReader;
import java.nio.file.*;
import java.util.*;

class Patch {
    interface Way { Object apply(String member, String patch) throws Exception; }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        String member = Files.readString(Path.of("member.json"));
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put("zjsonpatch", (text, patch) ->
            com.flipkart.zjsonpatch.JsonPatch.apply(json.readTree(patch), json.readTree(text)));
        ways.put("java-json-tools", (text, patch) ->
            com.github.fge.jsonpatch.JsonPatch.fromJson(json.readTree(patch)).apply(json.readTree(text)));
        ways.put("parsson", (text, patch) -> Json.createPatch(Json.createReader(new StringReader(patch)).readArray())
            .apply(Json.createReader(new StringReader(text)).readObject()));
        for (var way : ways.entrySet()) {
            for (JsonNode patch : json.readTree(Files.readString(Path.of("patches.json")))) {
                String answer;
                try {
                    answer = way.getValue().apply(member, patch.toString()).toString();
                } catch (Exception error) {
                    answer = "refused";
                }
                System.out.println(way.getKey() + ": " + answer);
            }
        }
    }
}
JAVA

seen=$(node patch.mjs; venv/bin/python patch.py; ./patch-go; java -cp 'jars/*' Patch.java)
echo "$seen"
[ "$seen" = 'fast-json-patch: {"points":12,"tags":[]}
fast-json-patch: refused
fast-json-patch: refused
fast-json-patch: refused
fast-json-patch: refused
rfc6902: {"points":12,"tags":[]}
rfc6902: refused
rfc6902: refused
rfc6902: refused
rfc6902: {"points":12,"tags":[]}
jsonpatch: {"points":12,"tags":[]}
jsonpatch: refused
jsonpatch: refused
jsonpatch: refused
jsonpatch: refused
v5: refused
v5: {"points":12,"tags":[]}
v5: refused
v5: refused
v5: refused
v4: refused
v4: {"points":12,"tags":[]}
v4: refused
v4: {"nick":"Li","points":12,"tags":[]}
v4: refused
zjsonpatch: refused
zjsonpatch: refused
zjsonpatch: {"points":12,"tags":[]}
zjsonpatch: refused
zjsonpatch: refused
java-json-tools: {"points":12,"tags":[]}
java-json-tools: refused
java-json-tools: refused
java-json-tools: refused
java-json-tools: refused
parsson: refused
parsson: refused
parsson: refused
parsson: refused
parsson: refused' ]
echo "as described"
