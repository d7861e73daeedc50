//! Orders as shops have them: with lines, discounts, refunds, and in whatever currency.

use contracts::r#type::v1::Money;
use contracts_tagging::v1::ActivityOutcome::{Recorded, Refused};
use contracts_tagging::v1::*;

use crate::world::{World, computed, member};

fn money(currency_code: &str, minor_units: i64) -> Money {
    Money {
        currency_code: currency_code.into(),
        minor_units,
    }
}

fn cny(minor_units: i64) -> Money {
    money("CNY", minor_units)
}

fn line(line_id: &str, quantity: i64, amount: Money) -> ActivityItem {
    ActivityItem {
        line_id: line_id.into(),
        sku: format!("sku-{line_id}"),
        quantity,
        amount: Some(amount),
        category: "food".into(),
    }
}

/// Records one activity, and answers what is said against it, with the paths.
async fn said(world: &World, activity: Activity) -> Vec<String> {
    let result = world.record(vec![activity]).await.results.remove(0);
    let refusal = result.refusal.unwrap_or_default();
    let violations = refusal.violations.into_iter();
    violations.map(|it| format!("{}: {}", it.path, it.message)).collect()
}

async fn only_one(world: &World, number: u32) -> Activity {
    let request = ListActivitiesRequest {
        member_id: member(number),
        ..Default::default()
    };
    let mut listed = world
        .activities()
        .list_activities(request)
        .await
        .unwrap()
        .into_inner()
        .activities;
    assert_eq!(listed.len(), 1);
    listed.remove(0)
}

#[tokio::test]
async fn an_order_of_three_lines_is_worth_all_three() {
    let world = World::new().await;
    let spent = computed("spent", Aggregate::Sum, Operand::Amount, 0);
    world.create_tag(spent).await;
    let order = Activity {
        amount: None,
        items: vec![
            line("1", 1, cny(10_000)),
            line("2", 2, cny(10_000)),
            line("3", 1, cny(20_000)),
        ],
        ..world.order(1, "a", 0)
    };
    assert_eq!(world.record(vec![order]).await.results[0].outcome(), Recorded);
    let kept = only_one(&world, 1).await;
    assert_eq!((kept.amount, kept.items.len()), (Some(cny(40_000)), 3));
    assert_eq!(kept.items[1].line_id, "2");
    assert_eq!(world.int_of(1, "spent").await, Some(40_000));
    let told = world.facts::<ActivityRecorded>().await.remove(0).activity.unwrap();
    assert_eq!(told.amount, Some(cny(40_000)), "the other services see it, too");
}

#[tokio::test]
async fn discounts_and_freight_of_the_whole_order_count() {
    let world = World::new().await;
    let order = Activity {
        amount: None,
        items: vec![line("1", 1, cny(10_000)), line("2", 1, cny(30_000))],
        discount_amount: Some(cny(5_000)),
        surcharge_amount: Some(cny(1_200)),
        ..world.order(1, "a", 0)
    };
    world.record(vec![order]).await;
    let kept = only_one(&world, 1).await;
    assert_eq!(
        (kept.amount, kept.discount_amount, kept.surcharge_amount),
        (Some(cny(36_200)), Some(cny(5_000)), Some(cny(1_200)))
    );
}

#[tokio::test]
async fn an_amount_that_contradicts_its_lines_is_refused_with_both_figures() {
    let world = World::new().await;
    let order = Activity {
        amount: Some(cny(10_000)),
        items: vec![line("1", 1, cny(10_000)), line("2", 1, cny(30_000))],
        ..world.order(1, "a", 0)
    };
    let said = said(&world, order).await;
    assert_eq!(said.len(), 1, "{said:?}");
    let begin = "amount: is 100.00 CNY, but the items come to 400.00 CNY: ";
    assert!(said[0].starts_with(begin), "{said:?}");
}

