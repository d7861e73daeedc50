#!/usr/bin/env bash
# A fraction of a second after a comma: half a second in Go, nothing in Java, refused in Python.
#
# ISO 8601 prefers the comma, RFC 3339 knows the point alone, and the protobuf JSON mapping rests on RFC 3339. Read as a
# google.protobuf.Timestamp, "2026-11-11T00:00:00,5Z" gives
#
#   Go google.golang.org/protobuf 1.36.11   2026-11-11T00:00:00.500Z
#   Java protobuf-java-util 4.33.0          2026-11-11T00:00:00Z       the fraction is dropped without an error
#   Python protobuf 7.36.2                  refused
#
# Go's time.Parse takes a comma wherever a layout has a fraction, and protojson does not look again. Java cuts the text at
# a point only, and its date format stops reading where the seconds end.
#
# Needs Python 3, Go, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

cat >go.mod <<'MOD'
module finding

go 1.23

require google.golang.org/protobuf v1.36.11
MOD
cat >read.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func main() {
	var time timestamppb.Timestamp
	if err := protojson.Unmarshal([]byte(`"`+os.Args[1]+`"`), &time); err != nil {
		fmt.Println("refused")
		return
	}
	fmt.Println(strings.Trim(protojson.Format(&time), `"`))
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

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
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;

class Read {
    public static void main(String[] arguments) throws Exception {
        Timestamp.Builder time = Timestamp.newBuilder();
        try {
            JsonFormat.parser().merge('"' + arguments[0] + '"', time);
            System.out.println(JsonFormat.printer().print(time.build()).replace("\"", ""));
        } catch (InvalidProtocolBufferException error) {
            System.out.println("refused");
        }
    }
}
JAVA

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json, sys
from google.protobuf import json_format, timestamp_pb2
try:
    print(json_format.Parse(json.dumps(sys.argv[1]), timestamp_pb2.Timestamp()).ToJsonString())
except json_format.ParseError:
    print("refused")
PY

text=2026-11-11T00:00:00,5Z
seen="Go $(./read-go $text), Java $(java -cp 'jars/*' Read.java $text), Python $(venv/bin/python read.py $text)"
echo "$seen"
[ "$seen" = "Go 2026-11-11T00:00:00.500Z, Java 2026-11-11T00:00:00Z, Python refused" ]
echo "as described"
