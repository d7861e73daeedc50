use contracts_identity::v1::ProfileSnapshot;
use contracts_tagging::v1::*;
use prost_types::FieldMask;

use crate::world::{
    World, all, any, at_least, count, int, is_set, manual, member, members, not, profile, profile_is, reason, tag_is,
    text,
};

async fn update_condition(world: &World, code: &str, condition: Condition) -> Segment {
    let request = UpdateSegmentRequest {
        request_id: world.request_id(),
        segment_code: code.into(),
        update_mask: Some(FieldMask {
            paths: vec!["condition".into()],
        }),
        condition: Some(condition),
        ..UpdateSegmentRequest::default()
    };
    world
        .segments()
        .update_segment(request)
        .await
        .unwrap()
        .into_inner()
        .segment
        .unwrap()
}

#[tokio::test]
async fn a_new_segment_evaluates_everybody_and_tells_who_entered() {
    let world = World::new().await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    for number in 0..4 {
        world.assign(number, "score", Some(int(i64::from(number)))).await;
    }
    let created = world.try_create_segment("good", at_least("score", 2)).await.unwrap();
    assert_eq!((created.state(), created.member_count), (SegmentState::Evaluating, 0));
    world.harness.settle().await;
    let segment = world.segment("good").await;
    assert_eq!(
        (segment.state(), segment.member_count, segment.evaluated_count),
        (SegmentState::Ready, 2, 4)
    );
    assert_eq!(world.members_of("good").await, members(&[2, 3]));
    let entered: Vec<_> = world
        .facts::<SegmentEntered>()
        .await
        .into_iter()
        .map(|fact| fact.member_id)
        .collect();
    assert_eq!(entered, [member(2), member(3)]);
}

#[tokio::test]
async fn membership_follows_tags_profile_and_tier() {
    let world = World::new().await;
    world.create_tag(manual("store", TagValueType::String)).await;
    world
        .create_segment(
            "suzhou",
            any(vec![
                tag_is("store", Comparison::In, vec![text("suzhou"), text("kunshan")]),
                profile_is(ProfileField::City, &["Suzhou"]),
            ]),
        )
        .await;
    world
        .create_segment("gold", profile_is(ProfileField::TierCode, &["gold", "platinum"]))
        .await;
    world
        .create_segment(
            "february_women",
            all(vec![
                profile_is(ProfileField::Gender, &["female"]),
                profile_is(ProfileField::BirthMonth, &["2"]),
                not(profile_is(ProfileField::ChannelCodes, &["pos"])),
            ]),
        )
        .await;

    world.registered(1, "Suzhou");
    world.registered(2, "Wuxi");
    let woman = ProfileSnapshot {
        gender: "female".into(),
        birth_date: "1990-02-28".into(),
        channel_codes: vec!["tmall".into()],
        ..profile("Wuxi")
    };
    world.updated(2, woman.clone(), world.now());
    world.tier_changed(2, "gold", world.now());
    world.harness.settle().await;
    world.assign(3, "store", Some(text("kunshan"))).await;
    assert_eq!(world.members_of("suzhou").await, members(&[1, 3]));
    assert_eq!(world.members_of("gold").await, members(&[2]));
    assert_eq!(world.members_of("february_women").await, members(&[2]));

    world.harness.clock.turn_to(world.now().plus_days(1));
    world.updated(
        2,
        ProfileSnapshot {
            channel_codes: vec!["pos".into(), "tmall".into()],
            ..woman
        },
        world.now(),
    );
    world.updated(1, profile("Wuxi"), world.now());
    world.tier_changed(2, "silver", world.now());
    world.harness.settle().await;
    world.remove(3, "store").await;
    for code in ["suzhou", "gold", "february_women"] {
        assert_eq!(world.members_of(code).await, members(&[]));
    }
    assert_eq!(
        (
            world.facts::<SegmentEntered>().await.len(),
            world.facts::<SegmentLeft>().await.len()
        ),
        (4, 4)
    );
}

#[tokio::test]
async fn only_the_edited_segment_is_recomputed() {
    let world = World::new().await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    for number in 0..6 {
        world.assign(number, "score", Some(int(i64::from(number)))).await;
    }
    world.create_segment("edited", at_least("score", 4)).await;
    world.create_segment("untouched", at_least("score", 3)).await;
    let untouched = world.segment("untouched").await;
    let (entered, left) = (
        world.facts::<SegmentEntered>().await.len(),
        world.facts::<SegmentLeft>().await.len(),
    );

    let edited = update_condition(&world, "edited", at_least("score", 5)).await;
    assert_eq!(
        (edited.state(), edited.condition_version, edited.evaluated_count),
        (SegmentState::Evaluating, 2, 0)
    );
    world.harness.settle().await;
    let edited = world.segment("edited").await;
    assert_eq!((edited.state(), edited.evaluated_count), (SegmentState::Ready, 6));
    assert_eq!(world.members_of("edited").await, members(&[5]));
    assert_eq!(
        world.segment("untouched").await,
        untouched,
        "nobody looked at the other segment"
    );
    assert_eq!(world.facts::<SegmentEntered>().await.len(), entered);
    let left_now = world.facts::<SegmentLeft>().await;
    assert_eq!(left_now.len(), left + 1);
    assert_eq!(
        (&*left_now[left].segment_code, &*left_now[left].member_id),
        ("edited", &*member(4))
    );

    let same = update_condition(&world, "edited", at_least("score", 5)).await;
    assert_eq!(
        (same.state(), same.condition_version),
        (SegmentState::Ready, 2),
        "the same condition is not evaluated"
    );
}

