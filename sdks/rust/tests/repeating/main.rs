//! When calls are repeated, and when not: against a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod fake;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fake::{Fake, Turn};
use futures::future::join_all;
use quanyu_sdk::points::RedeemPointsRequest;
use quanyu_sdk::{Client, Code, Error, Key, Options, new_request_id};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

fn redemption(request_id: &str) -> RedeemPointsRequest {
    RedeemPointsRequest {
        request_id: request_id.to_owned(),
        member_id: "mbr_1".to_owned(),
        asset_code: "points".to_owned(),
        amount: 1,
        ..RedeemPointsRequest::default()
    }
}

fn refusal(code: Code) -> Turn {
    Turn::Refusal(Status::new(code, "refused"))
}

fn refusal_with(code: Code, details: ErrorDetails) -> Turn {
    Turn::Refusal(Status::with_error_details(code, "refused", details))
}

fn later(delay: Duration) -> ErrorDetails {
    ErrorDetails::with_retry_info(Some(delay))
}

/// What a platform saw of a call that succeeds.
async fn succeeds(turns: impl IntoIterator<Item = Turn>, request_id: &str) -> Fake {
    let fake = Fake::of(turns).await;
    let client = fake.client(Options::default());
    client.points().redeem_points(redemption(request_id)).await.unwrap();
    fake
}

/// What it saw of one that fails, and how that failed.
async fn fails(turns: impl IntoIterator<Item = Turn>, options: Options) -> (Fake, Error) {
    let fake = Fake::of(turns).await;
    let error = fake
        .client(options)
        .points()
        .redeem_points(redemption("order-1"))
        .await
        .unwrap_err();
    (fake, error)
}

fn within(deadline: Duration) -> Options {
    Options {
        deadline,
        ..Options::default()
    }
}

