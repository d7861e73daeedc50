//! What ids look like when they come, and what no text may hold.

use contracts_tagging::v1::ActivityOutcome::{Duplicate, Recorded, Refused};
use contracts_tagging::v1::batch_assign_tags_result::Outcome;
use contracts_tagging::v1::*;
use futures::{StreamExt, stream};

use crate::world::{World, manual, member};

/// The paths and messages of what an activity was refused with.
fn violations(result: &ActivityResult) -> Vec<(&str, &str)> {
    let violations = result.refusal.iter().flat_map(|refusal| &refusal.violations);
    violations
        .map(|violation| (&*violation.path, &*violation.message))
        .collect()
}

#[tokio::test]
async fn an_activity_with_nul_anywhere_is_refused_and_those_beside_it_recorded() {
    let world = World::new().await;
    let item = ActivityItem {
        sku: "s\0".into(),
        quantity: 1,
        category: "c\0".into(),
        ..ActivityItem::default()
    };
    let poisoned = Activity {
        member_id: String::new(),
        external_id: "tb\u{0}001".into(),
        source_id: "o\0".into(),
        refunded_source_id: "r\0".into(),
        items: vec![item],
        attributes: [
            ("a\0".to_owned(), "v".to_owned()),
            ("colour".to_owned(), "red\0".to_owned()),
        ]
        .into(),
        ..world.order(1, "", 0)
    };
    let response = world
        .record(vec![world.order(1, "a", 0), poisoned.clone(), world.order(2, "b", 0)])
        .await;
    let outcomes: Vec<_> = response.results.iter().map(ActivityResult::outcome).collect();
    assert_eq!(outcomes, [Recorded, Refused, Recorded]);
    let told = violations(&response.results[1]);
    for path in [
        "external_id",
        "source_id",
        "refunded_source_id",
        "items[0].sku",
        "items[0].category",
        "attributes[\"a\\0\"]",
        "attributes[\"colour\"]",
    ] {
        let message = told.iter().find(|(at, _)| *at == path).map(|(_, message)| *message);
        assert!(
            message.is_some_and(|message| message.contains("U+0000 (NULL)")),
            "{path}: {told:?}"
        );
    }

    let requests = [poisoned, world.order(1, "c", 0)].map(|activity| StreamActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: activity.source_id.replace('\0', ""),
        activity: Some(activity),
    });
    let mut answers = world
        .activities()
        .stream_activities(stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut outcomes = Vec::new();
    while let Some(answer) = answers.next().await {
        outcomes.push(answer.unwrap().result.unwrap().outcome());
    }
    assert_eq!(outcomes, [Refused, Recorded]);
}

#[tokio::test]
async fn an_order_whose_id_looks_the_same_is_the_same() {
    let world = World::new().await;
    let response = world.record(vec![world.order(1, "Ａ-x1", 0)]).await;
    assert_eq!(response.results[0].outcome(), Recorded);
    for same in [
        "A-x1",
        "A-x1 ",
        "\u{feff}A-x1",
        "A\u{200b}-x1",
        "A-\u{2060}x1",
        "A-x\u{ad}1",
        "A-x1\r\n",
        "\u{3000}A－x1",
    ] {
        let response = world.record(vec![world.order(1, same, 0)]).await;
        assert_eq!(response.results[0].outcome(), Duplicate, "{same:?}");
    }
    for other in ["a-x1", "A/x1", "A x1", "A  x1", "Ax1"] {
        let response = world.record(vec![world.order(1, other, 0)]).await;
        assert_eq!(response.results[0].outcome(), Recorded, "{other:?}");
    }
    // Who is named by an external id is found by it, however it is written.
    let named = Activity {
        member_id: String::new(),
        external_id: " ｔｂ1\u{200b}".into(),
        refunded_source_id: "A-x1\u{feff}".into(),
        activity_type: "order_refunded".into(),
        ..world.order(1, "r1", 0)
    };
    let response = world.record(vec![named]).await;
    assert_eq!(response.results[0].member_id, member(1));
    let request = ListActivitiesRequest {
        member_id: member(1),
        activity_type: " order_refunded".into(),
        page_size: 10,
        ..ListActivitiesRequest::default()
    };
    let refunds = world
        .activities()
        .list_activities(request)
        .await
        .unwrap()
        .into_inner()
        .activities;
    assert_eq!(refunds[0].refunded_source_id, "A-x1");
    assert_eq!(refunds[0].external_id, "tb1");
}

#[tokio::test]
async fn an_id_that_a_spreadsheet_has_rounded_is_refused_with_the_cure() {
    let world = World::new().await;
    let spoilt = [
        ("source_id", world.order(1, "6.22203E+15", 0)),
        (
            "refunded_source_id",
            Activity {
                refunded_source_id: "1.23E+11".into(),
                ..world.order(1, "a", 0)
            },
        ),
        (
            "external_id",
            Activity {
                external_id: "６.22203E+15".into(),
                ..world.order(1, "b", 0)
            },
        ),
        (
            "items[0].sku",
            Activity {
                items: vec![ActivityItem {
                    sku: "6.90123E+12".into(),
                    quantity: 1,
                    ..ActivityItem::default()
                }],
                ..world.order(1, "c", 0)
            },
        ),
    ];
    for (path, activity) in spoilt {
        let beside = world.order(1, &format!("beside {path}"), 0);
        let response = world.record(vec![activity, beside]).await;
        let outcomes: Vec<_> = response.results.iter().map(ActivityResult::outcome).collect();
        assert_eq!(outcomes, [Refused, Recorded], "{path}");
        let cure = "a spreadsheet has rounded this number: format the column as text and export it again";
        assert_eq!(violations(&response.results[0]), [(path, cure)]);
    }
}

#[tokio::test]
async fn an_assignment_with_nul_keeps_no_other_from_being_done() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    let assign = |number: u32, source: &str, tag_code: &str| AssignTagsRequest {
        request_id: world.request_id(),
        member_id: member(number),
        assignments: vec![TagAssignment {
            tag_code: tag_code.into(),
            ..TagAssignment::default()
        }],
        source: source.into(),
    };
    let requests = vec![assign(1, "a\0", "vip"), assign(2, "", "v\0ip"), assign(3, "", " ｖip")];
    let answer = world
        .tags()
        .batch_assign_tags(BatchAssignTagsRequest {
            unreadable_items: Vec::new(),
            requests,
        })
        .await
        .unwrap()
        .into_inner();
    let outcomes: Vec<Outcome> = answer
        .results
        .into_iter()
        .map(|result| result.outcome.unwrap())
        .collect();
    for (outcome, path) in outcomes.iter().zip(["source", "assignments[0].tag_code"]) {
        let Outcome::Refusal(refusal) = outcome else {
            panic!("{path} was taken");
        };
        assert_eq!(refusal.reason, "INVALID_FIELD");
        assert!(
            refusal.message.starts_with(&format!("{path}: must not hold U+0000")),
            "{}",
            refusal.message
        );
    }
    assert!(matches!(outcomes[2], Outcome::Response(_)), "{:?}", outcomes[2]);
}
