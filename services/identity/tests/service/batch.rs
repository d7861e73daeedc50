use contracts_identity::v1::batch_resolve_members_result::Result as Outcome;
use contracts_identity::v1::*;

use crate::world::*;

async fn batch(world: &World, request_id: &str, arrivals: Vec<Arrival>) -> Vec<Outcome> {
    let request = BatchResolveMembersRequest {
        unreadable_items: Vec::new(),
        request_id: request_id.to_owned(),
        arrivals,
    };
    let response = world
        .members()
        .batch_resolve_members(request)
        .await
        .unwrap()
        .into_inner();
    response
        .results
        .into_iter()
        .map(|result| result.result.unwrap())
        .collect()
}

fn resolved(outcome: &Outcome) -> &Resolution {
    match outcome {
        Outcome::Resolution(resolution) => resolution,
        Outcome::Refusal(refusal) => panic!("it was refused: {refusal:?}"),
    }
}

#[tokio::test]
async fn a_batch_resolves_in_its_order_and_a_wrong_arrival_refuses_no_other() {
    let world = World::new().await;
    let results = batch(
        &world,
        "batch-1",
        vec![
            arrival("tmall", "t1", [phone("13712345670")]),
            arrival("wechat_mini", "w1", [union("u1")]),
            arrival("douyin", "d1", []),
            arrival("pos", "", [phone("12345")]),
            arrival("wechat_mini", "w1", [phone("13712345670")]),
            arrival("tmall", "t1", []),
        ],
    )
    .await;
    let outcomes = [0, 1, 4, 5].map(|index: usize| resolved(&results[index]).outcome());
    assert_eq!(
        outcomes,
        [
            ResolutionOutcome::Created,
            ResolutionOutcome::Created,
            ResolutionOutcome::Merged,
            ResolutionOutcome::Found
        ]
    );
    let Outcome::Refusal(unknown_channel) = &results[2] else {
        panic!("douyin is no channel")
    };
    assert_eq!(unknown_channel.reason, "NOT_FOUND");
    let Outcome::Refusal(wrong) = &results[3] else {
        panic!("it has no external id and no phone")
    };
    let fields: Vec<&str> = wrong.fields.iter().map(|field| &*field.field).collect();
    assert_eq!(
        (&*wrong.reason, fields),
        (
            "INVALID_FIELD",
            vec!["arrival.external_id", "arrival.evidence[0].value"]
        )
    );

    let (survivor, absorbed) = (&resolved(&results[4]).member_id, &resolved(&results[1]).member_id);
    assert_eq!(&world.get(absorbed).await.member.unwrap().member_id, survivor);
    assert_eq!(world.all_members().await.len(), 1);
    assert_eq!(world.member(survivor).await.identities.len(), 4);
    assert_eq!(world.told::<MemberRegistered>().await.len(), 2);
    assert_eq!(world.told::<MembersMerged>().await.len(), 1);
}

#[tokio::test]
async fn a_batch_that_is_repeated_gets_the_first_answer() {
    let world = World::new().await;
    let arrivals = || {
        (0..20)
            .map(|n| arrival("tmall", &format!("buyer-{n}"), []))
            .collect::<Vec<_>>()
    };
    let first = batch(&world, "batch-1", arrivals()).await;
    assert_eq!(batch(&world, "batch-1", arrivals()).await, first);
    let anew = batch(&world, "batch-2", arrivals()).await;
    assert!(
        anew.iter()
            .all(|result| resolved(result).outcome() == ResolutionOutcome::Found)
    );
    assert_eq!(world.told::<MemberRegistered>().await.len(), 20);
}

#[tokio::test]
async fn five_hundred_arrivals_are_one_batch_and_more_are_refused() {
    let world = World::new().await;
    let arrivals = |count: usize| {
        let numbers = 0..count;
        numbers
            .map(|n| arrival("tmall", &format!("b{n}"), [phone(&format!("137{n:08}"))]))
            .collect::<Vec<_>>()
    };
    let results = batch(&world, "batch-1", arrivals(500)).await;
    assert!(
        results
            .iter()
            .skip(1)
            .all(|result| resolved(result).outcome() == ResolutionOutcome::Created)
    );
    let too_many = BatchResolveMembersRequest {
        unreadable_items: Vec::new(),
        request_id: "batch-2".to_owned(),
        arrivals: arrivals(501),
    };
    assert_eq!(
        reason(world.members().batch_resolve_members(too_many).await),
        "INVALID_FIELD"
    );
    let none = BatchResolveMembersRequest {
        unreadable_items: Vec::new(),
        request_id: "batch-3".to_owned(),
        arrivals: Vec::new(),
    };
    assert_eq!(
        reason(world.members().batch_resolve_members(none).await),
        "INVALID_FIELD"
    );
}
