//! What cannot be kept is set aside, told, and holds up nobody.

use std::time::Duration;

use contracts_tagging::v1::tag_service_client::TagServiceClient;
use contracts_tagging::v1::*;
use kernel::Tenant;
use sea_orm::ConnectionTrait;
use store::statement;

use crate::world::{World, at_least, computed, count, member, members, profile_is, text};

/// How often an item is tried, and more.
const TRIES: usize = 12;
/// Longer than any pause.
const PAUSE: Duration = Duration::from_mins(6);

impl World {
    /// Does to the database what no request can.
    async fn spoil(&self, sql: &str) {
        let tx = self.harness.db.begin().await.unwrap();
        tx.execute_raw(statement(&*tx, sql, [])).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// An activity whose row nobody can read, where there was a good one.
    async fn spoil_activity(&self, source_id: &str) {
        let kept = "UPDATE activity SET source_id = source_id || '!', payload = $1 WHERE source_id = $2";
        let tx = self.harness.db.begin().await.unwrap();
        let spoilt = [vec![0xff_u8].into(), source_id.into()];
        tx.execute_raw(statement(&*tx, kept, spoilt)).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn let_it_fail(&self) {
        for _ in 0..TRIES {
            self.harness.clock.advance(PAUSE);
            self.harness.settle().await;
        }
    }

    async fn tag_of(&self, tenant: Tenant, code: &str) -> Tag {
        let request = GetTagRequest { tag_code: code.into() };
        let mut tags = TagServiceClient::new(self.harness.channel_of(tenant));
        tags.get_tag(request).await.unwrap().into_inner().tag.unwrap()
    }

    async fn create_tag_of(&self, tenant: Tenant, tag: Tag) {
        let request = CreateTagRequest {
            request_id: self.request_id(),
            tag: Some(tag),
        };
        let mut tags = TagServiceClient::new(self.harness.channel_of(tenant));
        tags.create_tag(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_tag_that_cannot_be_backfilled_holds_up_no_other_and_says_that_it_has_failed() {
    let world = World::new().await;
    let (own, other) = (world.harness.tenant, world.harness.other_tenant());
    world.record(vec![world.order(1, "a", 3), world.order(2, "b", 3)]).await;
    world.spoil_activity("a").await;

    world
        .create_tag_of(own, computed("last_shop", Aggregate::Last, Operand::ChannelCode, 0))
        .await;
    // Behind it, of the same brand and of another one.
    let elsewhere = Tag {
        computation: Some(Computation {
            activity_types: vec!["visit".into()],
            ..count("visits", 0).computation.unwrap()
        }),
        ..count("visits", 0)
    };
    world.create_tag_of(own, elsewhere.clone()).await;
    world.create_tag_of(other, elsewhere).await;
    world.harness.settle().await;
    assert_eq!(world.tag_of(own, "last_shop").await.state(), TagState::Backfilling);
    assert_eq!(world.tag_of(own, "visits").await.state(), TagState::Ready);
    assert_eq!(world.tag_of(other, "visits").await.state(), TagState::Ready);

    world.let_it_fail().await;
    let failed = world.tag_of(own, "last_shop").await;
    assert_eq!(failed.state(), TagState::Failed);
    assert!(!failed.failure.is_empty(), "it says why");
    let stuck = world.harness.db.stuck_items(10).await.unwrap();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert!(stuck[0].is_parked());
    assert_eq!(
        (&*stuck[0].queue, &*stuck[0].item, stuck[0].tenant),
        ("tagging.backfill_tags", "last_shop", own)
    );
    let metrics = world.harness.red.prometheus_text();
    assert!(metrics.contains("\nworker_items_parked_total 1\n"), "{metrics}");

    // The cause is mended, and the definition changes: it is tried again, and kept.
    world.spoil("DELETE FROM activity WHERE source_id = 'a!'").await;
    let request = UpdateTagRequest {
        request_id: world.request_id(),
        tag_code: "last_shop".into(),
        description: "where they were last".into(),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["description".into()],
        }),
        ..UpdateTagRequest::default()
    };
    world.tags().update_tag(request).await.unwrap();
    world.harness.settle().await;
    let tag = world.tag_of(own, "last_shop").await;
    assert_eq!((tag.state(), &*tag.failure), (TagState::Ready, ""));
    assert_eq!(world.tags_of(2).await.remove("last_shop"), text("tmall").kind);
    assert_eq!(world.harness.db.stuck_items(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_segment_that_cannot_be_evaluated_holds_up_no_other_and_says_that_it_has_failed() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.record(vec![world.order(1, "a", 3), world.order(2, "b", 3)]).await;
    world.registered(1, "Hangzhou");
    world.harness.settle().await;
    world.spoil("UPDATE member_tag SET value_type = 'COLOUR'").await;

    let in_city = profile_is(ProfileField::City, &["Hangzhou"]);
    world.try_create_segment("buyers", at_least("orders", 1)).await.unwrap();
    world.harness.settle().await;
    world.let_it_fail().await;
    let failed = world.segment("buyers").await;
    assert_eq!(failed.state(), SegmentState::Failed);
    assert!(!failed.failure.is_empty(), "it says why");
    let request = CountSegmentMembersRequest {
        segment_code: "buyers".into(),
    };
    let counted = world
        .segments()
        .count_segment_members(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        counted.state(),
        SegmentState::Failed,
        "no figure is shown as if it were right"
    );

    world.spoil("UPDATE member_tag SET value_type = 'INT'").await;
    let request = UpdateSegmentRequest {
        request_id: world.request_id(),
        segment_code: "buyers".into(),
        condition: Some(in_city),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["condition".into()],
        }),
        ..UpdateSegmentRequest::default()
    };
    world.segments().update_segment(request).await.unwrap();
    world.harness.settle().await;
    let segment = world.segment("buyers").await;
    assert_eq!((segment.state(), &*segment.failure), (SegmentState::Ready, ""));
    assert_eq!(world.members_of("buyers").await, members(&[1]));
}

#[tokio::test]
async fn a_member_that_cannot_be_looked_at_keeps_nobody_in_a_window_and_its_tag_is_overdue() {
    let world = World::new().await;
    world.create_tag(count("orders_7d", 7)).await;
    let orders = |name: &str| {
        (1..6)
            .map(|number| world.order(number, &format!("{name}{number}"), 0))
            .collect()
    };
    world.record(orders("early")).await;
    world.pass_days(3).await;
    world.record(orders("late")).await;
    world.spoil_activity("late3").await;

    // The early orders leave the window, so the activities are read again.
    world.pass_days(4).await;
    for number in [1, 2, 4, 5] {
        assert_eq!(world.int_of(number, "orders_7d").await, Some(1), "{number}");
    }
    let request = ListMemberTagsRequest {
        member_id: member(3),
        page_size: 10,
        ..Default::default()
    };
    let tags = world.tags().list_member_tags(request).await.unwrap().into_inner().tags;
    let overdue: Vec<bool> = tags.iter().map(|tag| tag.overdue).collect();
    assert_eq!(overdue, [true], "an old figure does not pass for a new one: {tags:?}");
    let stuck = world.harness.db.stuck_items(10).await.unwrap();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
}

#[tokio::test]
async fn a_brand_with_much_to_backfill_delays_another_one_by_a_page() {
    const MEMBERS: u32 = 1_600;
    let world = World::new().await;
    let other = world.harness.other_tenant();
    for number in 100..100 + MEMBERS {
        world.identity.state().members.insert(member(number));
    }
    for first in (100..100 + MEMBERS).step_by(400) {
        let orders = (first..first + 400).map(|number| world.order(number, &format!("{number}"), 1));
        world.record(orders.collect()).await;
    }
    let request = RecordActivitiesRequest {
        request_id: world.request_id(),
        activities: vec![world.order(1, "elsewhere", 1)],
        ..RecordActivitiesRequest::default()
    };
    let mut activities = activity_service_client::ActivityServiceClient::new(world.harness.channel_of(other));
    activities.record_activities(request).await.unwrap();

    world.create_tag_of(other, count("orders", 0)).await;
    world.create_tag_of(world.harness.tenant, count("orders", 0)).await;
    world.harness.settle().await;
    let told = world.harness.published().await.into_iter();
    let told: Vec<Tenant> = told
        .filter(|row| row.kind == "tagging.tag_changed")
        .map(|row| row.tenant)
        .collect();
    let before = told.iter().position(|tenant| *tenant == other).unwrap();
    assert_eq!(told.len(), usize::try_from(MEMBERS).unwrap() + 1);
    assert!(before <= 500, "it waited for {before} members of another brand");
}
