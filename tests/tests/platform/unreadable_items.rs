//! What cannot be read of one item refuses that item alone, over REST, in batches and in streams.

use http::StatusCode;
use serde_json::{Value, json};
use tests::brand::{POINTS, TMALL};
use tests::story;

use crate::host::Host;

/// The paths of a refusal's violations.
fn paths(refusal: &Value) -> Vec<&str> {
    let violations = refusal["violations"]
        .as_array()
        .or_else(|| refusal["fields"].as_array());
    let violations = violations.unwrap_or_else(|| panic!("{refusal}"));
    violations
        .iter()
        .map(|violation| {
            violation["path"]
                .as_str()
                .or_else(|| violation["field"].as_str())
                .unwrap()
        })
        .collect()
}

#[tokio::test]
async fn an_activity_that_cannot_be_read_is_refused_and_the_others_are_recorded() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let activity = |source_id: &str| {
        json!({
            "memberId": member, "channelCode": TMALL, "sourceId": source_id, "activityType": "order_paid",
            "occurTime": host.now().to_string(), "amount": {"currencyCode": "CNY", "minorUnits": "1000"},
        })
    };
    let mut wrong = activity("2");
    wrong["amount"]["minorUnits"] = json!("ten");
    wrong["occur_time"] = wrong["occurTime"].clone();
    wrong["colour"] = json!("red");
    let batch = json!({"requestId": "till-1", "activities": [activity("1"), wrong, 7, activity("4")]});
    let rest = host.rest();
    let told = rest.post("/v1/activities:batchRecord", &batch).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    let told = told.json();
    assert_eq!(
        (&told["recordedCount"], &told["refusedCount"]),
        (&json!(2), &json!(2)),
        "{told}"
    );
    let mut wrong_paths = paths(&told["results"][1]["refusal"]);
    wrong_paths.sort_unstable();
    assert_eq!(wrong_paths, ["amount.minorUnits", "colour", "occur_time"]);
    assert_eq!(paths(&told["results"][2]["refusal"]), [""]);

    // The same request gets its first answer; another content under its id is another request.
    assert_eq!(rest.post("/v1/activities:batchRecord", &batch).await.json(), told);
    let mended = json!({"requestId": "till-1", "activities": [activity("1"), activity("2"), 7, activity("4")]});
    assert_eq!(
        rest.post("/v1/activities:batchRecord", &mended).await.reason(),
        "REQUEST_ID_REUSED"
    );
    let mended = json!({"requestId": "till-2", "activities": [activity("1"), activity("2"), activity("4")]});
    let told = rest.post("/v1/activities:batchRecord", &mended).await.json();
    assert_eq!(
        (&told["recordedCount"], &told["duplicateCount"]),
        (&json!(1), &json!(2)),
        "{told}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_posting_that_cannot_be_read_is_refused_and_the_others_are_posted() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let earn = |request_id: &str, amount: Value| {
        json!({"earn": {
            "requestId": request_id, "memberId": member, "assetCode": POINTS, "amount": amount, "reference": "till-1",
        }})
    };
    let postings = json!([
        earn("earn-1", json!("100")),
        earn("earn-2", json!(10.5)),
        {"earn": {}, "redeem": {}},
        earn("earn-4", json!(1e2)),
    ]);
    let rest = host.rest();
    let told = rest
        .post("/v1/postings:batchPost", &json!({"postings": postings}))
        .await
        .json();
    assert_eq!(
        (&told["postedCount"], &told["refusedCount"]),
        (&json!(2), &json!(2)),
        "{told}"
    );
    // The result of the wrong one carries its id, by which the caller knows it.
    assert_eq!(told["results"][1]["requestId"], "earn-2");
    assert_eq!(paths(&told["results"][1]["refusal"]), ["earn.amount"]);
    assert!(paths(&told["results"][2]["refusal"]).contains(&"redeem"), "{told}");
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 200);
    let again = rest
        .post("/v1/postings:batchPost", &json!({"postings": postings}))
        .await
        .json();
    assert_eq!(again, told);
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 200);

    // All or nothing is nothing, where one of them cannot be read.
    let together = json!({"allOrNothing": true, "postings": [earn("earn-5", json!(5)), earn("earn-6", json!("five"))]});
    let told = rest.post("/v1/postings:batchPost", &together).await.json();
    let reasons = [0, 1].map(|place: usize| told["results"][place]["refusal"]["reason"].clone());
    assert_eq!(reasons, [json!("OTHERS_REFUSED"), json!("INVALID_FIELD")], "{told}");
    assert_eq!(story::balance(&host.api, &member, POINTS).await, 200);

    // A stream goes on behind a line that is no JSON.
    let lines = [
        json!({"posting": earn("earn-7", json!(7))}).to_string(),
        "{\"posting\": {".to_owned(),
        json!({"posting": earn("earn-9", json!({}))}).to_string(),
        json!({"posting": earn("earn-10", json!(7))}).to_string(),
    ];
    let answer = rest.post_text("/v1/postings:stream", &lines.join("\n")).await;
    let results: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), 4, "{}", answer.text);
    assert_eq!(results[0]["result"]["earn"]["entry"]["amount"], "7");
    assert!(
        results[1]["result"]["refusal"]["message"]
            .as_str()
            .unwrap()
            .contains("line 2"),
        "{results:?}"
    );
    assert_eq!(results[2]["result"]["requestId"], "earn-9");
    assert_eq!(paths(&results[2]["result"]["refusal"]), ["earn.amount"]);
    assert_eq!(results[3]["result"]["earn"]["entry"]["amount"], "7");
    story::reconcile(&host.api).await;
    host.stop().await;
}

