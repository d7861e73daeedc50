#!/usr/bin/env bash
# The tags "gold, until May" and "vip" are two for each client and three for servers made of the same contract.
#
# A list in a contract of OpenAPI may be one value with commas (style form without explode; simple, the usual one of a path). The
# client percent-encodes a comma within a value, so that a reader can split first and decode then. JavaScript openapi-fetch 0.17.0
# and the client of oapi-codegen 2.8.2 write gold%2C%20until%20May,vip (or a + for the space). How many tags are read from it:
#
#                                                   query, form,   query, pipeDelimited   query, many=   path,
#                                                   no explode     ("a|b" and "vip")      and many=      simple
#   Go oapi-codegen 2.8.2, std-http                 3              3                      2              3
#   Go ogen 1.25.0                                  3              3                      2              3
#   Python connexion 3.3.0                          3              3                      3              3
#   JavaScript express-openapi-validator 5.6.2      3              3                      2              3
#
# They decode first, each where its framework hands it decoded texts, and no answer is an error. So oapi-codegen does not read
# what its own client wrote; ogen's client refuses such a value ("contains ','"), which its server takes from others. connexion
# splits even a list that comes as one parameter for each value, which is OpenAPI's default. A segment by three tags finds other
# members. Let values in lists have no comma, by a pattern in the contract, or send lists in a body.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >contract.yaml <<'YAML'
openapi: 3.0.3
info: {title: members, version: "1"}
paths:
  /members:
    get:
      operationId: list_members
      parameters:
        - {name: tags, in: query, style: form, explode: false, schema: {$ref: "#/components/schemas/Tags"}}
        - {name: pipes, in: query, style: pipeDelimited, explode: false, schema: {$ref: "#/components/schemas/Tags"}}
        - {name: many, in: query, schema: {$ref: "#/components/schemas/Tags"}}
      responses: {"200": {$ref: "#/components/responses/Tags"}}
  /tags/{tags}:
    get:
      operationId: by_tags
      parameters:
        - {name: tags, in: path, required: true, schema: {$ref: "#/components/schemas/Tags"}}
      responses: {"200": {$ref: "#/components/responses/Tags"}}
components:
  schemas: {Tags: {type: array, items: {type: string}}}
  responses: {Tags: {description: as read, content: {application/json: {schema: {$ref: "#/components/schemas/Tags"}}}}}
YAML

npm install --silent --no-audit --no-fund --no-save --prefix . express@5.3.0 express-openapi-validator@5.6.2 openapi-fetch@0.17.0 >/dev/null
cat >write.mjs <<'JS'
import { createQuerySerializer, defaultPathSerializer } from "openapi-fetch";
const tags = ["gold, until May", "vip"];
const one = createQuerySerializer({ array: { style: "form", explode: false } });
const pipes = createQuerySerializer({ array: { style: "pipeDelimited", explode: false } });
console.log(`/members?${one({ tags })}`);
console.log(`/members?${pipes({ pipes: ["a|b", "vip"] })}`);
console.log(`/members?${createQuerySerializer()({ many: tags })}`);
console.log(defaultPathSerializer("/tags/{tags}", { tags }));
JS
cat >server.mjs <<'JS'
import express from "express";
import validator from "express-openapi-validator";
const app = express();
app.use(validator.middleware({ apiSpec: "contract.yaml" }));
app.get("/members", ({ query }, response) => response.json(query.tags ?? query.pipes ?? query.many));
app.get("/tags/:tags", ({ params }, response) => response.json(params.tags));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
JS

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'connexion[flask]==3.3.0' starlette==1.10.0 werkzeug==3.1.9
cat >server.py <<'PY'
import sys
import connexion

class Resolver(connexion.resolver.Resolver):
    def resolve_function_from_operation_id(self, operation_id):
        return globals()[operation_id]

def list_members(tags=None, pipes=None, many=None):
    return tags or pipes or many

def by_tags(tags):
    return tags

app = connexion.FlaskApp(__name__, specification_dir=".")
app.add_api("contract.yaml", resolver=Resolver())
client = app.test_client()
for path in sys.stdin.read().split():
    print("connexion", path, *client.get(path).json(), sep=" | ")
PY

mkdir -p go/code && cp contract.yaml go && cd go
cat >go.mod <<'MOD'
module finding

go 1.26

require (
	github.com/oapi-codegen/oapi-codegen/v2 v2.8.2
	github.com/oapi-codegen/runtime v1.9.0
	github.com/ogen-go/ogen v1.25.0
)

