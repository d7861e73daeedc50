use contracts_identity::v1::*;
use tonic::Status;

use crate::world::*;

fn row(number: i64, arrival: Arrival) -> MemberRow {
    MemberRow {
        row_number: number,
        request_id: format!("file-1:{number}"),
        arrival: Some(arrival),
        register_time: None,
    }
}

async fn import(world: &World, messages: Vec<Vec<MemberRow>>) -> Result<ImportMembersResponse, Status> {
    send(world, messages, false).await
}

async fn send(
    world: &World,
    messages: Vec<Vec<MemberRow>>,
    validate_only: bool,
) -> Result<ImportMembersResponse, Status> {
    let messages: Vec<ImportMembersRequest> = messages
        .into_iter()
        .map(|rows| ImportMembersRequest {
            unreadable_items: Vec::new(),
            rows,
            validate_only,
        })
        .collect();
    Ok(world
        .members()
        .import_members(tokio_stream::iter(messages))
        .await?
        .into_inner())
}

#[tokio::test]
async fn good_rows_are_imported_and_bad_ones_refused_with_all_that_is_wrong() {
    let world = World::new().await;
    let mut bad = row(
        3,
        arrival(
            "tmall",
            "t3",
            [phone("12345"), evidence(IdentityKind::Unspecified, "x", Proof::Code)],
        ),
    );
    bad.arrival.as_mut().unwrap().profile = Some(Profile {
        name: "x".repeat(129),
        birth_date: "1990-13-01".to_owned(),
        ..Profile::default()
    });
    bad.register_time = Some(world.harness.clock.now().plus_days(1).to_wire());
    let rows = vec![
        row(1, named(arrival("tmall", "t1", [phone("13712345670")]), "Han Meimei")),
        row(2, arrival("jd", "j1", [phone("13712345670")])),
        bad,
        row(4, arrival("douyin", "d1", [])),
        row(
            5,
            arrival(
                "",
                "",
                [evidence(IdentityKind::Email, "hm@brand.cn", Proof::None), phone("0000")],
            ),
        ),
        row(6, arrival("", "x6", [])),
        MemberRow {
            request_id: String::new(),
            ..row(7, arrival("tmall", "t7", []))
        },
        row(8, arrival("", "", [phone("13787654321")])),
    ];
    let report = import(&world, vec![rows]).await.unwrap();
    assert_eq!(
        (
            report.row_count,
            report.created_count,
            report.found_count,
            report.repeated_count
        ),
        (8, 2, 1, 0)
    );
    let refused: Vec<(i64, &str)> = report
        .refused_rows
        .iter()
        .map(|row| (row.row_number, &*row.refusal.as_ref().unwrap().reason))
        .collect();
    assert_eq!(
        refused,
        [
            (3, "INVALID_FIELD"),
            (4, "NOT_FOUND"),
            (5, "NOBODY_IDENTIFIED"),
            (6, "INVALID_FIELD"),
            (7, "INVALID_FIELD")
        ]
    );
    let fields = |index: usize| -> Vec<&str> {
        let refusal = report.refused_rows[index].refusal.as_ref().unwrap();
        let mut fields: Vec<&str> = refusal.fields.iter().map(|field| &*field.field).collect();
        fields.sort_unstable();
        fields
    };
    assert_eq!(
        fields(0),
        [
            "arrival.evidence[0].value",
            "arrival.evidence[1].kind",
            "arrival.profile.birth_date",
            "arrival.profile.name",
            "register_time"
        ]
    );
    assert_eq!(fields(3), ["arrival.channel_code"]);
    assert_eq!(fields(4), ["request_id"]);
    let member = world.look_up(IdentityKind::Phone, "13712345670", "").await.unwrap();
    assert_eq!(
        (&*member.profile.unwrap().name, member.identities.len()),
        ("Han Meimei", 3)
    );
    let without_channel = world.look_up(IdentityKind::Phone, "13787654321", "").await.unwrap();
    assert_eq!(without_channel.identities[0].source_channel_code, "");
    let registered = world.told::<MemberRegistered>().await;
    assert_eq!(
        registered.iter().map(|fact| &*fact.channel_code).collect::<Vec<_>>(),
        ["tmall", ""]
    );
}

