use contracts_tagging::v1::ActivityOutcome::{Duplicate, Recorded, Refused};
use contracts_tagging::v1::*;
use futures::future::join_all;
use prost_types::Timestamp;

use crate::world::{World, member, reason};

fn outcomes(response: &RecordActivitiesResponse) -> Vec<ActivityOutcome> {
    response.results.iter().map(ActivityResult::outcome).collect()
}

async fn timeline(world: &World, number: u32) -> Vec<String> {
    let request = ListActivitiesRequest {
        member_id: member(number),
        page_size: 500,
        ..Default::default()
    };
    let activities = world
        .activities()
        .list_activities(request)
        .await
        .unwrap()
        .into_inner()
        .activities;
    activities.into_iter().map(|activity| activity.source_id).collect()
}

#[tokio::test]
async fn the_good_ones_of_a_batch_are_kept_and_the_bad_ones_given_back_with_their_violations() {
    let world = World::new().await;
    let wrong = Activity {
        source_id: String::new(),
        activity_type: "Order".into(),
        ..world.order(1, "", 0)
    };
    let unknown = Activity {
        member_id: member(77),
        ..world.order(1, "u", 0)
    };
    let response = world
        .record(vec![world.order(1, "a", 0), wrong, unknown, world.order(2, "b", 0)])
        .await;

    assert_eq!(outcomes(&response), [Recorded, Refused, Refused, Recorded]);
    assert_eq!(
        (
            response.recorded_count,
            response.duplicate_count,
            response.refused_count
        ),
        (2, 0, 2)
    );
    let refusal = response.results[1].refusal.clone().unwrap();
    let paths: Vec<_> = refusal
        .violations
        .iter()
        .map(|violation| violation.path.as_str())
        .collect();
    assert_eq!(
        (refusal.reason.as_str(), paths),
        ("INVALID_FIELD", vec!["source_id", "activity_type"])
    );
    assert_eq!(response.results[2].refusal.as_ref().unwrap().reason, "MEMBER_NOT_FOUND");
    assert_eq!(
        (timeline(&world, 1).await, timeline(&world, 2).await),
        (vec!["a".into()], vec!["b".into()])
    );
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 2);
}

#[tokio::test]
async fn activities_that_are_only_judged_are_answered_like_real_ones_and_nothing_is_written() {
    let world = World::new().await;
    world.record(vec![world.order(1, "before", 0)]).await;
    let unknown = Activity {
        member_id: member(77),
        ..world.order(1, "u", 0)
    };
    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "judged".into(),
        validate_only: true,
        activities: vec![
            world.order(1, "before", 0),
            world.order(1, "a", 0),
            unknown,
            world.order(1, "a", 0),
        ],
    };
    let judged = world
        .activities()
        .record_activities(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(outcomes(&judged), [Duplicate, Recorded, Refused, Duplicate]);
    assert_eq!(
        (judged.recorded_count, judged.duplicate_count, judged.refused_count),
        (1, 2, 1)
    );
    assert_eq!(timeline(&world, 1).await, ["before"]);
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 1, "no fact is told");

    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        validate_only: false,
        ..request
    };
    let real = world
        .activities()
        .record_activities(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(outcomes(&real), outcomes(&judged), "the request id was not used up");
    assert_eq!(timeline(&world, 1).await.len(), 2);
}

#[tokio::test]
async fn an_activity_is_recorded_once_for_ever_by_whichever_caller_it_is_sent() {
    let world = World::new().await;
    let first = world.record(vec![world.order(1, "a", 0), world.order(1, "a", 0)]).await;
    assert_eq!(outcomes(&first), [Recorded, Duplicate]);
    assert_eq!(first.results[0].activity_id, first.results[1].activity_id);

    world.pass_days(400).await;
    let again = world
        .record(vec![world.order(1, "a", 400), world.order(1, "b", 0)])
        .await;
    assert_eq!(outcomes(&again), [Duplicate, Recorded]);
    assert_eq!(again.results[0].activity_id, first.results[0].activity_id);
    let elsewhere = Activity {
        channel_code: "pos".into(),
        ..world.order(1, "a", 0)
    };
    assert_eq!(
        outcomes(&world.record(vec![elsewhere]).await),
        [Recorded],
        "another channel's order is another order"
    );
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 3);
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_and_a_reused_id_is_refused() {
    let world = World::new().await;
    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "once".into(),
        validate_only: false,
        activities: vec![world.order(1, "a", 0)],
    };
    let first = world
        .activities()
        .record_activities(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = world
        .activities()
        .record_activities(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let other = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        activities: vec![world.order(1, "b", 0)],
        ..request
    };
    assert_eq!(
        reason(&world.activities().record_activities(other).await.unwrap_err()),
        "REQUEST_ID_REUSED"
    );
}

