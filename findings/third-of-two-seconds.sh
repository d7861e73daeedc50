#!/usr/bin/env bash
# A third of two seconds is three durations, and the last second of 2016 is three moments.
#
# Durations and timestamps of protobuf JSON have at most nine digits behind the point. A program that divides writes sixteen
# (2 / 3 in Python or JavaScript is 0.6666666666666666), and 2016 ended with a second 60. As google.protobuf.Duration and
# google.protobuf.Timestamp:
#
#                                            0.6666666666666666s  0.0000000006s  10 digits      2016-12-31
#                                                                                in a moment    T23:59:60Z
#   Python protobuf 7.36.2                   0.666666667s         0.000000001s   refused        refused
#   Java protobuf-java-util 4.33.0           0.666666666s         0s             cut            next year
#   Rust prost-reflect 0.16.5                0.666666666s         0s             cut            23:59:59
#   Go google.golang.org/protobuf 1.36.12    refused              refused        refused        refused
#   TypeScript @bufbuild/protobuf 2.17.0     refused              refused        refused        refused
#
# Python rounds a duration and refuses a timestamp of as many digits, and 1.9999999999s, whose nanoseconds would be rounded to a
# whole second. They differ in the texts of short durations too:
#
#               Python    Java      Rust      Go        TypeScript
#   .5s         refused   refused   refused   0.500s    refused
#   1.s         1s        1s        refused   1s        refused
#   +1s         1s        1s        refused   1s        refused
#   "1 s"       1s        refused   refused   refused   refused
#
# Go alone takes .5s and Python alone the blank, so none is the strict one but TypeScript. Write three, six or nine digits.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven, Rust.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json, sys
from google.protobuf import duration_pb2, json_format, timestamp_pb2
for text in sys.argv[1:]:
    message = timestamp_pb2.Timestamp() if text.endswith("Z") else duration_pb2.Duration()
    try:
        print(json.loads(json_format.MessageToJson(json_format.Parse(json.dumps(text), message))))
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
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func main() {
	for _, text := range os.Args[1:] {
		var message proto.Message = &durationpb.Duration{}
		if strings.HasSuffix(text, "Z") {
			message = &timestamppb.Timestamp{}
		}
		if err := protojson.Unmarshal([]byte(`"`+text+`"`), message); err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Println(strings.Trim(protojson.Format(message), `"`))
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJson, toJson } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
for (const text of process.argv.slice(2)) {
  const schema = text.endsWith("Z") ? TimestampSchema : DurationSchema;
  try { console.log(toJson(schema, fromJson(schema, text))); } catch { console.log("refused"); }
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
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;

class Read {
    public static void main(String[] texts) {
        for (String text : texts) {
            Message.Builder message = text.endsWith("Z") ? Timestamp.newBuilder() : Duration.newBuilder();
            try {
                JsonFormat.parser().merge('"' + text + '"', message);
                System.out.println(JsonFormat.printer().print(message.build()).replace("\"", ""));
            } catch (InvalidProtocolBufferException error) {
                System.out.println("refused");
            }
        }
    }
}
JAVA

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "read"
version = "0.1.0"
edition = "2021"

[dependencies]
prost-reflect = { version = "=0.16.5", features = ["serde"] }
serde_json = "=1.0.154"
TOML
cat >rust/src/main.rs <<'RUST'
use prost_reflect::{DescriptorPool, DynamicMessage};

fn main() {
    for text in std::env::args().skip(1) {
        let name = if text.ends_with('Z') { "google.protobuf.Timestamp" } else { "google.protobuf.Duration" };
        let kind = DescriptorPool::global().get_message_by_name(name).unwrap();
        match DynamicMessage::deserialize(kind, serde_json::Value::from(text)) {
            Ok(message) => println!("{}", serde_json::to_value(&message).unwrap().as_str().unwrap()),
            Err(_) => println!("refused"),
        }
    }
}
RUST
cargo build -q --manifest-path rust/Cargo.toml --target-dir target

read_all() {
    "$@" 0.6666666666666666s 0.0000000006s 1.9999999999s 2026-11-11T23:59:59.9999999999Z 2016-12-31T23:59:60Z \
        .5s 1.s +1s "1 s" | paste -sd,
}
seen="python $(read_all venv/bin/python read.py)
java $(read_all java -cp 'jars/*' Read.java)
rust $(read_all target/debug/read)
go $(read_all ./read-go)
typescript $(read_all node read.mjs)"
echo "$seen"
[ "$seen" = 'python 0.666666667s,0.000000001s,refused,refused,refused,refused,1s,1s,1s
java 0.666666666s,0s,1.999999999s,2026-11-11T23:59:59.999999999Z,2017-01-01T00:00:00Z,refused,1s,1s,refused
rust 0.666666666s,0s,1.999999999s,2026-11-11T23:59:59.999999999Z,2016-12-31T23:59:59Z,refused,refused,refused,refused
go refused,refused,refused,refused,refused,0.500s,1s,1s,refused
typescript refused,refused,refused,refused,refused,refused,refused,refused,refused' ]
echo "as described"
