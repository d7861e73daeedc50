//! What ids look like when they come, and what no text may hold.

use contracts_points::v1::*;

use crate::brand::{brand, reason};
use crate::posting::{earn, reasons, refusal};

#[tokio::test]
async fn a_posting_with_nul_is_refused_and_those_beside_it_posted() {
    let brand = brand().await;
    let member = brand.member();
    let earn_with = |reference: &str| EarnPointsRequest {
        reference: reference.to_owned(),
        ..brand.earn_request(&member, "points", 10)
    };
    let poisoned = EarnPointsRequest {
        request_id: "r\u{0}1".to_owned(),
        ..earn_with("till\0")
    };
    let postings = vec![earn(earn_with("till-1")), earn(poisoned), earn(earn_with("till-2"))];
    let response = brand.post(postings, false).await;
    assert_eq!(reasons(&response.results), ["", "INVALID_FIELD", ""]);
    let violations = refusal(&response.results[1]).violations;
    let paths: Vec<&str> = violations.iter().map(|violation| &*violation.path).collect();
    assert_eq!(paths, ["earn.request_id", "earn.reference"]);
    assert!(
        violations
            .iter()
            .all(|violation| violation.message.contains("U+0000 (NULL)"))
    );
    assert_eq!(brand.balance_of(&member, "points").await.available, 20);
}

#[tokio::test]
async fn a_request_id_and_a_reference_are_the_same_however_they_are_written() {
    let brand = brand().await;
    let member = brand.member();
    let request = EarnPointsRequest {
        request_id: "till-1".to_owned(),
        reference: "order 17".to_owned(),
        awaits_confirmation: true,
        ..brand.earn_request(&member, "points", 10)
    };
    let first = brand.points().earn_points(request.clone()).await.unwrap().into_inner();
    for (request_id, reference) in [
        (" till-1\u{200b}", "order\u{a0}17 "),
        ("ｔｉｌｌ－１", "\u{feff}order 1\u{ad}7"),
    ] {
        let again = EarnPointsRequest {
            request_id: request_id.to_owned(),
            reference: reference.to_owned(),
            member_id: format!("{member} "),
            ..request.clone()
        };
        assert_eq!(
            brand.points().earn_points(again.clone()).await.unwrap().into_inner(),
            first
        );
        let batch = brand.post(vec![earn(again)], false).await;
        assert_eq!(reasons(&batch.results), [""]);
    }
    // By the reference it is confirmed, however that is written.
    let confirm = brand.confirm_request(&member, "", "order\u{3000}17");
    brand.pending().confirm_pending(confirm).await.unwrap();
    assert_eq!(brand.balance_of(&member, "points").await.available, 10);
}

#[tokio::test]
async fn a_reference_that_a_spreadsheet_has_rounded_is_refused() {
    let brand = brand().await;
    let member = brand.member();
    let request = EarnPointsRequest {
        reference: "6.22203E+15".to_owned(),
        ..brand.earn_request(&member, "points", 10)
    };
    let refused = brand.points().earn_points(request).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    assert!(
        refused.message().contains("a spreadsheet has rounded this number"),
        "{refused}"
    );
}
