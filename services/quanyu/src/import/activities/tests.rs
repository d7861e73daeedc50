use contracts_tagging::v1::{ActivityDifference, ActivityOutcome, ActivityRefusal, ActivityResult, ActivityViolation};

use super::json::parse;
use super::*;

fn columns(headers: &str) -> Columns {
    let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
    Columns::find(&headers, &FIELDS, Wishes::default()).unwrap()
}

fn read(headers: &str, rows: &[&[&str]], equal_rows: Option<EqualRows>) -> Result<Read<Activity>, Vec<String>> {
    let activities = Activities {
        form: Form::Csv {
            columns: columns(headers),
            zone: Zone::named("Asia/Shanghai").unwrap(),
            equal_rows,
            unfit: UnfitOrders::default(),
        },
        channel: Some("pos".to_owned()),
        run: run_id(),
    };
    let rows: Vec<Row> = rows
        .iter()
        .zip(2..)
        .map(|(cells, line)| Row { line, ..Row::of(cells) })
        .collect();
    activities.read(&rows).and_then(right)
}

/// What can be imported, or everything that is wrong with it.
fn right(read: Read<Activity>) -> Result<Read<Activity>, Vec<String>> {
    if read.reasons.is_empty() {
        Ok(read)
    } else {
        Err(read.reasons)
    }
}

const ORDER: &str = "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,quantity,attributes.color";

#[test]
fn a_row_of_csv_and_a_line_of_json_become_the_same_activity() {
    let cells = [
        "T1",
        "order_paid",
        "2026/1/31 8:00",
        "u1",
        "￥1,277.5",
        "CNY",
        "CD",
        "2.0",
        "red",
    ];
    let line = r#"{"sourceId":"T1","activityType":"order_paid","occurTime":"2026-01-31T00:00:00Z","channelCode":"pos",
        "externalId":"u1","amount":{"currencyCode":"CNY","minorUnits":"127750"},"items":[{"sku":"CD","quantity":"2",
        "amount":{"currencyCode":"CNY","minorUnits":"127750"}}],"attributes":{"color":"red"}}"#;
    assert_eq!(read(ORDER, &[&cells], None).unwrap().item, parse(line).unwrap().item);
}

#[test]
fn rows_of_one_order_become_one_activity_whose_amounts_add_up() {
    let rows: [&[&str]; 3] = [
        &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", "red"],
        &["T1", "order_paid", "", "", "100.50", "", "B", "2", ""],
        &["T1", "order_paid", "2026-01-31", "u1", "200", "CNY", "A", "3", "red"],
    ];
    let activity = read(ORDER, &rows, None).unwrap().item;
    assert_eq!(activity.amount.as_ref().map(|amount| amount.minor_units), Some(40_050));
    let items: Vec<(&str, i64, i64)> = activity
        .items
        .iter()
        .map(|item| (&*item.sku, item.quantity, item.amount.as_ref().unwrap().minor_units))
        .collect();
    assert_eq!(items, [("A", 1, 10_000), ("B", 2, 10_050), ("A", 3, 20_000)]);
}

#[test]
fn what_is_taken_off_an_order_and_what_comes_on_top_belong_to_no_row() {
    let headers = "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,line_id,discount_amount,Surcharge Amount";
    let row = |amount, line_id, discount| {
        [
            "T1",
            "order_paid",
            "2026-01-31",
            "u1",
            amount,
            "CNY",
            "A",
            line_id,
            discount,
            "8",
        ]
    };
    let rows = [row("100", "1", "20"), row("100", "2", "20")];
    let activity = read(headers, &[&rows[0], &rows[1]], None).unwrap().item;
    assert_eq!((activity.amount, &*activity.items[1].line_id), (None, "2"));
    let figures = [activity.discount_amount, activity.surcharge_amount].map(|amount| amount.unwrap().minor_units);
    assert_eq!(figures, [2_000, 800]);
    let reasons = read(headers, &[&rows[0], &row("1", "2", "x")], None).unwrap_err();
    assert!(
        reasons[0].starts_with("line 3: discount_amount: is x, but 20 on line 2"),
        "{reasons:?}"
    );
}

