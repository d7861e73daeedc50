//! Money in several currencies: what orders earn, and what refunds take back.

use std::collections::BTreeMap;

use contracts::r#type::v1::Money;
use contracts_points::v1::earning_amount::Kind;
use contracts_points::v1::earning_per_item::Worth;
use contracts_points::v1::*;
use contracts_tagging::v1::{Activity, ActivityItem};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tonic::Status;

use crate::brand::{Brand, brand, order_rule, reason};
use crate::multiplying::{amount_rule, times};

fn money(currency_code: &str, minor_units: i64) -> Money {
    Money {
        currency_code: currency_code.to_owned(),
        minor_units,
    }
}

fn order(brand: &Brand, member: &str, number: &str, amount: Money) -> Activity {
    Activity {
        amount: Some(amount),
        ..brand.activity(member, "order_paid", number, 0)
    }
}

fn refund(brand: &Brand, member: &str, order: &str, number: &str, amount: Money) -> Activity {
    Activity {
        amount: Some(amount),
        refunded_source_id: order.to_owned(),
        ..brand.activity(member, "order_refunded", number, 0)
    }
}

/// The rule without a currency.
pub(crate) fn nameless(rule: EarningRule) -> EarningRule {
    EarningRule {
        currency_code: String::new(),
        ..rule
    }
}

/// That a rule is refused because it does not say in which currency its amounts are.
#[track_caller]
pub(crate) fn asks_for_currency<T: std::fmt::Debug>(outcome: Result<T, Status>) {
    let refused = outcome.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    let why = "earning_rule.currency_code: the rule reads amounts: name the currency they are in, such as CNY, or test \
        activity.currency_code in the condition";
    assert!(refused.message().contains(why), "{refused}");
}

async fn explain(brand: &Brand, activity: &Activity) -> EarningDecision {
    let request = ExplainEarningRequest {
        activity_id: activity.activity_id.clone(),
        ..ExplainEarningRequest::default()
    };
    brand
        .rules()
        .explain_earning(request)
        .await
        .unwrap()
        .into_inner()
        .decisions
        .remove(0)
}

fn told(decision: &EarningDecision) -> Vec<(Option<Money>, bool)> {
    let refunds = decision.refunds.iter();
    refunds.map(|it| (it.amount.clone(), it.counts)).collect()
}

/// The issue's own: 10,000 yen given back of an order of 100 yuan took all of its points.
#[tokio::test]
async fn a_refund_in_another_currency_takes_nothing_back_and_the_decision_says_why() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let paid = order(&brand, &member, "order-1", money("CNY", 10_000));
    brand.tell(paid.clone());
    brand.h.settle().await;
    let yen = refund(&brand, &member, "order-1", "refund-1", money("JPY", 10_000));
    brand.tell(yen.clone());
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 100);

    let decision = explain(&brand, &yen).await;
    assert_eq!(told(&decision), [(Some(money("JPY", 10_000)), false)]);
    let why = &decision.refunds[0].explanation;
    assert!(
        why.starts_with("10000 JPY was given back of an order in CNY: "),
        "{why}"
    );

    brand.tell(refund(&brand, &member, "order-1", "refund-2", money("CNY", 2_500)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 75);
    let decision = explain(&brand, &paid).await;
    let expected = [(Some(money("CNY", 2_500)), true), (Some(money("JPY", 10_000)), false)];
    assert_eq!(told(&decision), expected);
    let why = &decision.refunds[0].explanation;
    assert!(why.starts_with("25.00 CNY was given back of 100.00 CNY: "), "{why}");
    brand.check().await;
}

#[tokio::test]
async fn a_refund_that_came_before_its_order_counts_in_its_currency_only() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.tell(refund(&brand, &member, "order-1", "refund-1", money("JPY", 10_000)));
    brand.h.settle().await;
    brand.tell(refund(&brand, &member, "order-1", "refund-2", money("CNY", 1_000)));
    let paid = order(&brand, &member, "order-1", money("CNY", 10_000));
    brand.tell(paid.clone());
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 90);
    let expected = [(Some(money("CNY", 1_000)), true), (Some(money("JPY", 10_000)), false)];
    assert_eq!(told(&explain(&brand, &paid).await), expected);

    // A refund without an amount is of the whole order, in whatever currency that is.
    let whole = refund(&brand, &member, "order-1", "refund-3", money("CNY", 0));
    brand.tell(Activity { amount: None, ..whole });
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 0);
    assert_eq!(told(&explain(&brand, &paid).await)[0], (None, true));
    brand.check().await;
}

