package dev.quanyu.example;

import dev.quanyu.Amounts;
import dev.quanyu.Client;
import dev.quanyu.QuanyuException;
import dev.quanyu.identity.v1.Arrival;
import dev.quanyu.identity.v1.Evidence;
import dev.quanyu.identity.v1.IdentityKind;
import dev.quanyu.identity.v1.Proof;
import dev.quanyu.identity.v1.ResolveMemberRequest;
import dev.quanyu.points.v1.EarnPointsRequest;
import dev.quanyu.points.v1.GetBalanceRequest;
import dev.quanyu.points.v1.RedeemPointsRequest;
import dev.quanyu.points.v1.ReversePointsRequest;

/**
 * A shop and its members: a customer is recognised, an order earns points, points pay, an order is refunded. The channel
 * "shop" and the asset "points" are there; QUANYU_ADDRESS and QUANYU_API_KEY say where and who.
 */
public final class Shop {
    private Shop() {}

    public static void main(String[] arguments) {
        try (var quanyu = Client.of(System.getenv("QUANYU_ADDRESS"), System.getenv("QUANYU_API_KEY"))) {
            run(quanyu);
        }
    }

    private static void run(Client quanyu) {
        // However often they come and through whichever channel, it is one member.
        var phone = Evidence.newBuilder().setKind(IdentityKind.IDENTITY_KIND_PHONE).setValue("138 0000 0001").setProof(Proof.PROOF_PLATFORM);
        var arrival = Arrival.newBuilder().setChannelCode("shop").setExternalId("customer-1").addEvidence(phone);
        var resolved = quanyu.members().resolveMember(ResolveMemberRequest.newBuilder().setArrival(arrival).build());
        var memberId = resolved.getResolution().getMemberId();
        System.out.println("customer-1 is " + memberId);

        // A request id that follows from the order makes the order earn once, even if the shop loses its power in between.
        // Where none is given, the client makes one, and keeps it over the attempts of that call.
        var paid = Amounts.parse("199.00", "CNY");
        var earn = EarnPointsRequest.newBuilder().setRequestId("earn-order-1").setMemberId(memberId).setAssetCode("points");
        var earned = quanyu.points().earnPoints(earn.setAmount(paid.getMinorUnits() / 100).setReference("order-1").build());
        System.out.println("an order of " + Amounts.text(paid) + " CNY earned " + earned.getEntry().getAmount());

        var redeem = RedeemPointsRequest.newBuilder().setMemberId(memberId).setAssetCode("points");
        var redeemed = quanyu.points().redeemPoints(redeem.setAmount(50).setReference("order-2").build());
        System.out.println("order-2 was paid with " + -redeemed.getEntry().getAmount());

        try {
            quanyu.points().redeemPoints(redeem.setAmount(1_000_000).setReference("order-3").build());
        } catch (QuanyuException refused) {
            if (!refused.reason().equals("INSUFFICIENT_POINTS")) {
                throw refused;
            }
            System.out.println("order-3 was not: " + refused.metadata().get("available") + " are there");
        }

        // The customer brings back part of order-2: the very points that paid come back.
        var reverse = ReversePointsRequest.newBuilder().setMemberId(memberId).setEntryId(redeemed.getEntry().getEntryId());
        quanyu.points().reversePoints(reverse.setAmount(20).setReference("refund-1").build());
        var balance = GetBalanceRequest.newBuilder().setMemberId(memberId).setAssetCode("points").build();
        System.out.println(quanyu.points().getBalance(balance).getBalance().getAvailable() + " are left");
    }
}
