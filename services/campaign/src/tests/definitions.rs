use contracts_campaign::v1::*;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::drafts::*;
use super::stage::Stage;

async fn refused(definition: JourneyDefinition) -> Status {
    let stage = Stage::new().await;
    let journey = Journey {
        code: "flawed".to_owned(),
        definition: Some(definition),
        ..Journey::default()
    };
    let request = CreateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(journey),
    };
    stage.journeys().create_journey(request).await.unwrap_err()
}

async fn violations(definition: JourneyDefinition) -> Vec<(String, String)> {
    let status = refused(definition).await;
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "INVALID_FIELD");
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.iter();
    violations
        .map(|violation| (violation.field.clone(), violation.description.clone()))
        .collect()
}

#[tokio::test]
async fn every_flaw_of_a_graph_is_told_at_once_with_its_path() {
    let definition = JourneyDefinition {
        first_node_id: "begin".to_owned(),
        ..journey(
            only(order_paid(), "fact.amonut > 1"),
            vec![
                when("begin", "trigger.amount + true > 0", "loop", "nowhere"),
                grant("loop", "points", 1, "loop"),
                wait("island", DAY, "begin"),
                when("begin", "run.visit", "end", "end"),
                exit("end"),
            ],
        )
    };
    let found = violations(definition).await;
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    for path in [
        "journey.definition.trigger.condition",
        "journey.definition.nodes[3].node_id",
        "journey.definition.nodes[0].condition.false_node_id",
        "journey.definition.nodes[1]",
        "journey.definition.nodes[2]",
        "journey.definition.nodes[4]",
    ] {
        assert!(paths.contains(&path), "{path} is missing in {found:?}");
    }
    let condition = found
        .iter()
        .find(|(path, _)| path.ends_with("trigger.condition"))
        .unwrap();
    assert!(
        condition.1.contains("line 1, column 6: unknown field `amonut`"),
        "{}",
        condition.1
    );
}

#[tokio::test]
async fn expressions_are_checked_against_what_a_run_can_know() {
    let definition = journey(
        order_paid(),
        vec![
            until("first_order", order_paid(), DAY, "a", "a"),
            when(
                "a",
                "waits.first_order.amount > trigger.amount && waits.second.amount > 1",
                "b",
                "b",
            ),
            when("b", "trigger.amount > ", "c", "c"),
            when("c", "run.visit", "d", "d"),
            until(
                "d",
                only(pattern("tagging.segment_left", "vips"), "fact.amount > 1"),
                DAY,
                "end",
                "end",
            ),
            exit("end"),
        ],
    );
    let found = violations(definition).await;
    let told = |path: &str| {
        let path = format!("journey.definition.nodes{path}");
        found
            .iter()
            .find(|(found, _)| *found == path)
            .unwrap_or_else(|| panic!("{path} in {found:?}"))
            .1
            .clone()
    };
    assert!(
        told("[1].condition.expression").contains("column 52: unknown field `second`"),
        "{found:?}"
    );
    assert!(told("[2].condition.expression").contains("line 1, column"), "{found:?}");
    assert!(
        told("[3].condition.expression").contains("expected bool, found int"),
        "{found:?}"
    );
    assert!(
        told("[4].wait_until.fact.condition").contains("unknown field `amount`"),
        "{found:?}"
    );
    assert_eq!(found.len(), 4);
}