#[test]
fn a_currency_that_is_none_is_told_once() {
    let rows: [&[&str]; 2] = [
        &["T1", "order_paid", "2026-01-31", "u1", "100", "RMB", "A", "1", ""],
        &["T1", "order_paid", "2026-01-31", "u1", "200", "RMB", "B", "1", ""],
    ];
    let reasons = read(ORDER, &rows, None).unwrap_err();
    assert_eq!(
        reasons,
        ["line 2: currency_code: RMB is no ISO 4217 code; did you mean CNY?"]
    );
}

#[test]
fn an_amount_that_is_none_is_told_beside_a_currency_that_is_none_or_is_missing() {
    for (currency, told) in [
        ("", "currency_code: is needed with an amount"),
        ("RMB", "currency_code: RMB is no ISO 4217 code; did you mean CNY?"),
    ] {
        let row = ["T1", "order_paid", "2026-01-31", "u1", "1,28", currency, "A", "1", ""];
        let reasons = read(ORDER, &[&row], None).unwrap_err();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons.contains(&told.to_owned()), "{reasons:?}");
        assert!(
            reasons.contains(&"amount: 1,28 must be an amount such as 77.00".to_owned()),
            "{reasons:?}"
        );
    }
}

#[test]
fn a_row_that_does_not_say_who_did_it_is_told_which_cell_is_empty() {
    let told = |headers: &str, cells: &[&str], channel: Option<&str>| {
        let activities = Activities {
            form: Form::Csv {
                columns: columns(headers),
                zone: Zone::named("UTC").unwrap(),
                equal_rows: None,
                unfit: UnfitOrders::default(),
            },
            channel: channel.map(str::to_owned),
            run: run_id(),
        };
        let violation = ActivityViolation {
            path: "member_id".to_owned(),
            message: "must be given, or else channel_code together with external_id".to_owned(),
        };
        let result = ActivityResult {
            outcome: ActivityOutcome::Refused.into(),
            refusal: Some(ActivityRefusal {
                reason: "INVALID_FIELD".to_owned(),
                violations: vec![violation],
                ..ActivityRefusal::default()
            }),
            ..ActivityResult::default()
        };
        match activities.outcome(result, &[Row::of(cells)]) {
            Outcome::Rejected(reasons) => reasons,
            other => panic!("{other:?}"),
        }
    };
    let who = "external_id: must be given: it says who did it";
    let channel = "channel_code: must be given: it says whose external_id it is; --channel gives it to all rows";
    let headers = "source_id,channel_code,external_id";
    assert_eq!(told(headers, &["T1", "pos", ""], None), [who]);
    assert_eq!(told(headers, &["T1", "", "u1"], None), [channel]);
    assert_eq!(told(headers, &["T1", "", ""], None), [channel, who]);
    assert_eq!(told("source_id,external_id", &["T1", ""], Some("pos")), [who]);
    let of_member = told("source_id,member_id,external_id", &["T1", "", ""], Some("pos"));
    assert_eq!(
        of_member,
        ["member_id: must be given, or else channel_code together with external_id"]
    );
}

#[test]
fn rows_that_contradict_each_other_are_rejected_together() {
    let rows: [&[&str]; 2] = [
        &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", "red"],
        &["T1", "order_paid", "2026-02-01", "u2", "100", "USD", "B", "2", "blue"],
    ];
    let reasons = read(ORDER, &rows, None).unwrap_err();
    let told: Vec<&str> = reasons
        .iter()
        .filter_map(|reason| reason.split(": is").next())
        .collect();
    assert_eq!(
        told,
        [
            "line 3: external_id",
            "line 3: occur_time",
            "line 3: currency_code",
            "line 3: attributes.color"
        ]
    );
    assert!(
        reasons[0].ends_with("is u2, but u1 on line 2 of the same activity"),
        "{reasons:?}"
    );
}

#[test]
fn equal_rows_of_an_order_are_asked_about() {
    let line: &[&str] = &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", ""];
    let amount = |equal_rows| {
        let read = read(ORDER, &[line, line], equal_rows)?;
        Ok::<_, Vec<String>>((read.item.amount.unwrap().minor_units, read.item.items.len()))
    };
    assert_eq!(amount(Some(EqualRows::Add)), Ok((20_000, 2)));
    assert_eq!(amount(Some(EqualRows::Once)), Ok((10_000, 1)));
    let reasons = amount(None).unwrap_err();
    assert!(reasons[0].starts_with("line 3: it is equal to line 2"), "{reasons:?}");
    let visit: &[&str] = &["V1", "browsed", "2026-01-31", "u1", "", "", "", "", "red"];
    assert!(read(ORDER, &[visit, visit], None).unwrap().item.items.is_empty());
}

