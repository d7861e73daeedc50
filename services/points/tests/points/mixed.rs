//! Postings of every kind in one call: each is the request of its own method, whichever way it comes.

use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_result::Outcome;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::*;
use futures::StreamExt;
use kernel::{Principal, PrincipalKind, Scopes};

use crate::brand::{Brand, brand, reason};
use crate::posting::{earn, reasons, redeem, refusal};

fn posting(request: Request) -> Posting {
    Posting { request: Some(request) }
}

impl Brand {
    fn capture_request(&self, hold: &Hold, amount: i64) -> CaptureHoldRequest {
        CaptureHoldRequest {
            request_id: self.request_id(),
            hold_id: hold.hold_id.clone(),
            amount,
            reference: String::new(),
            cost_centre: String::new(),
        }
    }

    fn release_request(&self, hold: &Hold) -> ReleaseHoldRequest {
        ReleaseHoldRequest {
            request_id: self.request_id(),
            hold_id: hold.hold_id.clone(),
        }
    }

    fn pending_request(&self, member: &str, amount: i64, reference: &str) -> EarnPointsRequest {
        EarnPointsRequest {
            awaits_confirmation: true,
            reference: reference.to_owned(),
            ..self.earn_request(member, "points", amount)
        }
    }

    /// One posting of each kind that is not an earn, a redeem or a reversal, and how its own method is called.
    async fn of_each_kind(&self, member: &str, other: &str) -> Vec<Request> {
        self.earn(member, 1_000, 0).await;
        let [captured, released] = [
            self.hold(member, 30, 0).await.unwrap(),
            self.hold(member, 40, 0).await.unwrap(),
        ];
        self.earn_pending(member, 7, 0, "order-1").await;
        self.earn_pending(member, 8, 0, "order-2").await;
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let made = self.second().create_adjustment(self.adjust_request(member, 500)).await;
            waiting.push(made.unwrap().into_inner().adjustment.unwrap().adjustment_id);
        }
        vec![
            Request::Hold(self.hold_request(member, 50, 60)),
            Request::Capture(self.capture_request(&captured, 20)),
            Request::Release(self.release_request(&released)),
            Request::Transfer(self.transfer_request(member, other, 60)),
            Request::Confirm(self.confirm_request(member, "", "order-1")),
            Request::Cancel(self.cancel_request(member, "", "order-2")),
            Request::Adjust(self.adjust_request(member, -90)),
            Request::Approve(self.approval(&waiting[0])),
            Request::Reject(self.rejection(&waiting[1])),
        ]
    }

    /// The answer of the request's own method.
    async fn call(&self, request: Request) -> Outcome {
        match request {
            Request::Hold(it) => Outcome::Hold(self.holds().hold_points(it).await.unwrap().into_inner()),
            Request::Capture(it) => Outcome::Capture(self.holds().capture_hold(it).await.unwrap().into_inner()),
            Request::Release(it) => Outcome::Release(self.holds().release_hold(it).await.unwrap().into_inner()),
            Request::Transfer(it) => {
                Outcome::Transfer(self.transfers().transfer_points(it).await.unwrap().into_inner())
            }
            Request::Confirm(it) => Outcome::Confirm(self.pending().confirm_pending(it).await.unwrap().into_inner()),
            Request::Cancel(it) => Outcome::Cancel(self.pending().cancel_pending(it).await.unwrap().into_inner()),
            Request::Adjust(it) => {
                Outcome::Adjust(self.adjustments().create_adjustment(it).await.unwrap().into_inner())
            }
            Request::Approve(it) => {
                Outcome::Approve(self.adjustments().approve_adjustment(it).await.unwrap().into_inner())
            }
            Request::Reject(it) => {
                Outcome::Reject(self.adjustments().reject_adjustment(it).await.unwrap().into_inner())
            }
            Request::Earn(_)
            | Request::Redeem(_)
            | Request::Reverse(_)
            | Request::Contribute(_)
            | Request::RedeemPool(_)
            | Request::ReversePool(_)
            | Request::HoldPool(_) => unreachable!(),
        }
    }

    async fn stream(&self, postings: Vec<Posting>) -> Vec<PostingResult> {
        let requests = postings.into_iter().map(|posting| PostStreamRequest {
            unreadable_items: Vec::new(),
            posting: Some(posting),
        });
        let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
        let answers = self.postings().post_stream(requests).await.unwrap().into_inner();
        answers.map(|it| it.unwrap().result.unwrap()).collect().await
    }
}

