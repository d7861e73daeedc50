use contracts_tagging::v1::*;

use crate::world::{World, at_least, count, int, is_set, manual, member, members, profile_is, text};

async fn prepared() -> World {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.create_tag(count("orders_30d", 30)).await;
    world.create_tag(manual("store", TagValueType::String)).await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    world.create_segment("frequent", at_least("orders_30d", 3)).await;
    world.create_segment("scored", is_set("score")).await;
    world
        .create_segment("suzhou", profile_is(ProfileField::City, &["Suzhou"]))
        .await;
    world.registered(1, "Wuxi");
    world.registered(2, "Wuxi");
    world.harness.settle().await;
    world
        .record(vec![world.order(1, "a", 20), world.order(1, "b", 1)])
        .await;
    world
        .record(vec![world.order(2, "c", 10), world.order(2, "d", 50)])
        .await;
    world.assign(1, "score", Some(int(7))).await;
    world.assign(1, "store", Some(text("old"))).await;
    world.harness.clock.turn_to(world.now().plus_days(1));
    world.assign(2, "store", Some(text("new"))).await;
    world
}

async fn timeline(world: &World, number: u32) -> Vec<(String, String)> {
    let request = ListActivitiesRequest {
        member_id: member(number),
        ..Default::default()
    };
    let activities = world
        .activities()
        .list_activities(request)
        .await
        .unwrap()
        .into_inner()
        .activities;
    activities
        .into_iter()
        .map(|activity| (activity.source_id, activity.member_id))
        .collect()
}

/// What the survivor of `prepared` has, asked for under any id.
async fn assert_merged(world: &World, asked: u32, survivor: u32) {
    let timeline = timeline(world, asked).await;
    assert!(timeline.iter().all(|(_, id)| *id == member(survivor)));
    assert_eq!(
        timeline.iter().map(|(source_id, _)| &**source_id).collect::<Vec<_>>(),
        ["b", "c", "a", "d"]
    );
    assert_eq!(world.int_of(asked, "orders").await, Some(4));
    assert_eq!(world.int_of(asked, "orders_30d").await, Some(3));
    assert_eq!(world.int_of(asked, "score").await, Some(7));
    assert_eq!(
        world.tags_of(asked).await["store"],
        tag_value::Kind::StringValue("new".into())
    );
    for code in ["frequent", "scored", "suzhou"] {
        assert!(world.is_member(code, asked).await, "{code}");
    }
}

/// The members of a segment as listed: under an absorbed id the check answers for the survivor.
async fn listed(world: &World, code: &str) -> std::collections::BTreeSet<String> {
    let request = ListSegmentMembersRequest {
        segment_code: code.into(),
        ..Default::default()
    };
    let listed = world
        .segments()
        .list_segment_members(request)
        .await
        .unwrap()
        .into_inner()
        .memberships;
    listed.into_iter().map(|membership| membership.member_id).collect()
}

#[tokio::test]
async fn a_merge_moves_timeline_tags_windows_and_memberships_to_the_survivor() {
    let world = prepared().await;
    world.merged(1, 2, "Suzhou");
    world.harness.settle().await;
    for asked in [1, 2] {
        assert_merged(&world, asked, 2).await;
    }
    for code in ["frequent", "scored", "suzhou"] {
        assert_eq!(listed(&world, code).await, members(&[2]), "{code}");
        assert_eq!(world.segment(code).await.member_count, 1, "{code}");
    }
    assert_eq!(world.facts::<SegmentLeft>().await, [], "the person left nothing");
    world.pass_days(9).await;
    assert_eq!(
        world.int_of(2, "orders_30d").await,
        Some(2),
        "the windows of both close at their edges"
    );
}

#[tokio::test]
async fn an_absorbed_id_leads_to_the_survivor() {
    let world = prepared().await;
    world.merged(1, 2, "Suzhou");
    world.harness.settle().await;
    let response = world.record(vec![world.order(1, "e", 0)]).await;
    assert_eq!(response.results[0].member_id, member(2));
    assert_eq!(world.int_of(2, "orders").await, Some(5));
    world.assign(1, "score", Some(int(9))).await;
    assert_eq!(world.int_of(2, "score").await, Some(9));
    assert!(world.remove(1, "score").await);
    // What peers still tell of the absorbed id is not the survivor's.
    world.tier_changed(1, "gold", world.now());
    world.registered(1, "Wuxi");
    world.harness.settle().await;
    assert_eq!(listed(&world, "suzhou").await, members(&[2]));
}