/// A refund that rules are for, too, has one decision, which says both.
#[tokio::test]
async fn a_refund_that_rules_are_for_has_one_decision() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let consoled = EarningRule {
        activity_types: vec!["order_refunded".to_owned()],
        ..nameless(order_rule("7"))
    };
    brand.create_rule("consoled", consoled).await;
    let yen = refund(&brand, &member, "order-1", "refund-1", money("JPY", 10_000));
    brand.tell(order(&brand, &member, "order-1", money("CNY", 10_000)));
    brand.tell(yen.clone());
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 107);
    let decision = explain(&brand, &yen).await;
    assert_eq!((decision.outcomes.len(), told(&decision).len()), (1, 1));
    brand.check().await;
}

/// Rows from before orders kept their currency: it is in what was decided about them.
#[tokio::test]
async fn an_order_that_was_kept_without_its_currency_is_taken_back_from_in_its_own() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.tell(order(&brand, &member, "order-1", money("CNY", 10_000)));
    brand.tell(refund(&brand, &member, "order-1", "refund-1", money("CNY", 1_000)));
    brand.h.settle().await;
    let forget = "UPDATE order_money SET currency_code = '', refunds = ''";
    assert_eq!(brand.execute(forget).await, Ok(1));
    brand.tell(refund(&brand, &member, "order-1", "refund-2", money("JPY", 10_000)));
    brand.tell(refund(&brand, &member, "order-1", "refund-3", money("CNY", 1_500)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 75);
    brand.check().await;
}

/// A threshold, a rate and a formula of a rule with a currency see no other money.
#[tokio::test]
async fn a_rule_of_a_currency_is_not_judged_on_money_of_another() {
    let brand = brand().await;
    let in_yuan = |rule: EarningRule| EarningRule {
        currency_code: "CNY".to_owned(),
        ..rule
    };
    let rate = EarningRate {
        points: 1,
        per_minor_units: 100,
        rounding: Rounding::Down.into(),
        whole_steps: false,
    };
    let large = EarningRule {
        condition: "activity.amount >= 10000".to_owned(),
        ..order_rule("1000")
    };
    brand
        .create_rule("formula", in_yuan(order_rule("activity.amount / 100")))
        .await;
    brand.create_rule("large", in_yuan(large)).await;
    brand.create_rule("rate", in_yuan(amount_rule(Kind::Rate(rate)))).await;
    let gift = brand.create_rule("zgift", in_yuan(amount_rule(Kind::Fixed(5)))).await;
    assert_eq!(gift.currency_code, "CNY");

    let member = brand.member();
    let yen = order(&brand, &member, "order-1", money("JPY", 10_000));
    brand.tell(yen.clone());
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 0);
    let decision = explain(&brand, &yen).await;
    let verdicts: Vec<RuleVerdict> = decision.outcomes.iter().map(RuleOutcome::verdict).collect();
    assert_eq!(verdicts, [RuleVerdict::OtherCurrency; 4]);
    let why = &decision.outcomes[0].explanation;
    assert_eq!(why, "the activity's amounts are in JPY, and the rule is for CNY");

    brand.tell(order(&brand, &member, "order-2", money("CNY", 10_000)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 100 + 1_000 + 100 + 5);
    let without_money = brand.activity(&member, "order_paid", "order-3", 0);
    brand.tell(Activity {
        amount: None,
        ..without_money
    });
    brand.h.settle().await;
    assert_eq!(
        brand.balance(&member).await,
        1_205 + 5,
        "an activity without money is judged"
    );
    brand.check().await;
}