#[tokio::test]
async fn batches_that_race_for_the_same_activities_record_each_once() {
    let world = World::new().await;
    world.create_tag(crate::world::count("orders", 0)).await;
    // The member of an order is always the same one.
    let order = |i: u32| world.order(i % 3, &format!("o{i}"), 0);
    let batch = |shift: u32| (0..20).map(|i| order((i + shift) % 20)).collect();
    let responses = join_all((0..8).map(|shift| world.record(batch(shift)))).await;
    let recorded: i32 = responses.iter().map(|response| response.recorded_count).sum();
    assert_eq!(recorded, 20);
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 20);
    let orders = [
        world.int_of(0, "orders").await,
        world.int_of(1, "orders").await,
        world.int_of(2, "orders").await,
    ];
    assert_eq!(orders, [Some(7), Some(7), Some(6)]);
}

#[tokio::test]
async fn a_timeline_is_in_the_order_in_which_things_happened_however_late_they_arrive() {
    let world = World::new().await;
    world
        .record(vec![world.order(1, "today", 0), world.order(1, "last_week", 7)])
        .await;
    world
        .record(vec![world.order(1, "last_year", 365), world.order(1, "yesterday", 1)])
        .await;
    assert_eq!(
        timeline(&world, 1).await,
        ["today", "yesterday", "last_week", "last_year"]
    );
}

