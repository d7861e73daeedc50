//! A source id that comes again: a repetition, or another content.

use std::collections::BTreeMap;

use contracts::r#type::v1::Money;
use contracts_tagging::v1::ActivityOutcome::{Duplicate, Recorded, Refused};
use contracts_tagging::v1::*;
use futures::{TryStreamExt, stream};
use prost::Message;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::ConnectionTrait;

use crate::world::{World, computed, member};

fn cny(minor_units: i64) -> Money {
    Money {
        currency_code: "CNY".into(),
        minor_units,
    }
}

fn line(sku: &str, minor_units: i64) -> ActivityItem {
    ActivityItem {
        sku: sku.into(),
        quantity: 1,
        amount: Some(cny(minor_units)),
        ..ActivityItem::default()
    }
}

fn outcomes(results: &[ActivityResult]) -> Vec<ActivityOutcome> {
    results.iter().map(ActivityResult::outcome).collect()
}

/// The fields that a conflict names, with what is recorded and what was sent.
fn differences(result: &ActivityResult) -> Vec<(&str, &str, &str)> {
    let refusal = result.refusal.as_ref().unwrap();
    assert_eq!(refusal.reason, "ACTIVITY_CONFLICT");
    let told = refusal.differences.iter();
    told.map(|it| (it.path.as_str(), it.recorded.as_str(), it.sent.as_str()))
        .collect()
}

/// The file of the issue: an order in three rows, each sent as an activity.
#[tokio::test]
async fn an_order_in_three_rows_keeps_the_first_and_refuses_the_others_as_conflicts() {
    let world = World::new().await;
    world
        .create_tag(computed("spent", Aggregate::Sum, Operand::Amount, 0))
        .await;
    let row = |sku: &str, minor_units| Activity {
        amount: None,
        items: vec![line(sku, minor_units)],
        ..world.order(1, "a", 0)
    };
    let rows = vec![row("x", 10_000), row("y", 10_000), row("z", 20_000)];
    let response = world.record(rows.clone()).await;
    assert_eq!(outcomes(&response.results), [Recorded, Refused, Refused]);
    assert_eq!(
        (
            response.recorded_count,
            response.duplicate_count,
            response.refused_count
        ),
        (1, 0, 2)
    );
    assert_eq!(
        differences(&response.results[2]),
        [
            ("amount", "100.00 CNY", "200.00 CNY"),
            ("items", "1 x x for 100.00 CNY", "1 x z for 200.00 CNY")
        ]
    );
    let refusal = response.results[2].refusal.as_ref().unwrap();
    for part in [
        "order_paid a in tmall",
        "amount is 100.00 CNY, and 200.00 CNY was sent",
        "Rows of one order",
    ] {
        assert!(refusal.message.contains(part), "{}", refusal.message);
    }
    assert_eq!(response.results[2].activity_id, response.results[0].activity_id);

    let again = world.record(rows).await;
    assert_eq!(outcomes(&again.results), [Duplicate, Refused, Refused]);
    assert_eq!(world.int_of(1, "spent").await, Some(10_000), "what is recorded stays");
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 1);
}

#[tokio::test]
async fn a_stream_tells_conflicts_from_repetitions_too() {
    let world = World::new().await;
    let order = |minor_units| Activity {
        amount: Some(cny(minor_units)),
        ..world.order(1, "a", 0)
    };
    let message = |activity| StreamActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "1".into(),
        activity: Some(activity),
    };
    let messages = [order(100), order(100), order(300)].map(message);
    let answers = world
        .activities()
        .stream_activities(stream::iter(messages))
        .await
        .unwrap();
    let answers: Vec<StreamActivitiesResponse> = answers.into_inner().try_collect().await.unwrap();
    let results: Vec<ActivityResult> = answers.into_iter().filter_map(|it| it.result).collect();
    assert_eq!(outcomes(&results), [Recorded, Duplicate, Refused]);
    assert_eq!(differences(&results[2]), [("amount", "1.00 CNY", "3.00 CNY")]);
}

#[tokio::test]
async fn what_means_the_same_is_a_repetition() {
    let world = World::new().await;
    let told = Activity {
        amount: None,
        items: vec![line("x", 100), line("y", 200)],
        attributes: BTreeMap::from([("store".into(), "7".into()), ("scene".into(), "live".into())]),
        ..world.order(1, "a", 0)
    };
    let mut other_words = told.clone();
    other_words.items.reverse();
    other_words.amount = Some(cny(300));
    other_words.activity_id = "act_01h455vb4pex5vsknk084sn02q".into();
    other_words.record_time = Some(prost_types::Timestamp::default());
    let by_external_id = Activity {
        member_id: String::new(),
        external_id: "tb1".into(),
        ..told.clone()
    };
    let results = world.record(vec![told, other_words, by_external_id]).await.results;
    assert_eq!(outcomes(&results), [Recorded, Duplicate, Duplicate]);
}

#[tokio::test]
async fn every_field_that_differs_is_told() {
    let world = World::new().await;
    let told = Activity {
        attributes: BTreeMap::from([("store".into(), "7".into())]),
        ..world.order(1, "a", 0)
    };
    let mut other = Activity {
        member_id: member(2),
        refunded_source_id: "b".into(),
        amount: Some(Money {
            currency_code: "JPY".into(),
            minor_units: 100,
        }),
        attributes: BTreeMap::from([("store".into(), "8".into())]),
        ..world.order(1, "a", 0)
    };
    other.occur_time = Some(world.now().plus_days(-1).to_wire());
    let (at, day_before) = (world.now().to_string(), world.now().plus_days(-1).to_string());
    let results = world.record(vec![told, other]).await.results;
    assert_eq!(
        differences(&results[1]),
        [
            ("member_id", member(1).as_str(), member(2).as_str()),
            ("occur_time", at.as_str(), day_before.as_str()),
            ("amount", "1.00 CNY", "100 JPY"),
            ("refunded_source_id", "", "b"),
            ("attributes.store", "\"7\"", "\"8\""),
        ]
    );
}