#[tokio::test]
async fn a_posting_of_any_kind_is_one_request_by_its_method_in_a_batch_and_in_a_stream() {
    let brand = brand().await;
    brand.alone_max(100).await;
    let (member, other) = (brand.member(), brand.member());
    let requests = brand.of_each_kind(&member, &other).await;
    // The first half takes effect by its own methods, the other in a batch; then all are repeated by each way.
    let (by_method, by_batch) = requests.split_at(4);
    let mut outcomes = Vec::new();
    for request in by_method {
        outcomes.push(brand.call(request.clone()).await);
    }
    let batch = brand.post(by_batch.iter().cloned().map(posting).collect(), false).await;
    assert_eq!(batch.posted_count, 5, "{:?}", reasons(&batch.results));
    outcomes.extend(batch.results.into_iter().filter_map(|it| it.outcome));
    let (balance, entries) = (
        brand.balance_of(&member, "points").await,
        brand.entries(&member, "points").await,
    );
    // 1,015 were earned, 20 captured, 60 given, 8 cancelled, 90 taken, and 500 approved; 50 are held.
    assert_eq!((balance.available, balance.held, balance.pending), (1_287, 50, 0));

    brand.pass_days(1).await;
    for (request, outcome) in requests.iter().zip(&outcomes) {
        assert_eq!(&brand.call(request.clone()).await, outcome);
    }
    let postings: Vec<Posting> = requests.into_iter().map(posting).collect();
    let again = [
        brand.post(postings.clone(), true).await.results,
        brand.stream(postings).await,
    ];
    for results in again {
        let told: Vec<Outcome> = results.into_iter().filter_map(|it| it.outcome).collect();
        assert_eq!(told, outcomes);
    }
    assert_eq!(brand.entries(&member, "points").await, entries);
    assert_eq!(brand.list_holds(&member, false).await.len(), 3);
    brand.check().await;
}

#[tokio::test]
async fn what_stands_before_in_a_call_counts_for_what_stands_after() {
    let brand = brand().await;
    brand.alone_max(1_000).await;
    let (member, friend) = (brand.member(), brand.member());
    let earned = brand.pending_request(&member, 30, "order-1");
    let results = brand
        .post(
            vec![
                posting(Request::Confirm(brand.confirm_request(&member, "", "order-1"))),
                earn(earned.clone()),
                earn(brand.pending_request(&member, 12, "order-1")),
                earn(brand.pending_request(&member, 5, "order-2")),
                redeem(brand.redeem_request(&member, 1)),
                posting(Request::Confirm(brand.confirm_request(&member, "", "order-1"))),
                posting(Request::Confirm(brand.confirm_request(&member, "", "order-1"))),
                posting(Request::Cancel(brand.cancel_request(&member, "", "order-2"))),
                posting(Request::Transfer(brand.transfer_request(&member, &friend, 40))),
            ],
            false,
        )
        .await
        .results;
    let refused = [
        "NOT_PENDING",
        "",
        "",
        "",
        "INSUFFICIENT_POINTS",
        "",
        "NOT_PENDING",
        "",
        "",
    ];
    assert_eq!(reasons(&results), refused);
    // A transfer is in order with what its giver does, not with what its receiver does.
    let of_friend = brand
        .post(
            vec![
                redeem(brand.redeem_request(&friend, 39)),
                posting(Request::Adjust(brand.adjust_request(&friend, -2))),
                posting(Request::Adjust(brand.adjust_request(&friend, 4))),
                posting(Request::Hold(brand.hold_request(&friend, 6, 0))),
                posting(Request::Hold(brand.hold_request(&friend, 5, 0))),
            ],
            false,
        )
        .await
        .results;
    let refused = ["", "INSUFFICIENT_POINTS", "", "INSUFFICIENT_POINTS", ""];
    assert_eq!(reasons(&of_friend), refused);
    let Some(Outcome::Confirm(confirmed)) = &results[5].outcome else {
        panic!("confirmed, not {:?}", results[5])
    };
    assert_eq!(confirmed.confirmed_amount, 42);
    let Some(Outcome::Cancel(cancelled)) = &results[7].outcome else {
        panic!("cancelled, not {:?}", results[7])
    };
    assert_eq!(cancelled.entries.iter().map(|it| it.amount).collect::<Vec<_>>(), [-5]);
    assert_eq!((brand.balance(&member).await, brand.balance(&friend).await), (2, 0));
    brand.check().await;
}

