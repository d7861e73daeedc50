//! Every text that may arrive is known for what it is.

use std::collections::{BTreeMap, BTreeSet};

use contracts::codec::Incoming;
use contracts_points::v1::posting::Request;
use contracts_points::v1::{EarnPointsRequest, PostBatchRequest, Posting};
use contracts_tagging::v1::{Activity, RecordActivitiesRequest};
use fault::Fault;
use prost_reflect::{Kind, MessageDescriptor};

/// The names of all texts that are words. A new name belongs here, or its field is declared to be an identifier: two ids
/// that look the same would not be the same.
const WORDS: &[&str] = &[
    "account",
    "account_id",
    "address",
    "amount",
    "amount_formula",
    "api_v3_key",
    "attribute_name",
    "attributes",
    "birth_date",
    "callback_path",
    "category",
    "city",
    "comment",
    "condition",
    "currency_code",
    "cursor",
    "date",
    "description",
    "display_name",
    "encoding_aes_key",
    "end_month",
    "etag",
    "exclusion_group",
    "expression",
    "external_id",
    "failure",
    "filter",
    "group",
    "header",
    "item_condition",
    "kind_field",
    "message",
    "message_header",
    "method",
    "name",
    "note",
    "occur_time_field",
    "page_token",
    "path",
    "platform_key_pem",
    "platform_serial",
    "pointer",
    "prefix",
    "protocol",
    "province",
    "query",
    "reason",
    "refunded_source_id",
    "resume_token",
    "scopes",
    "signing_secret",
    "source",
    "source_id",
    "start_month",
    "stream",
    "string_value",
    "subject",
    "target_url",
    "timestamp_header",
    "token",
    "types",
    "value",
    "values",
];

#[test]
fn every_text_is_an_identifier_or_known_for_words() {
    let mut words = BTreeSet::new();
    for message in arriving().into_values() {
        for field in message
            .fields()
            .filter(|field| field.kind() == Kind::String || field.is_map())
        {
            if !contracts::is_identifier(&field) {
                words.insert(field.name().to_owned());
            }
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words, WORDS);
}

#[test]
fn what_is_declared_counts_before_the_name() {
    let identifier = |message: &str, field: &str| {
        let message = contracts_all::CONTRACT
            .descriptors()
            .get_message_by_name(message)
            .unwrap();
        contracts::is_identifier(&message.get_field_by_name(field).unwrap())
    };
    assert!(identifier("quanyu.identity.v1.Evidence", "value"));
    assert!(identifier("quanyu.tagging.v1.Activity", "refunded_source_id"));
    assert!(!identifier("quanyu.tagging.v1.Activity", "attributes"));
    assert!(!identifier("quanyu.identity.v1.Profile", "name"));
    assert!(!identifier("quanyu.identity.v1.Evidence", "kind"), "it is no text");
}

/// Every message of ours that a method takes, and every part of one.
fn arriving() -> BTreeMap<String, MessageDescriptor> {
    let services = contracts_all::CONTRACT.descriptors().services();
    let mut waiting: Vec<MessageDescriptor> = services
        .flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>())
        .filter(|message| message.full_name().starts_with("quanyu."))
        .collect();
    let mut found = BTreeMap::new();
    while let Some(message) = waiting.pop() {
        if !found.contains_key(message.full_name()) {
            waiting.extend(message.fields().filter_map(|field| match field.kind() {
                Kind::Message(part) if !field.is_map() && part.full_name().starts_with("quanyu.") => Some(part),
                _ => None,
            }));
            found.insert(message.full_name().to_owned(), message);
        }
    }
    found
}

fn paths(checked: Result<(), Fault>) -> Vec<String> {
    let Err(Fault::Refused(refusal)) = checked else {
        panic!("not refused");
    };
    refusal.violations.into_iter().map(|violation| violation.path).collect()
}

#[test]
fn items_of_a_batch_are_tidied_with_it_and_judged_by_themselves() {
    let mut request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: " r\u{200b}1".to_owned(),
        activities: vec![Activity {
            source_id: "ｘ1 ".to_owned(),
            external_id: "o\0".to_owned(),
            attributes: [("a\0".to_owned(), "v".to_owned()), ("b".to_owned(), " w\0".to_owned())].into(),
            ..Activity::default()
        }],
        ..RecordActivitiesRequest::default()
    };
    request.tidy();
    assert_eq!((&*request.request_id, &*request.activities[0].source_id), ("r1", "x1"));
    assert!(request.check().is_ok());
    let paths = paths(request.activities[0].check());
    for path in ["external_id", "attributes[\"a\\0\"]", "attributes[\"b\"]"] {
        assert!(paths.iter().any(|found| found == path), "{path} in {paths:?}");
    }
}

#[test]
fn a_posting_is_tidied_within_its_batch() {
    let earn = EarnPointsRequest {
        reference: "order\u{a0}1\u{feff}".to_owned(),
        ..EarnPointsRequest::default()
    };
    let mut batch = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: vec![Posting {
            request: Some(Request::Earn(earn)),
        }],
        ..PostBatchRequest::default()
    };
    batch.tidy();
    let Some(Request::Earn(earn)) = &batch.postings[0].request else {
        panic!("it was an earn");
    };
    assert_eq!(earn.reference, "order 1");
}

#[test]
fn a_field_that_is_wrong_twice_is_named_once() {
    let request = EarnPointsRequest {
        member_id: "m".repeat(65) + "\0",
        ..EarnPointsRequest::default()
    };
    let paths = paths(request.check());
    let named = paths.iter().filter(|path| *path == "member_id").count();
    assert_eq!(named, 1, "{paths:?}");
    assert!(paths.len() > 1, "the others are told with it: {paths:?}");
}
