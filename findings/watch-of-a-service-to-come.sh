#!/usr/bin/env bash
# Who asks tonic's health service to be told when a service comes up is told once that there is none, and never again.
#
# grpc.health.v1.Health has Check, which answers NOT_FOUND for a service it does not know, and Watch, of which the contract says
# the opposite: send SERVICE_UNKNOWN, keep the stream, send the status once the service is registered. Watch "shop.Orders",
# which is set to SERVING later:
#
#                                           before it is known                once it is set
#   Python grpcio-health-checking 1.85.1    SERVICE_UNKNOWN                   SERVING
#   JavaScript grpc-health-check 2.1.0      SERVICE_UNKNOWN                   SERVING
#   Rust tonic-health 0.14.9                the call fails with NOT_FOUND     nothing
#
# When tonic-health's reporter clears a service, its watchers see the stream end without an error, where SERVICE_UNKNOWN is due
# as well. A watcher that was tried with a server in another language waits for what never comes, or takes NOT_FOUND for a wrong
# address and gives up. Watch again after either, with a pause; a server in Rust sets each of its services NOT_SERVING before it
# listens, and never clears one.
#
# Needs Python 3, Node.js, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 grpcio-health-checking==1.85.1
cat >server.py <<'PY'
import os, sys
from concurrent import futures
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

server, statuses = grpc.server(futures.ThreadPoolExecutor(4)), health.HealthServicer()
health_pb2_grpc.add_HealthServicer_to_server(statuses, server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.readline()
statuses.set("shop.Orders", health_pb2.HealthCheckResponse.SERVING)
server.wait_for_termination()
PY
npm install --silent --no-audit --no-fund --no-save --prefix . @grpc/grpc-js@1.14.7 grpc-health-check@2.1.0 >/dev/null
cat >server.cjs <<'JS'
const grpc = require("@grpc/grpc-js");
const { HealthImplementation } = require("grpc-health-check");
const server = new grpc.Server();
const statuses = new HealthImplementation({});
statuses.addToServer(server);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  console.log(port);
  process.stdin.once("data", () => statuses.setStatus("shop.Orders", "SERVING"));
});
JS
mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "server"
version = "0.0.0"
edition = "2024"

[dependencies]
tokio = { version = "1", features = ["io-std", "io-util", "macros", "net", "rt"] }
tokio-stream = { version = "0.1", features = ["net"] }
tonic = "=0.14.9"
tonic-health = "=0.14.9"

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio_stream::wrappers::TcpListenerStream;
use tonic_health::ServingStatus;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mut reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let server = tonic::transport::Server::builder().add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let mut lines = BufReader::new(stdin()).lines();
    lines.next_line().await.unwrap();
    reporter.set_service_status("shop.Orders", ServingStatus::Serving).await;
    lines.next_line().await.unwrap();
    reporter.clear_service_status("shop.Orders").await;
    lines.next_line().await.unwrap();
}
RUST
cargo build -q --manifest-path rust/Cargo.toml --target-dir target
cat >watch.py <<'PY'
import queue, subprocess, sys, threading, time
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

name, *command = sys.argv[1:]
server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(f"127.0.0.1:{int(server.stdout.readline())}"))

def watch():
    seen = queue.Queue()
    def listen():
        try:
            for answer in stub.Watch(health_pb2.HealthCheckRequest(service="shop.Orders"), wait_for_ready=True):
                seen.put(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
            seen.put("the end")
        except grpc.RpcError as error:
            seen.put(error.code().name)
    threading.Thread(target=listen, daemon=True).start()
    return seen

def said(seen, wait):
    try:
        return seen.get(timeout=wait)
    except queue.Empty:
        return "nothing"

def tell():
    server.stdin.write("on\n")
    server.stdin.flush()

early = watch()
told = [said(early, 60)]
tell()
told.append(said(early, 2))
if name == "Rust":
    late = watch()
    told.append("a late one " + said(late, 60))
    tell()
    told.append(said(late, 60))
print(name + ":", ", ".join(told), flush=True)
server.kill()
server.wait()
__import__("os")._exit(0)
PY
seen=$(venv/bin/python watch.py Python venv/bin/python server.py
  venv/bin/python watch.py JavaScript node server.cjs
  venv/bin/python watch.py Rust target/debug/server)
echo "$seen"
[ "$seen" = "Python: SERVICE_UNKNOWN, SERVING
JavaScript: SERVICE_UNKNOWN, SERVING
Rust: NOT_FOUND, nothing, a late one SERVING, the end" ]
echo "as described"
