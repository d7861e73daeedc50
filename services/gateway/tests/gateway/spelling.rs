//! What is wrong is told in the words of the caller who wrote it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::platform::Platform;

/// The paths and sentences of the violations of a result of an activity.
fn told(result: &Value) -> Vec<String> {
    let violations = result["refusal"]["violations"].as_array();
    let text = |violation: &Value| format!("{}: {}", violation["path"], violation["message"]).replace('"', "");
    violations.into_iter().flatten().map(text).collect()
}

const CAMEL: &str = r#"{"occurTime": 5, "items": [{"lineId": 5}]}"#;
const CONTRACT: &str = r#"{"occur_time": 5, "items": [{"line_id": 5}]}"#;
/// Each in a spelling of its own.
const OWN: [(&str, [&str; 2]); 3] = [
    (CAMEL, ["occurTime: ", "items[0].lineId: "]),
    (CONTRACT, ["occur_time: ", "items[0].line_id: "]),
    (
        r#"{"occurTime": 5, "items": [{"line_id": 5}]}"#,
        ["occurTime: ", "items[0].line_id: "],
    ),
];

#[tokio::test]
async fn each_item_of_a_batch_is_told_in_its_own_spelling() {
    let platform = Platform::start().await;
    for request_id in ["requestId", "request_id"] {
        let items = OWN.map(|(item, _)| item).join(", ");
        let body = format!(r#"{{"{request_id}": "a", "activities": [{items}]}}"#);
        let answer = platform.post("/v1/activities:batchRecord", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        for (result, (item, expected)) in answer.json()["results"].as_array().unwrap().iter().zip(OWN) {
            let told = told(result);
            let are_alike = told.iter().zip(expected).all(|(line, path)| line.starts_with(path));
            assert!(told.len() == expected.len() && are_alike, "{item}: {told:?}");
        }
    }
}

#[tokio::test]
async fn each_line_of_a_stream_is_told_in_its_own_spelling() {
    let platform = Platform::start().await;
    let lines = OWN.map(|(item, _)| format!(r#"{{"activity": {item}}}"#)).join("\n");
    let answer = platform.post("/v1/activities:stream", lines).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let answers = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let answers: Vec<Value> = answers.collect();
    assert_eq!(answers.len(), OWN.len(), "{answer:?}");
    for (answer, (item, expected)) in answers.iter().zip(OWN) {
        let told = told(&answer["result"]);
        let are_alike = told.iter().zip(expected).all(|(line, path)| line.starts_with(path));
        assert!(told.len() == expected.len() && are_alike, "{item}: {told:?}");
    }
}

#[tokio::test]
async fn a_mask_is_told_as_it_was_written_beside_any_spelling() {
    let platform = Platform::start().await;
    let key = ("x-api-key", platform.first.secret.reveal());
    let headers = [key, ("content-type", "application/json")];
    let told = "names nickName, but only ";
    for (path, body) in [
        (
            "/v1/tenant",
            json!({"requestId": "a", "updateMask": "nickName", "timeZone": "UTC"}),
        ),
        (
            "/v1/tenant",
            json!({"request_id": "a", "update_mask": "nickName", "time_zone": "UTC"}),
        ),
    ] {
        let answer = platform.send("PATCH", path, &headers, body.to_string()).await;
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(told), "{message}");
        let violation = &answer.detail("BadRequest")["fieldViolations"][0];
        assert!(
            violation["description"].as_str().unwrap().starts_with(told),
            "{violation}"
        );
    }
}

#[tokio::test]
async fn what_could_not_be_read_hides_nothing_else_of_its_request() {
    let platform = Platform::start().await;
    let body = r#"{"assetCode": "No", "amount": "many", "reference": "6.22203E+15", "colour": 1}"#;
    let answer = platform.post("/v1/members/mbr_1/points:redeem", body).await;
    let mut violations = answer.violations();
    violations.sort();
    assert_eq!(
        violations,
        ["amount", "assetCode", "colour", "reference", "requestId"],
        "{answer:?}"
    );
    let rounded = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        rounded.contains("reference: a spreadsheet has rounded this number"),
        "{rounded}"
    );
    assert!(rounded.contains("amount: must be a whole number"), "{rounded}");
}

const STATEMENT: &str = "/v1/members/mbr_1/accounts/points/statement";

#[tokio::test]
async fn a_name_that_is_none_is_told_which_there_are_as_the_caller_spells_them() {
    let platform = Platform::start().await;
    for (path, told) in [
        (
            format!("{STATEMENT}?fromTime=2026-11"),
            "fromTime: the contract has no such field: there are startTime, endTime, pageSize, pageToken",
        ),
        (
            format!("{STATEMENT}?from_time=2026-11&page_size=5"),
            "from_time: the contract has no such field: there are start_time, end_time, page_size, page_token",
        ),
        (
            format!("{STATEMENT}?startTme=2026-11"),
            "startTme: the contract has no such field: did you mean startTime?",
        ),
        (
            format!("{STATEMENT}?pagesize=5"),
            "pagesize: the contract has no such field: did you mean pageSize?",
        ),
    ] {
        let answer = platform.get(&path).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(told), "{told}: {message}");
    }
    for (body, told) in [
        (
            r#"{"requestId": "a", "assetcode": "points"}"#,
            "assetcode: the contract has no such field: did you mean assetCode?",
        ),
        (
            r#"{"request_id": "a", "assetcode": "points"}"#,
            "assetcode: the contract has no such field: did you mean asset_code?",
        ),
        (
            r#"{"zzz": 1}"#,
            "zzz: the contract has no such field: there are requestId, ",
        ),
    ] {
        let answer = platform.post("/v1/members/mbr_1/points:redeem", body).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(told), "{told}: {message}");
    }
}

#[tokio::test]
async fn the_values_that_are_told_are_those_that_the_method_takes() {
    let platform = Platform::start().await;
    for kind in ["DEVICE", "IDENTITY_KIND_DEVICE", "nonsense"] {
        let answer = platform.get(&format!("/v1/members:lookUp?kind={kind}&value=a")).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("IDENTITY_KIND_PHONE"), "{message}");
        assert!(!message.contains("IDENTITY_KIND_DEVICE"), "{kind}: {message}");
    }
}
