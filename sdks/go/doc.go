// Package quanyu is the client of Quanyu, the member platform: members, points, coupons, tags and journeys.
//
//	client, err := quanyu.New("https://quanyu.example.com", os.Getenv("QUANYU_API_KEY"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	redeemed, err := client.Points.RedeemPoints(ctx, &pointsv1.RedeemPointsRequest{
//		MemberId: memberID, AssetCode: "points", Amount: 50,
//	})
//
// Calls that are safe to repeat are repeated, each with one request id over all its attempts; see [New]. What fails is an
// [Error]. [Pages] and [Items] go over lists, [Stream] reads what the platform streams.
package quanyu

// Version is the module's, which is that of the contracts.
const Version = "0.1.0"