/// Of two who are one, the older member stays: a member of the year 1 would outlive everybody.
#[tokio::test]
async fn nobody_registered_before_anything_was_recorded_or_when_there_is_no_time() {
    let world = World::new().await;
    let impossible = [
        (kernel::Time::FIRST.to_wire().seconds, 0),
        (0, 0),
        (-62_135_596_801, 0),
        (253_402_300_800, 0),
        (0, -1),
    ];
    let earliest = kernel::Time::RECORDS_BEGIN.to_wire();
    let times = impossible.map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos });
    let rows = times
        .into_iter()
        .chain([earliest])
        .zip(1..)
        .map(|(time, number)| MemberRow {
            register_time: Some(time),
            ..row(number, arrival("tmall", &format!("t{number}"), []))
        });
    let report = import(&world, vec![rows.collect()]).await.unwrap();
    assert_eq!((report.created_count, report.refused_rows.len()), (1, impossible.len()));
    for row in report.refused_rows {
        let refusal = row.refusal.unwrap();
        assert_eq!(
            (&*refusal.reason, &*refusal.fields[0].field),
            ("INVALID_FIELD", "register_time")
        );
    }
}

#[tokio::test]
async fn an_import_that_is_resumed_repeats_nothing() {
    let world = World::new().await;
    let rows = |range: std::ops::Range<i64>| -> Vec<MemberRow> {
        range
            .map(|n| row(n, named(arrival("tmall", &format!("t{n}"), []), "imported")))
            .collect()
    };
    import(&world, vec![rows(0..60)]).await.unwrap();
    let changed = world
        .look_up(IdentityKind::ExternalId, "t7", "tmall")
        .await
        .unwrap()
        .member_id;
    world.update(&changed, Profile::default(), &["name"], "").await.unwrap();

    let report = import(&world, vec![rows(0..50), rows(50..100)]).await.unwrap();
    assert_eq!(
        (report.row_count, report.created_count, report.repeated_count),
        (100, 40, 60)
    );
    // What was erased since is not filled in again by the repeated row.
    assert_eq!(world.member(&changed).await.profile.unwrap().name, "");
    assert_eq!(world.told::<MemberRegistered>().await.len(), 100);
}

#[tokio::test]
async fn a_row_s_request_id_stands_for_one_content() {
    let world = World::new().await;
    let first = row(1, arrival("tmall", "t1", []));
    let moved_in_the_file = MemberRow {
        row_number: 9,
        ..first.clone()
    };
    let other_content = MemberRow {
        arrival: Some(arrival("tmall", "t2", [])),
        ..first.clone()
    };
    let within_one = import(
        &world,
        vec![vec![first.clone(), moved_in_the_file.clone(), other_content.clone()]],
    )
    .await
    .unwrap();
    assert_eq!((within_one.created_count, within_one.repeated_count), (1, 1));
    assert_eq!(
        within_one.refused_rows[0].refusal.as_ref().unwrap().reason,
        "REQUEST_ID_REUSED"
    );
    let later = import(&world, vec![vec![moved_in_the_file], vec![other_content]])
        .await
        .unwrap();
    assert_eq!(
        (later.created_count, later.repeated_count, later.refused_rows.len()),
        (0, 1, 1)
    );
}

#[tokio::test]
async fn an_import_may_set_the_registration_back() {
    let world = World::new().await;
    let joined = world.harness.clock.now().plus_days(-3_000).to_wire();
    let rows = vec![MemberRow {
        register_time: Some(joined),
        ..row(1, arrival("tmall", "t1", []))
    }];
    import(&world, vec![rows]).await.unwrap();
    let member = world.look_up(IdentityKind::ExternalId, "t1", "tmall").await.unwrap();
    assert_eq!(member.register_time, Some(joined));
    assert_eq!(world.told::<MemberRegistered>().await[0].register_time, Some(joined));
}

#[tokio::test]
async fn a_stream_that_is_too_long_is_refused_and_keeps_what_it_brought() {
    let world = World::new().await;
    let too_long = (0..10_000)
        .map(|n| row(n, arrival("tmall", &format!("t{n}"), [])))
        .collect();
    let refusal = refusal(import(&world, vec![vec![row(-1, arrival("jd", "j1", []))], too_long]).await);
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["limit"]),
        ("IMPORT_TOO_LONG", "10000")
    );
    assert_eq!(world.all_members().await.len(), 1);
}

