//! Webhooks of anybody: how they are signed, and what mappings make of them.

use channel_protocols::webhook::{
    Account, EvidenceDraft, FieldDraft, FieldKind, Mapping, MappingDraft, RuleDraft, Scheme, receive, standard_secret,
};
use channel_protocols::{EvidenceKind, Message, Method, Received, Refusal, Request};
use kernel::Time;
use proptest::prelude::*;
use serde_json::json;

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn post<'a>(headers: &'a [(String, String)], body: &'a [u8]) -> Request<'a> {
    Request {
        method: Method::Post,
        query: "",
        headers,
        body,
    }
}

/// The example of the specification and of its reference libraries.
fn standard() -> (Account, Vec<(String, String)>, &'static [u8]) {
    let account = Account {
        scheme: Scheme::Standard,
        secrets: vec![standard_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()],
        kind_field: String::new(),
    };
    let headers = headers(&[
        ("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        (
            "webhook-signature",
            "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ]);
    (account, headers, br#"{"test": 2432232314}"#)
}

/// The example of GitHub's documentation.
fn hub(timestamp: &str) -> Account {
    Account {
        scheme: Scheme::Header {
            signature: "X-Hub-Signature-256".to_owned(),
            prefix: "sha256=".to_owned(),
            timestamp: timestamp.to_owned(),
            id: String::new(),
        },
        secrets: vec![b"It's a Secret to Everybody".to_vec()],
        kind_field: String::new(),
    }
}

#[test]
fn the_example_of_standard_webhooks_is_right() {
    let (account, headers, body) = standard();
    let received = receive(&account, &post(&headers, body), Time::from_seconds(1_614_265_400)).unwrap();
    let Received::Message(message, _) = received else {
        panic!("a webhook is no greeting");
    };
    assert_eq!(message.source_id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_eq!(message.content, json!({"test": 2_432_232_314_i64}));
    assert_eq!(
        receive(&account, &post(&headers, body), Time::from_seconds(1_614_265_631)),
        Err(Refusal::Stale)
    );
}

#[test]
fn the_example_of_a_digest_in_a_header_is_right() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let headers = headers(&[("x-hub-signature-256", signature)]);
    // The example's body is no JSON, and so its signature is right and it cannot be read.
    let body = b"Hello, World!";
    assert_eq!(
        receive(&hub(""), &post(&headers, body), Time::EPOCH),
        Err(Refusal::Unreadable)
    );
    assert_eq!(
        receive(&hub(""), &post(&headers, b"Hello, World?"), Time::EPOCH),
        Err(Refusal::BadSignature)
    );
    assert_eq!(
        receive(&hub("x-time"), &post(&headers, body), Time::EPOCH),
        Err(Refusal::Unsigned),
        "a time that should be signed must be there"
    );
}

fn order() -> Message {
    Message {
        source_id: "m1".to_owned(),
        kind: "webhook".to_owned(),
        event_time: None,
        content: json!({
            "type": "order.paid",
            "buyer": {"id": "b7", "phone": "13800138000", "card": null},
            "order": {"no": "O-1", "total": "123.40", "paid_at": 1_700_000_000_123_i64, "lines": 3},
        }),
    }
}

fn field(name: &str, pointer: &str, kind: FieldKind) -> FieldDraft {
    FieldDraft {
        name: name.to_owned(),
        pointer: pointer.to_owned(),
        kind,
    }
}

fn draft() -> MappingDraft {
    MappingDraft {
        fields: vec![
            field("type", "/type", FieldKind::Text),
            field("buyer", "/buyer/id", FieldKind::Text),
            field("phone", "/buyer/phone", FieldKind::Text),
            field("card", "/buyer/card", FieldKind::Text),
            field("order_no", "/order/no", FieldKind::Text),
            field("total", "/order/total", FieldKind::Hundredths),
            field("paid_at", "/order/paid_at", FieldKind::Time),
            field("lines", "/order/lines", FieldKind::Integer),
        ],
        rules: vec![
            RuleDraft {
                condition: r#"type == "order.paid" && lines > 0"#.to_owned(),
                external_id: "buyer".to_owned(),
                evidence: vec![
                    EvidenceDraft {
                        kind: EvidenceKind::Phone,
                        value: "phone".to_owned(),
                        proven: false,
                    },
                    EvidenceDraft {
                        kind: EvidenceKind::CardNumber,
                        value: "card".to_owned(),
                        proven: true,
                    },
                ],
                activity_type: "order_paid".to_owned(),
                source_id: r#""shop-" + order_no"#.to_owned(),
                occur_time_field: "paid_at".to_owned(),
                amount: "total".to_owned(),
                currency_code: r#""CNY""#.to_owned(),
                attributes: vec![("kind".to_owned(), "type".to_owned())],
                ..RuleDraft::default()
            },
            RuleDraft {
                condition: r#"type == "visit""#.to_owned(),
                external_id: "buyer".to_owned(),
                ..RuleDraft::default()
            },
        ],
    }
}

#[test]
fn a_mapping_makes_an_activity_and_an_arrival_of_a_message() {
    let mapping = Mapping::compile(draft()).unwrap();
    let meaning = mapping.meaning(&order()).unwrap();
    let arrival = meaning.arrival.unwrap();
    assert_eq!(arrival.external_id, "b7");
    assert_eq!(
        arrival.evidence.len(),
        1,
        "an id that the message does not tell is none"
    );
    let activity = meaning.activity.unwrap();
    assert_eq!(activity.source_id, "shop-O-1");
    assert_eq!(activity.amount, Some((12_340, "CNY".to_owned())));
    assert_eq!(activity.occur_time, Some(Time::from_micros(1_700_000_000_123_000)));
    assert_eq!(activity.attributes["kind"], "order.paid");
}

#[test]
fn what_no_rule_holds_for_and_what_does_not_fit_is_said_by_name() {
    let mapping = Mapping::compile(draft()).unwrap();
    let mut message = order();
    message.content["type"] = json!("order.shipped");
    assert!(mapping.meaning(&message).unwrap_err().0.contains("no rule"));
    message.content["order"]["total"] = json!("123.456");
    let told = mapping.meaning(&message).unwrap_err().0;
    assert!(told.contains("field total") && told.contains("/order/total"), "{told}");
    let mut nobody = order();
    nobody.content["buyer"]["id"] = json!("");
    assert!(mapping.meaning(&nobody).unwrap_err().0.contains("rules[0].external_id"));
}

#[test]
fn all_mistakes_of_a_mapping_are_told_at_once() {
    let mut wrong = draft();
    wrong.fields[0].pointer = "type".to_owned();
    wrong.fields[1].name = "Buyer".to_owned();
    wrong.rules[0].amount = "type".to_owned();
    wrong.rules[1].condition = "nothing == 1".to_owned();
    let Err(mistakes) = Mapping::compile(wrong) else {
        panic!("it is wrong");
    };
    let paths: Vec<&str> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    for path in [
        "fields[0].pointer",
        "fields[1].name",
        "rules[0].amount",
        "rules[1].condition",
    ] {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(at_byte in 0..20_usize, bit in 0..8_u8) {
        let (account, headers, body) = standard();
        let mut body = body.to_vec();
        body[at_byte] ^= 1 << bit;
        let received = receive(&account, &post(&headers, &body), Time::from_seconds(1_614_265_330));
        prop_assert_eq!(received, Err(Refusal::BadSignature));
    }

    #[test]
    fn no_message_makes_a_mapping_panic(total in ".{0,20}", paid_at in any::<i64>(), lines in any::<f64>()) {
        let mut message = order();
        message.content["order"] = json!({"no": total, "total": total, "paid_at": paid_at, "lines": lines});
        let _ = Mapping::compile(draft()).unwrap().meaning(&message);
    }
}