#[tokio::test]
async fn all_or_nothing_leaves_neither_hold_nor_gift_nor_adjustment_behind() {
    let brand = brand().await;
    brand.alone_max(10).await;
    let (member, friend) = (brand.member(), brand.member());
    brand.earn(&member, 100, 0).await;
    let held = brand.hold(&member, 10, 0).await.unwrap();
    let good = [
        Request::Hold(brand.hold_request(&member, 20, 0)),
        Request::Capture(brand.capture_request(&held, 0)),
        Request::Transfer(brand.transfer_request(&member, &friend, 30)),
        Request::Adjust(brand.adjust_request(&friend, 5_000)),
        Request::Adjust(brand.adjust_request(&friend, 7)),
    ];
    let mut postings: Vec<Posting> = good.into_iter().map(posting).collect();
    postings.push(posting(Request::Hold(brand.hold_request(&friend, 38, 0))));
    let refused = brand.post(postings.clone(), true).await;
    let others = ["OTHERS_REFUSED"; 5];
    assert_eq!(reasons(&refused.results)[..5], others);
    assert_eq!(reasons(&refused.results)[5..], ["INSUFFICIENT_POINTS"]);
    let rows = "SELECT (SELECT COUNT(*) FROM hold) * 100 + (SELECT COUNT(*) FROM adjustment) * 10 + \
         (SELECT COUNT(*) FROM entry)";
    assert_eq!(brand.count(rows).await, 101, "one hold and one earn, as before");
    brand.earn(&friend, 1, 0).await;
    let posted = brand.post(postings, true).await;
    assert_eq!((posted.posted_count, posted.refused_count), (6, 0));
    let Some(Outcome::Adjust(waits)) = &posted.results[3].outcome else {
        panic!("waits, not {:?}", posted.results[3])
    };
    let adjustment = waits.adjustment.clone().unwrap();
    assert_eq!(
        (adjustment.state(), waits.entry.is_none()),
        (AdjustmentState::Pending, true)
    );
    assert_eq!((brand.balance(&member).await, brand.balance(&friend).await), (40, 0));
    brand.check().await;
}

#[tokio::test]
async fn one_that_breaks_its_transaction_breaks_alone() {
    let brand = brand().await;
    let (member, victim) = (brand.member(), brand.member());
    for member in [&member, &victim] {
        brand.earn(member, 100, 0).await;
    }
    let broken = brand.hold(&victim, 10, 0).await.unwrap();
    let held = brand.hold(&member, 10, 0).await.unwrap();
    // The lot forgets what is held of it, so that the capture would take it below nothing.
    brand.lift_guards().await;
    let forget = "UPDATE lot SET held = 0, remaining = 100 WHERE held = 10 AND member_id = \
         (SELECT member_id FROM hold ORDER BY hold_id LIMIT 1)";
    assert_eq!(brand.execute(forget).await.unwrap(), 1);
    let postings = vec![
        posting(Request::Capture(brand.capture_request(&held, 0))),
        posting(Request::Capture(brand.capture_request(&broken, 0))),
        posting(Request::Hold(brand.hold_request(&member, 5, 0))),
    ];
    let results = brand.post(postings, false).await.results;
    assert_eq!(reasons(&results), ["", "INTERNAL", ""]);
    assert_eq!(brand.balance_of(&member, "points").await.available, 85);
}

