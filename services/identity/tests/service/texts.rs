//! What ids look like when they come, and what no text may hold.

use contracts_identity::v1::batch_resolve_members_result::Result as Outcome;
use contracts_identity::v1::*;

use crate::world::*;

fn fields(refusal: &Refusal) -> Vec<(&str, &str)> {
    let fields = refusal.fields.iter();
    fields.map(|field| (&*field.field, &*field.description)).collect()
}

#[tokio::test]
async fn who_looks_the_same_is_the_same_member() {
    let world = World::new().await;
    let card = |value: &str| evidence(IdentityKind::CardNumber, value, Proof::Presented);
    let email = |value: &str| evidence(IdentityKind::Email, value, Proof::Code);
    let first = world
        .resolve(arrival("tmall", "Zoë-1", [card("6222/0 1"), email("zoe@b.cn")]))
        .await
        .member_id;
    let same = [
        "Zoë-1 ",
        "Zoe\u{308}-1",
        "\u{feff}Zoë-1",
        "Zo\u{200b}ë-1",
        "Zoë\u{2060}-1",
        "Zoë-\u{ad}1",
        "Ｚｏë－１",
    ];
    for external_id in same {
        let answer = world.resolve(arrival(" tmall", external_id, [])).await;
        assert_eq!(
            (answer.outcome(), &answer.member_id),
            (ResolutionOutcome::Found, &first),
            "{external_id:?}"
        );
        let found = world
            .look_up(IdentityKind::ExternalId, external_id, "tmall")
            .await
            .unwrap();
        assert_eq!(found.member_id, first, "{external_id:?}");
    }
    for value in ["6222/0 1 ", "６222／0\u{a0}1", "6222/\u{200b}0 1"] {
        let found = world.look_up(IdentityKind::CardNumber, value, "").await.unwrap();
        assert_eq!(found.member_id, first, "{value:?}");
    }
    for value in ["<zoe@b.cn>", "mailto:zoe@b.cn", "ｚｏｅ＠ｂ．ｃｎ", "zoe@b.cn\u{200b}"] {
        let found = world.look_up(IdentityKind::Email, value, "").await.unwrap();
        assert_eq!(found.member_id, first, "{value:?}");
    }
    assert_eq!(world.all_members().await.len(), 1);
}

#[tokio::test]
async fn an_arrival_with_nul_is_refused_and_those_beside_it_resolved() {
    let world = World::new().await;
    let poisoned = named(arrival("tmall", "t\0", [union("u\0")]), "Han\0");
    let arrivals = vec![arrival("tmall", "t1", []), poisoned.clone(), arrival("tmall", "t2", [])];
    let request = BatchResolveMembersRequest {
        unreadable_items: Vec::new(),
        request_id: world.request_id(),
        arrivals,
    };
    let answer = world
        .members()
        .batch_resolve_members(request)
        .await
        .unwrap()
        .into_inner();
    let outcomes: Vec<Outcome> = answer
        .results
        .into_iter()
        .map(|result| result.result.unwrap())
        .collect();
    assert!(matches!(outcomes[0], Outcome::Resolution(_)) && matches!(outcomes[2], Outcome::Resolution(_)));
    let Outcome::Refusal(refusal) = &outcomes[1] else {
        panic!("it was resolved");
    };
    let told = fields(refusal);
    for path in [
        "arrival.external_id",
        "arrival.evidence[0].value",
        "arrival.profile.name",
    ] {
        let message = told.iter().find(|(at, _)| *at == path).map(|(_, message)| *message);
        assert!(
            message.is_some_and(|message| message.contains("U+0000 (NULL)")),
            "{path}: {told:?}"
        );
    }

    let row = |number: i64, arrival: Arrival| MemberRow {
        row_number: number,
        request_id: format!("row-{number}"),
        arrival: Some(arrival),
        register_time: None,
    };
    let mut no_id = row(3, arrival("tmall", "t3", []));
    no_id.request_id = "row\u{0}3".to_owned();
    let rows = vec![row(1, poisoned), row(2, arrival("tmall", "t4", [])), no_id];
    let answer = world
        .members()
        .import_members(tokio_stream::iter([ImportMembersRequest {
            unreadable_items: Vec::new(),
            rows,
            validate_only: false,
        }]))
        .await
        .unwrap()
        .into_inner();
    let refused: Vec<i64> = answer.refused_rows.iter().map(|row| row.row_number).collect();
    assert_eq!((answer.created_count, refused), (1, vec![1, 3]));
    let told = fields(answer.refused_rows[0].refusal.as_ref().unwrap());
    assert_eq!(told.len(), 3, "each field is named once: {told:?}");
}

#[tokio::test]
async fn a_card_number_that_a_spreadsheet_has_rounded_joins_nobody() {
    let world = World::new().await;
    let cure = "a spreadsheet has rounded this number: format the column as text and export it again";
    for kind in [
        IdentityKind::CardNumber,
        IdentityKind::UnionId,
        IdentityKind::Phone,
        IdentityKind::ExternalId,
    ] {
        for value in ["6.22203E+15", "1.23e+11 ", "６.22203Ｅ＋15"] {
            let piece = evidence(kind, value, Proof::Platform);
            let refused = world
                .try_resolve(arrival("wechat_mini", "w1", [piece]))
                .await
                .unwrap_err();
            assert!(
                refused
                    .message()
                    .contains(&format!("arrival.evidence[0].value: {cure}")),
                "{refused}"
            );
        }
    }
    let refused = world
        .try_resolve(arrival("tmall", "6.22203E+15", []))
        .await
        .unwrap_err();
    assert!(
        refused.message().contains(&format!("arrival.external_id: {cure}")),
        "{refused}"
    );
    assert!(world.all_members().await.is_empty());
}