#[tokio::test]
async fn pages_of_a_timeline_neither_repeat_nor_miss_anything_and_are_bound_to_their_filter() {
    let world = World::new().await;
    let mut activities: Vec<Activity> = (0..25).map(|i| world.order(1, &format!("o{i:02}"), i / 3)).collect();
    activities.push(Activity {
        activity_type: "browsed".into(),
        ..world.order(1, "browsed", 2)
    });
    world.record(activities).await;
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListActivitiesRequest {
            member_id: member(1),
            activity_type: "order_paid".into(),
            page_size: 10,
            page_token,
        };
        let page = world.activities().list_activities(request).await.unwrap().into_inner();
        listed.extend(page.activities.into_iter().map(|activity| activity.source_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        let other = ListActivitiesRequest {
            member_id: member(2),
            activity_type: "order_paid".into(),
            page_token: page_token.clone(),
            page_size: 10,
        };
        assert_eq!(
            reason(&world.activities().list_activities(other).await.unwrap_err()),
            "PAGE_TOKEN_INVALID"
        );
    }
    listed.sort();
    assert_eq!(listed, (0..25).map(|i| format!("o{i:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn ids_in_channels_are_looked_up_with_one_call_for_all() {
    let world = World::new().await;
    let order = |i: u32| Activity {
        member_id: String::new(),
        external_id: format!("tb{}", i % 12),
        ..world.order(0, &format!("o{i}"), 0)
    };
    let response = world.record((0..100).map(order).collect()).await;
    assert_eq!(world.identity.state().calls, 1);
    assert_eq!(response.results[3].member_id, member(3));
    assert_eq!(response.refused_count, 16, "tb10 and tb11 are nobody");
    assert_eq!(
        response.results[10].refusal.as_ref().unwrap().reason,
        "MEMBER_NOT_FOUND"
    );
}

#[tokio::test]
async fn members_whom_tagging_knows_are_not_asked_for() {
    let world = World::new().await;
    world.registered(1, "suzhou");
    world.harness.settle().await;
    world.record(vec![world.order(1, "a", 0)]).await;
    assert_eq!(world.identity.state().calls, 0);
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let world = World::new().await;
    for count in [0, 501] {
        let activities = (0..count).map(|i| world.order(1, &format!("o{i}"), 0)).collect();
        assert_eq!(
            reason(&world.try_record(activities).await.unwrap_err()),
            "INVALID_FIELD"
        );
    }
}

#[tokio::test]
async fn no_tenant_sees_or_touches_another_s_activities() {
    let world = World::new().await;
    world.record(vec![world.order(1, "a", 0)]).await;
    let other = world.harness.other_tenant();
    let channel = world.harness.channel_of(other);
    let mut theirs = activity_service_client::ActivityServiceClient::new(channel);
    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "r0".into(),
        validate_only: false,
        activities: vec![world.order(1, "a", 3)],
    };
    let response = theirs.record_activities(request).await.unwrap().into_inner();
    assert_eq!(
        outcomes(&response),
        [Recorded],
        "the same request id and order number are theirs too"
    );
    let request = ListActivitiesRequest {
        member_id: member(1),
        ..Default::default()
    };
    let listed = theirs.list_activities(request).await.unwrap().into_inner().activities;
    let three_days_ago: Option<Timestamp> = Some(world.now().plus_days(-3).to_wire());
    assert_eq!(
        listed.iter().map(|activity| activity.occur_time).collect::<Vec<_>>(),
        [three_days_ago]
    );
    assert_eq!(world.facts_of::<ActivityRecorded>(other).await.len(), 1);
}

/// The paths and messages of what an activity is refused for, and the reason.
async fn refusal(world: &World, activity: Activity) -> (String, Vec<(String, String)>) {
    let refusal = world.record(vec![activity]).await.results.remove(0).refusal.unwrap();
    let told = refusal.violations.into_iter().map(|it| (it.path, it.message)).collect();
    (refusal.reason, told)
}

#[tokio::test]
async fn a_member_who_is_unknown_is_told_by_the_field_and_with_everything_else() {
    let world = World::new().await;
    let by_member = Activity {
        member_id: member(77),
        ..world.order(1, "u", 0)
    };
    let by_external = |external_id: &str| Activity {
        member_id: String::new(),
        channel_code: "tmall".into(),
        external_id: external_id.into(),
        ..world.order(1, "u", 0)
    };
    for (activity, path) in [
        (by_member.clone(), "member_id"),
        (by_external("stranger"), "external_id"),
    ] {
        let (reason, told) = refusal(&world, activity).await;
        assert_eq!((&*reason, &*told[0].0, told.len()), ("MEMBER_NOT_FOUND", path, 1));
        assert!(
            told[0].1.contains("register the member with identity first"),
            "{told:?}"
        );
    }
    let wrong = Activity {
        activity_type: "Order".into(),
        ..by_external("stranger")
    };
    let (reason, told) = refusal(&world, wrong).await;
    let paths: Vec<&str> = told.iter().map(|(path, _)| &**path).collect();
    assert_eq!(
        (&*reason, paths),
        ("INVALID_FIELD", vec!["activity_type", "external_id"])
    );
    // Of a channel that can be none nobody is asked, and the others of the batch are recorded.
    let no_channel = Activity {
        channel_code: "T".repeat(65),
        ..by_external("stranger")
    };
    let response = world.record(vec![no_channel, world.order(1, "good", 0)]).await;
    assert_eq!(outcomes(&response), [Refused, Recorded]);
}

#[tokio::test]
async fn an_id_that_can_stand_for_nobody_is_told_as_one() {
    let world = World::new().await;
    for external_id in ["#N/A", "null", "0"] {
        let activity = Activity {
            member_id: String::new(),
            channel_code: "tmall".into(),
            external_id: external_id.into(),
            ..world.order(1, "u", 0)
        };
        let (reason, told) = refusal(&world, activity.clone()).await;
        assert_eq!((&*reason, &*told[0].0), ("INVALID_FIELD", "external_id"));
        assert!(told[0].1.contains("can stand for nobody"), "{told:?}");
        let wrong = Activity {
            activity_type: "Order".into(),
            ..activity
        };
        let (_, told) = refusal(&world, wrong).await;
        assert!(told[1].1.contains("can stand for nobody"), "{told:?}");
    }
}