#[tokio::test]
async fn each_posting_needs_the_scope_of_its_own_method() {
    let brand = brand().await;
    let (member, other) = (brand.member(), brand.member());
    let requests = brand.of_each_kind(&member, &other).await;
    let clerk = Principal {
        tenant: brand.h.tenant,
        subject: "key_clerk".to_owned(),
        scopes: Scopes::new(["points.adjust".to_owned(), "points.transfer".to_owned()]),
        kind: PrincipalKind::Key,
    };
    let mut postings = PostingServiceClient::new(brand.h.channel_as(&clerk));
    let request = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: requests.into_iter().map(posting).collect(),
        all_or_nothing: false,
    };
    let results = postings.post_batch(request).await.unwrap().into_inner().results;
    let lacking: Vec<String> = results
        .iter()
        .map(|result| match &result.outcome {
            Some(Outcome::Refusal(refusal)) => refusal.metadata["scopes"].clone(),
            _ => String::new(),
        })
        .collect();
    let redeem = "points.redeem";
    let approve = "points.approve";
    let lacks = [
        redeem,
        redeem,
        redeem,
        "",
        "points.earn",
        "points.reverse",
        "",
        approve,
        approve,
    ];
    assert_eq!(lacking, lacks);
    let Some(Outcome::Adjust(made)) = &results[6].outcome else {
        panic!("made, not {:?}", results[6])
    };
    assert_eq!(made.adjustment.clone().unwrap().creator, "key_clerk");
}

#[tokio::test]
async fn what_is_not_there_is_refused_where_it_is_named() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 10, 0).await;
    let mut hold = brand.hold(&member, 1, 0).await.unwrap();
    brand.release(&hold.hold_id).await.unwrap();
    let ended = Request::Capture(brand.capture_request(&hold, 0));
    hold.hold_id = "hld_00000000000000000000000000".to_owned();
    let mut wrong = brand.confirm_request(&member, "", "");
    let results = brand
        .post(
            vec![
                posting(ended),
                posting(Request::Release(brand.release_request(&hold))),
                posting(Request::Approve(brand.approval("adj_00000000000000000000000000"))),
                posting(Request::Confirm(wrong.clone())),
                posting(Request::Transfer(brand.transfer_request(&member, "somebody", 1))),
                redeem(brand.redeem_request(&member, 10)),
            ],
            false,
        )
        .await
        .results;
    let expected = [
        "HOLD_NOT_OPEN",
        "NOT_FOUND",
        "NOT_FOUND",
        "INVALID_FIELD",
        "INVALID_FIELD",
        "",
    ];
    assert_eq!(reasons(&results), expected);
    assert_eq!(refusal(&results[3]).violations[0].path, "confirm.entry_id");
    assert_eq!(refusal(&results[4]).violations[0].path, "transfer.to_member_id");
    wrong.reference = "order-9".to_owned();
    let refused = brand.pending().confirm_pending(wrong).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_PENDING");
}

/// The member has no account yet that could be locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_adjustment_is_approved_or_rejected_and_never_both() {
    let brand = brand().await;
    for _ in 0..8 {
        let member = brand.member();
        let made = brand.second().create_adjustment(brand.adjust_request(&member, 5)).await;
        let id = made.unwrap().into_inner().adjustment.unwrap().adjustment_id;
        let (mut one, mut other) = (brand.adjustments(), brand.adjustments());
        let (approved, rejected) = tokio::join!(
            one.approve_adjustment(brand.approval(&id)),
            other.reject_adjustment(brand.rejection(&id))
        );
        assert_ne!(approved.is_ok(), rejected.is_ok());
        let refused = approved.err().or(rejected.err()).unwrap();
        assert_eq!(reason(&refused), "ADJUSTMENT_NOT_PENDING");
        let posted = brand.read_adjustment(&id).await.state() == AdjustmentState::Posted;
        assert_eq!(brand.balance(&member).await, if posted { 5 } else { 0 });
    }
    brand.check().await;
}