/// One rule for all currencies looks at the code, and so compares each amount with what it means there.
#[tokio::test]
async fn a_rule_without_a_currency_tells_them_apart_by_the_code() {
    let brand = brand().await;
    let member = brand.member();
    let formula = "activity.currency_code == \"CNY\" ? activity.amount / 100 : \
        activity.currency_code == \"JPY\" ? activity.amount / 20 : 0";
    brand.create_rule("base", nameless(order_rule(formula))).await;
    brand.tell(order(&brand, &member, "order-1", money("CNY", 10_000)));
    brand.tell(order(&brand, &member, "order-2", money("JPY", 10_000)));
    brand.tell(order(&brand, &member, "order-3", money("USD", 10_000)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 600);
}

#[tokio::test]
async fn a_rule_that_reads_amounts_names_their_currency_or_tests_it() {
    let brand = brand().await;
    let when = |condition: &str, rule: EarningRule| EarningRule {
        condition: condition.to_owned(),
        ..rule
    };
    let rate = EarningRate {
        points: 1,
        per_minor_units: 100,
        rounding: Rounding::Down.into(),
        whole_steps: false,
    };
    let per_item = |item_condition: &str, worth: Worth| {
        amount_rule(Kind::PerItem(EarningPerItem {
            item_condition: item_condition.to_owned(),
            worth: Some(worth),
        }))
    };
    let in_yuan = "activity.currency_code == \"CNY\"";
    for (number, rule) in [
        order_rule("activity.amount / 100"),
        order_rule("sum(activity.items.map(i, i.amount))"),
        when("activity.amount >= 10000", order_rule("1")),
        when("activity.items.exists(i, i.amount > 10000)", times(2, 1)),
        amount_rule(Kind::Rate(rate)),
        per_item("", Worth::Rate(rate)),
        per_item("item.amount > 1000", Worth::PerPiece(1)),
        // Only the amount is told apart: what the condition compares is not.
        when(
            "activity.amount > 1",
            order_rule("activity.currency_code == \"CNY\" ? 1 : 0"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let code = format!("rule_{number}");
        asks_for_currency(brand.try_create_rule(&code, nameless(rule.clone())).await);
        let tested = if rule.condition.is_empty() {
            in_yuan.to_owned()
        } else {
            format!("{in_yuan} && {}", rule.condition)
        };
        let tested = brand
            .try_create_rule(&code, when(&tested, nameless(rule.clone())))
            .await;
        assert!(tested.is_ok(), "{number}: {tested:?}");
        let named = brand.try_create_rule(&format!("named_{number}"), rule).await;
        assert!(named.is_ok(), "{number}: {named:?}");
    }
    for (number, rule) in [
        order_rule("1"),
        times(2, 1),
        order_rule("sum(activity.items.map(i, i.quantity))"),
        when("has(activity.amount) && size(activity.items) > 1", order_rule("1")),
        per_item("item.category == \"gift\"", Worth::PerPiece(1)),
        per_item(in_yuan, Worth::Rate(rate)),
    ]
    .into_iter()
    .enumerate()
    {
        let created = brand.try_create_rule(&format!("free_{number}"), nameless(rule)).await;
        assert!(created.is_ok(), "{number}: {created:?}");
    }
}

/// A rule from before a currency was asked for judges all as it did, and can be ended; a caller who changes it names one.
#[tokio::test]
async fn a_stored_rule_without_a_currency_goes_on_until_it_is_written_again() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    let forget = "UPDATE earning_rule_version SET currency_code = ''";
    assert_eq!(brand.execute(forget).await, Ok(1));
    brand.tell(order(&brand, &member, "order-1", money("JPY", 10_000)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 100);

    let renamed = EarningRule {
        display_name: "Orders".to_owned(),
        ..order_rule("")
    };
    asks_for_currency(brand.update_rule("base", renamed.clone(), &["display_name"]).await);
    brand.tell(order(&brand, &member, "order-2", money("CNY", 10_000)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 200);
    let named = brand
        .update_rule("base", renamed, &["display_name", "currency_code"])
        .await;
    assert_eq!(named.unwrap().version, 2);
    brand.tell(order(&brand, &member, "order-3", money("JPY", 10_000)));
    brand.h.settle().await;
    assert_eq!(brand.balance(&member).await, 200);

    assert_eq!(brand.execute(forget).await, Ok(2));
    let archived = EarningRule {
        state: EarningRuleState::Archived.into(),
        ..EarningRule::default()
    };
    brand.update_rule("base", archived, &["state"]).await.unwrap();
    brand.check().await;
}

#[tokio::test]
async fn a_rule_and_a_simulation_refuse_what_is_no_currency() {
    let brand = brand().await;
    let in_rmb = EarningRule {
        currency_code: "RMB".to_owned(),
        ..order_rule("1")
    };
    let refused = brand.try_create_rule("base", in_rmb).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    assert!(
        refused.message().contains("RMB is no ISO 4217 code; did you mean CNY?"),
        "{refused}"
    );
    let in_yen = EarningRule {
        currency_code: "JPY".to_owned(),
        ..order_rule("activity.amount / 100")
    };
    brand.create_rule("base", in_yen).await;
    let changed = brand
        .update_rule("base", order_rule("1"), &["currency_code"])
        .await
        .unwrap();
    assert_eq!((changed.version, changed.currency_code.as_str()), (2, "CNY"));

    let member = brand.member();
    let simulate = async |activity: Activity| {
        let request = SimulateEarningRequest {
            activity: Some(activity),
            ..SimulateEarningRequest::default()
        };
        brand
            .rules()
            .simulate_earning(request)
            .await
            .map(tonic::Response::into_inner)
    };
    for (code, part) in [("RMB", "did you mean CNY?"), ("XXX", "XXX is no money")] {
        let refused = simulate(order(&brand, &member, "o", money(code, 1))).await.unwrap_err();
        assert!(refused.message().contains(part), "{refused}");
    }
    let line = |amount| ActivityItem {
        sku: "a".to_owned(),
        quantity: 1,
        amount: Some(amount),
        ..ActivityItem::default()
    };
    let of_lines = |lines: Vec<ActivityItem>| Activity {
        amount: None,
        items: lines,
        discount_amount: Some(money("CNY", 1_000)),
        surcharge_amount: Some(money("CNY", 200)),
        ..brand.activity(&member, "order_paid", "o", 0)
    };
    let answer = simulate(of_lines(vec![line(money("CNY", 10_000)), line(money("CNY", 5_000))])).await;
    assert_eq!(answer.unwrap().amounts["points"], 142, "as it would be recorded");
    let mixed = simulate(of_lines(vec![line(money("CNY", 10_000)), line(money("JPY", 5_000))])).await;
    assert!(mixed.unwrap_err().message().contains("one currency"));
}

/// Orders, refunds and repetitions of both, in any currency and order: the points are those that the orders justify, less
/// the shares that were given back in the order's own currency.
#[tokio::test]
async fn the_points_of_random_orders_and_refunds_are_those_that_their_own_money_justifies() {
    const CODES: [&str; 3] = ["CNY", "JPY", "KWD"];
    for seed in 0..3 {
        let (brand, mut random) = (brand().await, StdRng::seed_from_u64(seed));
        let of_any = "activity.currency_code == \"\" ? 0 : activity.amount / 10";
        brand.create_rule("base", nameless(order_rule(of_any))).await;
        let member = brand.member();
        let mut paid: BTreeMap<usize, (&str, i64)> = BTreeMap::new();
        let mut given: BTreeMap<usize, BTreeMap<&str, i64>> = BTreeMap::new();
        let mut sent: Vec<Activity> = Vec::new();
        for step in 0..60 {
            let (number, code) = (random.random_range(0..8), CODES[random.random_range(0..3)]);
            let amount = random.random_range(1..2_000);
            let name = format!("order-{number}");
            match random.random_range(0..5) {
                0 if !paid.contains_key(&number) => {
                    paid.insert(number, (code, amount));
                    sent.push(order(&brand, &member, &name, money(code, amount)));
                }
                0 | 1 if !sent.is_empty() => {
                    let again = sent[random.random_range(0..sent.len())].clone();
                    brand.tell(again);
                    continue;
                }
                2 => {
                    brand.h.settle().await;
                    continue;
                }
                _ => {
                    *given.entry(number).or_default().entry(code).or_default() += amount;
                    sent.push(refund(
                        &brand,
                        &member,
                        &name,
                        &format!("refund-{step}"),
                        money(code, amount),
                    ));
                }
            }
            brand.tell(sent.last().unwrap().clone());
        }
        brand.h.settle().await;
        let left = paid.iter().map(|(number, (code, amount))| {
            let earned = amount / 10;
            let back = given.get(number).and_then(|sums| sums.get(code)).copied().unwrap_or(0);
            earned - (earned * back.min(*amount) / amount)
        });
        assert_eq!(brand.balance(&member).await, left.sum::<i64>(), "seed {seed}");
        brand.check().await;
    }
}
