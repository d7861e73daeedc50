#!/usr/bin/env bash
# "Joined since 11 November" holds for nobody in Java, and who has no points yet is below five in four engines of six.
#
# A rule in JsonLogic is data, so that a page draws it, a service asks it and a job counts it; its site lists the languages. The
# rules below are all of its own operators. JavaScript json-logic-js 2.0.5 is the original, json-logic-engine 5.0.7 and Python
# panzi-json-logic 1.0.1 are within OpenFeature's flagd cores of these languages:
#
#   rule                                  member              json-    json-logic  panzi    json-logic  Go           Java json-
#                                                             logic-js -engine              -qubit 0.9  jsonlogic 3  logic-java 1.1
#   joined >= "2026-11-11"                "2026-11-12"        true     true        true     true        true         false
#   points < 5                            no points           true     true        true     false       true         false
#   points <= 0                           null                true     true        true     false       false        false
#   points, or else 7                     null                null     null        7        null        7            7
#   shop in ["1", "2"]                    1                   false    false       false    false       true         false
#   visits == ""                          0                   true     true        false    false       true         true
#   vip > 0                               true                true     true        true     true        true         false
#   name is missing                       ""                  yes      no          yes      yes         no           no
#   points % 100                          -250                -50      -50         50       50          -50          -50
#   points as a text                      12345678            digits   digits      digits   digits      digits       1.2345678E7
#
# Go's is github.com/diegoholiveira/jsonlogic/v3 3.5.1, Java's io.github.jamsesso 1.1.0, which compares numbers alone: two texts
# are neither less nor greater, and dates are texts. None answers with an error. Let a rule compare numbers that are there
# (moments in seconds, points with a default put in before), and hold each engine against one table of members.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >rules.json <<'JSON'
[[{">=": [{"var": "joined"}, "2026-11-11"]}, {"joined": "2026-11-12"}],
 [{"<": [{"var": "points"}, 5]}, {}],
 [{"<=": [{"var": "points"}, 0]}, {"points": null}],
 [{"var": ["points", 7]}, {"points": null}],
 [{"in": [{"var": "shop"}, ["1", "2"]]}, {"shop": 1}],
 [{"==": [{"var": "visits"}, ""]}, {"visits": 0}],
 [{">": [{"var": "vip"}, 0]}, {"vip": true}],
 [{"missing": ["name"]}, {"name": ""}],
 [{"%": [{"var": "points"}, 100]}, {"points": -250}],
 [{"cat": [{"var": "points"}]}, {"points": 12345678}]]
JSON

cat >ask.py <<'PY'
import json, json_logic
print(*(json.dumps(json_logic.jsonLogic(*case)) for case in json.load(open("rules.json"))))
PY
for package in panzi-json-logic==1.0.1 json-logic-qubit==0.9.1; do # Both call their module json_logic.
  python3 -m venv "$package" && "$package/bin/pip" install -q --disable-pip-version-check "$package" six==1.17.0
done

npm install --silent --no-audit --no-fund --no-save --prefix . json-logic-js@2.0.5 json-logic-engine@5.0.7 >/dev/null
cat >ask.mjs <<'JS'
import { readFileSync } from "node:fs";
import { LogicEngine } from "json-logic-engine";
import original from "json-logic-js";
const cases = JSON.parse(readFileSync("rules.json"));
for (const engine of [(rule, data) => original.apply(rule, data), (rule, data) => new LogicEngine().run(rule, data)]) {
  console.log(cases.map((pair) => JSON.stringify(engine(...pair))).join(" "));
}
JS

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require github.com/diegoholiveira/jsonlogic/v3 v3.5.1
MOD
cat >go/main.go <<'GO'
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/diegoholiveira/jsonlogic/v3"
)

func main() {
	text, _ := os.ReadFile("rules.json")
	var cases [][2]json.RawMessage
	if err := json.Unmarshal(text, &cases); err != nil {
		panic(err)
	}
	for _, pair := range cases {
		var answer bytes.Buffer
		if err := jsonlogic.Apply(bytes.NewReader(pair[0]), bytes.NewReader(pair[1]), &answer); err != nil {
			panic(err)
		}
		fmt.Print(string(bytes.TrimSpace(answer.Bytes())), " ")
	}
	fmt.Println()
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../rules-go .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.github.jamsesso</groupId><artifactId>json-logic-java</artifactId><version>1.1.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Ask.java <<'JAVA'
import com.google.gson.*;
import io.github.jamsesso.jsonlogic.JsonLogic;
import java.nio.file.*;

class Ask {
    public static void main(String[] arguments) throws Exception {
        Gson gson = new Gson();
        for (JsonElement pair : gson.fromJson(Files.readString(Path.of("rules.json")), JsonArray.class)) {
            JsonArray one = pair.getAsJsonArray();
            Object member = gson.fromJson(one.get(1), Object.class);
            System.out.print(gson.toJson(new JsonLogic().apply(one.get(0).toString(), member)) + " ");
        }
        System.out.println();
    }
}
JAVA

seen=$(node ask.mjs
  for package in panzi-json-logic==1.0.1 json-logic-qubit==0.9.1; do "$package/bin/python" ask.py; done
  ./rules-go
  java -cp 'jars/*' Ask.java)
seen=$(sed 's/ *$//' <<<"$seen")
echo "$seen"
[ "$seen" = 'true true true null false true true ["name"] -50 "12345678"
true true true null false true true [] -50 "12345678"
true true true 7 false false true ["name"] 50 "12345678"
true false false null false false true ["name"] 50 "12345678"
true true false 7 true true true [] -50 "12345678"
false false false 7.0 false true false [] -50.0 "1.2345678E7"' ]
echo "as described"
