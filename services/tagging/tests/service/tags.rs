use contracts::r#type::v1::Money;
use contracts_tagging::v1::tag_value::Kind;
use contracts_tagging::v1::*;
use prost_types::FieldMask;

use crate::world::{World, computed, count, int, manual, member, reason, text};

#[tokio::test]
async fn a_tag_is_read_as_it_was_created() {
    let world = World::new().await;
    let asked = Tag {
        group: "Purchase".into(),
        lifetime_days: 30,
        ..manual("vip", TagValueType::Bool)
    };
    let created = world.create_tag(asked.clone()).await;
    let read = world
        .tags()
        .get_tag(GetTagRequest { tag_code: "vip".into() })
        .await
        .unwrap()
        .into_inner()
        .tag
        .unwrap();
    assert_eq!(created, read);
    assert_eq!(
        (&*read.group, read.lifetime_days, read.state()),
        ("Purchase", 30, TagState::Ready)
    );
    let computed = world
        .create_tag(computed("spent", Aggregate::Sum, Operand::Amount, 90))
        .await;
    assert_eq!(
        (computed.value_type(), computed.state()),
        (TagValueType::Int, TagState::Backfilling)
    );
    world.harness.settle().await;
    let request = ListTagsRequest {
        page_size: 1,
        ..Default::default()
    };
    let page = world.tags().list_tags(request).await.unwrap().into_inner();
    assert_eq!(
        (page.tags[0].tag_code.as_str(), page.tags[0].state()),
        ("spent", TagState::Ready)
    );
    let request = ListTagsRequest {
        page_token: page.next_page_token,
        ..Default::default()
    };
    let page = world.tags().list_tags(request).await.unwrap().into_inner();
    assert_eq!(page.tags.iter().map(|tag| &*tag.tag_code).collect::<Vec<_>>(), ["vip"]);
    let request = ListTagsRequest {
        group: "Service".into(),
        ..Default::default()
    };
    assert!(
        world
            .tags()
            .list_tags(request)
            .await
            .unwrap()
            .into_inner()
            .tags
            .is_empty()
    );
}

#[tokio::test]
async fn an_update_takes_the_named_fields_and_refuses_an_old_etag() {
    let world = World::new().await;
    let tag = world.create_tag(manual("vip", TagValueType::Bool)).await;
    let update = |request_id: &str, path: &str, etag: &str| UpdateTagRequest {
        request_id: request_id.into(),
        tag_code: "vip".into(),
        update_mask: Some(FieldMask {
            paths: vec![path.into()],
        }),
        display_name: "Very important".into(),
        group: "not named, so not taken".into(),
        lifetime_days: 7,
        etag: etag.into(),
        ..UpdateTagRequest::default()
    };
    let request = update("u1", "display_name", &tag.etag);
    let updated = world
        .tags()
        .update_tag(request.clone())
        .await
        .unwrap()
        .into_inner()
        .tag
        .unwrap();
    assert_eq!(
        (&*updated.display_name, &*updated.group, updated.lifetime_days),
        ("Very important", "", 0)
    );
    let again = world
        .tags()
        .update_tag(request)
        .await
        .unwrap()
        .into_inner()
        .tag
        .unwrap();
    assert_eq!(again, updated, "the same request is answered as before");
    let stale = world
        .tags()
        .update_tag(update("u2", "group", &tag.etag))
        .await
        .unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    let unknown = world
        .tags()
        .update_tag(update("u3", "value_type", ""))
        .await
        .unwrap_err();
    assert_eq!(reason(&unknown), "INVALID_FIELD");

    world
        .tags()
        .update_tag(update("u4", "lifetime_days", ""))
        .await
        .unwrap();
    let assigned = world.assign(1, "vip", None).await;
    assert_eq!(
        assigned.expire_time,
        Some(world.now().plus_days(7).to_wire()),
        "the new lifetime holds from now on"
    );
}

