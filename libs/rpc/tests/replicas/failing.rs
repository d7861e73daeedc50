//! Replicas that answer, and fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::IntoResponse;
use rpc::{Address, Channel};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::replica::{CALLS, Replica, at, call, over, set};

/// How many calls in succession a replica may fail.
const FAILURES_MAX: usize = 5;
/// How many calls may be repeated by what is allowed in each second alone, within ten of them.
const RESERVE: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_cannot_work_costs_no_call_and_gets_none_until_it_can() {
    let (good, bad) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&good, &bad])));
    bad.counting.failing.send_replace(|_| Some(Code::Unavailable));
    for _ in 0..CALLS {
        call(&channel, None).await.expect("the other one answers");
    }
    // Let back for one call, perhaps, where this has taken long.
    assert!(
        (FAILURES_MAX..FAILURES_MAX + 3).contains(&bad.calls()),
        "{}",
        bad.calls()
    );
    bad.counting.failing.send_replace(|_| None);
    let calling = async {
        let before = bad.calls();
        while bad.calls() < before + CALLS {
            call(&channel, None).await.expect("one of them answers");
        }
    };
    tokio::time::timeout(crate::replica::PATIENCE, calling)
        .await
        .expect("it is let back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_other_reasons_is_not_repeated_and_ejects_its_replica_all_the_same() {
    let (good, bad) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&good, &bad])));
    bad.counting.failing.send_replace(|_| Some(Code::Internal));
    let mut failures = 0;
    for _ in 0..CALLS {
        if let Err(status) = call(&channel, None).await {
            assert_eq!(status.code(), Code::Internal);
            failures += 1;
        }
    }
    assert_eq!(failures, bad.calls(), "each call was made once");
    assert!((FAILURES_MAX..FAILURES_MAX + 3).contains(&failures), "{failures}");
    // A refusal is the caller's, however often it is told.
    good.counting.failing.send_replace(|_| Some(Code::InvalidArgument));
    bad.counting.failing.send_replace(|_| Some(Code::InvalidArgument));
    let before = good.calls();
    for _ in 0..CALLS {
        call(&channel, None).await.unwrap_err();
    }
    assert!(good.calls() > before + FAILURES_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_replicas_fail_they_are_called_all_the_same() {
    let (one, other) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&one, &other])));
    for replica in [&one, &other] {
        replica.counting.failing.send_replace(|_| Some(Code::Unavailable));
    }
    for _ in 0..CALLS {
        assert_eq!(call(&channel, None).await.unwrap_err().code(), Code::Unavailable);
    }
    assert!(
        one.calls() + other.calls() >= CALLS,
        "none is answered in the place of a replica"
    );
    one.counting.failing.send_replace(|_| None);
    let outcomes: Vec<Result<(), Status>> = futures::future::join_all((0..CALLS).map(|_| call(&channel, None))).await;
    assert!(outcomes.iter().any(Result::is_ok), "the first that recovers is found");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_more_calls_are_repeated_than_the_budget_allows() {
    const MANY: usize = 2_000;
    let (one, other) = (Replica::start().await, Replica::start().await);
    let channel = over(&watch::Sender::new(set(&[&one, &other])));
    for replica in [&one, &other] {
        // Never so often in succession that it is ejected.
        replica
            .counting
            .failing
            .send_replace(|number| (number % 3 != 0).then_some(Code::Unavailable));
    }
    let began = std::time::Instant::now();
    let mut failures = 0;
    for _ in 0..MANY {
        failures += usize::from(call(&channel, None).await.is_err());
    }
    let repeated = one.calls() + other.calls() - MANY;
    // Its slots of a second pass by twos on a clock that is late: what is allowed within ten seconds comes anew after five.
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    let allowed = MANY / 10 + RESERVE * (1 + seconds / 5);
    println!("{MANY} calls, {repeated} repeated, {allowed} allowed, {failures} failed");
    assert!((RESERVE..=allowed).contains(&repeated), "{repeated} of {allowed}");
    assert!(failures > MANY / 3, "the others were told: {failures}");
}

/// A server of something that no contract tells of, which is always away.
async fn unknown(calls: Arc<AtomicUsize>) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = at(listener.local_addr().unwrap());
    let answer = move || {
        calls.fetch_add(1, Ordering::SeqCst);
        std::future::ready(
            Status::unavailable("for now")
                .into_http::<axum::body::Body>()
                .into_response(),
        )
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_repeated_is_called_once() {
    let calls: Arc<AtomicUsize> = Arc::default();
    let addresses: BTreeSet<Address> = [unknown(calls.clone()).await, unknown(calls.clone()).await].into();
    let channel: Channel = over(&watch::Sender::new(addresses));
    let request = http::Request::post("http://ledger/other.v1.Other/Do")
        .header("content-type", "application/grpc")
        .body(Body::empty())
        .unwrap();
    let answer = channel.oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "14");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
