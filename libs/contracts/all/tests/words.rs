//! What people are told of the rules of all contracts.

#![allow(clippy::unwrap_used)]

use contracts::codec::Incoming;
use contracts::words::{PATTERNS, meaning, must_be_one_of_its, rules};
use contracts_all::CONTRACT;
use fault::Fault;
use prost_reflect::{DynamicMessage, Value};

/// Every pattern within the rules of a field.
fn patterns(rules: &DynamicMessage, found: &mut Vec<String>) {
    for (field, value) in rules.fields() {
        match (field.name(), value) {
            ("pattern", Value::String(pattern)) => found.push(pattern.clone()),
            (_, Value::Message(inner)) => patterns(inner, found),
            _ => {}
        }
    }
}

fn all_patterns() -> Vec<String> {
    let mut found = Vec::new();
    for message in CONTRACT
        .descriptors()
        .all_messages()
        .filter(|it| it.full_name().starts_with("quanyu."))
    {
        for field in message.fields() {
            if let Some(rules) = rules(&field) {
                patterns(&rules, &mut found);
            }
        }
    }
    found
}

#[test]
fn every_pattern_of_the_contracts_has_a_sentence_and_every_sentence_a_pattern() {
    let found = all_patterns();
    assert!(found.len() > 50, "{}", found.len());
    for pattern in &found {
        let quoted = format!("does not match regex pattern `{pattern}`");
        assert!(meaning(&quoted).is_some(), "{pattern}");
    }
    for (pattern, meaning) in PATTERNS {
        assert!(
            found.iter().any(|known| known == pattern),
            "{pattern} is no longer used"
        );
        let alone = regex_of(pattern);
        if let Some((_, example)) = meaning.split_once("such as ") {
            let example = example.split(',').next().unwrap_or_default();
            assert!(alone.is_match(example), "{example} is no example of {pattern}");
        }
    }
}

fn regex_of(pattern: &str) -> regex::Regex {
    regex::Regex::new(pattern).unwrap()
}

#[test]
fn no_pattern_means_something_else_in_other_languages() {
    for pattern in all_patterns() {
        // Unicode in our validator and ASCII in those of Go, Python and TypeScript; "$" and "^" stand for the text.
        for class in [
            "\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\b", "\\B", "\\p", "\\P", "(?", "[[:",
        ] {
            assert!(!pattern.contains(class), "{pattern} has {class}");
        }
        assert!(
            pattern.starts_with('^') && pattern.ends_with('$'),
            "{pattern} looks at a part alone"
        );
    }
}

#[test]
fn people_are_told_what_would_be_right() {
    let request = contracts_identity::v1::LinkIdentityRequest {
        evidence: Some(contracts_identity::v1::Evidence {
            kind: 99,
            channel_code: "No".to_owned(),
            ..contracts_identity::v1::Evidence::default()
        }),
        ..contracts_identity::v1::LinkIdentityRequest::default()
    };
    let Err(Fault::Refused(refusal)) = request.check() else {
        panic!("it is wrong")
    };
    let told = |path: &str| {
        let violation = refusal.violations.iter().find(|violation| violation.path == path);
        violation
            .unwrap_or_else(|| panic!("{path}: {refusal:?}"))
            .message
            .clone()
    };
    assert_eq!(told("request_id"), "must not be empty");
    assert!(
        told("evidence.kind").starts_with("must be one of IDENTITY_KIND_"),
        "{}",
        told("evidence.kind")
    );
    assert!(!told("evidence.kind").contains("UNSPECIFIED"));
    // One that may be left out as well.
    let gender = CONTRACT
        .descriptors()
        .get_message_by_name("quanyu.identity.v1.Profile")
        .unwrap();
    let listed = must_be_one_of_its(&gender.get_field_by_name("gender").unwrap()).unwrap();
    assert!(
        listed.contains("GENDER_FEMALE") && !listed.contains("UNSPECIFIED"),
        "{listed}"
    );
    assert!(
        told("evidence.channel_code").starts_with("must be a code"),
        "{refusal:?}"
    );
    assert!(
        !refusal.message.contains('^') && !refusal.message.contains("value "),
        "{}",
        refusal.message
    );
    let amount = contracts_points::v1::RedeemPointsRequest::default()
        .check()
        .unwrap_err()
        .to_string();
    assert!(amount.contains("amount: must be greater than 0"), "{amount}");
}
