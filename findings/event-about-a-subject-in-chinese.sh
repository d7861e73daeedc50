#!/usr/bin/env bash
# A CloudEvent about "金卡 50%" is about "%E9%87%91%E5%8D%A1%2050%25" once it has passed from Python to Go or Node.js.
#
# The HTTP binding of CloudEvents 1.0 has context attributes percent-encoded in headers (3.1.3.2: what is not printable ASCII,
# spaces, quotes, percent signs), and decoded by the receiver. Of the project's own SDKs:
#
#   subject "金卡 50%"                              header it writes              what it reads from the encoded one
#   Python cloudevents 2.2.0                        %E9%87%91%E5%8D%A1%2050%25    金卡 50%
#   Go github.com/cloudevents/sdk-go/v2 2.16.2      金卡 50%                      %E9%87%91%E5%8D%A1%2050%25
#   JavaScript cloudevents 10.0.0                   金卡 50%                      %E9%87%91%E5%8D%A1%2050%25
#
# The event of JavaScript cannot be sent at all: Node's own http refuses the header. Two services of one language agree, so only
# the second language shows it, and only with a subject or source beyond ASCII, or with a space. Structured mode (one JSON
# document) has no such headers; ids rather than names in subject and source avoid it in both modes.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check cloudevents==2.2.0
cat >event.py <<'PY'
import sys
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
event = CloudEvent(attributes={"id": "1", "type": "card.issued", "source": "/shop", "specversion": "1.0", "subject": sys.argv[1]}, data={})
print("Python writes", to_binary_event(event).headers["ce-subject"])
headers = {"ce-id": "1", "ce-type": "card.issued", "ce-source": "/shop", "ce-specversion": "1.0", "ce-subject": sys.argv[2]}
print("Python reads", from_binary_event(HTTPMessage(headers=headers, body=b"")).get_subject())
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require github.com/cloudevents/sdk-go/v2 v2.16.2
MOD
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	events "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	event := cloudevents.NewEvent()
	event.SetID("1")
	event.SetType("card.issued")
	event.SetSource("/shop")
	event.SetSubject(os.Args[1])
	request, _ := http.NewRequest("POST", "http://localhost", nil)
	if err := events.WriteRequest(context.Background(), (*binding.EventMessage)(&event), request); err != nil {
		panic(err)
	}
	fmt.Println("Go writes", request.Header.Get("Ce-Subject"))
	request.Header.Set("Ce-Subject", os.Args[2])
	read, err := events.NewEventFromHTTPRequest(request)
	if err != nil {
		panic(err)
	}
	fmt.Println("Go reads", read.Subject())
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../event-go .)

npm install --silent --no-audit --no-fund --no-save --prefix . cloudevents@10.0.0 >/dev/null
cat >event.mjs <<'JS'
import { request } from "node:http";
import { CloudEvent, HTTP } from "cloudevents";
const [subject, encoded] = process.argv.slice(2);
const { headers } = HTTP.binary(new CloudEvent({ id: "1", type: "card.issued", source: "/shop", subject, data: {} }));
console.log("JavaScript writes", headers["ce-subject"]);
console.log("JavaScript reads", HTTP.toEvent({ headers: { ...headers, "ce-subject": encoded }, body: "{}" }).subject);
try { request("http://localhost", { headers }); } catch (error) { console.log("Node.js", error.code); }
JS

subject="金卡 50%" encoded="%E9%87%91%E5%8D%A1%2050%25"
seen=$(venv/bin/python event.py "$subject" "$encoded"; ./event-go "$subject" "$encoded"; node event.mjs "$subject" "$encoded")
echo "$seen"
[ "$seen" = "Python writes %E9%87%91%E5%8D%A1%2050%25
Python reads 金卡 50%
Go writes 金卡 50%
Go reads %E9%87%91%E5%8D%A1%2050%25
JavaScript writes 金卡 50%
JavaScript reads %E9%87%91%E5%8D%A1%2050%25
Node.js ERR_INVALID_CHAR" ]
echo "as described"
