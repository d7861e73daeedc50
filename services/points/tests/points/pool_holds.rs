//! What members set aside of a pool, and what becomes of it; and pools among the postings of a batch.

use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_result::Outcome;
use contracts_points::v1::*;
use tonic::Status;

use crate::brand::{Brand, brand, metadata, reason};

impl Brand {
    fn pool_hold_request(&self, pool: &str, member: &str, amount: i64) -> HoldPoolPointsRequest {
        HoldPoolPointsRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
            amount,
            ttl_seconds: 86_400,
            reference: "order-7".to_owned(),
            cost_centre: "store-1".to_owned(),
        }
    }

    pub(crate) async fn hold_of(&self, pool: &str, member: &str, amount: i64) -> Result<Hold, Status> {
        let request = self.pool_hold_request(pool, member, amount);
        Ok(self.pools().hold_pool_points(request).await?.into_inner().hold.unwrap())
    }

    async fn open_holds_of(&self, pool: &str) -> Vec<Hold> {
        let request = ListPoolHoldsRequest {
            pool_id: pool.to_owned(),
            open_only: true,
            ..ListPoolHoldsRequest::default()
        };
        self.pools().list_pool_holds(request).await.unwrap().into_inner().holds
    }
}

#[tokio::test]
async fn what_is_set_aside_of_a_pool_is_captured_in_part_for_the_member_even_after_it_has_left() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &owner, 50).await.unwrap();
    let request = brand.pool_hold_request(&pool, &member, 40);
    let held = brand
        .pools()
        .hold_pool_points(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = brand.pools().hold_pool_points(request).await.unwrap().into_inner();
    assert_eq!(held, again, "repeated, it is the first answer");
    let hold = held.hold.unwrap();
    assert_eq!((&hold.member_id, &hold.acting_member_id), (&pool, &member));
    assert_eq!(brand.pool_holds(&pool).await, 10, "it counts at once");
    assert_eq!(brand.open_holds_of(&pool).await, std::slice::from_ref(&hold));
    let short = brand.hold_of(&pool, &owner, 11).await.unwrap_err();
    assert_eq!(
        (reason(&short).as_str(), metadata(&short, "available")),
        ("INSUFFICIENT_POINTS", "10".to_owned())
    );
    let stranger = brand.hold_of(&pool, &brand.member(), 1).await.unwrap_err();
    assert_eq!(reason(&stranger), "POOL_MEMBERSHIP_REQUIRED");

    brand.leave(&pool, &member).await.unwrap();
    let refused = brand.hold_of(&pool, &member, 1).await.unwrap_err();
    assert_eq!(reason(&refused), "POOL_MEMBERSHIP_REQUIRED");
    let captured = brand.capture(&hold.hold_id, 25).await.unwrap().entry.unwrap();
    assert_eq!(
        (
            captured.amount,
            captured.balance,
            captured.reference.as_str(),
            captured.cost_centre.as_str()
        ),
        (-25, 25, "order-7", "store-1")
    );
    assert_eq!((&captured.member_id, &captured.acting_member_id), (&pool, &member));
    assert_eq!(
        (brand.pool_holds(&pool).await, brand.open_holds_of(&pool).await),
        (25, vec![])
    );
    let back = brand.give_back(&pool, &captured.entry_id, 5).await.unwrap();
    assert_eq!((back.balance, back.reversible_amount), (30, 20));
    brand.check().await;
    for (fact, times) in [
        ("points.pool_held", 1),
        ("points.pool_hold_ended", 1),
        ("points.pool_points_redeemed", 1),
        ("points.held", 0),
        ("points.hold_ended", 0),
        ("points.redeemed", 0),
    ] {
        assert_eq!(brand.told(fact).await, times, "{fact}");
    }
}

