// Command shop is a shop and its members: a customer is recognised, an order earns points, points pay, an order is refunded.
// The channel "shop" and the asset "points" are there.
//
//	QUANYU_ADDRESS=http://127.0.0.1:7400 QUANYU_API_KEY=qy_... go run ./example/shop
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"quanyu.dev/quanyu"
	identityv1 "quanyu.dev/quanyu/identity/v1"
	pointsv1 "quanyu.dev/quanyu/points/v1"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := quanyu.New(os.Getenv("QUANYU_ADDRESS"), os.Getenv("QUANYU_API_KEY"))
	if err != nil {
		return err
	}
	defer client.Close()

	// However often they come and through whichever channel, it is one member.
	resolved, err := client.Members.ResolveMember(ctx, &identityv1.ResolveMemberRequest{Arrival: &identityv1.Arrival{
		ChannelCode: "shop",
		ExternalId:  "customer-1",
		Evidence: []*identityv1.Evidence{
			{Kind: identityv1.IdentityKind_IDENTITY_KIND_PHONE, Value: "138 0000 0001", Proof: identityv1.Proof_PROOF_PLATFORM},
		},
	}})
	if err != nil {
		return err
	}
	memberID := resolved.GetResolution().GetMemberId()
	fmt.Println("customer-1 is", memberID)

	// A request id that follows from the order makes the order earn once, even if the shop loses its power in between.
	// Where none is given, the client makes one, and keeps it over the attempts of that call.
	paid, err := quanyu.ParseMoney("199.00", "CNY")
	if err != nil {
		return err
	}
	earned, err := client.Points.EarnPoints(ctx, &pointsv1.EarnPointsRequest{
		RequestId: "earn-order-1", MemberId: memberID, AssetCode: "points", Amount: paid.GetMinorUnits() / 100, Reference: "order-1",
	})
	if err != nil {
		return err
	}
	fmt.Println("order-1 earned", earned.GetEntry().GetAmount())

	redeemed, err := client.Points.RedeemPoints(ctx, &pointsv1.RedeemPointsRequest{
		MemberId: memberID, AssetCode: "points", Amount: 50, Reference: "order-2",
	})
	if err != nil {
		return err
	}
	fmt.Println("order-2 was paid with", -redeemed.GetEntry().GetAmount())

	_, err = client.Points.RedeemPoints(ctx, &pointsv1.RedeemPointsRequest{MemberId: memberID, AssetCode: "points", Amount: 1_000_000})
	refused := new(quanyu.Error)
	if !errors.As(err, &refused) || refused.Reason != "INSUFFICIENT_POINTS" {
		return fmt.Errorf("order-3 was paid: %w", err)
	}
	fmt.Printf("order-3 was not: %s are there, %s were asked for\n", refused.Metadata["available"], refused.Metadata["requested"])

	// The customer brings back part of order-2: the very points that paid come back.
	_, err = client.Points.ReversePoints(ctx, &pointsv1.ReversePointsRequest{
		MemberId: memberID, EntryId: redeemed.GetEntry().GetEntryId(), Amount: 20, Reference: "refund-1",
	})
	if err != nil {
		return err
	}
	balance, err := client.Points.GetBalance(ctx, &pointsv1.GetBalanceRequest{MemberId: memberID, AssetCode: "points"})
	if err != nil {
		return err
	}
	fmt.Println(balance.GetBalance().GetAvailable(), "are left")
	return nil
}