#[tokio::test]
async fn the_id_by_which_a_member_is_named_is_no_content_before_and_after_a_merge() {
    let world = World::new().await;
    let of_absorbed = world.order(1, "a", 0);
    let by_external_id = Activity {
        member_id: String::new(),
        external_id: "tb1".into(),
        ..world.order(1, "b", 0)
    };
    world.record(vec![of_absorbed.clone(), by_external_id.clone()]).await;
    world.merged(1, 2, "Suzhou");
    world.harness.settle().await;
    let of_survivor = |activity: &Activity| Activity {
        member_id: member(2),
        ..activity.clone()
    };
    let again = vec![
        of_survivor(&of_absorbed),
        of_survivor(&by_external_id),
        of_absorbed,
        by_external_id.clone(),
    ];
    assert_eq!(outcomes(&world.record(again).await.results), [Duplicate; 4]);

    // The channel gives the id to somebody else: what it told before is still the same.
    let elsewhere = (("tmall".into(), "tb1".into()), member(5));
    world.identity.state().externals.extend([elsewhere]);
    assert_eq!(outcomes(&world.record(vec![by_external_id]).await.results), [Duplicate]);
}

/// Rows from before amounts followed from their lines, and from before codes of currencies were checked.
#[tokio::test]
async fn what_older_versions_recorded_is_compared_by_what_it_says() {
    let world = World::new().await;
    let order = Activity {
        amount: None,
        items: vec![line("x", 100), line("y", 200)],
        ..world.order(1, "a", 0)
    };
    world.record(vec![order.clone(), world.order(1, "b", 0)]).await;
    let stored = |amount: Option<Money>, source_id: &str| Activity {
        amount,
        items: if source_id == "a" {
            order.items.clone()
        } else {
            Vec::new()
        },
        ..world.order(1, source_id, 0)
    };
    let rmb = Some(Money {
        currency_code: "RMB".into(),
        minor_units: 100,
    });
    let older = [stored(None, "a"), stored(rmb, "b")];
    for activity in older {
        let db = world.harness.db.begin().await.unwrap();
        let sql = "UPDATE activity SET payload = $1 WHERE source_id = $2";
        let parameters = [activity.encode_to_vec().into(), activity.source_id.clone().into()];
        db.execute_raw(store::statement(&*db, sql, parameters)).await.unwrap();
        db.commit().await.unwrap();
    }
    let again = world.record(vec![order, world.order(1, "b", 0)]).await.results;
    assert_eq!(outcomes(&again), [Duplicate, Refused]);
    assert_eq!(differences(&again[1]), [("amount", "100 RMB", "1.00 CNY")]);
    let request = ListActivitiesRequest {
        member_id: member(1),
        ..Default::default()
    };
    let listed = world.activities().list_activities(request).await.unwrap().into_inner();
    assert_eq!(listed.activities.len(), 2, "what is stored stays readable");
}

/// Whatever comes in whatever order: of each key the first that is accepted counts, and nothing else.
#[tokio::test]
async fn of_random_repetitions_and_conflicts_the_first_content_of_each_key_counts() {
    for seed in 0..3 {
        let (world, mut random) = (World::new().await, StdRng::seed_from_u64(seed));
        world
            .create_tag(computed("spent", Aggregate::Sum, Operand::Amount, 0))
            .await;
        let mut first: BTreeMap<u32, (i64, &str)> = BTreeMap::new();
        for _ in 0..20 {
            let sent: Vec<(u32, i64, &str)> = (0..random.random_range(1..15))
                .map(|_| {
                    let code = ["CNY", "CNY", "JPY", "RMB"][random.random_range(0..4)];
                    (random.random_range(0..30), random.random_range(1..4), code)
                })
                .collect();
            let order = |&(key, minor_units, code): &(u32, i64, &str)| Activity {
                amount: Some(Money {
                    currency_code: code.into(),
                    minor_units,
                }),
                ..world.order(key % 10, &format!("o{key}"), 0)
            };
            let response = world.record(sent.iter().map(order).collect()).await;
            for ((key, minor_units, code), result) in sent.into_iter().zip(&response.results) {
                let expected = match first.get(&key) {
                    _ if code == "RMB" => Refused,
                    None => {
                        first.insert(key, (minor_units, code));
                        Recorded
                    }
                    Some(content) if *content == (minor_units, code) => Duplicate,
                    Some(_) => Refused,
                };
                assert_eq!(result.outcome(), expected, "seed {seed}, key {key}");
            }
        }
        for number in 0..10 {
            let of_member = first
                .iter()
                .filter(|(key, (_, code))| *key % 10 == number && *code == "CNY");
            let amounts: Vec<i64> = of_member.map(|(_, (minor_units, _))| *minor_units).collect();
            let expected = (!amounts.is_empty()).then(|| amounts.iter().sum());
            assert_eq!(world.int_of(number, "spent").await, expected, "seed {seed}");
        }
    }
}
