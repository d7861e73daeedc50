//! A PostgreSQL that is killed under a running platform, and started again: told within seconds, healed without anybody's
//! help, and nothing lost that was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use testkit::Postgres;
use tests::brand::{POINTS, TMALL};
use tests::{Api, Rest, brand, eventually, reason, story, until};
use tonic::Code;
use tonic_types::StatusExt;

use crate::process::{Process, free_address, quanyu};

const CALLERS: usize = 4;
/// How long a call may take to say that the database is away.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// Earns one point after the other, each until it is acknowledged; answers how many.
async fn earn(api: Api, member: String, caller: usize, acknowledged: Arc<AtomicI64>, is_over: Arc<AtomicBool>) -> i64 {
    let mut earned = 0;
    while !is_over.load(Ordering::Acquire) {
        match story::earn(&api, &format!("{caller}-{earned}"), &member, 1).await {
            Ok(_) => {
                earned += 1;
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                let retry = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
                assert!(retry.is_some(), "when to repeat is told: {status}");
                kernel::pause(Duration::from_millis(50)).await;
            }
        }
    }
    earned
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn a_postgresql_that_is_killed_is_named_everywhere_and_loses_nothing_when_it_is_back() {
    let postgres = Postgres::start().await;
    let admin = free_address();
    let mut command = quanyu();
    command.args(["up", "--listen", "127.0.0.1:0", "--admin-listen", &admin]);
    command.env("QUANYU_DATABASE_URL", postgres.url());
    let mut up = Process::start(command);
    let api = Api::new(&up.address, &up.first_key());
    brand::found(&api).await.unwrap();
    let member = story::arrive(&api, TMALL, "tb-1", None).await.unwrap();
    let (acknowledged, is_over) = (Arc::<AtomicI64>::default(), Arc::<AtomicBool>::default());
    let callers = (0..CALLERS).map(|caller| {
        let work = earn(
            api.clone(),
            member.clone(),
            caller,
            acknowledged.clone(),
            is_over.clone(),
        );
        tokio::spawn(work)
    });
    let callers: Vec<_> = callers.collect();
    let grows = async |what: &str| {
        let before = acknowledged.load(Ordering::Relaxed);
        eventually(what, async || {
            (acknowledged.load(Ordering::Relaxed) > before + 20).then_some(())
        })
        .await;
    };
    grows("they earn").await;

    let (operators, public) = (Rest::new(&admin, None), Rest::new(&up.address, None));
    for _ in 0..2 {
        postgres.kill();
        let killed = Instant::now();
        let refusal = eventually("a call is refused", async || {
            story::earn(&api, "other", &member, 1).await.err()
        })
        .await;
        assert!(killed.elapsed() < TOLD_WITHIN, "{:?}", killed.elapsed());
        assert_eq!(
            (refusal.code(), reason(&refusal)),
            (Code::Unavailable, "UNAVAILABLE".to_owned())
        );
        assert!(refusal.get_details_retry_info().is_some(), "{refusal}");
        let seen = format!("{} {}", refusal.message(), String::from_utf8_lossy(refusal.details()));
        assert!(
            seen.contains("the database of ") && seen.contains("repeat later") && !seen.contains("127.0.0.1"),
            "callers are told the name alone: {seen}"
        );
        for (who, rest) in [("operators", &operators), ("callers", &public)] {
            until(who, 503, async || rest.get("/readyz").await.status.as_u16()).await;
        }
        let told = operators.get("/readyz").await.text;
        let place = format!("PostgreSQL at {}", postgres.address);
        assert!(told.contains(&place) && told.contains("database of points"), "{told}");
        let told = public.get("/readyz").await.text;
        assert!(
            told.contains("UNAVAILABLE") && !told.contains(&postgres.address),
            "nobody's business: {told}"
        );
        let doctor = quanyu()
            .arg("doctor")
            .env("QUANYU_DATABASE_URL", postgres.url())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&doctor.stdout);
        assert!(!doctor.status.success() && told.contains(&place), "{told}");

        postgres.go_on().await;
        until("all of it is back", 200, async || {
            operators.get("/readyz").await.status.as_u16()
        })
        .await;
        grows("they go on").await;
    }
    is_over.store(true, Ordering::Release);
    let mut earned = 0;
    for caller in callers {
        earned += caller.await.unwrap();
    }
    // A request that was refused may have taken effect, once: it is repeated under its id.
    story::earn(&api, "other", &member, 1).await.unwrap();
    assert_eq!(
        story::balance(&api, &member, POINTS).await,
        earned + 1,
        "each took effect once"
    );
    story::reconcile(&api).await;
    up.signal("TERM");
    assert!(up.ended().await.success(), "the process lived through it");
    let doctor = quanyu()
        .arg("doctor")
        .env("QUANYU_DATABASE_URL", postgres.url())
        .output()
        .unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}
