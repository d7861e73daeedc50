#!/usr/bin/env bash
# A property in Chinese is a field that Go neither reads nor writes, in code that two generators of four make without a word.
#
# The systems of Chinese partners have names such as 会员等级 (tier) in their JSON, which OpenAPI and JSON Schema allow, and so does
# Go for a field. But in Go a field is public if it begins with a capital letter, Chinese has none, and encoding/json passes over
# what is not public. A schema with name, 会员等级 and 会员积分 (points), all of them required; the code that is generated, and what
# becomes of {"name": "Li", "会员等级": "gold", "会员积分": 7} when it is read and written again:
#
#   github.com/oapi-codegen/oapi-codegen 2.8.2    string `json:"会员等级"` and   {"name":"Li"}
#                                                 int `json:"会员积分"`, fields
#                                                 without a name
#   npm quicktype 26.0.0                          会员等级 string                {"name":"Li"}
#   github.com/atombender/go-jsonschema 0.24.1    A会员等级 string               all three
#   github.com/ogen-go/ogen 1.25.0                none: it can't generate a valid name
#
# Both compile, no error is returned, and nothing but go vet complains, of quicktype's alone. (Two strings in Chinese do not compile
# by oapi-codegen: the field string comes twice.) A test whose names are in English shows nothing. Name the field: x-go-name: Tier
# beside such a property is heeded by oapi-codegen.
#
# Needs Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw GOBIN="$folder/bin"

go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 2>/dev/null
go install github.com/atombender/go-jsonschema@v0.24.1 2>/dev/null
go install github.com/ogen-go/ogen/cmd/ogen@v1.25.0 2>/dev/null
npm install --silent --no-audit --no-fund --no-save --prefix . quicktype@26.0.0 >/dev/null

cat >member.json <<'JSON'
{
  "$schema": "http://json-schema.org/draft-07/schema#", "title": "Member", "type": "object", "additionalProperties": false,
  "properties": {"name": {"type": "string"}, "会员等级": {"type": "string"}, "会员积分": {"type": "integer"}},
  "required": ["name", "会员等级", "会员积分"]
}
JSON
cat >api.yaml <<'YAML'
openapi: 3.0.3
info: {title: members, version: "1"}
paths:
  /v1/members:
    post:
      operationId: createMember
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Member"}}}}
      responses: {"204": {description: created}}
components:
  schemas:
    Member:
      type: object
      properties: {name: {type: string}, 会员等级: {type: string}, 会员积分: {type: integer}}
      required: [name, 会员等级, 会员积分]
YAML
sed 's/会员等级: {type: string}/会员等级: {type: string, x-go-name: Tier}/; s/会员积分: {type: integer}/会员积分: {type: integer, x-go-name: Points}/' api.yaml >named.yaml
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
)

func main() {
	var member Member
	err := json.Unmarshal([]byte(`{"name": "Li", "会员等级": "gold", "会员积分": 7}`), &member)
	written, _ := json.Marshal(member)
	fmt.Println(err, string(written))
}
GO

# Puts what a generator has made beside the program, shows its fields, compiles and runs it.
show() {
  cp main.go "$1/" && printf 'module finding\n\ngo 1.24\n' >"$1/go.mod"
  echo "$1"
  sed -n '/^type Member struct/,/^}/p' "$1/member.go" | grep json: | sed 's/^\t*/  /; s/ \+/ /g; s/ yaml:.*$/`/; s/^/ /'
  (cd "$1" && { go mod tidy >/dev/null 2>&1; go vet . 2>&1 | grep 'not exported' | sed 's/^.*struct field/  vet: struct field/' || true; } && go run .)
}
mkdir oapi-codegen oapi-codegen-named quicktype go-jsonschema
seen=$(
  bin/oapi-codegen -generate types -package main -o oapi-codegen/member.go api.yaml
  show oapi-codegen
  bin/oapi-codegen -generate types -package main -o oapi-codegen-named/member.go named.yaml
  show oapi-codegen-named
  node_modules/.bin/quicktype -s schema -l go --package main --top-level Member -o quicktype/member.go member.json
  show quicktype
  bin/go-jsonschema -p main --struct-name-from-title -o go-jsonschema/member.go member.json 2>/dev/null
  show go-jsonschema
  { bin/ogen --target ogen api.yaml 2>&1 || true; } | grep -om1 "can't generate valid name"
)
echo "$seen"
[ "$seen" = 'oapi-codegen
  Name string `json:"name"`
  int `json:"会员积分"`
  string `json:"会员等级"`
<nil> {"name":"Li"}
oapi-codegen-named
  Name string `json:"name"`
  Points int `json:"会员积分"`
  Tier string `json:"会员等级"`
<nil> {"name":"Li","会员积分":7,"会员等级":"gold"}
quicktype
  Name string `json:"name"`
  会员积分 int64 `json:"会员积分"`
  会员等级 string `json:"会员等级"`
  vet: struct field 会员积分 has json tag but is not exported
  vet: struct field 会员等级 has json tag but is not exported
<nil> {"name":"Li"}
go-jsonschema
  Name string `json:"name"`
  A会员积分 int `json:"会员积分"`
  A会员等级 string `json:"会员等级"`
<nil> {"name":"Li","会员积分":7,"会员等级":"gold"}
'"can't generate valid name" ]
echo "as described"
