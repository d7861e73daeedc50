use contracts_identity::v1::{EvidenceOutcome, Gender, IdentityKind, Proof, Refusal, RefusedField, RowNote};

use super::*;

fn members(headers: &str, channel: Option<&str>) -> Members {
    let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
    Members::new(
        &headers,
        Wishes::default(),
        channel,
        Zone::named("Asia/Shanghai").unwrap(),
    )
    .unwrap()
}

fn read(members: &Members, cells: &[&str]) -> Result<Read<MemberRow>, Vec<String>> {
    members.read(&[Row::of(cells)]).and_then(right)
}

/// What can be imported, or everything that is wrong with it.
fn right(read: Read<MemberRow>) -> Result<Read<MemberRow>, Vec<String>> {
    if read.reasons.is_empty() {
        Ok(read)
    } else {
        Err(read.reasons)
    }
}

#[test]
fn a_row_becomes_an_arrival_with_its_evidence_and_profile() {
    let members = members("external_id,phone,proof,gender,register_time,Birth Date", Some("pos"));
    let cells = ["till-1", "13712345678", "code", "女", "2020/2/29", "1990/5/1"];
    let Read { item, notes, .. } = read(&members, &cells).unwrap();
    let arrival = item.arrival.unwrap();
    assert_eq!(
        (
            arrival.channel_code.as_str(),
            arrival.external_id.as_str(),
            item.row_number
        ),
        ("pos", "till-1", 7)
    );
    assert_eq!(arrival.evidence.len(), 1);
    assert_eq!(
        (arrival.evidence[0].kind(), arrival.evidence[0].proof()),
        (IdentityKind::Phone, Proof::Code)
    );
    let profile = arrival.profile.unwrap();
    assert_eq!(
        (profile.gender(), profile.birth_date.as_str()),
        (Gender::Female, "1990-05-01")
    );
    // Midnight in Shanghai.
    assert_eq!(item.register_time.unwrap().seconds, 1_582_934_400 - 8 * 3_600);
    assert!(notes.is_empty());
}

#[test]
fn everything_that_is_wrong_with_a_row_is_told_by_the_columns_of_the_file() {
    let members = members("card_number,Proof,gender,Register Time,birth_date", None);
    let cells = ["6.22203E+15", "oath", "?", "soon", "1990-13-01"];
    let reasons = read(&members, &cells).unwrap_err();
    let columns: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
    assert_eq!(
        columns,
        [
            "card_number",
            "Proof (proof)",
            "birth_date",
            "Register Time (register_time)"
        ]
    );
    assert!(
        reasons[0].contains("a spreadsheet has rounded this number"),
        "{reasons:?}"
    );
}

#[test]
fn a_gender_that_says_nothing_is_left_out_and_noted() {
    let members = members("phone,gender", None);
    for (word, gender) in [
        ("男", Gender::Male),
        ("Female", Gender::Female),
        ("其他", Gender::Other),
        ("", Gender::Unspecified),
    ] {
        let Read { item, notes, .. } = read(&members, &["13712345678", word]).unwrap();
        assert_eq!(
            (item.arrival.unwrap().profile.unwrap().gender(), notes.len()),
            (gender, 0),
            "{word}"
        );
    }
    for word in ["1", "未知", "保密", "unknown", "不详"] {
        let notes = read(&members, &["13712345678", word]).unwrap().notes;
        assert!(
            notes[0].starts_with(&format!("gender: {word} is left out")),
            "{notes:?}"
        );
    }
}

#[test]
fn a_row_s_id_follows_from_what_it_says_and_from_its_place() {
    let members = members("phone,name", None);
    let id = |cells: &[&str]| read(&members, cells).unwrap().item.request_id;
    assert_eq!(id(&["13712345678", "Li"]), id(&["13712345678", "Li"]));
    assert_ne!(id(&["13712345678", "Li"]), id(&["13712345679", "Li"]));
    let mut elsewhere = Row::of(&["13712345678", "Li"]);
    elsewhere.number = 8;
    assert_ne!(
        members.read(&[elsewhere]).unwrap().item.request_id,
        id(&["13712345678", "Li"])
    );
    assert_eq!(id(&["13712345678", "Li"]).len(), 64);
}

#[test]
fn answers_are_told_by_the_columns_of_the_file() {
    let members = members("openid,Phone,name", None);
    // The evidence of this row begins with the card: the phone is blank.
    let columns = Members {
        columns: Columns::find(&["Phone", "card_number"].map(str::to_owned), &FIELDS, Wishes::default()).unwrap(),
        ..members
    };
    let rows = [Row::of(&["", "c1"])];
    let item = columns.read(&rows).unwrap().item;
    let answer = ImportMembersResponse {
        noted_rows: vec![NotedRow {
            row_number: 7,
            notes: vec![RowNote {
                field: "arrival.evidence[0]".to_owned(),
                outcome: EvidenceOutcome::Blocked.into(),
                message: "left out".to_owned(),
            }],
            ..NotedRow::default()
        }],
        ..ImportMembersResponse::default()
    };
    let sent = [(&rows[..], item)];
    let noted = Outcome::Imported(vec!["card_number: left out".to_owned()]);
    assert_eq!(columns.outcomes(&sent, &answer), [noted]);
    let field = RefusedField {
        field: "arrival.profile.name".to_owned(),
        description: "is too long".to_owned(),
    };
    let answer = ImportMembersResponse {
        refused_rows: vec![RefusedRow {
            row_number: 7,
            refusal: Some(Refusal {
                fields: vec![field],
                ..Refusal::default()
            }),
            ..RefusedRow::default()
        }],
        repeated_row_numbers: vec![7],
        ..ImportMembersResponse::default()
    };
    let refused = Outcome::Rejected(vec!["name: is too long".to_owned()]);
    assert_eq!(columns.outcomes(&sent, &answer), [refused]);
}

#[test]
fn a_refusal_by_name_is_told_by_the_columns_too() {
    let members = members("External ID,Phone,name", Some("moon"));
    let rows = [Row::of(&["m1", "13712345678", ""])];
    let refused = |reason: &str, fields: &[&str]| {
        let fields = fields.iter().map(|field| RefusedField {
            field: (*field).to_owned(),
            description: "no".to_owned(),
        });
        let refusal = Refusal {
            reason: reason.to_owned(),
            message: "no".to_owned(),
            fields: fields.collect(),
        };
        let row = RefusedRow {
            refusal: Some(refusal),
            ..RefusedRow::default()
        };
        match members.refused(&row, &rows[0]) {
            Outcome::Rejected(reasons) => reasons,
            other => panic!("{other:?}"),
        }
    };
    for (reason, fields, expected) in [
        (
            "IDENTITY_BLOCKED",
            &["arrival.external_id"][..],
            &["External ID (external_id): no (IDENTITY_BLOCKED)"][..],
        ),
        (
            "NOT_FOUND",
            &["arrival.channel_code", "arrival.evidence[0].value"],
            &["--channel: no (NOT_FOUND)", "Phone (phone): no"],
        ),
        (
            "NOBODY_IDENTIFIED",
            &["arrival"],
            &["External ID (external_id), Phone (phone): no (NOBODY_IDENTIFIED)"],
        ),
        (
            "REQUEST_ID_REUSED",
            &[],
            &["External ID (external_id), Phone (phone): no (REQUEST_ID_REUSED)"],
        ),
    ] {
        assert_eq!(refused(reason, fields), expected);
    }
}