#[tokio::test]
async fn a_person_who_cannot_be_read_is_refused_and_the_others_arrive() {
    let host = Host::with_brand().await;
    let arrival = |id: &str| json!({"channelCode": TMALL, "externalId": id});
    let mut wrong = arrival("tb-2");
    wrong["evidence"] = json!([{"kind": "PHONE", "value": "13800138000"}]);
    let batch = json!({"requestId": "a", "arrivals": [arrival("tb-1"), wrong, null, arrival("tb-4")]});
    let rest = host.rest();
    let answer = rest.post("/v1/members:batchResolve", &batch).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    let refusal = &told["results"][1]["refusal"];
    assert!(paths(refusal).contains(&"arrival.evidence[0].kind"), "{told}");
    assert!(
        refusal["message"].as_str().unwrap().contains("IDENTITY_KIND_PHONE"),
        "{told}"
    );
    assert_eq!(paths(&told["results"][2]["refusal"]), ["arrival"]);
    for place in [0, 3] {
        assert!(told["results"][place]["resolution"].is_object(), "{told}");
    }
    assert_eq!(rest.post("/v1/members:batchResolve", &batch).await.json(), told);

    let row = |number: i64, id: &str| json!({"rowNumber": number, "requestId": id, "arrival": arrival(id)});
    let mut wrong = row(2, "row-2");
    wrong["registerTime"] = json!("2020");
    let lines = [
        json!({"rows": [row(1, "row-1"), wrong]}).to_string(),
        json!({"rows": [row(3, "row-3")]}).to_string(),
    ];
    let told = rest.post_text("/v1/members:import", &lines.join("\n")).await.json();
    assert_eq!(
        (&told["rowCount"], &told["createdCount"]),
        (&json!("3"), &json!("2")),
        "{told}"
    );
    assert_eq!(told["refusedRows"][0]["rowNumber"], "2", "{told}");
    assert_eq!(paths(&told["refusedRows"][0]["refusal"]), ["registerTime"]);
    host.stop().await;
}

#[tokio::test]
async fn an_assignment_that_cannot_be_read_or_is_misshapen_is_refused_and_the_others_are_done() {
    let host = Host::with_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let rest = host.rest();
    let tag = json!({"requestId": "tag", "tag": {
        "tagCode": "vip", "displayName": "VIP", "valueType": "TAG_VALUE_TYPE_BOOL", "mutability": "TAG_MUTABILITY_DYNAMIC",
        "sourceKind": "TAG_SOURCE_KIND_MANUAL",
    }});
    let made = rest.post("/v1/tags", &tag).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let assign = |request_id: &str, expire_time: Value| json!({"requestId": request_id, "memberId": member, "assignments": [{"tagCode": "vip", "expireTime": expire_time}]});
    let batch = json!({"requests": [assign("a", json!(null)), assign("b", json!("soon")), assign("", json!(null))]});
    let answer = rest.post("/v1/tags:batchAssign", &batch).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    assert!(told["results"][0]["response"].is_object(), "{told}");
    assert_eq!(paths(&told["results"][1]["refusal"]), ["assignments[0].expireTime"]);
    assert_eq!(paths(&told["results"][2]["refusal"]), ["requestId"]);
    host.stop().await;
}