#[tokio::test]
async fn a_hold_on_a_pool_is_released_by_a_call_or_by_its_deadline() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &owner, 50).await.unwrap();
    let first = brand.hold_of(&pool, &member, 20).await.unwrap();
    brand.hold_of(&pool, &owner, 30).await.unwrap();
    brand.release(&first.hold_id).await.unwrap();
    assert_eq!(brand.pool_holds(&pool).await, 20);
    let late = brand.release(&first.hold_id).await.unwrap_err();
    assert_eq!(reason(&late), "HOLD_NOT_OPEN");
    brand.pass_days(2).await;
    assert_eq!(
        (brand.pool_holds(&pool).await, brand.open_holds_of(&pool).await),
        (50, vec![])
    );
    assert_eq!(brand.told("points.pool_hold_ended").await, 2);
    brand.check().await;
}

#[tokio::test]
async fn what_is_set_aside_of_a_pool_that_is_dissolved_is_its_owner_s_and_can_still_be_captured() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &member, 50).await.unwrap();
    let hold = brand.hold_of(&pool, &member, 30).await.unwrap();
    brand.dissolve(&pool).await.unwrap();
    assert_eq!(brand.standing(&owner).await, (120, 30));
    let refused = brand.hold_of(&pool, &owner, 1).await.unwrap_err();
    assert_eq!(reason(&refused), "POOL_DISSOLVED");
    let captured = brand.capture(&hold.hold_id, 10).await.unwrap().entry.unwrap();
    assert_eq!(
        (&captured.member_id, &captured.acting_member_id, captured.amount),
        (&owner, &member, -10)
    );
    assert_eq!(brand.standing(&owner).await, (140, 0));
    brand.check().await;
}

#[tokio::test]
async fn a_batch_posts_to_pools_and_a_request_is_the_same_by_its_own_method() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &owner, 60).await.unwrap();
    let spent = brand.redeem_of(&pool, &member, 20).await.unwrap();
    let contribution = ContributePointsRequest {
        request_id: brand.request_id(),
        pool_id: pool.clone(),
        member_id: member.clone(),
        amount: 30,
        reference: String::new(),
    };
    let reversal = ReversePoolPointsRequest {
        request_id: brand.request_id(),
        pool_id: pool.clone(),
        entry_id: spent.entry_id,
        amount: 8,
        reference: String::new(),
    };
    let redemption = brand.pool_redemption(&pool, &owner, 5);
    let requests = [
        Request::Contribute(contribution.clone()),
        Request::RedeemPool(redemption.clone()),
        Request::ReversePool(reversal.clone()),
        Request::HoldPool(brand.pool_hold_request(&pool, &member, 3)),
        Request::RedeemPool(brand.pool_redemption(&pool, &brand.member(), 1)),
    ];
    for all_or_nothing in [true, false] {
        let postings = requests
            .iter()
            .cloned()
            .map(|request| Posting { request: Some(request) });
        let request = PostBatchRequest {
            unreadable_items: Vec::new(),
            postings: postings.collect(),
            all_or_nothing,
        };
        let answer = brand.postings().post_batch(request).await.unwrap().into_inner();
        let outcomes: Vec<Outcome> = answer.results.into_iter().map(|it| it.outcome.unwrap()).collect();
        let Outcome::Refusal(refusal) = &outcomes[4] else {
            panic!("{outcomes:?}")
        };
        assert_eq!(refusal.reason, "POOL_MEMBERSHIP_REQUIRED");
        if all_or_nothing {
            assert_eq!((answer.posted_count, brand.pool_holds(&pool).await), (0, 40));
            continue;
        }
        assert_eq!(
            (answer.posted_count, brand.pool_holds(&pool).await),
            (4, 40 + 30 - 5 + 8 - 3)
        );
        let own = [
            Outcome::Contribute(
                brand
                    .pools()
                    .contribute_points(contribution.clone())
                    .await
                    .unwrap()
                    .into_inner(),
            ),
            Outcome::RedeemPool(
                brand
                    .pools()
                    .redeem_pool_points(redemption.clone())
                    .await
                    .unwrap()
                    .into_inner(),
            ),
            Outcome::ReversePool(
                brand
                    .pools()
                    .reverse_pool_points(reversal.clone())
                    .await
                    .unwrap()
                    .into_inner(),
            ),
        ];
        assert_eq!(outcomes[..3], own);
    }
    brand.check().await;
}
