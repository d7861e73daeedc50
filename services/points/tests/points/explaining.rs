//! Why an activity earned what it did, and what one would.

use contracts_points::v1::earning_amount::Kind;
use contracts_points::v1::*;
use contracts_tagging::v1::Activity;
use tonic::Status;

use crate::brand::{Brand, brand, order_rule, reason};
use crate::multiplying::{amount_rule, times};

async fn explain(brand: &Brand, activity_id: &str) -> Result<EarningDecision, Status> {
    let request = ExplainEarningRequest {
        activity_id: activity_id.to_owned(),
        ..ExplainEarningRequest::default()
    };
    let mut found = brand.rules().explain_earning(request).await?.into_inner().decisions;
    assert_eq!(found.len(), 1);
    Ok(found.remove(0))
}

async fn simulate(brand: &Brand, activity: &Activity, at_days: Option<i64>) -> SimulateEarningResponse {
    let request = SimulateEarningRequest {
        activity: Some(activity.clone()),
        at_time: at_days.map(|days| brand.now().plus_days(days).to_wire()),
        ..SimulateEarningRequest::default()
    };
    brand.rules().simulate_earning(request).await.unwrap().into_inner()
}

fn verdicts(outcomes: &[RuleOutcome]) -> Vec<(&str, RuleVerdict, i64)> {
    outcomes
        .iter()
        .map(|it| (it.rule_code.as_str(), it.verdict(), it.amount))
        .collect()
}

/// A rule for each verdict that a small order may meet.
async fn rules_of_every_verdict(brand: &Brand) {
    let base = amount_rule(Kind::Fixed(100));
    let of_group = |priority| EarningRule {
        exclusion_group: "promotion".to_owned(),
        priority,
        ..times(2, 1)
    };
    let caps = EarningCaps {
        member_day: 130,
        ..EarningCaps::default()
    };
    let rules = [
        (
            "a_base",
            EarningRule {
                caps: Some(caps),
                ..base.clone()
            },
        ),
        (
            "b_spent",
            EarningRule {
                budget: 100,
                ..base.clone()
            },
        ),
        (
            "c_large",
            EarningRule {
                condition: "activity.amount > 99999".to_owned(),
                ..base.clone()
            },
        ),
        (
            "d_over",
            EarningRule {
                end_time: Some(brand.now().to_wire()),
                ..base.clone()
            },
        ),
        ("e_none", order_rule("activity.amount - 100")),
        ("f_fails", order_rule("1 / (activity.amount - 100)")),
        (
            "g_stops",
            EarningRule {
                stop: true,
                priority: -1,
                ..amount_rule(Kind::Fixed(1))
            },
        ),
        (
            "h_after",
            EarningRule {
                priority: -2,
                ..base.clone()
            },
        ),
        ("i_double", of_group(2)),
        ("j_excluded", of_group(1)),
    ];
    for (code, rule) in rules {
        brand.create_rule(code, rule).await;
    }
}

