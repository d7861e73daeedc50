use std::collections::BTreeSet;

use contracts_identity::v1::*;
use futures::future::join_all;

use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_new_person_at_the_same_time_is_one_member() {
    let world = World::new().await;
    for round in 0..5 {
        let visit = || arrival("tmall", &format!("t{round}"), [phone(&format!("1371234567{round}"))]);
        let resolutions = join_all((0..16).map(|_| world.resolve(visit()))).await;
        let members: BTreeSet<&str> = resolutions.iter().map(|resolution| &*resolution.member_id).collect();
        assert_eq!(members.len(), 1);
        let created = resolutions
            .iter()
            .filter(|r| r.outcome() == ResolutionOutcome::Created)
            .count();
        assert_eq!(created, 1);
    }
    assert_eq!(world.told::<MemberRegistered>().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_at_the_same_time_has_one_answer() {
    let world = World::new().await;
    let request = ResolveMemberRequest {
        request_id: "one".to_owned(),
        arrival: Some(arrival("tmall", "t1", [])),
    };
    let calls = (0..16).map(|_| {
        let (mut members, request) = (world.members(), request.clone());
        async move {
            members
                .resolve_member(request)
                .await
                .unwrap()
                .into_inner()
                .resolution
                .unwrap()
        }
    });
    let answers = join_all(calls).await;
    assert!(
        answers
            .iter()
            .all(|answer| *answer == answers[0] && answer.outcome() == ResolutionOutcome::Created)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_in_many_channels_at_the_same_time_ends_as_one_member() {
    let world = World::new().await;
    let visits = || {
        ["tmall", "jd", "pos", "wechat_mini", "wechat_oa"]
            .into_iter()
            .flat_map(|channel| {
                [
                    arrival(channel, "x1", [phone("13712345670")]),
                    arrival(channel, "x1", []),
                ]
            })
    };
    let resolutions = join_all(visits().map(|visit| world.resolve(visit))).await;
    let survivor = world.look_up(IdentityKind::Phone, "13712345670", "").await.unwrap();
    assert_eq!(survivor.identities.len(), 6);
    assert_eq!(world.all_members().await.len(), 1);
    for resolution in resolutions {
        assert_eq!(world.member(&resolution.member_id).await.member_id, survivor.member_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_merges_and_arrivals_that_race_lose_no_identity() {
    let world = World::new().await;
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for number in 0..8 {
        one.push(
            world
                .resolve(arrival("tmall", &format!("t{number}"), []))
                .await
                .member_id,
        );
        other.push(world.resolve(arrival("jd", &format!("j{number}"), [])).await.member_id);
    }
    let races = (0..8).map(|number| {
        let (world, one, other) = (&world, &one[number], &other[number]);
        async move {
            let (merge, link, visit) = tokio::join!(
                world.merge(one, other, false),
                world.link(other, phone(&format!("1371234567{number}"))),
                world.resolve(arrival(
                    "jd",
                    &format!("j{number}"),
                    [evidence(
                        IdentityKind::CardNumber,
                        &format!("880000000{number}"),
                        Proof::Presented
                    )]
                )),
            );
            let survivor = merge.unwrap().member.unwrap().member_id;
            link.unwrap();
            assert_eq!(world.member(&visit.member_id).await.member_id, survivor);
            let survivor = world.member(&survivor).await;
            assert_eq!(survivor.identities.len(), 4, "{:?}", survivor.identities);
        }
    });
    join_all(races).await;
    assert_eq!(world.all_members().await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_over_the_same_people_in_opposite_orders_both_end() {
    let world = World::new().await;
    let people = |reverse: bool| {
        let mut arrivals: Vec<Arrival> = (0..100)
            .map(|n| arrival("tmall", &format!("b{n}"), [phone(&format!("1371234{n:04}"))]))
            .collect();
        if reverse {
            arrivals.reverse();
        }
        arrivals
    };
    let calls = (0..4).map(|number| {
        let mut members = world.members();
        let arrivals = people(number % 2 == 0);
        async move {
            let request = BatchResolveMembersRequest {
                unreadable_items: Vec::new(),
                request_id: format!("batch-{number}"),
                arrivals,
            };
            members.batch_resolve_members(request).await.unwrap()
        }
    });
    join_all(calls).await;
    assert_eq!(world.told::<MemberRegistered>().await.len(), 100);
}