#[tokio::test]
async fn an_event_during_the_evaluation_is_evaluated_by_the_new_condition() {
    let world = World::new().await;
    world.create_tag(manual("score", TagValueType::Int)).await;
    world.assign(1, "score", Some(int(1))).await;
    world.create_segment("good", at_least("score", 5)).await;
    update_condition(&world, "good", at_least("score", 2)).await;
    world.assign(1, "score", Some(int(3))).await;
    assert_eq!(
        world.members_of("good").await,
        members(&[1]),
        "before the background evaluation has come by"
    );
    world.harness.settle().await;
    assert_eq!(world.members_of("good").await, members(&[1]));
    assert_eq!(world.facts::<SegmentEntered>().await.len(), 1);
}

#[tokio::test]
async fn facts_that_come_twice_and_out_of_order_end_in_the_same_state() {
    let world = World::new().await;
    world
        .create_segment("suzhou", profile_is(ProfileField::City, &["Suzhou"]))
        .await;
    world
        .create_segment("gold", profile_is(ProfileField::TierCode, &["gold"]))
        .await;
    let at = |hours: i64| kernel::Time::from_micros(world.now().micros() + hours * 3_600_000_000);
    let tell = |number: u32, order: &[usize]| {
        for step in order {
            match step {
                0 => world.registered(number, "Wuxi"),
                1 => world.updated(number, profile("Shanghai"), at(1)),
                2 => world.updated(number, profile("Suzhou"), at(2)),
                3 => world.tier_changed(number, "silver", at(1)),
                _ => world.tier_changed(number, "gold", at(2)),
            }
        }
    };
    tell(1, &[0, 1, 2, 3, 4]);
    tell(2, &[4, 2, 1, 0, 3, 0, 1, 2, 3, 4]);
    tell(3, &[2, 2, 4, 4, 0, 3, 1]);
    world.harness.settle().await;
    tell(3, &[3, 1, 0]);
    world.harness.settle().await;
    assert_eq!(world.members_of("suzhou").await, members(&[1, 2, 3]));
    assert_eq!(world.members_of("gold").await, members(&[1, 2, 3]));
}

#[tokio::test]
async fn pages_of_members_and_the_segments_of_a_member() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    world.create_segment("vips", is_set("vip")).await;
    world.create_segment("others", not(is_set("vip"))).await;
    for number in 0..7 {
        world.assign(number, "vip", None).await;
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListSegmentMembersRequest {
            segment_code: "vips".into(),
            page_size: 3,
            page_token,
        };
        let page = world
            .segments()
            .list_segment_members(request)
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.memberships.into_iter().map(|membership| membership.member_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
        let request = ListSegmentMembersRequest {
            segment_code: "others".into(),
            page_size: 3,
            page_token: page_token.clone(),
        };
        let refused = world.segments().list_segment_members(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    }
    assert_eq!(listed, (0..7).map(member).collect::<Vec<_>>());
    let request = ListMemberSegmentsRequest { member_id: member(3) };
    let of = world
        .segments()
        .list_member_segments(request)
        .await
        .unwrap()
        .into_inner()
        .memberships;
    assert_eq!(
        of.iter()
            .map(|membership| &*membership.segment_code)
            .collect::<Vec<_>>(),
        ["vips"]
    );
    let request = ListSegmentsRequest {
        page_size: 1,
        ..Default::default()
    };
    let page = world.segments().list_segments(request).await.unwrap().into_inner();
    assert_eq!(
        (&*page.segments[0].segment_code, page.segments[0].member_count),
        ("others", 0)
    );
    let request = ListSegmentsRequest {
        page_token: page.next_page_token,
        ..Default::default()
    };
    let page = world.segments().list_segments(request).await.unwrap().into_inner();
    assert_eq!(
        (&*page.segments[0].segment_code, page.segments[0].member_count),
        ("vips", 7)
    );
}

#[tokio::test]
async fn no_tenant_s_segments_hold_another_s_members() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.create_segment("buyers", is_set("orders")).await;
    let other = world.harness.other_tenant();
    let channel = world.harness.channel_of(other);
    let mut theirs = activity_service_client::ActivityServiceClient::new(channel.clone());
    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: "r".into(),
        validate_only: false,
        activities: vec![world.order(1, "a", 0)],
    };
    theirs.record_activities(request).await.unwrap();
    assert_eq!(world.members_of("buyers").await, members(&[]));
    let mut theirs = segment_service_client::SegmentServiceClient::new(channel);
    let unseen = theirs
        .get_segment(GetSegmentRequest {
            segment_code: "buyers".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&unseen), "NOT_FOUND");
}