#[tokio::test]
async fn every_verdict_is_explained_as_it_was_decided_whatever_the_rules_are_now() {
    let brand = brand().await;
    let member = brand.member();
    brand.promote(&member, "gold");
    rules_of_every_verdict(&brand).await;
    let activities: Vec<Activity> = (0..3)
        .map(|order| brand.activity(&member, "order_paid", &format!("order-{order}"), 100))
        .collect();
    for activity in &activities {
        brand.tell(activity.clone());
        brand.h.settle().await;
    }
    // Nothing of what follows may change what was decided.
    brand.promote(&member, "black");
    for code in ["a_base", "c_large", "i_double"] {
        let change = EarningRule {
            condition: "false".to_owned(),
            ..EarningRule::default()
        };
        brand.update_rule(code, change, &["condition"]).await.unwrap();
    }
    brand.pass_days(40).await;

    let second = explain(&brand, &activities[1].activity_id).await.unwrap();
    let expected = [
        ("a_base", RuleVerdict::Earns, 30),
        ("b_spent", RuleVerdict::BudgetSpent, 0),
        ("c_large", RuleVerdict::ConditionFalse, 0),
        ("d_over", RuleVerdict::OutOfTime, 0),
        ("e_none", RuleVerdict::Nothing, 0),
        ("f_fails", RuleVerdict::Failed, 0),
        ("g_stops", RuleVerdict::Earns, 1),
        ("h_after", RuleVerdict::Stopped, 0),
        ("i_double", RuleVerdict::Earns, 31),
        ("j_excluded", RuleVerdict::Excluded, 0),
    ];
    assert_eq!(verdicts(&second.outcomes), expected);
    assert_eq!((second.amounts["points"], second.tier_code.as_str()), (62, "gold"));
    let told = [
        (0, "of the member on"),
        (0, "100 were used, 30 more are"),
        (1, "at most 100 of the rule's budget: 100 were used"),
        (2, "activity.amount = 100"),
        (3, "the rule holds from"),
        (4, "the amount is 0"),
        (5, "division by zero"),
        (7, "the rule g_stops has earned"),
        (8, "adds to 31"),
        (9, "the rule i_double has earned"),
    ];
    for (index, part) in told {
        let explanation = &second.outcomes[index].explanation;
        assert!(explanation.contains(part), "{part}: {explanation}");
    }
    let entries = brand.entries(&member, "points").await;
    let named = entries
        .iter()
        .filter(|it| it.earned_by.as_ref().unwrap().activity_id == second.activity_id);
    for entry in named {
        let outcome = second.outcomes.iter().find(|it| it.entry_id == entry.entry_id).unwrap();
        assert_eq!(outcome.amount, entry.amount);
    }
    let third = explain(&brand, &activities[2].activity_id).await.unwrap();
    assert_eq!(third.outcomes[0].verdict(), RuleVerdict::CapReached);
    assert_eq!(
        (
            third.outcomes[0].uncapped_amount,
            third.outcomes[0].caps[0].used,
            third.outcomes[0].caps[0].limit
        ),
        (100, 130, 130)
    );
    assert_eq!(third.outcomes[0].rule_version, 1);
}

#[tokio::test]
async fn a_decision_is_found_by_activity_or_by_member_and_source_through_a_merge() {
    let brand = brand().await;
    let (absorbed, survivor) = (brand.member(), brand.member());
    brand.create_rule("base", order_rule("5")).await;
    let activity = brand.activity(&absorbed, "order_paid", "order-1", 100);
    brand.tell(activity.clone());
    brand.tell(brand.activity(&absorbed, "browsed", "page-1", 0));
    brand.h.settle().await;
    brand.merge(&absorbed, &survivor);
    brand.h.settle().await;
    brand.pay(&absorbed, "order-2", 100);
    brand.h.settle().await;
    let by_source = |source_id: &str| ExplainEarningRequest {
        member_id: absorbed.clone(),
        source_id: source_id.to_owned(),
        ..ExplainEarningRequest::default()
    };
    for source in ["order-1", "order-2"] {
        let found = brand
            .rules()
            .explain_earning(by_source(source))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(found.decisions.len(), 1);
        assert_eq!(found.decisions[0].activity.as_ref().unwrap().source_id, source);
    }
    let unmatched = brand.rules().explain_earning(by_source("page-1")).await.unwrap_err();
    assert_eq!(reason(&unmatched), "NOT_FOUND", "no rule was for it");
    let both = ExplainEarningRequest {
        activity_id: activity.activity_id,
        ..by_source("order-1")
    };
    for unclear in [both, ExplainEarningRequest::default()] {
        let refused = brand.rules().explain_earning(unclear).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD");
    }
}

