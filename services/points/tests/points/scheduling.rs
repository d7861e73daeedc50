//! Versions that come into force by the clock, and which one decides.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, order_rule, reason};

fn scheduled(brand: &Brand, formula: &str, days: i64) -> EarningRule {
    EarningRule {
        state: EarningRuleState::Scheduled.into(),
        effect_time: Some(brand.now().plus_days(days).to_wire()),
        ..order_rule(formula)
    }
}

async fn read(brand: &Brand, code: &str, at_days: Option<i64>) -> Result<EarningRule, tonic::Status> {
    let request = GetEarningRuleRequest {
        code: code.to_owned(),
        version: 0,
        at_time: at_days.map(|days| brand.now().plus_days(days).to_wire()),
    };
    Ok(brand
        .rules()
        .get_earning_rule(request)
        .await?
        .into_inner()
        .earning_rule
        .unwrap())
}

#[tokio::test]
async fn a_scheduled_version_comes_into_force_by_the_clock() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("1")).await;
    let second = brand
        .update_rule(
            "base",
            scheduled(&brand, "10", 2),
            &["state", "effect_time", "amount_formula"],
        )
        .await
        .unwrap();
    assert_eq!((second.version, second.state()), (2, EarningRuleState::Scheduled));
    brand.create_rule("later", scheduled(&brand, "100", 3)).await;
    assert_eq!(reason(&read(&brand, "later", Some(2)).await.unwrap_err()), "NOT_FOUND");
    for (day, earns) in [1, 1, 10, 110].into_iter().enumerate() {
        let before = brand.balance(&member).await;
        brand.pay(&member, &format!("order-{day}"), 100);
        brand.h.settle().await;
        assert_eq!(brand.balance(&member).await - before, earns, "day {day}");
        brand.turn_days(1);
    }
    let entries = brand.entries(&member, "points").await;
    let versions: Vec<i32> = entries
        .iter()
        .map(|it| it.earned_by.as_ref().unwrap().rule_version)
        .collect();
    assert_eq!(
        versions,
        [1, 2, 2, 1, 1],
        "each earn pins its version: later and base, base, base, base"
    );
    assert_eq!(
        read(&brand, "base", None).await.unwrap().state(),
        EarningRuleState::Active
    );
    assert_eq!(read(&brand, "base", Some(-3)).await.unwrap().version, 1);
}

#[tokio::test]
async fn an_update_of_a_waiting_version_keeps_waiting_unless_it_says_otherwise() {
    let brand = brand().await;
    brand.create_rule("base", scheduled(&brand, "1", 2)).await;
    let renamed = EarningRule {
        display_name: "Orders".to_owned(),
        ..EarningRule::default()
    };
    let second = brand.update_rule("base", renamed, &["display_name"]).await.unwrap();
    assert_eq!(second.state(), EarningRuleState::Scheduled);
    let third = brand.update_rule("base", order_rule("1"), &["state"]).await.unwrap();
    assert_eq!((third.state(), third.version), (EarningRuleState::Active, 3));
    let archived = EarningRule {
        state: EarningRuleState::Archived.into(),
        ..scheduled(&brand, "1", 1)
    };
    let refused = brand
        .update_rule("base", archived.clone(), &["state", "effect_time"])
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD", "what ends later has an end_time");
    brand.update_rule("base", archived, &["state"]).await.unwrap();
    brand.turn_days(3);
    let member = brand.member();
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    assert_eq!(
        brand.balance(&member).await,
        0,
        "a version that waited does not outlive what replaced it"
    );
}

#[tokio::test]
async fn a_schedule_needs_a_time_in_the_future_and_takes_the_start_for_it() {
    let brand = brand().await;
    for rule in [scheduled(&brand, "1", 0), scheduled(&brand, "1", -1)] {
        let refused = brand.try_create_rule("base", rule).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD");
    }
    let no_time = EarningRule {
        effect_time: None,
        ..scheduled(&brand, "1", 1)
    };
    let refused = brand.try_create_rule("base", no_time.clone()).await.unwrap_err();
    assert!(
        refused.message().contains("earning_rule.state"),
        "{}",
        refused.message()
    );
    let starts = EarningRule {
        start_time: Some(brand.now().plus_days(1).to_wire()),
        ..no_time
    };
    let created = brand.create_rule("base", starts.clone()).await;
    assert_eq!(
        (created.state(), created.effect_time),
        (EarningRuleState::Scheduled, starts.start_time)
    );
}

#[tokio::test]
async fn a_retry_after_the_time_has_come_gets_the_first_answer() {
    let brand = brand().await;
    let request = CreateEarningRuleRequest {
        request_id: brand.request_id(),
        code: "base".to_owned(),
        earning_rule: Some(scheduled(&brand, "1", 1)),
    };
    let first = brand
        .rules()
        .create_earning_rule(request.clone())
        .await
        .unwrap()
        .into_inner();
    brand.turn_days(2);
    assert_eq!(
        brand.rules().create_earning_rule(request).await.unwrap().into_inner(),
        first
    );
}

/// An activity is judged once: what is told again after the rules have changed earns no more.
#[tokio::test]
async fn an_activity_that_is_told_again_is_not_judged_by_later_rules() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("5")).await;
    let activity = brand.activity(&member, "order_paid", "order-1", 100);
    brand.tell(activity.clone());
    brand.h.settle().await;
    brand.create_rule("late", order_rule("100")).await;
    brand
        .update_rule("base", order_rule("50"), &["amount_formula"])
        .await
        .unwrap();
    brand.tell(activity);
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 5);
}
