//! What NATS loses.

use crate::world::{STREAM, World};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_that_is_deleted_is_made_anew_and_nothing_is_lost() {
    let world = World::new().await;
    let workers = world.run();
    world.tell(1..=100).await;
    world.applied(100).await;
    world.context.delete_stream(STREAM).await.unwrap();
    world.tell(101..=200).await;
    world.applied(200).await;
    world.flows().await;
    assert!(
        world.window().await.unwrap().first > 100,
        "it begins where the old one was lost"
    );
    world.tell(201..=300).await;
    world.applied(300).await;
    world.flows().await;
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_has_lost_its_data_is_filled_again_and_nothing_is_lost() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=100).await;
    world.applied(100).await;
    world.server.kill();
    world.server.lose_data();
    // Meanwhile facts flow by the feed.
    world.tell(101..=150).await;
    world.applied(150).await;
    assert!(world.nats.standing().troubles[0].contains("NATS is away"));
    world.server.restart().await;
    world.tell(151..=200).await;
    world.applied(200).await;
    world.flows().await;
    assert_eq!(world.nats.standing().troubles, Vec::<String>::new());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_has_lost_the_end_of_a_stream_is_given_it_again() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=10).await;
    world.applied(10).await;
    world.flows().await;
    world.server.kill();
    world.server.keep_data();
    world.server.restart().await;
    world.tell(11..=100).await;
    world.applied(100).await;
    world.flows().await;
    world.server.kill();
    world.server.bring_back_data();
    world.server.restart().await;
    // Without a word that anybody tells: it is seen that the end is missing.
    world.flows().await;
    assert_eq!(world.window().await.unwrap().first, 1, "it is the same stream");
    world.tell(101..=200).await;
    world.applied(200).await;
    world.flows().await;
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_server_that_is_killed_and_started_again_under_way_is_gone_on_with() {
    let mut world = World::new().await;
    let workers = world.run();
    world.tell(1..=50).await;
    world.applied(50).await;
    for round in 1..=3 {
        let before = round * 100;
        world.tell(before - 49..=before).await;
        world.server.kill();
        world.tell(before + 1..=before + 50).await;
        world.server.restart().await;
        world.applied(before + 50).await;
    }
    world.flows().await;
    assert_eq!(world.window().await.unwrap().first, 1);
    workers.stop().await;
}
