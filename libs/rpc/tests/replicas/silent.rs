//! Replicas that can be reached and say nothing: processes that stand still, addresses that swallow what is sent there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use rpc::Channel;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Code;
use tonic_health::ServingStatus;

use crate::replica::{CALLERS, CALLS, PATIENCE, Replica, at, call, over, set};

/// Less than the transport takes to give a connection up, and ten times what it takes to leave a silent replica.
const SOON: Duration = Duration::from_secs(2);

/// Callers without a deadline, until they are told to stop; the longest time that a call took.
struct Load(Arc<AtomicBool>, Vec<JoinHandle<Duration>>);

impl Load {
    fn begin(channel: &Channel) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let caller = || {
            let (channel, is_over) = (channel.clone(), is_over.clone());
            tokio::spawn(async move {
                let mut longest = Duration::ZERO;
                while !is_over.load(Ordering::SeqCst) {
                    let began = Instant::now();
                    call(&channel, None).await.expect("another one answers");
                    longest = longest.max(began.elapsed());
                }
                longest
            })
        };
        let callers = (0..CALLERS).map(|_| caller()).collect();
        Self(is_over, callers)
    }

    async fn end(self) -> Duration {
        self.0.store(true, Ordering::SeqCst);
        join_all(self.1).await.into_iter().map(Result::unwrap).max().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_leave_a_replica_that_stands_still_and_come_back() {
    let (going, standing) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&going, &standing])));
    let load = Load::begin(&channel);
    standing.is_called(CALLS).await;
    let goes_on = standing.stand_still().await;
    kernel::pause(SOON).await;
    going.is_called(CALLS).await;
    let longest = load.end().await;
    println!("the longest call took {longest:?}");
    assert!(longest < SOON, "a call waited for {longest:?}");
    let load = Load::begin(&channel);
    drop(goes_on);
    standing.is_called(CALLS).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_the_only_replica_ends_where_that_one_stands_still() {
    let only = Replica::start().await;
    let channel = over(&watch::Sender::new(set(&[&only])));
    call(&channel, None).await.unwrap();
    let _stands = only.stand_still().await;
    let outcome = tokio::time::timeout(PATIENCE, call(&channel, None)).await;
    let status = outcome.expect("its connection is given up").unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_swallows_what_is_sent_there_costs_nobody_anything() {
    let there = Replica::start().await;
    let addresses = watch::Sender::new(set(&[&there]));
    let channel = over(&addresses);
    let load = Load::begin(&channel);
    there.is_called(CALLS).await;
    // It is never accepted: the system takes the connection and what comes over it.
    let swallowing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut both = set(&[&there]);
    both.insert(at(swallowing.local_addr().unwrap()));
    addresses.send_replace(both.clone());
    kernel::pause(SOON).await;
    let longest = load.end().await;
    assert!(longest < SOON, "a call waited for {longest:?}");

    // As a process finds it that has just started, and trusts everybody.
    let channel = over(&watch::Sender::new(both));
    let load = Load::begin(&channel);
    kernel::pause(SOON).await;
    let longest = load.end().await;
    println!("the longest call took {longest:?}");
    assert!(longest < SOON, "a call waited for {longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_new_gets_calls_when_it_says_that_it_can_work() {
    let (old, new) = (Replica::start().await, Replica::start().await);
    new.says(ServingStatus::NotServing).await;
    let addresses = watch::Sender::new(set(&[&old]));
    let channel = over(&addresses);
    call(&channel, None).await.unwrap();
    addresses.send_replace(set(&[&old, &new]));
    // Longer than it is left alone.
    let began = Instant::now();
    while began.elapsed() < SOON {
        call(&channel, None).await.unwrap();
    }
    assert_eq!(new.calls(), 0);
    new.says(ServingStatus::Serving).await;
    let load = Load::begin(&channel);
    new.is_called(CALLS).await;
    load.end().await;
}
