//! Calls to a real platform, straight and through faults. `sdks/rust/test` names its program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod costs;
mod process;
mod secured;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};
use process::{Faults, Platform, balance_of, balance_request, free_port, member_with};
use quanyu_sdk::points::posting::Request as Posted;
use quanyu_sdk::points::{
    EarnPointsRequest, ExportEntriesRequest, ListEntriesRequest, PostStreamRequest, Posting, RedeemPointsRequest,
};
use quanyu_sdk::{Client, Code, Options, new_request_id};

const CALLS: u32 = 200;
const CALLERS: usize = 4;

fn redemption(member_id: &str, amount: i64) -> RedeemPointsRequest {
    RedeemPointsRequest {
        member_id: member_id.to_owned(),
        asset_code: "points".to_owned(),
        amount,
        ..RedeemPointsRequest::default()
    }
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn the_example_runs_and_runs_again() {
    let (platform, _) = Platform::with_shop().await;
    let tests = std::env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/shop");
    for left in ["\n169 are left\n", "\n139 are left\n"] {
        let mut command = Command::new(&example);
        command
            .env("QUANYU_ADDRESS", platform.address())
            .env("QUANYU_API_KEY", &platform.key);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            told.contains("an order of 199.00 CNY earned 199\norder-2 was paid with 50\n"),
            "{told}"
        );
        assert!(told.ends_with(left), "{told}");
    }
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn a_refusal_says_why() {
    let (platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "refused", 70).await;
    let error = quanyu
        .points()
        .redeem_points(redemption(&member_id, 500))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.reason.as_str()),
        (Code::FailedPrecondition, "INSUFFICIENT_POINTS")
    );
    assert_eq!((error.metadata["available"].as_str(), error.attempts), ("70", 1));
    assert!(!error.request_id.is_empty());
    let mut wrong = redemption("", -1);
    wrong.asset_code = "POINTS".to_owned();
    let error = quanyu.points().redeem_points(wrong).await.unwrap_err();
    let mut fields: Vec<_> = error.violations.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["amount", "asset_code", "member_id"]);
    let stranger = Client::new(&platform.address(), "qy_wrong").unwrap();
    let error = stranger
        .points()
        .get_balance(balance_request(&member_id))
        .await
        .unwrap_err();
    assert_eq!((error.code, error.attempts), (Code::Unauthenticated, 1));
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn lists_and_exports_are_streams() {
    let (_platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "pages", 10).await;
    for _ in 0..4 {
        quanyu.points().redeem_points(redemption(&member_id, 1)).await.unwrap();
    }
    let request = ListEntriesRequest {
        member_id,
        asset_code: "points".to_owned(),
        page_size: 2,
        ..ListEntriesRequest::default()
    };
    let pages: Vec<_> = quanyu
        .points()
        .list_entries(request.clone())
        .pages()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        pages.iter().map(|page| page.entries.len()).collect::<Vec<_>>(),
        [2, 2, 1]
    );
    let entries: Vec<_> = quanyu
        .points()
        .list_entries(request)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.amount).collect::<Vec<_>>(),
        [-1, -1, -1, -1, 10]
    );

    // What was posted in the last two minutes is not exported yet; the last message bears a token all the same.
    let export = |asset: &str| ExportEntriesRequest {
        asset_code: asset.to_owned(),
        ..ExportEntriesRequest::default()
    };
    let exported: Vec<_> = quanyu
        .exports()
        .export_entries(export("points"))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert!(!exported.last().unwrap().resume_token.is_empty());
    let refused = match quanyu.exports().export_entries(export("gold")).await {
        Ok(answers) => answers.try_collect::<Vec<_>>().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.code, Code::NotFound);
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn a_stream_goes_in_both_directions_no_faster_than_it_is_read() {
    let (_platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "streams", 10).await;
    let sent = Arc::new(AtomicU32::new(0));
    let (member, counted) = (member_id.clone(), sent.clone());
    let postings = stream::iter(0..20_000u32).map(move |one| {
        counted.fetch_add(1, Ordering::Relaxed);
        let earn = EarnPointsRequest {
            request_id: format!("stream-{one}"),
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            amount: 1,
            ..EarnPointsRequest::default()
        };
        PostStreamRequest {
            posting: Some(Posting {
                request: Some(Posted::Earn(earn)),
            }),
            ..PostStreamRequest::default()
        }
    });
    let mut answers = quanyu.postings().post_stream(postings).await.unwrap();
    for _ in 0..100 {
        answers.next().await.unwrap().unwrap();
    }
    let early = sent.load(Ordering::Relaxed);
    assert!(early < 15_000, "{early} were sent when 100 answers had been read");
    drop(answers);
    assert!(balance_of(&quanyu, &member_id).await >= 110);
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn a_restart_of_the_platform_is_waited_for() {
    let (mut platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "restart", 10).await;
    platform.down().await;
    let call = quanyu
        .points()
        .redeem_points(redemption(&member_id, 1))
        .within(Duration::from_mins(1));
    let (outcome, ()) = futures::join!(call.into_future(), platform.up());
    outcome.unwrap();
    assert_eq!(balance_of(&quanyu, &member_id).await, 9);
}

#[tokio::test]
async fn a_platform_that_is_away_is_told_in_time() {
    let began = Instant::now();
    let nobody = Client::new(&format!("http://127.0.0.1:{}", free_port()), "qy_any").unwrap();
    let call = nobody
        .points()
        .get_balance(balance_request("mbr_1"))
        .within(Duration::from_millis(500));
    let error = call.await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.attempts > 1);
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn redemptions_through_faults_take_what_they_say() {
    let (platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "faults", 1000).await;
    let faults = Faults::before(&platform, 1).await;
    let options = Options {
        deadline: Duration::from_secs(30),
        ..Options::default()
    };
    let client = Client::with(&faults.address, platform.key.as_str(), options).unwrap();
    let calls = stream::iter(0..CALLS).map(|_| client.points().redeem_points(redemption(&member_id, 1)).into_future());
    let _: Vec<_> = calls.buffer_unordered(CALLERS).try_collect().await.unwrap();
    let taken = 1000 - balance_of(&quanyu, &member_id).await;
    println!("{CALLS} calls took {taken} points; {}", faults.end().await);
    assert_eq!(taken, i64::from(CALLS));
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn with_another_request_id_at_each_attempt_they_would_take_more() {
    let (platform, quanyu) = Platform::with_shop().await;
    let member_id = member_with(&quanyu, "forgetful", 1000).await;
    let faults = Faults::before(&platform, 1).await;
    let options = Options {
        retries: false,
        ..Options::default()
    };
    let client = Client::with(&faults.address, platform.key.as_str(), options).unwrap();
    let left = AtomicU32::new(CALLS);
    let caller = || async {
        while left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
        {
            let forgotten = || RedeemPointsRequest {
                request_id: new_request_id(),
                ..redemption(&member_id, 1)
            };
            while client.points().redeem_points(forgotten()).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    };
    join_all((0..CALLERS).map(|_| caller())).await;
    let taken = 1000 - balance_of(&quanyu, &member_id).await;
    println!("{CALLS} calls took {taken} points; {}", faults.end().await);
    assert!(taken > i64::from(CALLS));
}
