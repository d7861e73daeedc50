//! Times that no record has: refused where they arrive, so that nothing of the year 1 is the first for ever.

use contracts_tagging::v1::*;
use kernel::Time;
use prost_types::Timestamp;

use crate::world::{World, computed, manual, member};

/// What no timestamp of protobuf's is, and what programs write where they have no time.
fn impossible() -> Vec<Timestamp> {
    let zeros = [
        "0001-01-01T00:00:00Z",
        "1753-01-01T00:00:00Z",
        "1899-12-30T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T08:00:00+08:00",
        "1980-01-01T00:00:00Z",
    ];
    let zeros = zeros.map(|text| Time::parse_rfc3339(text).unwrap().to_wire());
    let none = [(-62_135_596_801, 0), (253_402_300_800, 0), (i64::MAX, 0), (0, -1)];
    let none = none.map(|(seconds, nanos)| Timestamp { seconds, nanos });
    zeros.into_iter().chain(none).collect()
}

#[tokio::test]
async fn an_order_of_an_impossible_time_is_refused_and_is_the_first_of_nothing() {
    let world = World::new().await;
    let first = computed("first_order", Aggregate::First, Operand::OccurTime, 0);
    world.create_tag(first).await;
    let mut orders = vec![world.order(1, "right", 3)];
    orders.extend(impossible().into_iter().enumerate().map(|(number, time)| Activity {
        occur_time: Some(time),
        ..world.order(1, &format!("o{number}"), 0)
    }));
    let results = world.record(orders).await.results;
    assert!(results[0].refusal.is_none());
    for result in &results[1..] {
        let refusal = result.refusal.as_ref().unwrap();
        assert_eq!(
            (&*refusal.reason, &*refusal.violations[0].path),
            ("INVALID_FIELD", "occur_time")
        );
    }
    world.pass_days(0).await;
    let first = world.tags_of(1).await.remove("first_order").unwrap();
    let right = world.order(1, "right", 3).occur_time.unwrap();
    assert_eq!(first, tag_value::Kind::TimeValue(right));

    // The earliest that anything was recorded is a time like any other.
    let earliest = Activity {
        occur_time: Some(Time::RECORDS_BEGIN.to_wire()),
        ..world.order(1, "earliest", 0)
    };
    assert!(world.record(vec![earliest]).await.results[0].refusal.is_none());
}

#[tokio::test]
async fn a_tag_holds_and_lapses_at_times_that_there_are() {
    let world = World::new().await;
    world.create_tag(manual("met", TagValueType::Time)).await;
    let value = |time| TagValue {
        kind: Some(tag_value::Kind::TimeValue(time)),
    };
    let assign = |value: TagValue, expire_time| AssignTagsRequest {
        request_id: world.request_id(),
        member_id: member(1),
        assignments: vec![TagAssignment {
            tag_code: "met".into(),
            value: Some(value),
            expire_time,
        }],
        source: String::new(),
    };
    let (none, last) = (
        Timestamp {
            seconds: 253_402_300_800,
            nanos: 0,
        },
        Time::LAST.to_wire(),
    );
    let zeros = [
        "0001-01-01T00:00:00Z",
        "0002-01-01T00:00:00Z",
        "1753-01-01T00:00:00Z",
        "1899-12-30T00:00:00Z",
    ];
    let zeros = zeros.map(|text| assign(value(Time::parse_rfc3339(text).unwrap().to_wire()), None));
    let out_of_range = [assign(value(none), None), assign(value(last), Some(none))];
    for request in zeros.into_iter().chain(out_of_range) {
        let refused = world.tags().assign_tags(request).await.unwrap_err();
        assert_eq!(crate::world::reason(&refused), "INVALID_FIELD", "{refused:?}");
    }
    let kept = world.tags().assign_tags(assign(value(last), Some(last))).await.unwrap();
    assert_eq!(kept.into_inner().tags[0].expire_time, Some(last));
    // A date of birth, say, may lie before anything was recorded.
    let birth = Time::BIRTHS_BEGIN.to_wire();
    world.assign(1, "met", Some(value(birth))).await;
    let held = world.tags_of(1).await.remove("met").unwrap();
    assert_eq!(held, tag_value::Kind::TimeValue(birth));
    // It ends in the future, or it is not assigned.
    for past in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1989-12-31T23:59:59Z"] {
        let past = Time::parse_rfc3339(past).unwrap().to_wire();
        let refused = world
            .tags()
            .assign_tags(assign(value(birth), Some(past)))
            .await
            .unwrap_err();
        assert_eq!(crate::world::reason(&refused), "INVALID_FIELD", "{refused:?}");
    }
}
