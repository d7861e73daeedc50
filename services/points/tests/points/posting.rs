//! Many postings in one call, and in a stream.

use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_result::Outcome;
use contracts_points::v1::*;
use futures::StreamExt;
use kernel::{Principal, PrincipalKind, Scopes};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::brand::{Brand, brand, reason};

pub(crate) fn earn(request: EarnPointsRequest) -> Posting {
    Posting {
        request: Some(Request::Earn(request)),
    }
}

pub(crate) fn redeem(request: RedeemPointsRequest) -> Posting {
    Posting {
        request: Some(Request::Redeem(request)),
    }
}

pub(crate) fn reverse(request: ReversePointsRequest) -> Posting {
    Posting {
        request: Some(Request::Reverse(request)),
    }
}

pub(crate) fn refusal(result: &PostingResult) -> PostingRefusal {
    match &result.outcome {
        Some(Outcome::Refusal(refusal)) => refusal.clone(),
        other => panic!("refused, not {other:?}"),
    }
}

fn entry(result: &PostingResult) -> Entry {
    let entry = match &result.outcome {
        Some(Outcome::Earn(answer)) => answer.entry.clone(),
        Some(Outcome::Redeem(answer)) => answer.entry.clone(),
        Some(Outcome::Reverse(answer)) => answer.entry.clone(),
        _ => None,
    };
    entry.unwrap_or_else(|| panic!("posted, not {result:?}"))
}

pub(crate) fn reasons(results: &[PostingResult]) -> Vec<String> {
    let reason = |result: &PostingResult| match &result.outcome {
        Some(Outcome::Refusal(refusal)) => refusal.reason.clone(),
        _ => String::new(),
    };
    results.iter().map(reason).collect()
}

impl Brand {
    pub(crate) async fn post(&self, postings: Vec<Posting>, all_or_nothing: bool) -> PostBatchResponse {
        let request = PostBatchRequest {
            unreadable_items: Vec::new(),
            postings,
            all_or_nothing,
        };
        self.postings().post_batch(request).await.unwrap().into_inner()
    }

    pub(crate) fn reverse_request(&self, entry: &Entry, amount: i64) -> ReversePointsRequest {
        ReversePointsRequest {
            request_id: self.request_id(),
            member_id: entry.member_id.clone(),
            entry_id: entry.entry_id.clone(),
            amount,
            reference: String::new(),
        }
    }
}

#[tokio::test]
async fn a_batch_of_mixed_postings_gives_each_its_own_result_in_the_order_of_the_request() {
    let brand = brand().await;
    let (member, other) = (brand.member(), brand.member());
    let spent = brand.earn(&member, 100, 0).await;
    let mut wrong = brand.earn_request(&member, "points", 0);
    wrong.member_id = "somebody".to_owned();
    let postings = vec![
        redeem(brand.redeem_request(&member, 30)),
        earn(brand.earn_request(&other, "points", 5)),
        redeem(brand.redeem_request(&other, 6)),
        reverse(brand.reverse_request(&spent, 20)),
        earn(wrong),
        earn(brand.earn_request(&other, "miles", 5)),
        Posting { request: None },
        redeem(brand.redeem_request(&other, 5)),
    ];
    let ids: Vec<String> = postings.iter().map(request_id).collect();
    let answer = brand.post(postings, false).await;
    let expected = [
        "",
        "",
        "INSUFFICIENT_POINTS",
        "",
        "INVALID_FIELD",
        "NOT_FOUND",
        "INVALID_FIELD",
        "",
    ];
    assert_eq!(reasons(&answer.results), expected);
    assert_eq!((answer.posted_count, answer.refused_count), (4, 4));
    assert_eq!(
        answer
            .results
            .iter()
            .map(|it| it.request_id.clone())
            .collect::<Vec<_>>(),
        ids
    );
    let insufficient = refusal(&answer.results[2]);
    assert_eq!(Code::from_i32(insufficient.code), Code::FailedPrecondition);
    assert_eq!(insufficient.metadata["available"], "5");
    let paths: Vec<String> = refusal(&answer.results[4])
        .violations
        .into_iter()
        .map(|it| it.path)
        .collect();
    assert_eq!(paths, ["earn.amount"]);
    let Some(Outcome::Reverse(reversal)) = &answer.results[3].outcome else {
        panic!("reversed")
    };
    assert_eq!((reversal.balance, reversal.reversible_amount), (50, 80));
    assert_eq!((brand.balance(&member).await, brand.balance(&other).await), (50, 0));
    brand.check().await;
}