#[tokio::test]
async fn what_is_no_currency_is_refused_where_it_arrives() {
    let world = World::new().await;
    for (code, sentence) in [
        ("RMB", "RMB is no ISO 4217 code; did you mean CNY?"),
        ("rmb", "rmb is no ISO 4217 code; did you mean CNY?"),
        ("XXX", "XXX is no money: "),
        ("XAU", "XAU is no money: "),
        ("DEM", "DEM is no ISO 4217 code: "),
        ("", "must be the currency's ISO 4217 code"),
    ] {
        let order = Activity {
            amount: Some(money(code, 100)),
            ..world.order(1, "a", 0)
        };
        let said = said(&world, order).await;
        let begin = format!("amount.currency_code: {sentence}");
        assert!(said.len() == 1 && said[0].starts_with(&begin), "{code}: {said:?}");
    }
    for code in ["JPY", "KWD", "XOF", "CLF", "BGN"] {
        let order = Activity {
            amount: Some(money(code, 100)),
            ..world.order(1, code, 0)
        };
        assert_eq!(said(&world, order).await, [""; 0], "{code}");
    }
}

#[tokio::test]
async fn an_activity_is_in_one_currency() {
    let world = World::new().await;
    let order = Activity {
        amount: Some(cny(20_000)),
        items: vec![line("1", 1, cny(10_000)), line("2", 1, money("JPY", 10_000))],
        ..world.order(1, "a", 0)
    };
    let said = said(&world, order).await;
    let begin = "items[1].amount.currency_code: is JPY, and amount is in CNY: ";
    assert!(said.len() == 1 && said[0].starts_with(begin), "{said:?}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_order_s_lines_is_told_at_once() {
    let world = World::new().await;
    let order = Activity {
        amount: Some(cny(-1)),
        items: vec![
            line("1", -2, cny(-100)),
            line("1", 1_000_001, money("RMB", 1)),
            line("3", 1, cny(1_000_000_000_001)),
        ],
        ..world.order(1, "a", 0)
    };
    let said = said(&world, order).await;
    let paths: Vec<&str> = said.iter().filter_map(|it| it.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "amount.minor_units",
            "items[0].amount.minor_units",
            "items[1].amount.currency_code",
            "items[2].amount.minor_units",
            "items[0].quantity",
            "items[1].quantity",
            "items[1].line_id"
        ]
    );
    assert!(said[4].contains("order_refunded"), "{said:?}");
}

/// Of 155,848 baskets 478 came to nothing or less, fuel is sold by the hundredth of a gallon, and a fee has no pieces.
#[tokio::test]
async fn the_baskets_of_a_real_grocer_are_recorded_or_refused_with_a_sentence() {
    let world = World::new().await;
    let basket = |source_id: &str, items: Vec<ActivityItem>, amount| Activity {
        amount,
        items,
        ..world.order(1, source_id, 0)
    };
    let usd = |minor_units| money("USD", minor_units);
    let response = world
        .record(vec![
            basket("fuel", vec![line("1", 89_638, usd(24_999))], None),
            basket("free", vec![line("1", 1, usd(0))], None),
            basket("nothing", vec![line("1", 0, usd(0))], Some(usd(0))),
            basket("less", Vec::new(), Some(usd(-300))),
            basket("off", vec![line("1", 1, usd(100))], None),
        ])
        .await;
    let outcomes: Vec<_> = response.results.iter().map(ActivityResult::outcome).collect();
    assert_eq!(outcomes, [Recorded, Recorded, Recorded, Refused, Recorded]);
    let refusal = response.results[3].refusal.as_ref().unwrap();
    let sentence = "amount.minor_units: must not be negative: money that is given back is recorded as such";
    assert!(refusal.message.starts_with(sentence), "{}", refusal.message);
}

/// Several refunds of one order are activities of their own, each with its number.
#[tokio::test]
async fn partial_refunds_name_the_order_and_its_lines() {
    let world = World::new().await;
    let order = Activity {
        amount: None,
        items: vec![line("1", 1, cny(10_000)), line("2", 3, cny(30_000))],
        ..world.order(1, "a", 1)
    };
    let refund = |source_id: &str, quantity, minor_units| Activity {
        activity_type: "order_refunded".into(),
        refunded_source_id: "a".into(),
        amount: None,
        items: vec![line("2", quantity, cny(minor_units))],
        ..world.order(1, source_id, 0)
    };
    let response = world
        .record(vec![order, refund("r1", 1, 10_000), refund("r2", 2, 20_000)])
        .await;
    assert_eq!(response.recorded_count, 3);
    let told = world.facts::<ActivityRecorded>().await;
    let amounts: Vec<_> = told.into_iter().map(|it| it.activity.unwrap().amount).collect();
    assert_eq!(amounts, [Some(cny(40_000)), Some(cny(10_000)), Some(cny(20_000))]);
}