/// 10000 is 100 yuan, but 10000 yen: who compares an amount says which.
#[tokio::test]
async fn a_condition_that_reads_an_amount_names_its_currency() {
    let in_yuan = |fact: &str| format!("{fact}.currency_code == \"CNY\" && {fact}.amount > 1");
    let definition = |trigger: &str, fact: &str, test: &str| {
        let until_order = until("order", only(order_paid(), fact), DAY, "test", "test");
        let nodes = vec![until_order, when("test", test, "end", "end"), exit("end")];
        journey(only(order_paid(), trigger), nodes)
    };
    let found = violations(definition(
        "fact.amount > 1",
        "fact.amount > 2",
        "waits.order.amount > trigger.amount",
    ))
    .await;
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    let expression = "journey.definition.nodes[1].condition.expression";
    assert_eq!(
        paths,
        [
            "journey.definition.trigger.condition",
            "journey.definition.nodes[0].wait_until.fact.condition",
            expression,
            expression,
        ]
    );
    assert_eq!(
        found[2].1,
        "reads trigger.amount: name the currency it is in, such as trigger.currency_code == \"CNY\" && trigger.amount >= \
         10000, for 10000 is 100 yuan, but 10000 yen"
    );

    let (fact, trigger, order) = (in_yuan("fact"), in_yuan("trigger"), in_yuan("waits.order"));
    let stage = Stage::new().await;
    for (number, sound) in [
        // Of facts that were asked for by their currency any amount may be compared.
        definition(&fact, &fact, "waits.order.amount > trigger.amount"),
        definition("", "", &format!("{trigger} && {order}")),
        definition("", &fact, &format!("{trigger} && waits.order.amount > 1")),
        definition(
            "fact.items_count > 1",
            "has(fact.amount)",
            "trigger.channel_code == \"tmall\"",
        ),
        // Points are of an asset, not of a currency.
        journey(
            only(pattern("points.earned", "points"), "fact.amount > 1"),
            vec![exit("end")],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        stage.open(&format!("sound_{number}"), sound).await;
    }
}

#[tokio::test]
async fn a_pattern_needs_its_code_where_a_fact_means_nothing_without() {
    let found = violations(journey(pattern("tagging.activity_recorded", ""), vec![exit("end")])).await;
    assert_eq!(found[0].0, "journey.definition.trigger.code");
}

#[tokio::test]
async fn what_breaks_the_shape_rules_is_refused_with_its_path() {
    let no_kind = Node {
        node_id: "end".to_owned(),
        ..Node::default()
    };
    let mut nameless = exit("end");
    nameless.node_id = "No Code".to_owned();
    for (definition, path) in [
        (
            journey(pattern("points.stolen", ""), vec![exit("end")]),
            "journey.definition.trigger.fact_type",
        ),
        (journey(registered(), vec![]), "journey.definition.nodes"),
        (journey(registered(), vec![no_kind]), "journey.definition.nodes[0]"),
        (
            journey(registered(), vec![nameless]),
            "journey.definition.nodes[0].node_id",
        ),
        (
            JourneyDefinition {
                trigger: None,
                ..journey(registered(), vec![exit("end")])
            },
            "journey.definition.trigger",
        ),
        (
            JourneyDefinition {
                reentry_rule: 0,
                ..journey(registered(), vec![exit("end")])
            },
            "journey.definition.reentry_rule",
        ),
        (
            journey(registered(), vec![wait("w", 0, "end"), exit("end")]),
            "journey.definition.nodes[0].wait.duration",
        ),
        (
            journey(registered(), vec![grant("g", "points", 0, "end"), exit("end")]),
            "journey.definition.nodes[0].grant_points.amount",
        ),
        (
            journey(registered(), vec![issue("i", "Not A Code", "end", ""), exit("end")]),
            "journey.definition.nodes[0].issue_coupon.template_code",
        ),
    ] {
        let found = violations(definition).await;
        assert!(
            found.iter().any(|(found, _)| found.starts_with(path)),
            "{path} in {found:?}"
        );
    }
}

#[tokio::test]
async fn a_journey_without_a_definition_is_refused() {
    let stage = Stage::new().await;
    let journey = Journey {
        code: "empty".to_owned(),
        ..Journey::default()
    };
    let request = CreateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(journey),
    };
    let status = stage.journeys().create_journey(request).await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(
        details.bad_request().unwrap().field_violations[0].field,
        "journey.definition"
    );
}
