//! Time that passes while a posting waits for its turn.

use std::time::Duration;

use contracts_points::v1::HoldPointsRequest;
use kernel::Time;
use sea_orm::ConnectionTrait;
use store::Tx;
use tonic::{Code, Request};

use crate::brand::{Brand, brand};

/// How long somebody waits while somebody else holds everybody up.
const PATIENCE: Duration = Duration::from_millis(200);

/// Holds every account; in SQLite, the one connection that writes.
async fn lock(brand: &Brand) -> Tx {
    let lock = brand.h.db.begin().await.unwrap();
    let sql = format!("SELECT balance FROM account{}", store::for_update(brand.h.db.backend()));
    lock.query_all_raw(store::statement(&*lock, &sql, [])).await.unwrap();
    lock
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_while_a_posting_is_queued_leaves_no_trace_of_it() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let lock = lock(&brand).await;

    let (mut first, patient) = (brand.points(), brand.redeem_request(&member, 10));
    let patient = tokio::spawn(async move { first.redeem_points(patient).await });
    let request = brand.redeem_request(&member, 20);
    let mut impatient = Request::new(request.clone());
    impatient.set_timeout(PATIENCE);
    let refused = brand.points().redeem_points(impatient).await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
    drop(lock);

    patient.await.unwrap().unwrap();
    // This one is decided after both of them.
    let third = brand.redeem(&member, 1).await.unwrap();
    assert_eq!(
        (third.sequence, third.balance),
        (3, 89),
        "what nobody waited for was not posted"
    );
    let answer = brand.points().redeem_points(request).await.unwrap().into_inner();
    assert_eq!(answer.entry.unwrap().balance, 69, "the same request posts it now");
    brand.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_waited_longer_than_it_lasts_lasts_from_when_it_was_made() {
    const TTL: Duration = Duration::from_mins(1);
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let lock = lock(&brand).await;
    let request = HoldPointsRequest {
        request_id: brand.request_id(),
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        amount: 40,
        ttl_seconds: TTL.as_secs().try_into().unwrap(),
        ..HoldPointsRequest::default()
    };
    let mut holds = brand.holds();
    let mut waiting = Box::pin(holds.hold_points(request));
    assert!(tokio::time::timeout(PATIENCE, &mut waiting).await.is_err(), "it waits");
    brand.turn_days(1);
    drop(lock);

    let hold = waiting.await.unwrap().into_inner().hold.unwrap();
    let time = |wire: Option<prost_types::Timestamp>| Time::from_wire(&wire.unwrap()).unwrap();
    assert_eq!(time(hold.create_time), brand.now());
    assert_eq!(time(hold.expire_time), brand.now().plus(TTL));
    brand.check().await;
}