tool (
	github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
	github.com/ogen-go/ogen/cmd/ogen
)
MOD
go mod tidy 2>/dev/null
go tool oapi-codegen -generate std-http-server,client,types -package code -o code/code.go contract.yaml
go tool ogen --target api --package api --clean contract.yaml >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"finding/api"
	"finding/code"
)

func first(lists ...[]string) []string {
	for _, list := range lists {
		if list != nil {
			return list
		}
	}
	return nil
}

func value(list *[]string) []string {
	if list == nil {
		return nil
	}
	return *list
}

type oapi struct{}

func (oapi) ListMembers(w http.ResponseWriter, _ *http.Request, p code.ListMembersParams) {
	_ = json.NewEncoder(w).Encode(first(value(p.Tags), value(p.Pipes), value(p.Many)))
}

func (oapi) ByTags(w http.ResponseWriter, _ *http.Request, tags []string) { _ = json.NewEncoder(w).Encode(tags) }

type ogen struct{}

func (ogen) ListMembers(_ context.Context, p api.ListMembersParams) (api.Tags, error) {
	return first(p.Tags, p.Pipes, p.Many), nil
}

func (ogen) ByTags(_ context.Context, p api.ByTagsParams) (api.Tags, error) { return p.Tags, nil }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	one, two := httptest.NewServer(code.Handler(oapi{})), httptest.NewServer(must(api.NewServer(ogen{})))
	tags := []string{"gold, until May", "vip"}

	answer := must(must(code.NewClient(one.URL)).ListMembers(context.Background(), &code.ListMembersParams{Tags: &tags}))
	var read []string
	if err := json.NewDecoder(answer.Body).Decode(&read); err != nil {
		panic(err)
	}
	fmt.Println("oapi-codegen's client:", answer.Request.URL.RawQuery, "->", strings.Join(read, " | "))
	_, err := must(api.NewClient(two.URL)).ListMembers(context.Background(), api.ListMembersParams{Tags: tags})
	fmt.Println("ogen's client:", err)

	if err := os.WriteFile("urls", []byte(one.URL+" "+two.URL+"\n"), 0o600); err != nil {
		panic(err)
	}
	select {}
}
GO
go mod tidy 2>/dev/null
go build -o ../servers .
cd ..
cat >ask.py <<'PY'
import http.client, json, sys, urllib.parse
name, url = sys.argv[1:]
for path in sys.stdin.read().split():
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    connection.request("GET", path)
    print(name, path, *json.load(connection.getresponse()), sep=" | ")
PY

./servers >clients 2>&1 &
node server.mjs >express.port &
for _ in $(seq 100); do [ -s urls ] && [ -s express.port ] && break; sleep 0.1; done
node write.mjs >paths
read -r one two <urls
seen=$(cat clients
  venv/bin/python ask.py oapi-codegen "$one" <paths
  venv/bin/python ask.py ogen "$two" <paths
  venv/bin/python server.py <paths 2>/dev/null
  venv/bin/python ask.py express "http://127.0.0.1:$(cat express.port)" <paths)
echo "$seen"
[ "$seen" = "oapi-codegen's client: tags=gold%2C+until+May,vip -> gold |  until May | vip
ogen's client: encode query: invalid value \"gold, until May\": contains ','
oapi-codegen | /members?tags=gold%2C%20until%20May,vip | gold |  until May | vip
oapi-codegen | /members?pipes=a%7Cb|vip | a | b | vip
oapi-codegen | /members?many=gold%2C%20until%20May&many=vip | gold, until May | vip
oapi-codegen | /tags/gold%2C%20until%20May,vip | gold |  until May | vip
ogen | /members?tags=gold%2C%20until%20May,vip | gold |  until May | vip
ogen | /members?pipes=a%7Cb|vip | a | b | vip
ogen | /members?many=gold%2C%20until%20May&many=vip | gold, until May | vip
ogen | /tags/gold%2C%20until%20May,vip | gold |  until May | vip
connexion | /members?tags=gold%2C%20until%20May,vip | gold |  until May | vip
connexion | /members?pipes=a%7Cb|vip | a | b | vip
connexion | /members?many=gold%2C%20until%20May&many=vip | gold |  until May | vip
connexion | /tags/gold%2C%20until%20May,vip | gold |  until May | vip
express | /members?tags=gold%2C%20until%20May,vip | gold |  until May | vip
express | /members?pipes=a%7Cb|vip | a | b | vip
express | /members?many=gold%2C%20until%20May&many=vip | gold, until May | vip
express | /tags/gold%2C%20until%20May,vip | gold |  until May | vip" ]
echo "as described"
