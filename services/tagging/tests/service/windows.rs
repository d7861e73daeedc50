use contracts_tagging::v1::*;
use kernel::Time;
use testkit::until;

use crate::world::{World, at_least, computed, count, is_set, member, members, not};

#[tokio::test]
async fn a_member_leaves_a_window_at_its_edge_with_no_new_event() {
    let world = World::new().await;
    world.create_tag(count("orders_30d", 30)).await;
    world.create_segment("recent", is_set("orders_30d")).await;
    world.create_segment("lapsed", not(is_set("orders_30d"))).await;
    world
        .record(vec![world.order(1, "a", 10), world.order(1, "b", 3)])
        .await;
    assert_eq!(world.members_of("recent").await, members(&[1]));

    let edge = world.now().plus_days(27);
    world.harness.clock.turn_to(Time::from_micros(edge.micros() - 1));
    world.harness.settle().await;
    assert_eq!(world.int_of(1, "orders_30d").await, Some(1), "the older order has left");
    assert_eq!(world.members_of("recent").await, members(&[1]));

    world.harness.clock.turn_to(edge);
    world.harness.settle().await;
    assert_eq!(world.int_of(1, "orders_30d").await, None);
    assert_eq!(
        (world.members_of("recent").await, world.members_of("lapsed").await),
        (members(&[]), members(&[1]))
    );
    let left = world.facts::<SegmentLeft>().await;
    let left: Vec<_> = left.iter().map(|fact| (&*fact.segment_code, fact.leave_time)).collect();
    assert_eq!(left, [("recent", Some(edge.to_wire()))]);
    let entered: Vec<_> = world
        .facts::<SegmentEntered>()
        .await
        .into_iter()
        .map(|fact| fact.segment_code)
        .collect();
    assert_eq!(entered, ["recent", "lapsed"]);
}

/// The clock is turned to the very edges, and nobody asks the worker to look.
#[tokio::test]
async fn a_member_leaves_a_window_at_its_edge_though_nobody_looks() {
    let world = World::new().await;
    world.create_tag(count("orders_1d", 1)).await;
    world.create_segment("recent", is_set("orders_1d")).await;
    world.record(vec![world.order(1, "a", 0)]).await;
    let edge = world.now().plus_days(1);
    world.harness.clock.turn_to(Time::from_micros(edge.micros() - 100_000));
    world.harness.settle().await;
    assert_eq!(world.members_of("recent").await, members(&[1]));
    world.harness.clock.turn_to(edge);
    until("the order has left", false, async || world.is_member("recent", 1).await).await;
    assert_eq!(world.members_of("recent").await, members(&[]));
}

/// The timer is late, because the clock has jumped, and an order comes first: what has left the window meanwhile must not
/// be counted, not even for a moment, since others act on what they are told.
#[tokio::test]
async fn an_order_that_comes_before_the_timer_does_not_count_what_has_left() {
    let world = World::new().await;
    world.create_tag(count("orders_30d", 30)).await;
    world.create_segment("frequent", at_least("orders_30d", 3)).await;
    world.record(vec![world.order(1, "a", 1), world.order(1, "b", 1)]).await;
    world.harness.clock.turn_to(world.now().plus_days(60));
    world.record(vec![world.order(1, "c", 0)]).await;
    assert_eq!(world.int_of(1, "orders_30d").await, Some(1));
    world.harness.settle().await;
    assert_eq!(world.facts::<SegmentEntered>().await, []);
    // Whether the timer or the order came first, nobody was ever told of three.
    let told = world
        .facts::<TagChanged>()
        .await
        .into_iter()
        .filter_map(|fact| fact.value);
    assert_eq!(told.collect::<Vec<_>>(), [crate::world::int(2), crate::world::int(1)]);
}

#[tokio::test]
async fn the_first_in_a_window_gives_way_to_the_next() {
    let world = World::new().await;
    world
        .create_tag(computed("first_30d", Aggregate::First, Operand::ChannelCode, 30))
        .await;
    let order = |id: &str, days_ago, channel: &str| Activity {
        channel_code: channel.into(),
        ..world.order(1, id, days_ago)
    };
    world
        .record(vec![
            order("c", 5, "app"),
            order("a", 29, "tmall"),
            order("b", 15, "pos"),
        ])
        .await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let value = world.tags_of(1).await.remove("first_30d");
        seen.push(value.map(|value| match value {
            tag_value::Kind::StringValue(text) => text,
            other => panic!("{other:?} is not a text"),
        }));
        world.pass_days(10).await;
    }
    assert_eq!(
        seen,
        [Some("tmall".into()), Some("pos".into()), Some("app".into()), None]
    );
}

#[tokio::test]
async fn windows_of_many_members_close_together() {
    let world = World::new().await;
    for number in 100..1_300 {
        world.identity.state().members.insert(member(number));
    }
    world.create_tag(count("orders_7d", 7)).await;
    world.create_segment("recent", is_set("orders_7d")).await;
    for first in (100..1_300).step_by(400) {
        world
            .record(
                (first..first + 400)
                    .map(|number| world.order(number, &number.to_string(), 0))
                    .collect(),
            )
            .await;
    }
    let count = || async {
        let request = CountSegmentMembersRequest {
            segment_code: "recent".into(),
        };
        world
            .segments()
            .count_segment_members(request)
            .await
            .unwrap()
            .into_inner()
            .member_count
    };
    assert_eq!(count().await, 1_200);
    world.pass_days(7).await;
    assert_eq!(count().await, 0);
    assert_eq!(world.facts::<SegmentLeft>().await.len(), 1_200);
}
