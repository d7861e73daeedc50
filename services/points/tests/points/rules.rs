use contracts_points::v1::*;

use crate::brand::{brand, order_rule, reason};

#[tokio::test]
async fn a_rule_is_refused_with_the_place_of_each_mistake() {
    let brand = brand().await;
    let mistaken = EarningRule {
        condition: "activity.amuont > 1".to_owned(),
        ..order_rule("member.tier")
    };
    let refused = brand.try_create_rule("base", mistaken).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    for part in [
        "earning_rule.condition: line 1, column",
        "earning_rule.amount_formula: line 1, column",
    ] {
        assert!(refused.message().contains(part), "{}", refused.message());
    }
    let elsewhere = EarningRule {
        asset_code: "miles".to_owned(),
        ..order_rule("1")
    };
    assert_eq!(
        reason(&brand.try_create_rule("base", elsewhere).await.unwrap_err()),
        "NOT_FOUND"
    );
    let bare = brand.try_create_rule("base", EarningRule::default()).await.unwrap_err();
    for field in ["state", "asset_code", "activity_types", "amount_formula"] {
        assert!(bare.message().contains(field), "all at once: {}", bare.message());
    }
}

#[tokio::test]
async fn an_update_makes_a_version_and_keeps_the_others() {
    let brand = brand().await;
    let first = brand.create_rule("base", order_rule("activity.amount / 100")).await;
    assert_eq!((first.version, first.state()), (1, EarningRuleState::Active));
    let change = EarningRule {
        amount_formula: "activity.amount / 50".to_owned(),
        priority: 3,
        ..EarningRule::default()
    };
    let second = brand.update_rule("base", change, &["amount_formula"]).await.unwrap();
    assert_eq!((second.version, second.priority, second.etag.as_str()), (2, 0, "2"));
    let read = |version| GetEarningRuleRequest {
        code: "base".to_owned(),
        version,
        at_time: None,
    };
    let get = async |version| {
        brand
            .rules()
            .get_earning_rule(read(version))
            .await
            .unwrap()
            .into_inner()
            .earning_rule
    };
    assert_eq!((get(0).await, get(1).await), (Some(second.clone()), Some(first)));
    assert_eq!(
        reason(&brand.rules().get_earning_rule(read(9)).await.unwrap_err()),
        "NOT_FOUND"
    );
    brand.create_rule("bonus", order_rule("1")).await;
    let listed = brand
        .rules()
        .list_earning_rules(ListEarningRulesRequest::default())
        .await
        .unwrap()
        .into_inner();
    let codes: Vec<(&str, i32)> = listed
        .earning_rules
        .iter()
        .map(|rule| (rule.code.as_str(), rule.version))
        .collect();
    assert_eq!(codes, [("base", 2), ("bonus", 1)]);
}

#[tokio::test]
async fn drafts_and_archived_rules_do_not_earn() {
    let brand = brand().await;
    let member = brand.member();
    let draft = EarningRule {
        state: EarningRuleState::Draft.into(),
        ..order_rule("1")
    };
    brand.create_rule("tuned", draft).await;
    let state = |state: EarningRuleState| EarningRule {
        state: state.into(),
        ..EarningRule::default()
    };
    let mut expected = 0;
    for (order, becomes) in [None, Some(EarningRuleState::Active), Some(EarningRuleState::Archived)]
        .iter()
        .enumerate()
    {
        if let Some(becomes) = becomes {
            brand.update_rule("tuned", state(*becomes), &["state"]).await.unwrap();
        }
        brand.pay(&member, &format!("order-{order}"), 100);
        brand.h.settle().await;
        expected += i64::from(*becomes == Some(EarningRuleState::Active));
        assert_eq!(brand.balance(&member).await, expected);
    }
}

#[tokio::test]
async fn a_simulation_says_what_would_be_earned_and_why_and_earns_nothing() {
    let brand = brand().await;
    let member = brand.member();
    brand.promote(&member, "gold");
    brand.h.settle().await;
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let gold = EarningRule {
        condition: "member.tier == \"gold\"".to_owned(),
        priority: 9,
        ..order_rule("50")
    };
    brand.create_rule("gold", gold).await;
    let large = EarningRule {
        condition: "activity.amount > 99999".to_owned(),
        ..order_rule("500")
    };
    brand.create_rule("large", large).await;
    let draft = EarningRule {
        state: EarningRuleState::Draft.into(),
        ..order_rule("7")
    };
    brand.create_rule("later", draft).await;
    let over = EarningRule {
        end_time: Some(brand.now().to_wire()),
        ..order_rule("7")
    };
    brand.create_rule("over", over).await;

    let simulate = |tier_code: &str, include_drafts| SimulateEarningRequest {
        activity: Some(brand.activity(&member, "order_paid", "order-1", 12_300)),
        tier_code: tier_code.to_owned(),
        include_drafts,
        at_time: None,
        draft_rule_codes: Vec::new(),
    };
    let answer = brand
        .rules()
        .simulate_earning(simulate("", false))
        .await
        .unwrap()
        .into_inner();
    let verdicts: Vec<(&str, RuleVerdict, i64)> = answer
        .outcomes
        .iter()
        .map(|it| (it.rule_code.as_str(), it.verdict(), it.amount))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("gold", RuleVerdict::Earns, 50),
            ("base", RuleVerdict::Earns, 123),
            ("large", RuleVerdict::ConditionFalse, 0),
            ("over", RuleVerdict::OutOfTime, 0)
        ]
    );
    assert!(
        answer.outcomes[2].explanation.contains("activity.amount = 12300"),
        "{}",
        answer.outcomes[2].explanation
    );
    assert_eq!(answer.amounts["points"], 173);
    let answer = brand
        .rules()
        .simulate_earning(simulate("silver", true))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.amounts["points"], 130);
    assert_eq!(brand.balance(&member).await, 0);

    brand.tell(brand.activity(&member, "order_paid", "order-1", 12_300));
    brand.h.settle().await;
    assert_eq!(
        brand.balance(&member).await,
        173,
        "what was simulated is what is earned"
    );
}
