#!/usr/bin/env bash
# The largest float, which stands for "no limit", is written as JSON by five libraries, and two of them refuse their own text.
#
# A limit in a float field that nobody set is often FLT_MAX, Float.MAX_VALUE or f32::MAX. As google.protobuf.FloatValue each
# library writes it with as few digits as tell floats apart (TypeScript with those of a double), and rounded so it is a little
# more than the largest float. Who reads what:
#
#                                            written as              read by Go, Java,   Python    Rust
#                                                                    TypeScript
#   Go google.golang.org/protobuf 1.36.12    3.4028235e+38           yes                 refused   refused
#   Java protobuf-java-util 4.33.0           3.4028235E38            yes                 refused   refused
#   TypeScript @bufbuild/protobuf 2.17.0     3.4028234663852886e+38  yes                 yes       refused
#   Python protobuf 7.36.2                   3.4028235e+38           yes                 refused   refused
#   Rust prost-reflect 0.16.5                3.4028235e+38           yes                 refused   refused
#   the same in quotes                       "3.4028235e+38"         yes                 yes       yes
#
# Python and Rust hold the number against the largest float before they round it to one, and Rust's reader of JSON (serde_json
# 1.0.154 as it comes) reads the exact one a digit too high, so that none passes there. In quotes, which the mapping
# allows too, both take it. A test with 1.5 or with the binary form finds none of this. "No limit" is best an absent field.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven, Rust.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >limit.py <<'PY'
import struct, sys
from google.protobuf import json_format, wrappers_pb2
largest = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
if len(sys.argv) == 1:
    print(json_format.MessageToJson(wrappers_pb2.FloatValue(value=largest)))
for text in sys.argv[1:]:
    try:
        print(str(json_format.Parse(text, wrappers_pb2.FloatValue()).value == largest).lower())
    except json_format.ParseError:
        print("refused")
PY

cat >go.mod <<'MOD'
module finding

go 1.23

require google.golang.org/protobuf v1.36.12
MOD
cat >limit.go <<'GO'
package main

import (
	"fmt"
	"math"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	if len(os.Args) == 1 {
		fmt.Println(protojson.Format(wrapperspb.Float(math.MaxFloat32)))
	}
	for _, text := range os.Args[1:] {
		var limit wrapperspb.FloatValue
		if err := protojson.Unmarshal([]byte(text), &limit); err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Println(limit.GetValue() == math.MaxFloat32)
	}
}
GO
go mod tidy 2>/dev/null && go build -o limit-go limit.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >limit.mjs <<'JS'
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { FloatValueSchema } from "@bufbuild/protobuf/wkt";
const largest = Math.fround(3.4028234663852886e38);
if (process.argv.length === 2) console.log(toJsonString(FloatValueSchema, create(FloatValueSchema, { value: largest })));
for (const text of process.argv.slice(2)) {
  try { console.log(Math.fround(fromJsonString(FloatValueSchema, text).value) === largest); } catch { console.log("refused"); }
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
cat >Limit.java <<'JAVA'
import com.google.protobuf.FloatValue;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;

class Limit {
    public static void main(String[] texts) throws Exception {
        if (texts.length == 0) System.out.println(JsonFormat.printer().print(FloatValue.of(Float.MAX_VALUE)));
        for (String text : texts) {
            FloatValue.Builder limit = FloatValue.newBuilder();
            try {
                JsonFormat.parser().merge(text, limit);
                System.out.println(limit.getValue() == Float.MAX_VALUE);
            } catch (InvalidProtocolBufferException error) {
                System.out.println("refused");
            }
        }
    }
}
JAVA

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "limit"
version = "0.1.0"
edition = "2021"

[dependencies]
prost-reflect = { version = "=0.16.5", features = ["serde"] }
serde_json = "=1.0.154"
TOML
cat >rust/src/main.rs <<'RUST'
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

fn main() {
    let float = DescriptorPool::global().get_message_by_name("google.protobuf.FloatValue").unwrap();
    if std::env::args().count() == 1 {
        let mut limit = DynamicMessage::new(float.clone());
        limit.set_field_by_name("value", Value::F32(f32::MAX));
        println!("{}", serde_json::to_string(&limit).unwrap());
    }
    for text in std::env::args().skip(1) {
        match DynamicMessage::deserialize(float.clone(), &mut serde_json::Deserializer::from_str(&text)) {
            Ok(limit) => println!("{}", limit.get_field_by_name("value").unwrap().as_f32() == Some(f32::MAX)),
            Err(_) => println!("refused"),
        }
    }
}
RUST
cargo build -q --manifest-path rust/Cargo.toml --target-dir target

java() { command java -cp 'jars/*' Limit.java "$@"; }
read_by_all() {
    echo "$1 go $(./limit-go "$1") java $(java "$1") typescript $(node limit.mjs "$1")" \
        "python $(venv/bin/python limit.py "$1") rust $(target/debug/limit "$1")"
}
seen=$(for writer in ./limit-go java "node limit.mjs" "venv/bin/python limit.py" target/debug/limit; do
    read_by_all "$($writer)"
done
read_by_all '"3.4028235e+38"')
echo "$seen"
[ "$seen" = '3.4028235e+38 go true java true typescript true python refused rust refused
3.4028235E38 go true java true typescript true python refused rust refused
3.4028234663852886e+38 go true java true typescript true python true rust refused
3.4028235e+38 go true java true typescript true python refused rust refused
3.4028235e+38 go true java true typescript true python refused rust refused
"3.4028235e+38" go true java true typescript true python true rust true' ]
echo "as described"