#[tokio::test]
async fn merges_told_twice_in_chains_and_before_their_members_end_in_the_same_state() {
    let world = prepared().await;
    world.registered(3, "Wuxi");
    world.merged(1, 2, "Suzhou");
    world.merged(1, 2, "Suzhou");
    world.merged(2, 3, "Suzhou");
    world.merged(1, 2, "Suzhou");
    world.harness.settle().await;
    world.merged(2, 3, "Suzhou");
    world.merged(1, 3, "Suzhou");
    // Nothing was ever heard of member 4.
    world.merged(4, 3, "Suzhou");
    world.harness.settle().await;
    for asked in [1, 2, 3, 4] {
        assert_merged(&world, asked, 3).await;
    }
    let summary = insight_service_client::InsightServiceClient::new(world.harness.channel())
        .get_summary(GetSummaryRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(summary.member_count, 1);
    assert_eq!(summary.channels[0].member_count, 1);
}

const MERGE: &str = "mrg_01h455vb4pex5vsknk084sn02q";
const MERGE_AGAIN: &str = "mrg_01h455vb4pex5vsknk084sn02r";

/// What each of the two of `prepared` had before the merge.
async fn assert_parted(world: &World) {
    for (number, sources, orders) in [(1, ["b", "a"], 2), (2, ["c", "d"], 2)] {
        let timeline = timeline(world, number).await;
        let seen: Vec<(&str, &str)> = timeline.iter().map(|(source, id)| (&**source, &**id)).collect();
        let id = member(number);
        assert_eq!(seen, sources.map(|source| (source, &*id)));
        assert_eq!(world.int_of(number, "orders").await, Some(orders));
    }
    assert_eq!(world.int_of(1, "score").await, Some(7));
    assert_eq!(world.int_of(2, "score").await, None);
    let store = |value: &str| tag_value::Kind::StringValue(value.into());
    assert_eq!(world.tags_of(1).await["store"], store("old"));
    assert_eq!(world.tags_of(2).await["store"], store("new"));
    assert_eq!(listed(world, "scored").await, members(&[1]));
    assert_eq!(listed(world, "frequent").await, members(&[]));
}

#[tokio::test]
async fn an_undo_gives_back_timeline_tags_profile_tier_and_memberships() {
    let world = prepared().await;
    world.tier_changed(1, "gold", world.now());
    world.harness.settle().await;
    world.merged_as(MERGE, 1, 2, "Suzhou");
    world.harness.settle().await;
    assert_merged(&world, 1, 2).await;
    world.undone(MERGE, (1, "Suzhou"), (2, "Wuxi"), &[]);
    world.harness.settle().await;
    assert_parted(&world).await;
    assert_eq!(listed(&world, "suzhou").await, members(&[1]));
    let gold = profile_is(ProfileField::TierCode, &["gold"]);
    world.create_segment("gold", gold).await;
    world.harness.settle().await;
    assert_eq!(listed(&world, "gold").await, members(&[1]), "with the tier that it had");
    let summary = insight_service_client::InsightServiceClient::new(world.harness.channel());
    let summary = { summary }
        .get_summary(GetSummaryRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((summary.member_count, summary.channels[0].member_count), (2, 2));
}

#[tokio::test]
async fn what_was_done_and_assigned_since_a_merge_stays_with_the_survivor() {
    let world = prepared().await;
    world.merged_as(MERGE, 1, 2, "Suzhou");
    world.harness.settle().await;
    world.record(vec![world.order(1, "e", 0)]).await;
    world.assign(1, "score", Some(int(9))).await;
    world.undone(MERGE, (1, "Suzhou"), (2, "Wuxi"), &[]);
    world.harness.settle().await;
    assert_eq!(
        (world.int_of(1, "score").await, world.int_of(2, "score").await),
        (Some(7), Some(9))
    );
    assert_eq!(
        (world.int_of(1, "orders").await, world.int_of(2, "orders").await),
        (Some(2), Some(3))
    );
    let response = world.record(vec![world.order(1, "f", 0)]).await;
    assert_eq!(
        response.results[0].member_id,
        member(1),
        "the id leads nowhere else any more"
    );
}

#[tokio::test]
async fn an_undo_is_done_once_and_a_merge_that_was_undone_is_not_done_again() {
    let world = prepared().await;
    world.merged_as(MERGE, 1, 2, "Suzhou");
    world.undone(MERGE, (1, "Wuxi"), (2, "Wuxi"), &[]);
    world.merged_as(MERGE, 1, 2, "Suzhou");
    world.harness.settle().await;
    assert_parted(&world).await;
    world.merged_as(MERGE_AGAIN, 1, 2, "Suzhou");
    world.undone(MERGE, (1, "Wuxi"), (2, "Wuxi"), &[]);
    world.harness.settle().await;
    assert_merged(&world, 1, 2).await;
    world.undone(MERGE_AGAIN, (1, "Wuxi"), (2, "Wuxi"), &[]);
    world.harness.settle().await;
    assert_parted(&world).await;
}

#[tokio::test]
async fn a_chain_that_is_told_at_once_is_undone_link_by_link() {
    let world = prepared().await;
    world.registered(3, "Wuxi");
    world.merged_as(MERGE, 1, 2, "Suzhou");
    world.merged_as(MERGE_AGAIN, 2, 3, "Suzhou");
    world.harness.settle().await;
    assert_merged(&world, 1, 3).await;
    world.undone(MERGE_AGAIN, (2, "Suzhou"), (3, "Wuxi"), &[1]);
    world.harness.settle().await;
    assert_merged(&world, 1, 2).await;
    world.undone(MERGE, (1, "Wuxi"), (2, "Wuxi"), &[]);
    world.harness.settle().await;
    assert_parted(&world).await;
}
