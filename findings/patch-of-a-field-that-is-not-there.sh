#!/usr/bin/env bash
# A patch that names a field and leaves it out clears the field in Python and sets it to "" in Java.
#
# google.protobuf.FieldMask says how to reset a field: name it in the mask and leave it at its default in the request. Both
# libraries bring the merge that does so, and differ for fields with presence (proto3 optional), whose default is to be absent.
# The member is {"nickname": "Li", "address": {"street": "Long", "door": "7"}}; after the patch
#
#   mask           patch                              Python protobuf 7.36.2     Java protobuf-java-util 4.33.0
#   nickname       {}                                 no nickname                "nickname": ""
#   address.door   {"address": {"street": "New"}}     no door                    "door": ""
#   address.door   {}                                 "door": "7", untouched     "door": ""
#
# "Has no nickname" and "is called nothing" are different members to a segment. In the third row Python does nothing, since the
# message around the field is absent, and reports a merge that was none. (That a whole message or list in a mask is merged or
# appended to, not replaced, is documented.) A server that patches writes the merge over its own fields, and tests a mask
# with nothing behind it.
#
# Needs Python 3, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >member.proto <<'PROTO'
syntax = "proto3";
package shop.v1;
message Address { string street = 1; optional string door = 2; }
message Member { optional string nickname = 1; Address address = 2; }
PROTO
cat >patches.txt <<'PATCHES'
nickname {}
address.door {"address":{"street":"New"}}
address.door {}
PATCHES

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio-tools==1.85.1 protobuf==7.36.2
venv/bin/python -m grpc_tools.protoc -I . --python_out=. --descriptor_set_out=member.pb member.proto
cat >patch.py <<'PY'
import json
from google.protobuf import field_mask_pb2, json_format
import member_pb2
for line in open("patches.txt"):
    path, patch = line.split()
    member = json_format.ParseDict({"nickname": "Li", "address": {"street": "Long", "door": "7"}}, member_pb2.Member())
    field_mask_pb2.FieldMask(paths=[path]).MergeMessage(json_format.Parse(patch, member_pb2.Member()), member)
    print(json.dumps(json_format.MessageToDict(member), separators=(",", ":")))
PY

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.google.protobuf</groupId><artifactId>protobuf-java-util</artifactId><version>4.33.0</version>
  </dependency></dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Patch.java <<'JAVA'
import com.google.protobuf.*;
import com.google.protobuf.util.*;
import java.nio.file.*;

class Patch {
    public static void main(String[] arguments) throws Exception {
        var files = DescriptorProtos.FileDescriptorSet.parseFrom(Files.readAllBytes(Path.of("member.pb")));
        var type = Descriptors.FileDescriptor.buildFrom(files.getFile(0), new Descriptors.FileDescriptor[0]).findMessageTypeByName("Member");
        for (String line : Files.readAllLines(Path.of("patches.txt"))) {
            String[] parts = line.split(" ");
            var member = DynamicMessage.newBuilder(type);
            JsonFormat.parser().merge("{\"nickname\":\"Li\",\"address\":{\"street\":\"Long\",\"door\":\"7\"}}", member);
            var patch = DynamicMessage.newBuilder(type);
            JsonFormat.parser().merge(parts[1], patch);
            FieldMaskUtil.merge(FieldMask.newBuilder().addPaths(parts[0]).build(), patch.build(), member);
            System.out.println(JsonFormat.printer().omittingInsignificantWhitespace().print(member));
        }
    }
}
JAVA

seen=$(venv/bin/python patch.py; java -cp 'jars/*' Patch.java)
echo "$seen"
[ "$seen" = '{"address":{"street":"Long","door":"7"}}
{"nickname":"Li","address":{"street":"Long"}}
{"nickname":"Li","address":{"street":"Long","door":"7"}}
{"nickname":"","address":{"street":"Long","door":"7"}}
{"nickname":"Li","address":{"street":"Long","door":""}}
{"nickname":"Li","address":{"street":"Long","door":""}}' ]
echo "as described"