#[tokio::test]
async fn tags_are_assigned_changed_and_removed_and_each_change_of_a_value_is_told_once() {
    let world = World::new().await;
    world.create_tag(manual("store", TagValueType::String)).await;
    let assigned = world.assign(1, "store", Some(text("suzhou"))).await;
    assert_eq!(
        (&*assigned.source, assigned.assign_time),
        ("key_test", Some(world.now().to_wire()))
    );
    world.assign(1, "store", Some(text("suzhou"))).await;
    world.assign(1, "store", Some(text("wuxi"))).await;
    assert_eq!(world.tags_of(1).await["store"], Kind::StringValue("wuxi".into()));
    assert!(world.remove(1, "store").await);
    assert!(!world.remove(1, "store").await);
    assert!(world.tags_of(1).await.is_empty());
    let told: Vec<_> = world
        .facts::<TagChanged>()
        .await
        .into_iter()
        .map(|fact| fact.value)
        .collect();
    assert_eq!(told, [Some(text("suzhou")), Some(text("wuxi")), None]);
}

#[tokio::test]
async fn an_assignment_is_made_once_for_its_request_id_and_all_or_nothing() {
    let world = World::new().await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    let assignment = |code: &str, value| TagAssignment {
        tag_code: code.into(),
        value: Some(int(value)),
        expire_time: None,
    };
    let request = |request_id: &str, assignments| AssignTagsRequest {
        request_id: request_id.into(),
        member_id: member(1),
        assignments,
        source: "journey/welcome".into(),
    };
    let first = request("a1", vec![assignment("score", 1)]);
    world.tags().assign_tags(first.clone()).await.unwrap();
    world.assign(1, "score", Some(int(2))).await;
    let replayed = world.tags().assign_tags(first).await.unwrap().into_inner();
    assert_eq!(replayed.tags[0].value, Some(int(1)), "the first answer");
    assert_eq!(world.int_of(1, "score").await, Some(2), "and no second effect");

    let half = request("a2", vec![assignment("score", 3), assignment("unknown", 1)]);
    assert_eq!(
        reason(&world.tags().assign_tags(half).await.unwrap_err()),
        "TAG_UNKNOWN"
    );
    assert_eq!(world.int_of(1, "score").await, Some(2));
    let twice = request("a3", vec![assignment("score", 3), assignment("score", 4)]);
    assert_eq!(
        reason(&world.tags().assign_tags(twice).await.unwrap_err()),
        "INVALID_FIELD"
    );
}

#[tokio::test]
async fn an_assignment_lapses_when_its_lifetime_is_over_and_nobody_does_anything() {
    let world = World::new().await;
    world
        .create_tag(Tag {
            lifetime_days: 30,
            ..manual("warm", TagValueType::Bool)
        })
        .await;
    world.assign(1, "warm", None).await;
    world.pass_days(29).await;
    assert_eq!(world.tags_of(1).await.len(), 1);
    world.pass_days(1).await;
    assert!(world.tags_of(1).await.is_empty());
    assert_eq!(world.facts::<TagChanged>().await.last().unwrap().value, None);
}

#[tokio::test]
async fn computed_tags_follow_activities_that_are_late_out_of_order_and_doubled() {
    let world = World::new().await;
    for tag in [
        count("orders", 0),
        count("orders_30d", 30),
        computed("spent_30d", Aggregate::Sum, Operand::Amount, 30),
        computed("last_channel", Aggregate::Last, Operand::ChannelCode, 0),
        computed("first_order", Aggregate::First, Operand::OccurTime, 0),
    ] {
        world.create_tag(tag).await;
    }
    world.harness.settle().await;
    let order = |id: &str, days_ago, channel: &str, cents| Activity {
        channel_code: channel.into(),
        amount: Some(Money {
            currency_code: "CNY".into(),
            minor_units: cents,
        }),
        ..world.order(1, id, days_ago)
    };
    world
        .record(vec![order("b", 5, "pos", 200), order("d", 0, "app", 800)])
        .await;
    world
        .record(vec![
            order("c", 2, "tmall", 400),
            order("a", 40, "wechat", 100),
            order("b", 5, "pos", 200),
        ])
        .await;

    let tags = world.tags_of(1).await;
    assert_eq!(tags["orders"], Kind::IntValue(4));
    assert_eq!(tags["orders_30d"], Kind::IntValue(3));
    assert_eq!(tags["spent_30d"], Kind::IntValue(1_400));
    assert_eq!(tags["last_channel"], Kind::StringValue("app".into()));
    assert_eq!(
        tags["first_order"],
        Kind::TimeValue(world.now().plus_days(-40).to_wire())
    );
}

