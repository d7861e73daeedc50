//! Times at the ends of the calendar, over REST.

use http::StatusCode;
use serde_json::{Value, json};
use tests::brand::{POINTS, TMALL};
use tests::story;

use crate::host::Host;

/// Where a refusal of the shape says what is wrong.
fn fields(answer: &Value) -> Vec<String> {
    let details = answer["details"].as_array().cloned().unwrap_or_default();
    let violations = details
        .iter()
        .filter_map(|it| it["fieldViolations"].as_array())
        .flatten();
    violations
        .map(|it| it["field"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn what_would_pass_the_year_9999_is_refused_and_whatever_is_stored_reads() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let asset = |offset: i32| {
        json!({"requestId": format!("asset {offset}"), "code": "late", "asset": {
            "kind": "ASSET_KIND_POINTS", "utcOffsetMinutes": offset,
            "expiryPolicy": {"onDate": {"date": "9999-12-31"}},
        }})
    };
    let refused = rest.post("/v1/assets", &asset(0)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert_eq!(fields(&refused.json()).len(), 1, "{}", refused.text);
    assert_eq!(rest.post("/v1/assets", &asset(480)).await.status, StatusCode::OK);

    // The brand's points expire after a number of days.
    let earn = |request: &str, asset: &str, times: Value| {
        let mut earn = json!({"requestId": request, "assetCode": asset, "amount": "5"});
        for (name, time) in times.as_object().unwrap() {
            earn[name] = time.clone();
        }
        earn
    };
    let path = format!("/v1/members/{member}/points:earn");
    let late = earn("late", POINTS, json!({"availableTime": "9999-12-30T00:00:00Z"}));
    let refused = rest.post(&path, &late).await;
    assert_eq!(refused.reason(), "EXPIRY_BEYOND_CALENDAR", "{}", refused.text);
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(fields(&refused.json()), ["availableTime"], "{}", refused.text);
    let sentence = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        sentence.starts_with("availableTime is 9999")
            && sentence.ends_with("give an earlier availableTime, or an expireTime"),
        "{sentence}"
    );
    assert!(!refused.text.contains("available_time"), "{}", refused.text);
    for (request, asset, times) in [
        ("east", "late", json!({})),
        ("last", POINTS, json!({"expireTime": "9999-12-31T23:59:59.999999Z"})),
    ] {
        let earned = rest.post(&path, &earn(request, asset, times)).await;
        assert_eq!(earned.status, StatusCode::OK, "{}", earned.text);
        for path in [
            format!("/v1/members/{member}/balances/{asset}"),
            format!("/v1/members/{member}/balances"),
            format!("/v1/members/{member}/entries?assetCode={asset}"),
            format!("/v1/members/{member}/lots?assetCode={asset}"),
            format!("/v1/members/{member}/accounts/{asset}/statement"),
            format!("/v1/members/{member}/accounts/{asset}/statement?startTime=0001-01-01T00:00:00Z"),
            format!("/v1/members/{member}/accounts/{asset}/expirations"),
            format!("/v1/assets/{asset}/liabilities"),
            format!("/v1/assets/{asset}/entries:export"),
        ] {
            let read = rest.get(&path).await;
            assert_eq!(read.status, StatusCode::OK, "{path}: {}", read.text);
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn an_order_of_the_year_1_earns_nothing() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    let member = story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let order = |source: &str, time: &str| {
        json!({"memberId": member, "channelCode": TMALL, "sourceId": source, "activityType": "order_paid",
            "occurTime": time, "amount": {"currencyCode": "CNY", "minorUnits": "10000"}})
    };
    let batch = json!({"requestId": "two orders", "activities": [
        order("year-1", "0001-01-01T00:00:00Z"),
        order("today", "2026-01-01T00:00:00Z"),
    ]});
    let recorded = rest.post("/v1/activities:batchRecord", &batch).await;
    assert_eq!(recorded.status, StatusCode::OK, "{}", recorded.text);
    let results = recorded.json()["results"].clone();
    assert_eq!(results[0]["refusal"]["violations"][0]["path"], "occurTime", "{results}");
    assert_eq!(results[1]["refusal"], Value::Null, "{results}");
    host.settle().await;
    let entries = story::entries(&host.api, &member, POINTS).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    host.stop().await;
}
