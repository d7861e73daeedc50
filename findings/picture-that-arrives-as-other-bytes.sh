#!/usr/bin/env bash
# A picture sent as a data URL is a broken picture in Python and an error elsewhere; eight dots are no bytes at all.
#
# A bytes field is base64 in protobuf JSON. What a page has at hand is a data URL (of a canvas or a file reader), whose base64
# begins behind a comma; what the base64 command prints has line breaks; a form that hides a stored value shows dots and may
# send them back. Read as google.protobuf.BytesValue:
#
#                                            data:image/png;base64,   8 bytes in    6 bytes in    ••••••••
#                                            and 8 bytes              two lines     two lines
#   Python protobuf 7.36.2                   22 bytes, no picture     the 8 bytes   the 6 bytes   no bytes
#   TypeScript @bufbuild/protobuf 2.17.0     refused                  the 8 bytes   the 6 bytes   refused
#   Go google.golang.org/protobuf 1.36.12    refused                  refused       the 6 bytes   refused
#   Java protobuf-java-util 4.33.0           refused                  refused       refused       refused
#   Rust prost-reflect 0.16.5                refused                  refused       refused       refused
#
# Python passes over each character that is none of the alphabet and decodes the rest, the letters of "data", "image", "png" and
# "base64" too; it complains only where the number of letters left is wrong, so another type of picture may be refused. What
# is stored is read back without an error for ever. Go allows line breaks, but counts them when it guesses from the length
# whether there is padding. Send base64 alone, in one line; a server should look at the first bytes of a picture.
#
# Needs Python 3, Go, Node.js, Java 17 with Maven, Rust.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw LC_ALL=C.UTF-8

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import sys
from google.protobuf import json_format, wrappers_pb2
for text in sys.argv[1:]:
    try:
        print(json_format.Parse(text, wrappers_pb2.BytesValue()).value.hex() or "empty")
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

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	for _, text := range os.Args[1:] {
		var picture wrapperspb.BytesValue
		if err := protojson.Unmarshal([]byte(text), &picture); err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Printf("%x\n", picture.GetValue())
	}
}
GO
go mod tidy 2>/dev/null && go build -o read-go read.go

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
for (const text of process.argv.slice(2)) {
  try { console.log(Buffer.from(fromJsonString(BytesValueSchema, text).value).toString("hex")); } catch { console.log("refused"); }
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
import com.google.protobuf.BytesValue;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.util.HexFormat;

class Read {
    public static void main(String[] texts) {
        for (String text : texts) {
            BytesValue.Builder picture = BytesValue.newBuilder();
            try {
                JsonFormat.parser().merge(text, picture);
                System.out.println(HexFormat.of().formatHex(picture.getValue().toByteArray()));
            } catch (InvalidProtocolBufferException error) {
                System.out.println("refused");
            }
        }
    }
}
JAVA

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "picture"
version = "0.1.0"
edition = "2021"

[dependencies]
prost-reflect = { version = "=0.16.5", features = ["serde"] }
serde_json = "=1.0.154"
TOML
cat >rust/src/main.rs <<'RUST'
use prost_reflect::{DescriptorPool, DynamicMessage};

fn main() {
    let bytes = DescriptorPool::global().get_message_by_name("google.protobuf.BytesValue").unwrap();
    for text in std::env::args().skip(1) {
        match DynamicMessage::deserialize(bytes.clone(), &mut serde_json::Deserializer::from_str(&text)) {
            Ok(picture) => {
                let picture = picture.get_field_by_name("value").unwrap();
                println!("{}", picture.as_bytes().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            }
            Err(_) => println!("refused"),
        }
    }
}
RUST
cargo build -q --manifest-path rust/Cargo.toml --target-dir target

read_all() { "$@" '"data:image/png;base64,iVBORw0KGgo="' '"iVBORw0K\nGgo="' '"iVBO\nRw0K"' '"••••••••"' '"iVBORw0KGgo="' | paste -sd' '; }
seen="python     $(read_all venv/bin/python read.py)
typescript $(read_all node read.mjs)
go         $(read_all ./read-go)
java       $(read_all java -cp 'jars/*' Read.java)
rust       $(read_all target/debug/picture)"
echo "$seen"
[ "$seen" = 'python     75ab5a8a66a07bfa6781b6ac7bae22541391c3428682 89504e470d0a1a0a 89504e470d0a empty 89504e470d0a1a0a
typescript refused 89504e470d0a1a0a 89504e470d0a refused 89504e470d0a1a0a
go         refused refused 89504e470d0a refused 89504e470d0a1a0a
java       refused refused refused refused 89504e470d0a1a0a
rust       refused refused refused refused 89504e470d0a1a0a' ]
echo "as described"
