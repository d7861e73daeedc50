#!/usr/bin/env bash
# A service with an rpc named Close has a client in Node.js that can no longer be closed.
#
# "Close" is a fine verb in a service of campaigns, and in Go, Python and Java the connection, which is closed too, is another
# object than the client. @grpc/grpc-js 1.14.7 makes one object of both and puts the methods of the service over its own, by
# their names and by their names with a small first letter, without a warning: close, getChannel, waitForReady. Of services
# { rpc Close; rpc Get } and { rpc CloseCampaign; rpc Get }, loaded by @grpc/proto-loader 0.8.1:
#
#                                              rpc Close                              rpc CloseCampaign
#   client.close() as in every example         throws "Incorrect arguments passed"    closes the connection
#   client.close({}, answer)                   calls the service, with no id          -
#
# The throw is in the finally of a program that cleans up well, so it hides the error before it. Client.prototype.close.call(client)
# still closes. A verb alone is a poor name for an rpc where a client is one object: CloseCampaign has no such neighbour.
#
# Needs Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --no-save --prefix . @grpc/grpc-js@1.14.7 @grpc/proto-loader@0.8.1 >/dev/null
for name in Close CloseCampaign; do
  cat >"$name.proto" <<PROTO
syntax = "proto3";
package shop;
message Campaign { string id = 1; }
service Campaigns {
  rpc $name(Campaign) returns (Campaign);
  rpc Get(Campaign) returns (Campaign);
}
PROTO
done
cat >ask.cjs <<'JS'
const grpc = require("@grpc/grpc-js");
const name = process.argv[2];
const { shop } = grpc.loadPackageDefinition(require("@grpc/proto-loader").loadSync(name + ".proto"));
const closed = [];
const server = new grpc.Server();
server.addService(shop.Campaigns.service, {
  [name]: (call, answer) => {
    closed.push(JSON.stringify(call.request));
    answer(null, call.request);
  },
  Get: (call, answer) => answer(null, call.request),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  const client = new shop.Campaigns("127.0.0.1:" + port, grpc.credentials.createInsecure());
  const own = () => grpc.Client.prototype.close.call(client);
  const state = () => grpc.connectivityState[grpc.Client.prototype.getChannel.call(client).getConnectivityState(false)];
  client.Get({ id: "7" }, () => {
    try {
      client.close();
      console.log(name + ": close() closes,", state());
      server.forceShutdown();
    } catch (error) {
      console.log(name + ": close() throws", error.message + ",", state());
      client.close({}, () => {
        console.log(name + ": close({}, answer) closes", closed.join(" "), state());
        own();
        console.log(name + ": the prototype's closes,", state());
        server.forceShutdown();
      });
    }
  });
});
JS
seen=$(node ask.cjs Close; node ask.cjs CloseCampaign)
echo "$seen"
[ "$seen" = 'Close: close() throws Incorrect arguments passed, READY
Close: close({}, answer) closes {} READY
Close: the prototype'"'"'s closes, SHUTDOWN
CloseCampaign: close() closes, SHUTDOWN' ]
echo "as described"
