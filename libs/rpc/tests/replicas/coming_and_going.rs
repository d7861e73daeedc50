//! A peer of several replicas, which come and go while it is called.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use kernel::{Principal, Tenant};
use rpc::{Address, Channel, Signer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::replica::{CALLERS, CALLS, PATIENCE, Replica, SECRET, call, over, set, until};

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_while_replicas_come_and_go_and_are_killed() {
    let first = Replica::start().await;
    let addresses = watch::Sender::new(set(&[&first]));
    let (channel, is_over) = (over(&addresses), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (channel, is_over) = (channel.clone(), is_over.clone());
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    outcomes.push(call(&channel, Some(PATIENCE)).await);
                }
                outcomes
            })
        })
        .collect();
    first.is_called(CALLS).await;

    let second = Replica::start().await;
    addresses.send_replace(set(&[&first, &second]));
    second.is_called(CALLS).await;
    // Taken out, and ended when its calls are done or not.
    addresses.send_replace(set(&[&second]));
    first.kill();
    second.is_called(CALLS).await;

    let third = Replica::start().await;
    addresses.send_replace(set(&[&second, &third]));
    third.is_called(CALLS).await;
    // Killed under way, while everybody believes that it is there.
    second.kill();
    third.is_called(CALLS).await;
    addresses.send_replace(set(&[&third]));
    third.is_called(CALLS).await;

    is_over.store(true, Ordering::SeqCst);
    let outcomes: Vec<Result<(), Status>> = join_all(callers).await.into_iter().flat_map(Result::unwrap).collect();
    let lost: Vec<&Status> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(
        lost.is_empty(),
        "{} of {}: {:?}",
        lost.len(),
        outcomes.len(),
        lost.first()
    );
}

/// Long enough for a keep-alive ping that nobody answers, and half of what such a call would wait for its deadline.
const HUNG_MAX: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_accepts_connections_and_answers_nothing_does_not_cost_the_whole_deadline() {
    // The machine accepts for a process that hangs.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let busy = Replica::start().await;
    let mut both = set(&[&busy]);
    both.insert(address);
    let channel = over(&watch::Sender::new(both));
    let calls = (0..2 * CALLERS).map(|_| call(&channel, Some(HUNG_MAX * 2)));
    let outcomes = tokio::time::timeout(HUNG_MAX, join_all(calls))
        .await
        .expect("the connection is cut");
    assert!(
        outcomes.iter().all(Result::is_ok),
        "the other one answers: {outcomes:?}"
    );
    // One that works for longer than that is there, and is waited for.
    busy.counting.is_held_up.store(true, Ordering::SeqCst);
    let under_way = tokio::spawn(async move { call(&channel, Some(HUNG_MAX * 2)).await });
    kernel::pause(HUNG_MAX).await;
    busy.counting.is_held_up.store(false, Ordering::SeqCst);
    under_way.await.unwrap().expect("it is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_away_costs_no_call_and_is_called_again_when_it_is_back() {
    let (there, away) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&there, &away])));
    let address = away.address;
    away.kill();
    for _ in 0..CALLS {
        // Without a deadline, as those call who do not wait for anybody.
        call(&channel, None).await.expect("the other one answers");
    }
    let back = Replica::start_at(address).await;
    let calling = async {
        while back.calls() == 0 {
            call(&channel, None).await.expect("one of them answers");
        }
    };
    tokio::time::timeout(PATIENCE, calling)
        .await
        .expect("it gets calls again");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_zone_gets_calls_only_while_nobody_of_the_own_one_answers() {
    let (near, far) = (Replica::start().await, Replica::start().await);
    let mut addresses = set(&[&near]);
    addresses.extend(set(&[&far]).into_iter().map(Address::far));
    let channel = over(&watch::Sender::new(addresses));
    for _ in 0..CALLS {
        call(&channel, None).await.unwrap();
    }
    assert_eq!((near.calls(), far.calls()), (CALLS, 0));
    let address = near.address;
    near.kill();
    for _ in 0..CALLS {
        call(&channel, None).await.expect("the other zone answers");
    }
    assert_eq!(far.calls(), CALLS);
    let back = Replica::start_at(address).await;
    let calling = async {
        while back.calls() == 0 {
            call(&channel, None).await.expect("one of them answers");
        }
    };
    tokio::time::timeout(PATIENCE, calling)
        .await
        .expect("its own zone gets calls again");
    let before = far.calls();
    for _ in 0..CALLS {
        call(&channel, None).await.unwrap();
    }
    assert_eq!(far.calls(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_to_the_less_busy_of_two() {
    let (busy, idle) = (Replica::start().await, Replica::start().await);
    busy.counting.is_held_up.store(true, Ordering::SeqCst);
    let channel = over(&watch::Sender::new(set(&[&busy, &idle])));
    let held = {
        let channel = channel.clone();
        // One after the other, until one of them goes to the one that is held up.
        tokio::spawn(async move {
            for _ in 0..1_000 {
                call(&channel, None).await.unwrap();
            }
        })
    };
    until(|| busy.calls() == 1).await;
    let before = idle.calls();
    for _ in 0..CALLS {
        call(&channel, None).await.unwrap();
    }
    assert_eq!(
        (busy.calls(), idle.calls()),
        (1, before + CALLS),
        "it still works on its first"
    );
    busy.counting.is_held_up.store(false, Ordering::SeqCst);
    held.await.unwrap();
}

#[tokio::test]
async fn an_empty_set_takes_nobody_away() {
    let replica = Replica::start().await;
    let (sets, stream) = mpsc::channel(1);
    sets.send(set(&[&replica])).await.unwrap();
    let principal = Signer::new(&SECRET).sign(&Principal::service("points", Tenant::PLATFORM));
    let channel = Channel::discovered("ledger", &contracts::CONTRACT, ReceiverStream::new(stream))
        .with_principal(principal.unwrap());
    // Each has been taken up once there is room for the next: by a task, for nobody calls.
    for _ in 0..3 {
        tokio::time::timeout(PATIENCE, sets.send(BTreeSet::new()))
            .await
            .expect("the set is kept up to date")
            .unwrap();
    }
    call(&channel, None).await.expect("it is still known");
}

#[tokio::test]
async fn a_peer_of_whom_nobody_is_known_yet_is_unavailable_by_its_name() {
    let addresses = watch::Sender::new(BTreeSet::new());
    let channel = over(&addresses);
    let status = call(&channel, None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status
            .message()
            .starts_with("the service ledger cannot be reached: repeat later"),
        "{status}"
    );
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    let told = channel.check(PATIENCE).await.unwrap_err().to_string();
    assert!(told.starts_with("no address of ledger is known"), "{told}");

    // A call that has time waits for the first one.
    let waiting = tokio::spawn(async move { call(&channel, Some(PATIENCE)).await });
    kernel::pause(Duration::from_millis(30)).await;
    let replica = Replica::start().await;
    addresses.send_replace(set(&[&replica]));
    waiting.await.unwrap().expect("it has been found");
}

#[tokio::test]
async fn a_peer_that_was_never_named_is_unavailable_too() {
    let peers = rpc::Peers::new("points", Signer::new(&SECRET), std::collections::BTreeMap::new());
    let fault = peers.channel("ledger").on_behalf_of_platform().unwrap_err();
    assert!(fault.to_string().contains("peers.ledger"), "{fault}");
    let status = Status::from(fault);
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().starts_with("the service ledger cannot be reached"),
        "{status}"
    );
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
}