fn request_id(posting: &Posting) -> String {
    match &posting.request {
        Some(Request::Earn(request)) => request.request_id.clone(),
        Some(Request::Redeem(request)) => request.request_id.clone(),
        Some(Request::Reverse(request)) => request.request_id.clone(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn a_posting_is_one_request_whichever_way_it_comes_however_late() {
    let brand = brand().await;
    let member = brand.member();
    let (by_method, by_batch) = (
        brand.earn_request(&member, "points", 100),
        brand.redeem_request(&member, 30),
    );
    let first = brand
        .points()
        .earn_points(by_method.clone())
        .await
        .unwrap()
        .into_inner();
    let batch = brand
        .post(
            vec![
                earn(by_method.clone()),
                redeem(by_batch.clone()),
                redeem(by_batch.clone()),
            ],
            false,
        )
        .await;
    assert_eq!(entry(&batch.results[0]), first.entry.unwrap());
    assert_eq!(batch.results[1], batch.results[2], "twice in one call is once");
    brand.pass_days(400).await;
    let again = brand
        .points()
        .redeem_points(by_batch.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.entry.unwrap(), entry(&batch.results[1]));
    let requests = [earn(by_method), redeem(by_batch.clone())].map(|posting| PostStreamRequest {
        unreadable_items: Vec::new(),
        posting: Some(posting),
    });
    let stream = brand
        .postings()
        .post_stream(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let answers: Vec<PostStreamResponse> = stream.map(Result::unwrap).collect().await;
    let results: Vec<PostingResult> = answers.into_iter().filter_map(|it| it.result).collect();
    assert_eq!(results[..], batch.results[..2]);
    let other = redeem(RedeemPointsRequest { amount: 31, ..by_batch });
    assert_eq!(
        reasons(&brand.post(vec![other], false).await.results),
        ["REQUEST_ID_REUSED"]
    );
    assert_eq!(brand.balance(&member).await, 70);
}

#[tokio::test]
async fn all_or_nothing_posts_all_or_tells_what_is_wrong_with_each() {
    let brand = brand().await;
    let (member, other) = (brand.member(), brand.member());
    brand.earn(&member, 10, 0).await;
    let good = redeem(brand.redeem_request(&member, 6));
    let poor = redeem(brand.redeem_request(&other, 1));
    let wrong = earn(brand.earn_request(&other, "points", -1));
    let refused = brand.post(vec![good.clone(), poor.clone(), wrong], true).await;
    assert_eq!(
        reasons(&refused.results),
        ["OTHERS_REFUSED", "INSUFFICIENT_POINTS", "INVALID_FIELD"]
    );
    assert_eq!((refused.posted_count, refused.refused_count), (0, 3));
    assert_eq!(brand.balance(&member).await, 10);
    let postings = vec![good.clone(), earn(brand.earn_request(&other, "points", 1)), poor];
    let posted = brand.post(postings.clone(), true).await;
    assert_eq!(posted.posted_count, 3);
    assert_eq!(brand.post(postings, true).await, posted);
    let partly = brand
        .post(vec![good, redeem(brand.redeem_request(&member, 5))], true)
        .await;
    assert_eq!(
        reasons(&partly.results),
        ["", "INSUFFICIENT_POINTS"],
        "what was posted before is"
    );
    assert_eq!((brand.balance(&member).await, brand.balance(&other).await), (4, 0));
    brand.check().await;
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_postings() {
    let brand = brand().await;
    let member = brand.member();
    let postings = |count: usize| {
        (0..count)
            .map(|_| earn(brand.earn_request(&member, "points", 1)))
            .collect()
    };
    for count in [0, 1_001] {
        let request = PostBatchRequest {
            unreadable_items: Vec::new(),
            postings: postings(count),
            all_or_nothing: false,
        };
        let refused = brand.postings().post_batch(request).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD");
    }
    assert_eq!(brand.post(postings(1_000), false).await.posted_count, 1_000);
    assert_eq!(brand.balance(&member).await, 1_000);
    brand.check().await;
}

#[tokio::test]
async fn a_key_posts_what_its_scopes_allow_and_no_more() {
    let brand = brand().await;
    let member = brand.member();
    let earner = Principal {
        tenant: brand.h.tenant,
        subject: "key_earner".to_owned(),
        scopes: Scopes::new(["points.earn".to_owned()]),
        kind: PrincipalKind::Key,
    };
    let mut postings = posting_service_client::PostingServiceClient::new(brand.h.channel_as(&earner));
    let request = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: vec![
            earn(brand.earn_request(&member, "points", 5)),
            redeem(brand.redeem_request(&member, 5)),
        ],
        all_or_nothing: false,
    };
    let answer = postings.post_batch(request).await.unwrap().into_inner();
    assert_eq!(reasons(&answer.results), ["", "SCOPE_MISSING"]);
    assert_eq!(refusal(&answer.results[1]).metadata["scopes"], "points.redeem");
    assert_eq!(brand.balance(&member).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_answers_in_the_order_of_its_postings_and_posts_in_it() {
    let brand = brand().await;
    let member = brand.member();
    let postings: Vec<Posting> = (0..1_000)
        .map(|n| match n % 3 {
            0 => earn(brand.earn_request(&member, "points", 10)),
            1 => redeem(brand.redeem_request(&member, 10)),
            _ => redeem(brand.redeem_request(&member, 1)),
        })
        .collect();
    let ids: Vec<String> = postings.iter().map(request_id).collect();
    let (sender, requests) = mpsc::channel(1);
    tokio::spawn(async move {
        for posting in postings {
            let posting = Some(posting);
            sender
                .send(PostStreamRequest {
                    unreadable_items: Vec::new(),
                    posting,
                })
                .await
                .unwrap();
        }
    });
    let requests = ReceiverStream::new(requests);
    let answers = brand.postings().post_stream(requests).await.unwrap().into_inner();
    let results: Vec<PostingResult> = answers.map(|it| it.unwrap().result.unwrap()).collect().await;
    assert_eq!(results.iter().map(|it| it.request_id.clone()).collect::<Vec<_>>(), ids);
    // The second of three takes what the first gave, the third finds nothing.
    for (n, reason) in reasons(&results).iter().enumerate() {
        assert_eq!(reason, if n % 3 == 2 { "INSUFFICIENT_POINTS" } else { "" });
    }
    assert_eq!(brand.balance(&member).await, 10);
    brand.check().await;
}

#[tokio::test]
async fn a_sender_who_reads_nothing_has_a_bounded_number_of_postings_done() {
    let brand = brand().await;
    let member = brand.member();
    let (sender, requests) = mpsc::channel(10_000);
    for _ in 0..2_000 {
        let posting = earn(brand.earn_request(&member, "points", 1));
        sender
            .try_send(PostStreamRequest {
                unreadable_items: Vec::new(),
                posting: Some(posting),
            })
            .unwrap();
    }
    let mut answers = brand
        .postings()
        .post_stream(ReceiverStream::new(requests))
        .await
        .unwrap()
        .into_inner();
    // The first answer is read, and then nothing more while others work.
    answers.next().await.unwrap().unwrap();
    let stranger = brand.member();
    for _ in 0..20 {
        brand.earn(&stranger, 1, 0).await;
    }
    let done = brand.balance(&member).await;
    assert!(
        (1..=600).contains(&done),
        "{done} postings were done for a sender who reads nothing"
    );
    drop(answers);
}

#[tokio::test]
async fn a_wrong_posting_of_a_stream_is_refused_and_the_stream_goes_on() {
    let brand = brand().await;
    let member = brand.member();
    let requests = [
        Some(earn(brand.earn_request(&member, "points", 0))),
        None,
        Some(earn(brand.earn_request(&member, "points", 3))),
    ];
    let requests = requests.map(|posting| PostStreamRequest {
        unreadable_items: Vec::new(),
        posting,
    });
    let stream = brand
        .postings()
        .post_stream(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let answers: Vec<PostingResult> = stream.map(|it| it.unwrap().result.unwrap()).collect().await;
    assert_eq!(reasons(&answers), ["INVALID_FIELD", "INVALID_FIELD", ""]);
    assert_eq!(brand.balance(&member).await, 3);
}

/// What a posting came to, without the ids: its entry's number, amount, balance and lots, or why it was refused.
fn essence(result: &PostingResult) -> String {
    match &result.outcome {
        Some(Outcome::Refusal(refusal)) => refusal.reason.clone(),
        _ => essence_of(&entry(result)),
    }
}

fn essence_of(entry: &Entry) -> String {
    let lots: Vec<(i64, Option<prost_types::Timestamp>)> =
        entry.lots.iter().map(|lot| (lot.amount, lot.expire_time)).collect();
    format!("{} {} {} {lots:?}", entry.sequence, entry.amount, entry.balance)
}

/// The same postings in batches for some members, and one at a time for others, over days in which lots expire.
#[tokio::test]
async fn a_batch_comes_to_what_its_postings_come_to_one_at_a_time() {
    let brand = brand().await;
    let members: Vec<[String; 2]> = (0..4).map(|_| [brand.member(), brand.member()]).collect();
    let mut random = 20_261_124_u64;
    let mut next = |below: i64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(random >> 33).unwrap() % below
    };
    let mut entries: Vec<[Entry; 2]> = Vec::new();
    for _ in 0..12 {
        let mut sides: [Vec<Posting>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..25 {
            let member = &members[usize::try_from(next(4)).unwrap()];
            let (kind, amount, days) = (next(3), next(40) + 1, next(4) + 1);
            let reversed = i64::try_from(entries.len()).unwrap();
            let reversed = (reversed > 0).then(|| usize::try_from(next(reversed)).unwrap());
            for side in 0..2 {
                sides[side].push(match (kind, reversed) {
                    (0, _) | (2, None) => earn(EarnPointsRequest {
                        expire_time: Some(brand.now().plus_days(days).to_wire()),
                        ..brand.earn_request(&member[side], "points", amount)
                    }),
                    (1, _) => redeem(brand.redeem_request(&member[side], amount)),
                    (_, Some(n)) => reverse(brand.reverse_request(&entries[n][side], amount % 7)),
                    (_, None) => unreachable!(),
                });
            }
        }
        let [together, single] = sides;
        let together = brand.post(together, false).await.results;
        for (together, single) in together.iter().zip(single) {
            let single = brand.post(vec![single], true).await.results.remove(0);
            assert_eq!(essence(together), essence(&single));
            if !matches!(together.outcome, Some(Outcome::Refusal(_))) {
                entries.push([entry(together), entry(&single)]);
            }
        }
        // The worker that expires lots must not come between the two.
        brand.pass_days(1).await;
    }
    assert!(entries.len() > 100, "{} were posted", entries.len());
    brand.check().await;
    brand.h.settle().await;
    for [batched, single] in &members {
        let of = |entries: Vec<Entry>| entries.iter().map(essence_of).collect::<Vec<_>>();
        let (batched, single) = (
            brand.entries(batched, "points").await,
            brand.entries(single, "points").await,
        );
        assert_eq!(of(batched), of(single));
    }
    brand.check().await;
}
