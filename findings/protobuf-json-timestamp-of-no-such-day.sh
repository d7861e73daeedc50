#!/usr/bin/env bash
# The thirtieth of February is the second of March, in two of four languages.
#
# A google.protobuf.Timestamp in JSON is a string of RFC 3339, whose grammar limits the day by month and year and the hour
# to 23. The JSON parsers that come with protobuf do not agree on what happens beyond:
#
#                                            "2026-02-30T00:00:00Z"   "2026-01-01T24:00:00Z"
#   Python protobuf 7.36.2                   refused                  refused
#   TypeScript @bufbuild/protobuf 2.17.0     2026-03-02T00:00:00Z     2026-01-02T00:00:00Z
#   Java protobuf-java-util 4.33.0           2026-03-02T00:00:00Z     2026-01-02T00:00:00Z
#
# Neither of the latter reports anything: the day moves on, as Date and a lenient SimpleDateFormat do. A birthday or the end
# of an offer that a person mistyped is stored as another date by one client and refused to the next.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2
cat >read.py <<'PY'
import json, sys
from google.protobuf import json_format, timestamp_pb2
for text in sys.argv[1:]:
    try:
        print(json_format.Parse(json.dumps(text), timestamp_pb2.Timestamp()).ToJsonString())
    except json_format.ParseError:
        print("refused")
PY

npm install --silent --no-audit --no-fund --no-save --prefix . @bufbuild/protobuf@2.17.0 >/dev/null
cat >read.mjs <<'JS'
import { fromJsonString, toJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
for (const text of process.argv.slice(2)) {
  try { console.log(toJson(TimestampSchema, fromJsonString(TimestampSchema, JSON.stringify(text)))); }
  catch { console.log("refused"); }
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
mvn -q dependency:copy-dependencies -Dmdep.useRepositoryLayout=false -DoutputDirectory=jars >/dev/null
cat >Read.java <<'JAVA'
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;

class Read {
    public static void main(String[] texts) throws Exception {
        for (String text : texts) {
            Timestamp.Builder time = Timestamp.newBuilder();
            try {
                JsonFormat.parser().merge('"' + text + '"', time);
                System.out.println(JsonFormat.printer().print(time.build()).replace("\"", ""));
            } catch (InvalidProtocolBufferException error) {
                System.out.println("refused");
            }
        }
    }
}
JAVA

texts=(2026-02-30T00:00:00Z 2026-01-01T24:00:00Z 2026-02-28T00:00:00Z)
seen=$(for reader in "venv/bin/python read.py" "node read.mjs" "java -cp jars/* Read.java"; do
    set -f
    $reader "${texts[@]}" | paste -sd' '
    set +f
done)
echo "$seen"
[ "$seen" = "refused refused 2026-02-28T00:00:00Z
2026-03-02T00:00:00Z 2026-01-02T00:00:00Z 2026-02-28T00:00:00Z
2026-03-02T00:00:00Z 2026-01-02T00:00:00Z 2026-02-28T00:00:00Z" ]
echo "as described"
