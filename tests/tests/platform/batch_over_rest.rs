//! Postings in a batch, brought as JSON.

use http::StatusCode;
use serde_json::json;
use tests::brand::{POINTS, TMALL};
use tests::story;

use crate::host::Host;

#[tokio::test]
async fn a_batch_over_rest_gives_each_posting_its_own_result_and_repeated_its_first() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let batch = json!({"postings": [
        {"earn": {"requestId": "earn-1", "memberId": member, "assetCode": POINTS, "amount": "100", "reference": "till-1"}},
        {"redeem": {"requestId": "redeem-1", "memberId": member, "assetCode": POINTS, "amount": "30"}},
        {"redeem": {"requestId": "redeem-2", "memberId": member, "assetCode": POINTS, "amount": "500"}},
        {"earn": {"requestId": "earn-2", "memberId": member, "assetCode": POINTS, "amount": "-1"}},
    ]});
    let rest = host.rest();
    let answer = rest.post("/v1/postings:batchPost", &batch).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    assert_eq!(
        (&told["postedCount"], &told["refusedCount"]),
        (&json!(2), &json!(2)),
        "{told}"
    );
    let results = &told["results"];
    assert_eq!(results[0]["requestId"], "earn-1");
    assert_eq!(results[0]["earn"]["entry"]["amount"], "100");
    assert_eq!(results[1]["redeem"]["entry"]["balance"], "70");
    let refusal = &results[2]["refusal"];
    assert_eq!(refusal["reason"], "INSUFFICIENT_POINTS", "{told}");
    assert_eq!(refusal["metadata"]["available"], "70");
    let wrong = &results[3]["refusal"];
    assert_eq!(
        (&wrong["reason"], &wrong["violations"][0]["path"]),
        (&json!("INVALID_FIELD"), &json!("earn.amount"))
    );

    // What was posted is answered as it was; what was refused is decided afresh.
    let again = rest.post("/v1/postings:batchPost", &batch).await.json();
    assert_eq!((&again["results"][0], &again["results"][1]), (&results[0], &results[1]));
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 70);

    let together = json!({"allOrNothing": true, "postings": [
        {"redeem": {"requestId": "redeem-3", "memberId": member, "assetCode": POINTS, "amount": "70"}},
        {"redeem": {"requestId": "redeem-4", "memberId": member, "assetCode": POINTS, "amount": "1"}},
    ]});
    let refused = rest.post("/v1/postings:batchPost", &together).await.json();
    let reasons = [0, 1].map(|place: usize| refused["results"][place]["refusal"]["reason"].clone());
    assert_eq!(
        reasons,
        [json!("OTHERS_REFUSED"), json!("INSUFFICIENT_POINTS")],
        "{refused}"
    );
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 70);
    story::reconcile(&host.api).await;
    host.stop().await;
}
