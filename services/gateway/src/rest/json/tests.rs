use super::*;

const REDEEM: &str = "quanyu.points.v1.RedeemPointsRequest";
const RECORD: &str = "quanyu.tagging.v1.RecordActivitiesRequest";
const POST_BATCH: &str = "quanyu.points.v1.PostBatchRequest";
const COUPONS: &str = "quanyu.rights.v1.ListMemberCouponsRequest";

fn descriptor(name: &str) -> MessageDescriptor {
    contracts_all::CONTRACT.descriptors().get_message_by_name(name).unwrap()
}

fn read_all(name: &str, json: &str) -> Read {
    let descriptor = descriptor(name);
    super::read(&descriptor, json.as_bytes(), Items::of(&descriptor).as_ref()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The message, or everything that is wrong with it by path.
fn read(name: &str, json: &str) -> Result<DynamicMessage, Vec<(String, String)>> {
    let read = super::read(&descriptor(name), json.as_bytes(), None);
    let told = |violations: Vec<Violation>| violations.into_iter().map(|v| (v.path, v.message)).collect::<Vec<_>>();
    match read {
        Ok(read) if read.violations.is_empty() => Ok(read.message),
        Ok(read) => Err(told(read.violations)),
        Err(Fault::Refused(refusal)) => Err(told(refusal.violations)),
        Err(fault) => panic!("{fault}"),
    }
}

fn paths(name: &str, json: &str) -> Vec<String> {
    read(name, json)
        .unwrap_err()
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn both_spellings_of_names_and_integers_are_read() {
    let camel = read(REDEEM, r#"{"memberId": "mbr_1", "amount": "9007199254740993"}"#).unwrap();
    for other in [
        r#"{"member_id": "mbr_1", "amount": 9007199254740993}"#,
        r#"{"member_id": "mbr_1", "amount": 9007199254740993.0, "reference": null}"#,
        r#"{"member\u0049d": "mbr\u005f1", "amount": "9.007199254740993e15"}"#,
    ] {
        assert_eq!(read(REDEEM, other).unwrap(), camel, "{other}");
    }
    let amount = camel.get_field_by_name("amount").unwrap().as_i64();
    assert_eq!(amount, Some(9_007_199_254_740_993));
}

#[test]
fn nothing_at_all_is_an_empty_message() {
    assert_eq!(read(REDEEM, " \n").unwrap(), DynamicMessage::new(descriptor(REDEEM)));
    assert_eq!(read(REDEEM, "{}").unwrap(), DynamicMessage::new(descriptor(REDEEM)));
}

#[test]
fn a_field_that_is_given_twice_is_refused_in_whichever_spellings() {
    for (name, json, path) in [
        (REDEEM, r#"{"requestId": "a", "requestId": "a"}"#, "request_id"),
        (REDEEM, r#"{"requestId": "a", "request_id": "b"}"#, "request_id"),
        (REDEEM, r#"{"request_id": null, "requestId": "b"}"#, "request_id"),
        (REDEEM, r#"{"amount": 1, "amoun\u0074": 1}"#, "amount"),
        (
            RECORD,
            r#"{"activities": [{}, {"occurTime": "2026-01-01T00:00:00Z", "occur_time": null}]}"#,
            "activities[1].occur_time",
        ),
        (RECORD, r#"{"activities": [], "activities": []}"#, "activities"),
        (
            RECORD,
            r#"{"activities": [{"attributes": {"a_b": "1", "a_b": "2"}}]}"#,
            r#"activities[0].attributes["a_b"]"#,
        ),
        (
            POST_BATCH,
            r#"{"postings": [{"earn": {}, "redeem": {}}]}"#,
            "postings[0].redeem",
        ),
        (
            POST_BATCH,
            r#"{"postings": [{"redeemPool": {}, "redeem_pool": {}}]}"#,
            "postings[0].redeem_pool",
        ),
    ] {
        assert_eq!(paths(name, json), [path], "{json}");
    }
    let (_, message) = read(REDEEM, r#"{"requestId": "a", "request_id": "b"}"#)
        .unwrap_err()
        .remove(0);
    assert!(
        message.contains(r#""requestId""#) && message.contains(r#""request_id""#),
        "{message}"
    );
    // What is null is not given, of a kind of which one is taken.
    assert!(read(POST_BATCH, r#"{"postings": [{"earn": null, "redeem": {}}]}"#).is_ok());
}

#[test]
fn everything_wrong_is_told_at_once_by_its_path() {
    let json = r#"{"memberIdd": 1, "amount": "many", "memberId": 7, "assetCode": ["points"], "requestId": {"a": 1}}"#;
    assert_eq!(
        paths(REDEEM, json),
        ["memberIdd", "amount", "member_id", "asset_code", "request_id"]
    );
    let json = r#"{"activities": [{"sourceId": "a"}, {"items": [{"skuCode": 1, "quantity": 1.5}, 7, null]}, {"occurTime": "now"}, 5, []]}"#;
    assert_eq!(
        paths(RECORD, json),
        [
            "activities[1].items[0].skuCode",
            "activities[1].items[0].quantity",
            "activities[1].items[1]",
            "activities[1].items[2]",
            "activities[2].occur_time",
            "activities[3]",
            "activities[4]",
        ]
    );
    assert_eq!(paths(RECORD, r#"{"activities": {"0": {}}}"#), ["activities"]);
    assert_eq!(
        paths(RECORD, r#"{"activities": [{"attributes": [1], "amount": "5"}]}"#),
        ["activities[0].attributes", "activities[0].amount"]
    );
    assert_eq!(
        paths(RECORD, r#"{"activities": [{"attributes": {"a": 1, "b": null}}]}"#).len(),
        2
    );
    let many = format!(r#"{{"activities": [{}]}}"#, ["7"; 300].join(","));
    assert_eq!(paths(RECORD, &many).len(), VIOLATIONS_MAX);
}

#[test]
fn integers_stay_within_their_type_and_are_never_rounded() {
    let amount = |json: &str| read(REDEEM, &format!("{{\"amount\": {json}}}"));
    for (json, value) in [
        ("1e3", 1_000),
        ("1.0", 1),
        ("-0", 0),
        ("\"1e3\"", 1_000),
        ("\"-9223372036854775808\"", i64::MIN),
        ("9223372036854775807.0", i64::MAX),
    ] {
        let read = amount(json).unwrap();
        assert_eq!(
            read.get_field_by_name("amount").unwrap().as_i64(),
            Some(value),
            "{json}"
        );
    }
    for json in [
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "1e400",
        "1.5",
        "\"\"",
        "\" 5\"",
        "\"05\"",
        "\"+5\"",
        "\"0x5\"",
        "true",
        "\"NaN\"",
        "[1]",
    ] {
        assert!(amount(json).is_err(), "{json}");
    }
    let kinds = [
        (Kind::Int32, "2147483647", "2147483648"),
        (Kind::Sint32, "-2147483648", "-2147483649"),
        (Kind::Uint32, "4294967295", "4294967296"),
        (Kind::Fixed32, "0", "-1"),
        (Kind::Sfixed64, "9223372036854775807", "9223372036854775808"),
        (Kind::Uint64, "18446744073709551615", "18446744073709551616"),
        (Kind::Fixed64, "18446744073709551615.0", "-1"),
        (Kind::Float, "3.4028235e38", "3.5e38"),
        (Kind::Double, "1.7976931348623157e308", "1.8e308"),
        (Kind::Double, "\"-Infinity\"", "\"infinity\""),
    ];
    for (kind, right, wrong) in kinds {
        assert!(value::read_kind(&kind, right).is_ok(), "{kind:?} {right}");
        assert!(value::read_kind(&kind, wrong).is_err(), "{kind:?} {wrong}");
    }
}

#[test]
fn an_enum_lists_what_it_takes() {
    let coupons = r#"{"state": "COUPON_STATE_LOCKED"}"#;
    assert!(read(COUPONS, coupons).is_ok());
    for wrong in [r#""LOCKED""#, "1.5", "true", "{}"] {
        let (path, message) = read(COUPONS, &format!("{{\"state\": {wrong}}}")).unwrap_err().remove(0);
        assert_eq!(path, "state");
        assert!(message.starts_with("must be one of COUPON_STATE_"), "{message}");
        assert!(!message.contains("UNSPECIFIED"), "{message}");
    }
}

#[test]
fn a_time_that_is_none_is_told_what_is_wrong_with_it() {
    for (text, told) in [
        ("10000-01-01T00:00:00Z", kernel::TIME_RANGE),
        ("+10000-01-01T00:00:00Z", kernel::TIME_RANGE),
        ("99999-12-31T23:59:59.5+08:00", kernel::TIME_RANGE),
        ("0000-01-01T00:00:00Z", kernel::TIME_RANGE),
        ("-0001-01-01T00:00:00Z", kernel::TIME_RANGE),
        ("2026-02-30T00:00:00Z", "must be a moment that there is"),
        ("2026-13-01T00:00:00+08:00", "must be a moment that there is"),
        ("2026-01-01T00:00:60Z", "must be a moment that there is"),
        ("2026-01-01T00:00:00.1234567891Z", "must be a moment that there is"),
        ("2026-01-01T00:00:00", "must be a time with its zone"),
        ("2026-01-01", "must be a time with its zone"),
        ("10000", "must be a time with its zone"),
        ("now", "must be a time with its zone"),
        ("", "must be a time with its zone"),
    ] {
        let json = format!("{{\"activities\": [{{\"occurTime\": {text:?}}}]}}");
        let (path, message) = read(RECORD, &json).expect_err(text).remove(0);
        assert_eq!(path, "activities[0].occur_time");
        assert!(message.starts_with(told), "{text}: {message}");
    }
}

#[test]
fn times_and_masks_say_how_they_are_written() {
    let update = "quanyu.identity.v1.UpdateChannelRequest";
    let mask = read(update, r#"{"updateMask": "displayName,account"}"#).unwrap();
    assert_eq!(
        serde_json::to_value(&mask).unwrap()["updateMask"],
        "displayName,account"
    );
    for wrong in ["display_name", "displayName,,account", ","] {
        let json = format!("{{\"updateMask\": {wrong:?}}}");
        let (path, message) = read(update, &json).expect_err(wrong).remove(0);
        assert!(
            path == "update_mask" && message.contains("lowerCamelCase"),
            "{path}: {message}"
        );
    }
    let (_, message) = read(RECORD, r#"{"activities": [{"occurTime": "2026-01-01"}]}"#)
        .unwrap_err()
        .remove(0);
    assert!(message.contains("+08:00"), "{message}");
}

#[test]
fn what_is_no_json_is_refused() {
    for json in [
        "{",
        "[]",
        "7",
        "null",
        "null7",
        "{} {}",
        "\u{0}",
        r#"{"amount": 01}"#,
        r#"{"reference": "a"#,
        r#"{"reference": "\ud800"}"#,
        "{'amount': 1}",
        "{\"amount\": NaN}",
    ] {
        assert!(read(REDEEM, json).is_err(), "{json}");
    }
    let latin = b"{\"reference\": \"caf\xe9\"}";
    assert!(super::read(&descriptor(REDEEM), latin, None).is_err());
}

#[test]
fn depth_is_limited() {
    let condition = "quanyu.tagging.v1.CreateSegmentRequest";
    let deep = |levels: usize| {
        format!(
            r#"{{"segment": {{"condition": {}{}}}}}"#,
            r#"{"not": "#.repeat(levels) + "{}",
            "}".repeat(levels)
        )
    };
    let told = read(condition, &deep(DEPTH_MAX)).unwrap_err().remove(0).1;
    assert!(told.contains("deep"), "{told}");
    // Brackets within a text, and in what is refused anyway, are none.
    let text = format!(r#"{{"reference": "\"{}"}}"#, "[".repeat(100));
    assert!(read(REDEEM, &text).is_ok());
    let long = format!(r#"{{"reference": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(paths(REDEEM, &long), ["reference"]);
}

#[test]
fn what_is_wrong_within_an_item_is_told_of_that_item() {
    let json = r#"{"requestId": "a", "activities": [{"sourceId": "1"}, {"sourceId": "2", "occurTime": 5, "items": [{"quantity": "x"}]}, 7]}"#;
    let read = read_all(RECORD, json);
    assert_eq!(read.violations, []);
    let told: Vec<(usize, Vec<&str>)> = read
        .items
        .iter()
        .map(|item| (item.index, item.violations.iter().map(|v| &*v.path).collect()))
        .collect();
    assert_eq!(told, [(1, vec!["occur_time", "items[0].quantity"]), (2, vec![""])]);
    // Every item keeps its place, and what could be read of it.
    let activities = read.message.get_field_by_name("activities").unwrap().into_owned();
    let source_ids: Vec<String> = activities
        .as_list()
        .unwrap()
        .iter()
        .map(|activity| {
            activity
                .as_message()
                .unwrap()
                .get_field_by_name("source_id")
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(source_ids, ["1", "2", ""]);
    // What is wrong with the request itself is nobody's item's.
    let read = read_all(RECORD, r#"{"requestId": 7, "activities": [{"occurTime": 5}]}"#);
    assert_eq!((read.violations.len(), read.items.len()), (1, 1));
}

#[test]
fn nobody_but_the_gateway_says_what_could_not_be_read() {
    for json in [r#"{"unreadableItems": []}"#, r#"{"unreadable_items": [{"index": 0}]}"#] {
        assert_eq!(paths(RECORD, json).len(), 1, "{json}");
    }
}

#[test]
fn every_field_that_is_judged_by_itself_has_a_way_to_tell_its_judge() {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for method in contracts_all::CONTRACT.methods().unwrap().iter() {
        let input = method.descriptor.input();
        let left_out = input.fields().any(|field| {
            field.options().to_string().contains("IGNORE_ALWAYS") && matches!(field.kind(), Kind::Message(_))
        });
        match (left_out, Items::of(&input)) {
            (true, None) => missing.push(input.name().to_owned()),
            (_, Some(_)) => found.push(input.name().to_owned()),
            (false, None) => {}
        }
    }
    // The tags that one request assigns are one thing, which is refused as a whole.
    assert_eq!(missing, ["AssignTagsRequest"]);
    assert!(found.len() >= 6, "{found:?}");
}

#[test]
fn every_path_of_a_field_in_an_answer_is_marked_as_one() {
    let told: Vec<String> = contracts_all::CONTRACT.descriptors()
        .all_messages()
        .filter(|message| message.full_name().starts_with("quanyu."))
        .filter(|message| {
            let names: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
            let has = |name: &str| names.iter().any(|known| known == name);
            (has("path") && has("message")) || (has("field") && (has("description") || has("message")))
        })
        // The gateway's own way to the services.
        .filter(|message| message.full_name() != "quanyu.type.v1.UnreadableViolation")
        .filter(|message| !tells_paths(message))
        .map(|message| message.full_name().to_owned())
        .collect();
    assert!(
        told.is_empty(),
        "{told:?} tell paths that are not marked with (quanyu.options.v1.field_path)"
    );
    let batch = descriptor("quanyu.points.v1.PostBatchResponse");
    assert!(tells_paths(&batch) && !tells_paths(&descriptor("quanyu.points.v1.GetBalanceResponse")));
}
