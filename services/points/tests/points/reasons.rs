//! Every reason of the contract is produced, with the metadata that it promises.

use std::collections::HashMap;

use contracts_points::v1::*;
use sea_orm::DbBackend;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::brand::{Brand, brand, metadata, order_rule, reason};
use crate::posting::{earn, redeem, refusal};

#[tokio::test]
async fn every_reason_is_produced() {
    let brand = brand().await;
    let mut seen: Vec<String> = Vec::new();
    let mut produced = produce(&brand).await;
    produced.extend(produce_more(&brand).await);
    produced.extend(produce_frozen(&brand).await);
    produced.extend(crate::drafting::produce(&brand).await);
    produced.extend(crate::pools::produce(&brand).await);
    produced.push(produce_many_lots(&brand).await);
    produced.push(crate::times::produce(&brand).await);
    produced.push(crate::sums::produce(&brand).await);
    for (status, code, keys) in produced {
        assert_eq!(status.code(), code, "{status:?}");
        for key in keys {
            assert!(!metadata(&status, key).is_empty(), "{key} of {status:?}");
        }
        seen.push(reason(&status));
    }
    let declared = (1..100).filter_map(|number| ErrorReason::try_from(number).ok());
    let declared: Vec<&str> = declared
        .map(|it| it.as_str_name().trim_start_matches("ERROR_REASON_"))
        .collect();
    assert_eq!(seen, declared, "in the order of the contract");
}

pub(crate) type Produced = (Status, Code, Vec<&'static str>);

async fn produce(brand: &Brand) -> Vec<Produced> {
    let member = brand.member();
    let earn = brand.earn(&member, 70, 0).await;
    let redeem = brand.redeem(&member, 10).await.unwrap();
    let reversal = brand.reverse(&redeem, 10).await.unwrap().entry.unwrap();
    brand.earn_of(&member, "growth", 5).await.unwrap();
    brand.create_rule("base", order_rule("1")).await;
    let archived = EarningRule {
        state: EarningRuleState::Archived.into(),
        ..EarningRule::default()
    };
    brand.update_rule("base", archived.clone(), &["state"]).await.unwrap();

    let mut growth = brand.redeem_request(&member, 1);
    "growth".clone_into(&mut growth.asset_code);
    let points = Asset {
        kind: AssetKind::Points.into(),
        ..Asset::default()
    };
    let mut late = brand.earn_request(&member, "points", 1);
    late.expire_time = Some(brand.now().to_wire());
    let state = Code::FailedPrecondition;
    vec![
        (
            brand.redeem(&member, 500).await.unwrap_err(),
            state,
            vec!["available", "requested"],
        ),
        (
            brand.points().redeem_points(growth).await.unwrap_err(),
            state,
            vec!["asset_code"],
        ),
        (
            brand.try_create_asset("points", points).await.unwrap_err(),
            Code::AlreadyExists,
            vec!["code"],
        ),
        (
            brand.points().earn_points(late).await.unwrap_err(),
            state,
            vec!["expire_time"],
        ),
        (
            {
                // An account of the time before there was a bound.
                let full = brand.member();
                brand.earn(&full, 4_712_000, 0).await;
                let much = "UPDATE account SET balance = 9000000000000000000 WHERE balance = 4712000";
                assert_eq!(brand.execute(much).await.unwrap(), 1);
                brand.earn_of(&full, "points", 1).await.unwrap_err()
            },
            state,
            vec!["balance", "amount"],
        ),
        (
            brand.reverse(&reversal, 1).await.unwrap_err(),
            state,
            vec!["entry_id", "kind"],
        ),
        (
            brand.reverse(&earn, 71).await.unwrap_err(),
            state,
            vec!["reversible", "requested"],
        ),
        (
            brand.try_create_rule("base", order_rule("1")).await.unwrap_err(),
            Code::AlreadyExists,
            vec!["code"],
        ),
        (
            brand.update_rule("base", archived, &["state"]).await.unwrap_err(),
            state,
            vec!["code", "from", "to"],
        ),
        (withheld(brand, &member).await, state, vec!["refused_count"]),
    ]
}

/// The refusal of a posting that is in order, of a batch that is not, as the status of its own method would have been.
async fn withheld(brand: &Brand, member: &str) -> Status {
    let request = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: vec![
            earn(brand.earn_request(member, "points", 1)),
            redeem(brand.redeem_request(member, 500)),
        ],
        all_or_nothing: true,
    };
    let answer = brand.postings().post_batch(request).await.unwrap().into_inner();
    let refusal = refusal(&answer.results[0]);
    let mut details = ErrorDetails::new();
    details.set_error_info(refusal.reason, refusal.domain, HashMap::from_iter(refusal.metadata));
    Status::with_error_details(Code::from_i32(refusal.code), refusal.message, details)
}