#[tokio::test]
async fn a_call_that_fails_for_a_moment_is_repeated_with_the_request_id_that_it_got() {
    let passing = [Code::Unavailable, Code::Aborted, Code::DeadlineExceeded].map(refusal);
    let request_ids = succeeds(passing, "").await.request_ids();
    assert_eq!(request_ids.len(), 4);
    assert_eq!(request_ids.iter().collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(request_ids[0].len(), 36);
    assert_eq!(&request_ids[0][14..15], "7", "a UUID of version 7");
}

#[tokio::test]
async fn the_callers_own_request_id_is_kept() {
    let fake = succeeds([refusal(Code::Unavailable)], "order-1").await;
    assert_eq!(fake.request_ids(), ["order-1", "order-1"]);
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_says_all_that_the_platform_says() {
    let mut details = ErrorDetails::with_bad_request_violation("amount", "must be positive");
    details.set_error_info(
        "INSUFFICIENT_POINTS",
        "quanyu.points",
        [("available".to_owned(), "70".to_owned())],
    );
    let (fake, error) = fails([refusal_with(Code::FailedPrecondition, details)], Options::default()).await;
    assert_eq!(fake.request_ids().len(), 1);
    assert_eq!(
        (error.code, error.reason.as_str()),
        (Code::FailedPrecondition, "INSUFFICIENT_POINTS")
    );
    assert_eq!(
        (error.domain.as_str(), error.metadata["available"].as_str()),
        ("quanyu.points", "70")
    );
    let violations: Vec<_> = error
        .violations
        .iter()
        .map(|one| (one.field.as_str(), one.description.as_str()))
        .collect();
    assert_eq!(violations, [("amount", "must be positive")]);
    assert_eq!(
        (error.request_id.as_str(), error.attempts, error.retry_delay),
        ("order-1", 1, None)
    );
    assert_eq!(error.to_string(), "FailedPrecondition INSUFFICIENT_POINTS: refused");
}

#[tokio::test]
async fn answers_are_not_asked_for_again() {
    let changed = ErrorDetails::with_error_info("ETAG_MISMATCH", "quanyu.points", []);
    let answers = [
        Code::ResourceExhausted,
        Code::Internal,
        Code::Unknown,
        Code::Cancelled,
        Code::InvalidArgument,
        Code::NotFound,
        Code::Unauthenticated,
    ];
    for turn in answers
        .map(refusal)
        .into_iter()
        .chain([refusal_with(Code::Aborted, changed)])
    {
        let (fake, error) = fails([turn], Options::default()).await;
        assert_eq!(fake.request_ids().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_limit_is_waited_for_where_the_platform_says_how_long() {
    let delay = Duration::from_millis(300);
    let fake = succeeds([refusal_with(Code::ResourceExhausted, later(delay))], "").await;
    assert!(fake.pause() >= delay);
}

#[tokio::test]
async fn a_wait_that_the_deadline_does_not_reach_is_not_begun() {
    let (began, delay) = (Instant::now(), Duration::from_mins(1));
    let turn = refusal_with(Code::Unavailable, later(delay));
    let (fake, error) = fails([turn], within(Duration::from_secs(5))).await;
    assert_eq!((fake.request_ids().len(), error.retry_delay), (1, Some(delay)));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_left_for_one_of_twice_the_time() {
    let turns = [2000, 700].map(|millis| Turn::After(Duration::from_millis(millis)));
    let fake = Fake::of(turns).await;
    let call = fake.client(Options::default()).points().redeem_points(redemption(""));
    call.within(Duration::from_secs(2)).await.unwrap();
    let request_ids = fake.request_ids();
    assert_eq!(request_ids.len(), 2);
    assert_eq!(request_ids[0], request_ids[1]);
    // It had a quarter of the deadline, part of which went by before it arrived.
    assert!(fake.pause() >= Duration::from_millis(250));
}

#[tokio::test]
async fn no_call_outlives_its_deadline_whatever_it_meets() {
    for turn in [refusal(Code::Unavailable), Turn::After(Duration::from_secs(9))] {
        let began = Instant::now();
        let (fake, error) = fails(vec![turn; 99], within(Duration::from_millis(800))).await;
        assert_eq!(error.attempts, u32::try_from(fake.request_ids().len()).unwrap());
        assert!(error.attempts > 1);
        assert!(began.elapsed() < Duration::from_secs(2));
        assert!(
            matches!(error.code, Code::Unavailable | Code::DeadlineExceeded),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_platform_is_not_hammered() {
    let fake = Fake::of(vec![refusal(Code::Unavailable); 10_000]).await;
    let (client, began) = (fake.client(Options::default()), Instant::now());
    let calls = join_all((0..300).map(|_| client.points().redeem_points(redemption("")).into_future())).await;
    assert!(calls.iter().all(Result::is_err));
    // A hundred that were saved, a tenth of the calls, and ten a second.
    let allowed = 300.0 + 100.0 + 30.0 + 10.0 * began.elapsed().as_secs_f64() + 1.0;
    let sent = fake.request_ids().len();
    assert!(
        sent >= 400 && f64::from(u32::try_from(sent).unwrap()) <= allowed,
        "300 calls were sent {sent} times"
    );
}

#[tokio::test]
async fn nothing_is_repeated_where_the_caller_does_not_want_it() {
    let options = Options {
        retries: false,
        ..Options::default()
    };
    let (fake, error) = fails([refusal(Code::Unavailable)], options).await;
    assert_eq!((fake.request_ids().len(), error.attempts), (1, 1));
}

#[tokio::test]
async fn a_key_is_asked_for_at_each_attempt() {
    let (fake, asked) = (
        Fake::of([refusal(Code::Unavailable)]).await,
        std::sync::Arc::new(std::sync::Mutex::new(0)),
    );
    let counted = asked.clone();
    let key = Key::asked(move || {
        *counted.lock().unwrap() += 1;
        async { "qy_any".to_owned() }
    });
    let client = Client::new(fake.address(), key).unwrap();
    client.points().redeem_points(redemption("")).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn mistakes_of_the_caller_are_told() {
    let fake = Fake::of([]).await;
    let call = fake.client(Options::default()).points().redeem_points(redemption(""));
    let error = call.within(Duration::ZERO).await.unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::InvalidArgument, 0));
    for address in [
        "127.0.0.1:7400",
        "http://",
        "ftp://host",
        "http://host/path",
        "http://me@host",
        "http://host?a=b",
    ] {
        assert!(Client::new(address, "qy_any").is_err(), "{address}");
    }
    assert!(Client::new("http://127.0.0.1:7400", "qy\nany").is_err());
}

#[test]
fn request_ids_sort_by_their_time() {
    let ids: Vec<_> = (0..1000).map(|_| new_request_id()).collect();
    assert!(ids.is_sorted());
}