#[tokio::test]
async fn a_new_computed_tag_counts_the_past_in() {
    let world = World::new().await;
    for number in 0..5 {
        world
            .record(
                (0..=number)
                    .map(|i| world.order(number, &format!("o{number}_{i}"), i64::from(i) * 10))
                    .collect(),
            )
            .await;
    }
    world.create_tag(count("orders_25d", 25)).await;
    // One order arrives while the past is not counted yet: it must not hide the past.
    world.record(vec![world.order(1, "new", 0)]).await;
    assert_eq!(world.int_of(1, "orders_25d").await, Some(3));
    world.harness.settle().await;
    let mut counts = Vec::new();
    for number in 0..5 {
        counts.push(world.int_of(number, "orders_25d").await);
    }
    assert_eq!(counts, [Some(1), Some(3), Some(3), Some(3), Some(3)]);
}

#[tokio::test]
async fn a_batch_assigns_to_many_members_and_each_assignment_has_its_own_outcome() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    let asked = |request_id: &str, number: u32, tag_code: &str, value: Option<TagValue>| AssignTagsRequest {
        request_id: request_id.into(),
        member_id: member(number),
        assignments: vec![TagAssignment {
            tag_code: tag_code.into(),
            value,
            expire_time: None,
        }],
        source: "journey/welcome".into(),
    };
    let half = AssignTagsRequest {
        assignments: [asked("", 1, "score", Some(int(9))), asked("", 1, "nothing", None)]
            .into_iter()
            .flat_map(|request| request.assignments)
            .collect(),
        ..asked("half", 1, "", None)
    };
    let requests = vec![
        asked("a", 1, "score", Some(int(1))),
        asked("b", 2, "vip", None),
        half,
        asked("c", 1, "score", Some(int(2))),
        asked("a", 1, "score", Some(int(1))),
        asked("a", 1, "score", Some(int(3))),
        AssignTagsRequest {
            member_id: "mbr_00000000000000000000000000".into(),
            ..asked("d", 1, "vip", None)
        },
    ];
    let assign = async |requests: &[AssignTagsRequest]| {
        let request = BatchAssignTagsRequest {
            unreadable_items: Vec::new(),
            requests: requests.to_vec(),
        };
        let results = world
            .tags()
            .batch_assign_tags(request)
            .await
            .unwrap()
            .into_inner()
            .results;
        let outcome = |result: BatchAssignTagsResult| match result.outcome.unwrap() {
            batch_assign_tags_result::Outcome::Response(response) => response.tags[0].tag_code.clone(),
            batch_assign_tags_result::Outcome::Refusal(refusal) => refusal.reason,
        };
        results.into_iter().map(outcome).collect::<Vec<_>>()
    };
    let outcomes = assign(&requests).await;
    assert_eq!(
        outcomes,
        [
            "score",
            "vip",
            "TAG_UNKNOWN",
            "score",
            "score",
            "REQUEST_ID_REUSED",
            "MEMBER_NOT_FOUND"
        ]
    );
    assert_eq!(
        world.tags_of(1).await["score"],
        Kind::IntValue(2),
        "the half one left nothing behind"
    );

    // Repeated, in whole or by the other method, it changes nothing.
    assert_eq!(assign(&requests).await, outcomes);
    world.tags().assign_tags(requests[0].clone()).await.unwrap();
    assert_eq!(world.tags_of(1).await["score"], Kind::IntValue(2));
    assert_eq!(world.tags_of(2).await["vip"], Kind::BoolValue(true));
}