/// Of holds, clawbacks, gifts, adjustments and pending earns.
async fn produce_more(brand: &Brand) -> Vec<Produced> {
    let member = brand.member();
    let earn = brand.earn(&member, 70, 0).await;
    let hold = brand.hold(&member, 5, 0).await.unwrap();
    let ended = brand.hold(&member, 5, 0).await.unwrap();
    brand.release(&ended.hold_id).await.unwrap();

    let gift = TransferPointsRequest {
        asset_code: "growth".to_owned(),
        ..brand.transfer_request(&member, &brand.member(), 1)
    };
    let waiting = brand
        .adjust(&member, 1)
        .await
        .unwrap()
        .adjustment
        .unwrap()
        .adjustment_id;
    let alone = Asset {
        adjustment_alone_max: 1,
        ..Asset::default()
    };
    brand.set_points(alone, "adjustment_alone_max").await;
    let posted = brand
        .adjust(&member, 1)
        .await
        .unwrap()
        .adjustment
        .unwrap()
        .adjustment_id;

    let state = Code::FailedPrecondition;
    vec![
        (
            brand.release(&ended.hold_id).await.unwrap_err(),
            state,
            vec!["hold_id", "state"],
        ),
        (
            brand.capture(&hold.hold_id, 6).await.unwrap_err(),
            state,
            vec!["hold_id", "held", "requested"],
        ),
        (
            {
                brand.set_clawback(ClawbackPolicy::None).await;
                brand.reverse(&earn, 1).await.unwrap_err()
            },
            state,
            vec!["asset_code"],
        ),
        (
            brand.transfers().transfer_points(gift).await.unwrap_err(),
            state,
            vec!["asset_code"],
        ),
        (
            brand.transfer(&member, &member, 1).await.unwrap_err(),
            state,
            vec!["member_id"],
        ),
        (
            brand
                .adjustments()
                .approve_adjustment(brand.approval(&posted))
                .await
                .unwrap_err(),
            state,
            vec!["adjustment_id", "state"],
        ),
        (
            brand
                .adjustments()
                .approve_adjustment(brand.approval(&waiting))
                .await
                .unwrap_err(),
            state,
            vec!["adjustment_id", "creator"],
        ),
        (
            brand.confirm(&member, &earn.entry_id, "").await.unwrap_err(),
            state,
            vec!["earn"],
        ),
    ]
}

/// Of frozen accounts.
async fn produce_frozen(brand: &Brand) -> Vec<Produced> {
    let member = brand.member();
    let frozen = brand.member();
    brand.earn(&frozen, 1, 0).await;
    brand.freeze(&frozen).await.unwrap();
    let broken = brand.member();
    brand.earn(&broken, 4_711, 0).await;
    brand.freeze(&broken).await.unwrap();
    brand
        .execute("UPDATE account SET balance = 4712 WHERE balance = 4711")
        .await
        .unwrap();

    let state = Code::FailedPrecondition;
    vec![
        (
            brand.redeem(&frozen, 1).await.unwrap_err(),
            state,
            vec!["asset_code", "reason", "freeze_time"],
        ),
        (brand.unfreeze(&member).await.unwrap_err(), state, vec!["asset_code"]),
        (
            brand.unfreeze(&broken).await.unwrap_err(),
            state,
            vec!["asset_code", "discrepancy"],
        ),
    ]
}

/// Two members with nine thousand lots each, who spend all of it at once.
async fn produce_many_lots(brand: &Brand) -> Produced {
    let members = [brand.member(), brand.member()];
    for member in &members {
        brand.earn(member, 7_001, 0).await;
    }
    let id = match brand.h.db.backend() {
        DbBackend::Sqlite => "randomblob(16)",
        _ => "gen_random_uuid()",
    };
    let more = format!(
        "INSERT INTO lot (tenant_id, lot_id, member_id, asset_code, granted, remaining, open, grant_time, expire_time, \
             held, pending) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) \
         SELECT l.tenant_id, {id}, l.member_id, l.asset_code, 1, 1, l.open, l.grant_time, l.expire_time, 0, 0 \
         FROM lot AS l CROSS JOIN n WHERE l.granted = 7001"
    );
    assert_eq!(brand.execute(&more).await.unwrap(), 18_000);
    let all = members.map(|member| redeem(brand.redeem_request(&member, 16_001)));
    let request = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: all.to_vec(),
        all_or_nothing: true,
    };
    let refused = brand.postings().post_batch(request).await.unwrap_err();
    (refused, Code::FailedPrecondition, vec!["lots_max"])
}
