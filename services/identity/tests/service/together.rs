//! Calls that share their statements: each is answered as if it were alone.

use std::collections::BTreeMap;

use contracts_identity::v1::*;
use futures::future::join_all;
use kernel::Tenant;
use tonic::Code;

use crate::world::*;

const PEOPLE: usize = 40;

async fn visit(world: &World, tenant: Tenant, arrival: Arrival) -> Resolution {
    let request = ResolveMemberRequest {
        request_id: world.request_id(),
        arrival: Some(arrival),
    };
    let answer = world.members_of(tenant).resolve_member(request).await.unwrap();
    answer.into_inner().resolution.unwrap()
}

fn person(number: usize) -> Arrival {
    arrival("tmall", &format!("t{number}"), [phone(&format!("137{number:08}"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn two_brands_whose_calls_come_together_see_each_its_own() {
    let world = World::new().await;
    let (ours, theirs) = (world.harness.tenant, world.harness.other_tenant());
    world.open_channels(theirs).await;
    let visits = (0..PEOPLE).flat_map(|number| [ours, theirs].map(|tenant| (tenant, number)));
    let (world, visits) = (&world, visits.collect::<Vec<_>>());
    let arrive =
        async |(tenant, number): (Tenant, usize)| ((tenant, number), visit(world, tenant, person(number)).await);
    let new: BTreeMap<_, _> = join_all(visits.iter().copied().map(arrive)).await.into_iter().collect();
    assert!(
        new.values()
            .all(|resolution| resolution.outcome() == ResolutionOutcome::Created)
    );
    let known: BTreeMap<_, _> = join_all(visits.iter().copied().map(arrive)).await.into_iter().collect();
    for (who, resolution) in &known {
        assert_eq!(resolution.outcome(), ResolutionOutcome::Found);
        assert_eq!(resolution.member_id, new[who].member_id);
    }
    let ids: std::collections::BTreeSet<&str> = new.values().map(|resolution| &*resolution.member_id).collect();
    assert_eq!(ids.len(), PEOPLE * 2, "no two are one");
    // Each asks for its own member and for the other brand's.
    let get = async |(tenant, number): (Tenant, usize)| {
        let of = |tenant| new[&(tenant, number)].member_id.clone();
        let other = if tenant == ours { theirs } else { ours };
        let get = |member_id| {
            let mut members = world.members_of(tenant);
            async move { members.get_member(GetMemberRequest { member_id }).await }
        };
        let (own, stranger) = tokio::join!(get(of(tenant)), get(of(other)));
        assert_eq!(own.unwrap().into_inner().member.unwrap().member_id, of(tenant));
        assert_eq!(reason(stranger), "NOT_FOUND");
    };
    join_all(visits.iter().copied().map(get)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refused_refuses_nobody_beside_it() {
    let world = World::new().await;
    let world = &world;
    let calls = (0..PEOPLE).map(async |number| {
        let arrival = match number % 4 {
            0 => arrival("nowhere", &format!("t{number}"), []),
            1 => arrival("tmall", "", []),
            2 => arrival("tmall", &format!("t{number}"), [phone("12")]),
            _ => person(number),
        };
        (number, world.try_resolve(arrival).await)
    });
    for (number, outcome) in join_all(calls).await {
        match number % 4 {
            3 => assert_eq!(outcome.unwrap().outcome(), ResolutionOutcome::Created),
            0 => assert_eq!(outcome.unwrap_err().code(), Code::NotFound),
            _ => assert_eq!(outcome.unwrap_err().code(), Code::InvalidArgument, "{number}"),
        }
    }
    assert_eq!(world.all_members().await.len(), PEOPLE / 4);
}

/// What is answered together is what is answered one by one.
#[tokio::test(flavor = "multi_thread")]
async fn together_and_alone_the_answers_are_the_same() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..PEOPLE {
        ids.push(world.resolve(person(number)).await.member_id);
    }
    // Some are merged, so that ids lead on.
    for pair in ids.chunks(2).step_by(3) {
        world.merge(&pair[0], &pair[1], true).await.unwrap();
    }
    let world = &world;
    let look_up = async |number: usize| {
        let value = format!("137{number:08}");
        world
            .look_up(IdentityKind::Phone, &value, "")
            .await
            .map_err(|status| status.code())
    };
    // A few are nobody's.
    let numbers: Vec<usize> = (0..PEOPLE + 5).collect();
    let together = join_all(numbers.iter().copied().map(look_up)).await;
    let members = join_all(ids.iter().map(|id| world.get(id))).await;
    let visits = join_all((0..PEOPLE).map(|number| world.resolve(person(number)))).await;
    for number in numbers {
        assert_eq!(look_up(number).await, together[number], "{number}");
    }
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(world.get(id).await, members[number]);
        assert_eq!(world.resolve(person(number)).await, visits[number]);
    }
}

/// A write that was answered is seen by the next read, however many reads share a statement that began before it.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_registered_is_found_by_the_next_call() {
    let world = World::new().await;
    let world = &world;
    let people = (0..PEOPLE).map(async |number| {
        for visit in 0..5 {
            let name = format!("p{number}-{visit}");
            let member = world.resolve(arrival("tmall", &name, [])).await.member_id;
            let found = world.look_up(IdentityKind::ExternalId, &name, "tmall").await.unwrap();
            assert_eq!(found.member_id, member);
            assert_eq!(world.member(&member).await.member_id, member);
            let again = world.resolve(arrival("tmall", &name, [])).await;
            assert_eq!((again.outcome(), again.member_id), (ResolutionOutcome::Found, member));
        }
    });
    join_all(people).await;
}