#[test]
fn everything_that_is_wrong_with_a_row_is_told() {
    let headers = "source_id,activity_type,occur_time,external_id,Amount,currency_code,quantity";
    let cells = ["T1", "order_paid", "yesterday", "u1", "77.005", "CNY", "two"];
    let reasons = read(headers, &[&cells], None).unwrap_err();
    let told: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
    assert_eq!(told, ["occur_time", "Amount (amount)", "quantity", "sku"]);
    let cells = ["T1", "order_paid", "2026-01-31", "u1", "77", "", ""];
    let reasons = read(headers, &[&cells], None).unwrap_err();
    assert_eq!(reasons, ["currency_code: is needed with an amount"]);
    let headers = "source_id,activity_type,occur_time,external_id,amount,currency_code,line_id";
    let cells = ["T1", "order_paid", "2026-01-31", "u1", "77", "CNY", "1"];
    let reasons = read(headers, &[&cells], None).unwrap_err();
    assert!(
        reasons[0].starts_with("sku: is needed"),
        "a line is not left out in silence: {reasons:?}"
    );
    let cells = ["4.2E+12", "order_paid", "2026-01-31", "u1", "", "", ""];
    let reasons = read(headers, &[&cells], None).unwrap_err();
    assert!(
        reasons[0].starts_with("source_id: a spreadsheet has rounded this number"),
        "{reasons:?}"
    );
    let cells = ["4.2E+12", "order_paid", "soon", "u1", "1.005\0", "CNY", ""];
    let reasons = read(headers, &[&cells], None).unwrap_err();
    let told: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
    assert_eq!(
        told,
        ["amount", "source_id", "occur_time"],
        "each column once: {reasons:?}"
    );
}

