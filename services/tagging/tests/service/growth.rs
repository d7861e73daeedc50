//! What a call reads does not grow with the activities of its member, nor with how many others there are: PostgreSQL plans a
//! statement once, perhaps while its table is empty, and nothing tells it later that the table has grown.

use std::cell::Cell;
use std::ops::Range;
use std::time::Duration;

use contracts_tagging::v1::{AssignTagsRequest, Comparison, ListActivitiesRequest, TagAssignment, TagValueType};
use testkit::reads::grown;

use crate::world::{World, count, int, manual, member, tag_is};

const FEW: u32 = 1_000;
const MANY: u32 = 20_000;

impl World {
    async fn newest_activities(&self, number: u32) {
        let request = ListActivitiesRequest {
            member_id: member(number),
            page_size: 20,
            ..ListActivitiesRequest::default()
        };
        self.activities().list_activities(request).await.unwrap();
    }

    /// Other members with all that these have, and a long history of each kind.
    async fn multiply(&self, numbers: Range<u32>) {
        const OTHER: &str = "'member_id', md5(n::text)::uuid";
        let activity = "'activity_id', md5('o' || n)::uuid, 'source_id', 'other-' || n";
        let made = [
            ("member", OTHER.to_owned()),
            ("member_tag", OTHER.to_owned()),
            ("segment_member", OTHER.to_owned()),
            ("activity", format!("{OTHER}, {activity}")),
            (
                "activity",
                "'activity_id', md5('h' || n)::uuid, 'source_id', 'made-' || n, \
                 'occur_time', (x.t).occur_time - 31536000000000 - n"
                    .to_owned(),
            ),
        ];
        for (table, with) in made {
            self.harness.multiply(table, "TRUE", numbers.clone(), &with).await;
        }
    }
}

#[tokio::test]
async fn a_call_reads_no_more_of_many_activities_among_many_members() {
    let world = World::new().await;
    if !world.harness.leave_unanalysed().await {
        return;
    }
    world.create_tag(count("orders", 30)).await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    world
        .create_segment("scored", tag_is("score", Comparison::Equals, vec![int(1)]))
        .await;
    world.record(vec![world.order(0, "first", 1)]).await;
    world.assign(0, "score", Some(int(1))).await;
    world.harness.settle().await;
    world.multiply(0..FEW).await;
    let turn = Cell::new(0_u32);
    let new = || {
        turn.set(turn.get() + 1);
        format!("new-{}", turn.get())
    };
    let record = async || drop(world.record(vec![world.order(0, &new(), 0)]).await);
    let repeat = async || drop(world.record(vec![world.order(0, "first", 1)]).await);
    let timeline = async || world.newest_activities(0).await;
    let tags = async || drop(world.tags_of(0).await);
    let assign = async || {
        world.assign(0, "score", Some(int(2))).await;
        world.assign(0, "score", Some(int(1))).await;
    };
    let remove = async || {
        assert!(world.remove(0, "score").await);
        world.assign(0, "score", Some(int(1))).await;
    };
    // What the clock ends, of one member among all those whose time is still to come.
    let lapse = async || {
        let assignment = TagAssignment {
            tag_code: "score".into(),
            value: Some(int(1)),
            expire_time: Some(world.harness.clock.now().plus(Duration::from_secs(1)).to_wire()),
        };
        let request = AssignTagsRequest {
            request_id: world.request_id(),
            member_id: member(0),
            assignments: vec![assignment],
            source: String::new(),
        };
        world.tags().assign_tags(request).await.unwrap();
        world.harness.clock.advance(Duration::from_secs(1));
        world.harness.settle().await;
        assert!(!world.tags_of(0).await.contains_key("score"));
    };
    macro_rules! measured {
        ($($call:ident),*) => {[$((stringify!($call), world.harness.rows_read(&$call).await)),*]};
    }
    world.harness.warm(&record).await;
    world.harness.warm(&repeat).await;
    world.harness.warm(&timeline).await;
    world.harness.warm(&tags).await;
    world.harness.warm(&assign).await;
    world.harness.warm(&remove).await;
    world.harness.warm(&lapse).await;
    let before = measured![record, repeat, timeline, tags, assign, remove, lapse];
    world.multiply(FEW..MANY).await;
    let after = measured![record, repeat, timeline, tags, assign, remove, lapse];
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
}
