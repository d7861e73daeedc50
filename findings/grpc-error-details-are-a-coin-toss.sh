#!/usr/bin/env bash
# A refusal with long details is another error in Java, and in Python on some days.
#
# google.rpc.BadRequest says which fields are wrong and travels in one trailer, grpc-status-details-bin. That a header may be too
# large for a client is known; one expects to lose the details then, or the call, and the same way each time. A server refuses a
# batch with INVALID_ARGUMENT and one violation an item; 100 calls for each size:
#
#   violations (bytes)                 50 (4,163)         80 (6,623)         130 (10,753)       200 (16,565)
#   JavaScript @grpc/grpc-js 1.14.7    INVALID_ARGUMENT   INVALID_ARGUMENT   INVALID_ARGUMENT   INVALID_ARGUMENT
#   Python grpcio 1.85.1               INVALID_ARGUMENT   INVALID_ARGUMENT   of either kind     RESOURCE_EXHAUSTED
#   Java grpc-netty 1.76.0             INVALID_ARGUMENT   INTERNAL           INTERNAL           INTERNAL
#
# grpcio lets metadata pass up to a soft limit of 8 kB, refuses it above a hard one of 16 kB, and between them throws dice, the
# heavier the longer the metadata. RESOURCE_EXHAUSTED is also what a rate limit says, so a careful client backs off and sends
# again what can never be accepted. Java counts the trailer in Base64, closes the connection and says "http2 exception".
# A server that names many faults has to bound its details by bytes (5 kB suits all three), not by their number.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 grpcio-status==1.85.1 protobuf==7.36.2
cat >server.py <<'PY'
from concurrent import futures
import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

def refuse(request, context):
    details = any_pb2.Any()
    details.Pack(error_details_pb2.BadRequest(field_violations=[
        error_details_pb2.BadRequest.FieldViolation(field=f"items[{i}].amount", description="must be an amount above zero, in minor units of the currency")
        for i in range(int(request))]))
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="some items are wrong", details=[details])
    context.abort_with_status(rpc_status.to_status(status))

server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Orders", {"Place": grpc.unary_unary_rpc_method_handler(refuse)}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
open("port.part", "w").write(str(port))
__import__("os").rename("port.part", "port")
server.wait_for_termination()
PY
cat >ask.py <<'PY'
import sys, grpc
place = grpc.insecure_channel(f"127.0.0.1:{open('port').read()}").unary_unary("/shop.Orders/Place")
for count in sys.argv[1:]:
    codes = set()
    for _ in range(100):
        try:
            place(count.encode())
        except grpc.RpcError as error:
            codes.add(error.code().name)
    print("/".join(sorted(codes)), end=" ")
PY

npm install --silent --no-audit --no-fund --no-save --prefix . @grpc/grpc-js@1.14.7 >/dev/null
cat >ask.cjs <<'JS'
const { Client, credentials, status } = require("@grpc/grpc-js");
const client = new Client("127.0.0.1:" + require("fs").readFileSync("port"), credentials.createInsecure());
const same = (bytes) => bytes;
const place = (count) => new Promise((done) =>
  client.makeUnaryRequest("/shop.Orders/Place", same, same, Buffer.from(count), (error) => done(status[error.code])));
(async () => {
  for (const count of process.argv.slice(2)) {
    const codes = new Set();
    for (let i = 0; i < 100; i++) codes.add(await place(count));
    process.stdout.write([...codes].sort().join("/") + " ");
  }
  client.close();
})();
JS

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.grpc</groupId><artifactId>grpc-netty-shaded</artifactId><version>1.76.0</version></dependency>
    <dependency><groupId>io.grpc</groupId><artifactId>grpc-stub</artifactId><version>1.76.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Ask.java <<'JAVA'
import io.grpc.*;
import io.grpc.stub.ClientCalls;
import java.io.*;
import java.nio.file.*;
import java.util.TreeSet;

class Ask {
    static class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        public InputStream stream(byte[] bytes) { return new ByteArrayInputStream(bytes); }
        public byte[] parse(InputStream stream) { return new byte[0]; }
    }

    public static void main(String[] counts) throws Exception {
        var method = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName("shop.Orders/Place").build();
        var channel = ManagedChannelBuilder.forTarget("127.0.0.1:" + Files.readString(Path.of("port"))).usePlaintext().build();
        for (String count : counts) {
            var codes = new TreeSet<String>();
            for (int i = 0; i < 100; i++) {
                try {
                    ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, count.getBytes());
                } catch (StatusRuntimeException error) {
                    codes.add(error.getStatus().getCode().name());
                }
            }
            System.out.print(String.join("/", codes) + " ");
        }
        channel.shutdownNow();
    }
}
JAVA

venv/bin/python server.py 2>server.log &
for _ in $(seq 100); do [ -e port ] || sleep 0.1; done
counts="50 80 130 200"
seen=$(echo "JavaScript $(node ask.cjs $counts)"; echo "Python $(venv/bin/python ask.py $counts)"; echo "Java $(java -cp 'jars/*' Ask.java $counts)")
echo "$seen"
[ "$seen" = "JavaScript INVALID_ARGUMENT INVALID_ARGUMENT INVALID_ARGUMENT INVALID_ARGUMENT 
Python INVALID_ARGUMENT INVALID_ARGUMENT INVALID_ARGUMENT/RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED 
Java INVALID_ARGUMENT INTERNAL INTERNAL INTERNAL " ]
echo "as described"
