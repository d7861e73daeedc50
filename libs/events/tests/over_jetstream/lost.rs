//! What NATS loses.

use testkit::NatsServer;

use crate::world::{SERVICE, STREAM, World, eventually};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_stream_that_is_deleted_is_made_anew_and_nothing_is_lost() {
    let world = World::new().await;
    let workers = world.run().await;
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
    let workers = world.run().await;
    world.tell(1..=100).await;
    world.applied(100).await;
    world.servers[0].kill();
    world.servers[0].lose_data();
    // Meanwhile facts flow by the feed.
    world.tell(101..=150).await;
    world.applied(150).await;
    assert!(world.nats.standing().troubles[0].contains("NATS is away"));
    world.servers[0].restart().await;
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
    let workers = world.run().await;
    world.tell(1..=10).await;
    world.applied(10).await;
    world.flows().await;
    world.servers[0].kill();
    world.servers[0].keep_data();
    world.servers[0].restart().await;
    world.tell(11..=100).await;
    world.applied(100).await;
    world.flows().await;
    world.servers[0].kill();
    world.servers[0].bring_back_data();
    world.servers[0].restart().await;
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
    let workers = world.run().await;
    world.tell(1..=50).await;
    world.applied(50).await;
    for round in 1..=3 {
        let before = round * 100;
        world.tell(before - 49..=before).await;
        world.servers[0].kill();
        world.tell(before + 1..=before + 50).await;
        world.servers[0].restart().await;
        world.applied(before + 50).await;
    }
    world.flows().await;
    assert_eq!(world.window().await.unwrap().first, 1, "it is the same stream");
    workers.stop().await;
}

/// A cluster takes its time to choose another leader: ten seconds, and more on a busy machine.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server on the PATH: run the ignored tests too"]
async fn a_cluster_whose_leader_is_killed_goes_on_with_the_stream_that_two_of_three_have() {
    let mut world = World::on(NatsServer::start_cluster(3).await).await;
    let workers = world.run().await;
    world.tell(1..=500).await;
    world.applied(500).await;
    eventually("all is published", async || world.is_published().await).await;
    let stream = world.context.get_stream(STREAM).await.unwrap();
    let leader = stream
        .cached_info()
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.leader.clone());
    let leader = leader
        .and_then(|name| name.strip_prefix('n')?.parse::<usize>().ok())
        .unwrap();
    world.servers[leader].kill();
    // By the feed, before there is another leader.
    world.tell(501..=1_000).await;
    world.applied(1_000).await;
    eventually("all is published", async || world.is_published().await).await;
    let window = world.nats.window(SERVICE).await.unwrap().unwrap();
    assert_eq!((window.first, window.missing), (1, 0), "it is the same stream");
    world.tell(1_001..=1_500).await;
    world.applied(1_500).await;
    eventually("facts are read from the stream", async || world.reads_stream()).await;
    workers.stop().await;
}