#[tokio::test]
async fn a_rule_that_was_not_judged_is_explained_when_it_is_asked_for() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("5")).await;
    let draft = EarningRule {
        state: EarningRuleState::Draft.into(),
        ..order_rule("1")
    };
    brand.create_rule("draft", draft).await;
    let only_jd = EarningRule {
        channel_codes: vec!["jd".to_owned()],
        ..order_rule("1")
    };
    brand.create_rule("only_jd", only_jd).await;
    let activity = brand.activity(&member, "order_paid", "order-1", 100);
    brand.tell(activity.clone());
    brand.h.settle().await;
    brand.create_rule("just_after", order_rule("1")).await;
    brand.turn_days(1);
    brand.create_rule("later", order_rule("1")).await;
    brand.update_rule("draft", order_rule("1"), &["state"]).await.unwrap();
    let ask = async |rule_code: &str| {
        let request = ExplainEarningRequest {
            activity_id: activity.activity_id.clone(),
            rule_code: rule_code.to_owned(),
            ..ExplainEarningRequest::default()
        };
        let found = brand.rules().explain_earning(request).await?.into_inner();
        Ok::<_, Status>(found.decisions[0].outcomes.clone())
    };
    let expected = [
        ("base", RuleVerdict::Earns, 1, "earns 5"),
        ("draft", RuleVerdict::NotInForce, 1, "was DRAFT then"),
        ("only_jd", RuleVerdict::OtherActivity, 1, "order_paid in jd"),
        ("just_after", RuleVerdict::NotInForce, 1, "just after"),
        ("later", RuleVerdict::NotInForce, 0, "no version was in force yet"),
    ];
    for (code, verdict, version, words) in expected {
        let [outcome] = &ask(code).await.unwrap()[..] else {
            panic!("one rule was asked for")
        };
        assert_eq!((outcome.verdict(), outcome.rule_version), (verdict, version), "{code}");
        assert!(outcome.explanation.contains(words), "{}", outcome.explanation);
    }
    assert_eq!(reason(&ask("nobody").await.unwrap_err()), "NOT_FOUND");
}

#[tokio::test]
async fn an_earn_that_the_ledger_refused_is_explained() {
    let brand = brand().await;
    let full = brand.full().await;
    brand.create_rule("base", order_rule("5")).await;
    let activity = brand.activity(&full, "order_paid", "order-1", 100);
    brand.tell(activity.clone());
    brand.h.settle().await;
    let decision = explain(&brand, &activity.activity_id).await.unwrap();
    let outcome = &decision.outcomes[0];
    assert_eq!(
        (outcome.verdict(), outcome.amount, outcome.entry_id.as_str()),
        (RuleVerdict::Refused, 0, "")
    );
    assert!(outcome.explanation.contains("balance"), "{}", outcome.explanation);
    assert!(decision.amounts.is_empty());
}

#[tokio::test]
async fn a_simulation_tells_the_caps_of_the_member_and_uses_none() {
    let brand = brand().await;
    let (member, fresh) = (brand.member(), brand.member());
    let caps = EarningCaps {
        member_total: 150,
        ..EarningCaps::default()
    };
    let base = EarningRule {
        caps: Some(caps),
        ..amount_rule(Kind::Fixed(100))
    };
    brand.create_rule("base", base).await;
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    let order = brand.activity(&member, "order_paid", "order-2", 100);
    for _ in 0..2 {
        let outcome = simulate(&brand, &order, None).await.outcomes.remove(0);
        let cap = &outcome.caps[0];
        assert_eq!(
            (outcome.amount, cap.kind(), cap.used, cap.taken),
            (50, CapKind::MemberTotal, 100, 50)
        );
    }
    for member_id in [fresh, String::new()] {
        let order = Activity {
            member_id,
            ..order.clone()
        };
        assert_eq!(simulate(&brand, &order, None).await.amounts["points"], 100);
    }
    assert_eq!(brand.count("SELECT COUNT(*) FROM earning_decision").await, 1);
    assert_eq!(
        brand.count("SELECT CAST(SUM(used) AS BIGINT) FROM rule_counter").await,
        100
    );
}

#[tokio::test]
async fn a_simulation_is_by_the_rules_of_its_time() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("1")).await;
    brand.turn_days(10);
    let scheduled = EarningRule {
        effect_time: Some(brand.now().plus_days(10).to_wire()),
        ..order_rule("100")
    };
    brand
        .update_rule("base", order_rule("10"), &["amount_formula"])
        .await
        .unwrap();
    brand
        .update_rule("base", scheduled, &["amount_formula", "effect_time"])
        .await
        .unwrap();
    let order = brand.activity(&member, "order_paid", "order-1", 100);
    for (at_days, version, amount) in [(Some(-5), 1, 1), (None, 2, 10), (Some(11), 3, 100)] {
        let answer = simulate(&brand, &order, at_days).await;
        assert_eq!(
            (answer.outcomes[0].rule_version, answer.amounts["points"]),
            (version, amount)
        );
    }
    assert!(simulate(&brand, &order, Some(-50)).await.outcomes.is_empty());
}
