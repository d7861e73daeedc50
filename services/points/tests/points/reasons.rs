//! Every reason of the contract is produced, with the metadata that it promises.

use std::collections::HashMap;

use contracts::points::v1::*;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::brand::{Brand, brand, metadata, order_rule, reason};
use crate::posting::{earn, redeem, refusal};

#[tokio::test]
async fn every_reason_is_produced() {
    let brand = brand().await;
    let mut seen: Vec<String> = Vec::new();
    for (status, code, keys) in produce(&brand).await {
        assert_eq!(status.code(), code, "{status:?}");
        for key in keys {
            assert!(!metadata(&status, key).is_empty(), "{key} of {status:?}");
        }
        seen.push(reason(&status));
    }
    let declared = (1..).map_while(|number| ErrorReason::try_from(number).ok());
    let declared: Vec<&str> = declared
        .map(|it| it.as_str_name().trim_start_matches("ERROR_REASON_"))
        .collect();
    assert_eq!(seen, declared, "in the order of the contract");
}

async fn produce(brand: &Brand) -> Vec<(Status, Code, Vec<&'static str>)> {
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
            brand.earn_of(&member, "points", i64::MAX).await.unwrap_err(),
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
