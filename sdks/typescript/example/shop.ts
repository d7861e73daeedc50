// A shop and its members: a customer is recognised, an order earns points, points pay, an order is refunded. The channel
// "shop" and the asset "points" are there.
//
//     QUANYU_ADDRESS=http://127.0.0.1:7400 QUANYU_API_KEY=qy_... node build/example/shop.js

import { Client, moneyText, QuanyuError } from "@quanyu/sdk";
import { IdentityKind, Proof } from "@quanyu/sdk/identity";

const quanyu = new Client(process.env["QUANYU_ADDRESS"] ?? "http://127.0.0.1:7400", {
  key: process.env["QUANYU_API_KEY"] ?? "",
});
const assetCode = "points";

// Whoever it is: one member, however often and through whichever channel they come.
const { resolution } = await quanyu.members.resolveMember({
  arrival: {
    channelCode: "shop",
    externalId: "customer-1",
    evidence: [{ kind: IdentityKind.PHONE, value: "138 0000 0001", proof: Proof.PLATFORM }],
  },
});
const memberId = resolution!.memberId;
console.log(`customer-1 is ${memberId}`);

// A request id that follows from the order makes the order earn once, even if the shop loses its power in between. Where
// none is given, the client makes one, and keeps it over the attempts of that call.
const paid = { currencyCode: "CNY", minorUnits: 19900n };
const earned = await quanyu.points.earnPoints({
  requestId: "earn-order-1",
  memberId,
  assetCode,
  amount: paid.minorUnits / 100n,
  reference: "order-1",
});
console.log(`an order of ${moneyText(paid)} ${paid.currencyCode} earned ${earned.entry!.amount}`);

const redeemed = await quanyu.points.redeemPoints({ memberId, assetCode, amount: 50n, reference: "order-2" });
console.log(`order-2 was paid with ${-redeemed.entry!.amount}`);

try {
  await quanyu.points.redeemPoints({ memberId, assetCode, amount: 1_000_000n, reference: "order-3" });
} catch (error) {
  if (!(error instanceof QuanyuError) || error.reason !== "INSUFFICIENT_POINTS") {
    throw error;
  }
  console.log(`order-3 was not: ${error.metadata["available"]} are there, ${error.metadata["requested"]} were asked for`);
}

// The customer brings back part of order-2: the very points that paid come back.
await quanyu.points.reversePoints({ memberId, entryId: redeemed.entry!.entryId, amount: 20n, reference: "refund-1" });

const { balance } = await quanyu.points.getBalance({ memberId, assetCode });
console.log(`${balance!.available} are left`);
quanyu.close();