#[tokio::test]
async fn an_import_that_is_only_judged_answers_like_a_real_one_and_writes_nothing() {
    let world = World::new().await;
    let known = row(1, arrival("tmall", "t1", [phone("13712345670")]));
    import(&world, vec![vec![known.clone()]]).await.unwrap();
    world.told::<MemberRegistered>().await;
    let rows = vec![
        known,
        row(2, arrival("tmall", "t2", [phone("0000")])),
        row(3, arrival("douyin", "d1", [])),
        row(4, arrival("jd", "j1", [phone("13712345670")])),
    ];
    let judged = send(&world, vec![rows.clone()], true).await.unwrap();
    assert_eq!(
        (judged.created_count, judged.found_count, &*judged.repeated_row_numbers),
        (1, 1, &[1][..])
    );
    assert_eq!(world.all_members().await.len(), 1);
    assert!(world.look_up(IdentityKind::ExternalId, "j1", "jd").await.is_err());
    assert_eq!(world.told::<MemberRegistered>().await.len(), 1, "no fact is told");
    assert_eq!(import(&world, vec![rows]).await.unwrap(), judged);
    assert_eq!(world.all_members().await.len(), 2);
}

#[tokio::test]
async fn what_is_left_out_of_a_row_is_noted() {
    let world = World::new().await;
    let rows = vec![
        row(1, arrival("tmall", "t1", [phone("13712345670")])),
        row(2, arrival("tmall", "t2", [phone("13712345670")])),
        row(
            3,
            arrival(
                "tmall",
                "t3",
                [evidence(IdentityKind::CardNumber, "c-3", Proof::Code), phone("0000")],
            ),
        ),
        row(4, arrival("tmall", "t1", [phone("13787654321")])),
        row(
            5,
            arrival(
                "tmall",
                "t5",
                [evidence(IdentityKind::Email, "li@brand.cn", Proof::None)],
            ),
        ),
    ];
    let report = import(&world, vec![rows]).await.unwrap();
    let notes: Vec<(i64, &str, EvidenceOutcome)> = report
        .noted_rows
        .iter()
        .flat_map(|row| {
            row.notes
                .iter()
                .map(|note| (row.row_number, &*note.field, note.outcome()))
        })
        .collect();
    assert_eq!(
        notes,
        [
            (2, "arrival.evidence[0]", EvidenceOutcome::Conflict),
            (3, "arrival.evidence[1]", EvidenceOutcome::Blocked),
            (4, "arrival.evidence[0]", EvidenceOutcome::Occupied),
        ]
    );
}

#[tokio::test]
async fn what_the_channels_and_lists_do_not_allow_is_told_by_its_field_and_with_everything_else() {
    let world = World::new().await;
    let born = |arrival: Arrival| Arrival {
        profile: Some(Profile {
            birth_date: "1990-13-01".to_owned(),
            ..Profile::default()
        }),
        ..arrival
    };
    let cases: [(Arrival, &str, &[&str]); 9] = [
        (
            arrival("tmall", "#N/A", []),
            "IDENTITY_BLOCKED",
            &["arrival.external_id"],
        ),
        (arrival("moon", "m1", []), "NOT_FOUND", &["arrival.channel_code"]),
        (
            arrival("tmall", "t1", [union("u1")]),
            "CHANNEL_WITHOUT_UNION",
            &["arrival.evidence[0].value"],
        ),
        (arrival("", "", []), "NOBODY_IDENTIFIED", &["arrival"]),
        (arrival("", "", [phone("0000")]), "NOBODY_IDENTIFIED", &["arrival"]),
        (
            arrival("moon", "#N/A", []),
            "NOT_FOUND",
            &["arrival.channel_code", "arrival.external_id"],
        ),
        (
            born(arrival("moon", "#N/A", [phone("12")])),
            "INVALID_FIELD",
            &[
                "arrival.channel_code",
                "arrival.evidence[0].value",
                "arrival.external_id",
                "arrival.profile.birth_date",
            ],
        ),
        (
            born(arrival("", "", [])),
            "INVALID_FIELD",
            &["arrival", "arrival.profile.birth_date"],
        ),
        (
            born(arrival("tmall", "t2", [phone("13712345670"), phone("13712345671")])),
            "INVALID_FIELD",
            &["arrival.evidence[1]", "arrival.profile.birth_date"],
        ),
    ];
    let rows = (1..)
        .zip(&cases)
        .map(|(number, (arrival, ..))| row(number, arrival.clone()));
    let report = import(&world, vec![rows.collect()]).await.unwrap();
    assert_eq!(report.refused_rows.len(), cases.len());
    for (refused, (arrival, reason, expected)) in report.refused_rows.into_iter().zip(cases) {
        let refusal = refused.refusal.unwrap();
        let mut fields: Vec<&str> = refusal.fields.iter().map(|field| &*field.field).collect();
        fields.sort_unstable();
        assert_eq!((&*refusal.reason, &*fields), (reason, expected), "{arrival:?}");
    }
}