#[test]
fn a_line_that_is_no_activity_is_told_why() {
    for (line, part) in [("{", "EOF"), (r#"{"sourceID":1}"#, "sourceID"), ("{} {}", "trailing")] {
        let reasons = parse(line).and_then(right).unwrap_err();
        assert!(reasons[0].contains(part), "{reasons:?}");
    }
}

#[test]
fn a_line_is_read_as_strictly_as_rest_reads_it_and_every_flaw_is_told() {
    for (line, path) in [
        (r#"{"sourceId":"a","sourceId":"b"}"#, "sourceId"),
        (r#"{"sourceId":"a","source_id":"a"}"#, "source"),
        (
            r#"{"amount":{"currencyCode":"CNY","minorUnits":"100"},"amount":{"currencyCode":"CNY","minorUnits":"99900"}}"#,
            "amount",
        ),
        (r#"{"amount":{"minorUnits":"1","minorUnits":"2"}}"#, "amount.minorUnits"),
        (r#"{"amount":{"minorUnits":9007199254740993.5}}"#, "amount.minorUnits"),
        (r#"{"attributes":{"a":"1","a":"2"}}"#, "attributes"),
    ] {
        let reasons = parse(line).and_then(right).unwrap_err();
        assert!(reasons[0].starts_with(path), "{line}: {reasons:?}");
    }
    let line = r#"{"occurTime":"yesterday","amount":{"minorUnits":"x"},"bogus":1}"#;
    let reasons = parse(line).and_then(right).unwrap_err();
    let paths: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
    assert_eq!(paths, ["occurTime", "amount.minorUnits", "bogus"]);
    assert!(reasons.iter().all(|reason| !reason.contains("line 1")), "{reasons:?}");
}

#[test]
fn refusals_are_told_by_the_columns_of_the_file() {
    let activities = Activities {
        form: Form::Csv {
            columns: columns("source_id,activity_type,occur_time,external_id,Price,sku"),
            zone: Zone::named("UTC").unwrap(),
            equal_rows: None,
            unfit: UnfitOrders::default(),
        },
        channel: None,
        run: run_id(),
    };
    for (path, called) in [
        ("amount.minor_units", "amount"),
        ("items[3].sku", "sku"),
        ("items", "sku"),
        ("member_id", "external_id"),
        ("channel_code", "--channel"),
        (r#"attributes["note"]"#, "attributes.note"),
        ("items[0].amount.currency_code", "currency_code"),
    ] {
        assert_eq!(activities.called(path, &[]), called);
    }
}

/// An answer that refuses because of what is recorded already.
fn conflict(paths: &[(&str, &str, &str)]) -> ActivityResult {
    let differences = paths.iter().map(|(path, recorded, sent)| ActivityDifference {
        path: (*path).to_owned(),
        recorded: (*recorded).to_owned(),
        sent: (*sent).to_owned(),
    });
    ActivityResult {
        outcome: ActivityOutcome::Refused.into(),
        refusal: Some(ActivityRefusal {
            reason: "ACTIVITY_CONFLICT".to_owned(),
            message: "amount is ...".to_owned(),
            differences: differences.collect(),
            ..ActivityRefusal::default()
        }),
        ..ActivityResult::default()
    }
}

#[test]
fn a_source_id_that_comes_again_with_other_content_is_told_by_the_columns_of_the_file() {
    let maps = ["source_id=订单号", "amount=实付", "sku=Code"].map(str::to_owned);
    let headers = [
        "订单号",
        "activity_type",
        "occur_time",
        "external_id",
        "实付",
        "Code",
        "attributes.Store",
    ];
    let wishes = Wishes {
        maps: &maps,
        ..Wishes::default()
    };
    let mut activities = Activities {
        form: Form::Csv {
            columns: Columns::find(&headers.map(str::to_owned), &FIELDS, wishes).unwrap(),
            zone: Zone::named("UTC").unwrap(),
            equal_rows: None,
            unfit: UnfitOrders::default(),
        },
        channel: None,
        run: run_id(),
    };
    let answer = conflict(&[
        ("member_id", "mbr_1", "mbr_2"),
        ("amount", "100.00 CNY", ""),
        ("items", "1 x x", "1 x z"),
        ("attributes.Store", "", "\"s1\""),
    ]);
    let told = |outcome| match outcome {
        Outcome::Rejected(reasons) => reasons,
        other => panic!("{other:?}"),
    };
    let reasons = told(activities.outcome(answer.clone(), &[]));
    assert_eq!(
        reasons[..4],
        [
            "external_id: mbr_1 is recorded, and mbr_2 was sent",
            "实付 (amount): 100.00 CNY is recorded, and nothing was sent",
            "Code (sku), 实付 (amount): 1 x x is recorded, and 1 x z was sent",
            "attributes.Store: nothing is recorded, and \"s1\" was sent",
        ]
    );
    assert!(
        reasons[4].starts_with("订单号 (source_id): is recorded with another content, which stays"),
        "{reasons:?}"
    );

    activities.form = Form::JsonLines;
    let line = Row::of(&[r#"{"memberId":"mbr_2","sourceId":"T1"}"#]);
    let reasons = told(activities.outcome(answer, &[line]));
    let fields: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
    assert_eq!(fields, ["memberId", "amount", "items", "attributes.Store", "sourceId"]);
}

#[test]
fn a_sentence_about_a_line_of_json_names_fields_as_the_line_does() {
    let activities = Activities::of_json(None);
    let violation = ActivityViolation {
        path: "member_id".to_owned(),
        message: "must be given, or channel_code with external_id".to_owned(),
    };
    let answer = ActivityResult {
        outcome: ActivityOutcome::Refused.into(),
        refusal: Some(ActivityRefusal {
            reason: "INVALID_FIELD".to_owned(),
            violations: vec![violation],
            ..ActivityRefusal::default()
        }),
        ..ActivityResult::default()
    };
    for (line, expected) in [
        ("[1]", "memberId: must be given, or channelCode with externalId"),
        (
            r#"{"sourceId":"T1"}"#,
            "memberId: must be given, or channelCode with externalId",
        ),
        (
            r#"{"source_id":"T1"}"#,
            "member_id: must be given, or channel_code with external_id",
        ),
        (
            r#"{"sourceId":"T1","channel_code":"a"}"#,
            "memberId: must be given, or channel_code with externalId",
        ),
    ] {
        let line = Row::of(&[line]);
        assert_eq!(
            activities.outcome(answer.clone(), &[line]),
            Outcome::Rejected(vec![expected.to_owned()])
        );
    }
}
