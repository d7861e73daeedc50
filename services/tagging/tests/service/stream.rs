use contracts_tagging::v1::*;
use futures::{TryStreamExt, stream};

use crate::world::{World, member};

fn message(request_id: usize, activity: Activity) -> StreamActivitiesRequest {
    StreamActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: request_id.to_string(),
        activity: Some(activity),
    }
}

async fn send(world: &World, messages: Vec<StreamActivitiesRequest>) -> Vec<StreamActivitiesResponse> {
    let answers = world
        .activities()
        .stream_activities(stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    answers.try_collect().await.unwrap()
}

#[tokio::test]
async fn each_activity_of_a_stream_gets_its_own_result_in_the_order_of_sending() {
    let world = World::new().await;
    let messages: Vec<_> = (0..1_200)
        .map(|i| {
            let order = world.order(u32::try_from(i % 10).unwrap(), &format!("o{}", i % 1_000), 0);
            let is_wrong = i % 100 == 99;
            message(
                i,
                if is_wrong {
                    Activity {
                        member_id: member(77),
                        ..order
                    }
                } else {
                    order
                },
            )
        })
        .collect();
    let answers = send(&world, messages).await;

    let request_ids: Vec<_> = answers
        .iter()
        .map(|answer| answer.request_id.parse::<usize>().unwrap())
        .collect();
    assert_eq!(request_ids, (0..1_200).collect::<Vec<_>>());
    let count = |outcome| {
        answers
            .iter()
            .filter(|a| a.result.as_ref().unwrap().outcome() == outcome)
            .count()
    };
    assert_eq!(count(ActivityOutcome::Refused), 12);
    assert_eq!(count(ActivityOutcome::Recorded), 990);
    assert_eq!(count(ActivityOutcome::Duplicate), 198);
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 990);
}

#[tokio::test]
async fn a_stream_that_is_sent_again_repeats_nothing() {
    let world = World::new().await;
    let messages: Vec<_> = (0..50)
        .map(|i| message(i, world.order(1, &format!("o{i}"), 0)))
        .collect();
    send(&world, messages.clone()).await;
    let again = send(&world, messages).await;
    assert!(
        again
            .iter()
            .all(|answer| answer.result.as_ref().unwrap().outcome() == ActivityOutcome::Duplicate)
    );
}

#[tokio::test]
async fn a_message_with_a_wrong_id_is_refused_and_the_stream_goes_on() {
    let world = World::new().await;
    let long = "r".repeat(129);
    for (round, request_id) in ["", "r\0", "\0", "r\u{7}", "6.22203E+15", &long]
        .into_iter()
        .enumerate()
    {
        a_message_with_the_id_is_refused_and_the_stream_goes_on(&world, round, request_id).await;
    }
}

async fn a_message_with_the_id_is_refused_and_the_stream_goes_on(world: &World, round: usize, request_id: &str) {
    let facts = world.facts::<ActivityRecorded>().await.len();
    let order = |source: &str| world.order(1, &format!("{source}{round}"), 0);
    let wrong = StreamActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: request_id.to_owned(),
        activity: Some(order("b")),
    };
    let messages = vec![message(0, order("a")), wrong, message(2, order("c"))];
    let answers = world.activities().stream_activities(stream::iter(messages)).await;
    let answers: Vec<_> = answers.unwrap().into_inner().try_collect().await.unwrap();
    assert_eq!(answers[1].request_id, request_id);
    let results: Vec<_> = answers.into_iter().map(|answer| answer.result.unwrap()).collect();
    let outcomes: Vec<_> = results
        .iter()
        .map(contracts_tagging::v1::ActivityResult::outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            ActivityOutcome::Recorded,
            ActivityOutcome::Refused,
            ActivityOutcome::Recorded
        ]
    );
    assert_eq!(results[1].refusal.as_ref().unwrap().violations[0].path, "request_id");
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), facts + 2);
}
