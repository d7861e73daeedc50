#!/usr/bin/env bash
# A third of ten seconds is a deadline of nine hours for one server and an error for another, of the calls after it too.
#
# timeoutMs of Connect for JavaScript takes any number, and what is left for each of three attempts, or a number of seconds times
# 1000 (4.02 is one), has a fraction. @connectrpc/connect 2.1.2 writes it as it is, where gRPC has a whole number of at most eight
# digits and Connect one of at most ten. Over one connection for each server, how long each thinks it has:
#
#   timeoutMs    on the wire            gRPC, @grpc/grpc-js 1.14.7   gRPC, Python grpcio 1.85.1   Connect, its own server
#   3000         3000m                  3 s                          3 s                          3 s
#   10000 / 3    3333.3333333333335m    33333 s, nine hours          INTERNAL                     INVALID_ARGUMENT
#   3000         3000m                  3 s                          3 s                          3 s
#   4000         4000m                  4 s                          INTERNAL                     4 s
#   none                                none                         none                         none
#   two days     172800000m             72800 s, 20 hours            INTERNAL                     172800 s
#   25 days                             the client ends the call at once: Node.js makes a millisecond of it
#
# grpc-js looks for eight digits before the unit, wherever they stand. grpcio refuses the fraction, and from then on each deadline
# that this connection has not seen before, since HPACK has the header's name from the bad one: calls of others that share
# the client fail until it reconnects (then 4000 and two days pass). Round timeoutMs up, and bound it.
#
# Needs Python 3, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >shop.proto <<'PROTO'
syntax = "proto3";
package shop;
message Wait {}
message Left { string time = 1; }
service Orders { rpc Watch(Wait) returns (Left); }
PROTO
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 grpcio-tools==1.85.1
venv/bin/python -m grpc_tools.protoc -I. --descriptor_set_out=shop.bin --python_out=. --grpc_python_out=. shop.proto
cat >server.py <<'PY'
from concurrent import futures
import grpc, shop_pb2, shop_pb2_grpc

class Orders(shop_pb2_grpc.OrdersServicer):
    def Watch(self, request, context):
        left = context.time_remaining()
        return shop_pb2.Left(time="none" if left is None or left > 1e9 else f"{round(left)} s")

server = grpc.server(futures.ThreadPoolExecutor(2))
shop_pb2_grpc.add_OrdersServicer_to_server(Orders(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
PY
venv/bin/python server.py >python.port 2>server.log &

npm install --silent --no-audit --no-fund --no-save --prefix . @connectrpc/connect@2.1.2 @connectrpc/connect-node@2.1.2 \
  @bufbuild/protobuf@2.17.0 @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1 >/dev/null
cat >ask.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http2";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const Orders = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync("shop.bin"))).getService("shop.Orders");
const text = (ms) => `${Math.round(ms / 1000)} s`;

const server = new grpc.Server();
server.addService(grpc.loadPackageDefinition(loader.loadSync("shop.proto")).shop.Orders.service, {
  Watch(call, answer) {
    const deadline = call.getDeadline();
    answer(null, { time: deadline === Infinity ? "none" : text(+deadline - Date.now()) });
  },
});
const grpcPort = await new Promise((done) => server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, port) => done(port)));

let header;
const handle = connectNodeAdapter({
  routes: (router) => router.service(Orders, {
    watch: (_, context) => ({ time: context.timeoutMs() === undefined ? "none" : text(context.timeoutMs()) }),
  }),
});
const connect = createServer((request, response) => {
  header = request.headers["grpc-timeout"] ?? header;
  handle(request, response);
});
await new Promise((done) => connect.listen(0, "127.0.0.1", done));
const url = (port) => ({ httpVersion: "2", baseUrl: `http://127.0.0.1:${port}` });

async function watch(client, timeoutMs) {
  try {
    return (await client.watch({}, { timeoutMs })).time;
  } catch (error) {
    return Code[error.code];
  }
}
const clients = [
  createClient(Orders, createGrpcTransport(url(grpcPort))),
  createClient(Orders, createGrpcTransport(url(readFileSync("python.port", "utf8").trim()))),
  createClient(Orders, createConnectTransport(url(connect.address().port))),
];
const wire = createClient(Orders, createGrpcTransport(url(connect.address().port)));
const day = 24 * 3600 * 1000;
for (const timeout of [3000, 10000 / 3, 3000, 4000, undefined, 2 * day]) {
  header = "";
  await watch(wire, timeout);
  const seen = [];
  for (const client of clients) seen.push(await watch(client, timeout));
  console.log([timeout, header, ...seen].join(" | "));
}
// A new connection, and whole numbers alone.
const again = createClient(Orders, createGrpcTransport(url(readFileSync("python.port", "utf8").trim())));
console.log("grpcio anew:", await watch(again, 4000), await watch(again, 2 * day));
const began = Date.now();
console.log("25 days:", await watch(again, 25 * day), Date.now() - began < 2000 ? "at once" : "later");
process.exit();
JS
for _ in $(seq 100); do [ -s python.port ] && break; sleep 0.1; done
seen=$(node --no-warnings ask.mjs)
echo "$seen"
[ "$seen" = "3000 | 3000m | 3 s | 3 s | 3 s
3333.3333333333335 | 3333.3333333333335m | 33333 s | Internal | InvalidArgument
3000 | 3000m | 3 s | 3 s | 3 s
4000 | 4000m | 4 s | Internal | 4 s
 |  | none | none | none
172800000 | 172800000m | 72800 s | Internal | 172800 s
grpcio anew: 4 s 172800 s
25 days: DeadlineExceeded at once" ]
echo "as described"
