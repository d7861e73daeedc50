#!/usr/bin/env bash
# /v1/members/{id}:merge is a path of OpenAPI; two of four servers generated from it do not start.
#
# A verb behind a colon (AIP-136, google.api.http) is a custom method; OpenAPI allows text around a parameter, and oapi-codegen
# 2.8.2 generates and compiles servers for it without a remark. GET /v1/members/{member_id} and POST
# /v1/members/{member_id}:merge in one contract, its server for each framework asked for the member 42:
#
#   -generate    router                     POST 42:merge                          POST 42%3Amerge    GET 42:merge
#   chi          chi 5.5.0                  merges 42                              405                gets "42:merge"
#   gorilla      mux 1.8.1                  merges 42                              merges 42          gets "42:merge"
#   std-http     net/http, Go 1.22 on       panic when registered: a wildcard      -                  -
#                                           has to be a whole segment
#   gin          gin 1.12.0                 panic when registered: one wildcard    -                  -
#                                           a segment (its escape is not heeded)
#
# Partners who take a contract as it is published and generate a double of it for their tests get a program that builds and ends
# in its first second. They have to pick another framework or route the verb by hand; a contract for all of them needs
# a slash before the verb.
#
# Needs Go 1.25 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
mkdir "$folder/server" && cd "$folder/server"
export GOBIN="$folder/bin" GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >members.yaml <<'YAML'
openapi: 3.0.3
info: {title: members, version: "1"}
paths:
  /v1/members/{member_id}:
    get:
      operationId: getMember
      parameters: [{name: member_id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: the member}}
  /v1/members/{member_id}:merge:
    post:
      operationId: mergeMember
      parameters: [{name: member_id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: the survivor}}
YAML
cat >go.mod <<'MOD'
module finding

go 1.25

require (
	github.com/gin-gonic/gin v1.12.0
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/mux v1.8.1
	github.com/oapi-codegen/runtime v1.9.0
)
MOD
go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 2>/dev/null
for kind in std-http chi gorilla gin; do
    mkdir "of${kind%-http}" && "$GOBIN/oapi-codegen" -generate "$kind" -package "of${kind%-http}" members.yaml >"of${kind%-http}/server.go"
done
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"finding/ofchi"
	"finding/ofgin"
	"finding/ofgorilla"
	"finding/ofstd"

	"github.com/gin-gonic/gin"
)

type plain struct{}

func (plain) GetMember(w http.ResponseWriter, _ *http.Request, id string)   { fmt.Fprint(w, "gets ", id) }
func (plain) MergeMember(w http.ResponseWriter, _ *http.Request, id string) { fmt.Fprint(w, "merges ", id) }

type gins struct{}

func (gins) GetMember(c *gin.Context, id string)   { c.String(200, "gets "+id) }
func (gins) MergeMember(c *gin.Context, id string) { c.String(200, "merges "+id) }

func try(name string, register func() http.Handler) {
	fmt.Print(name)
	defer fmt.Println()
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Print(" | panic when registered")
		}
	}()
	server := register()
	for _, ask := range [][2]string{{"POST", "42:merge"}, {"POST", "42%3Amerge"}, {"GET", "42:merge"}} {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, httptest.NewRequest(ask[0], "/v1/members/"+ask[1], nil))
		fmt.Print(" | ", answer.Code, " ", answer.Body)
	}
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	try("chi", func() http.Handler { return ofchi.Handler(plain{}) })
	try("gorilla", func() http.Handler { return ofgorilla.Handler(plain{}) })
	try("std-http", func() http.Handler { return ofstd.Handler(plain{}) })
	try("gin", func() http.Handler { engine := gin.New(); ofgin.RegisterHandlers(engine, gins{}); return engine })
}
GO
go mod tidy 2>/dev/null
seen=$(go run .)
echo "$seen"
[ "$seen" = "chi | 200 merges 42 | 405  | 200 gets 42:merge
gorilla | 200 merges 42 | 200 merges 42 | 200 gets 42:merge
std-http | panic when registered
gin | panic when registered" ]
echo "as described"
