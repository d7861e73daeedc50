//! A posting that waits for its turn while its caller's deadline passes is not posted.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use tonic::{Code, Request};

use crate::brand::brand;

/// What the caller of the second posting waits, while the first one holds everybody up.
const PATIENCE: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_while_a_posting_is_queued_leaves_no_trace_of_it() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    // Somebody holds the member's account; in SQLite, the one connection that writes.
    let lock = brand.h.db.begin().await.unwrap();
    let sql = format!("SELECT balance FROM account{}", store::for_update(brand.h.db.backend()));
    lock.query_all_raw(store::statement(&*lock, &sql, [])).await.unwrap();

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
