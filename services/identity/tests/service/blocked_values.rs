//! Values that stand for nobody: everywhere, and because the brand says so.

use contracts_identity::v1::batch_resolve_members_result::Result as Outcome;
use contracts_identity::v1::blocked_value_service_client::BlockedValueServiceClient;
use contracts_identity::v1::*;
use tonic::Status;

use crate::world::*;

/// What systems write where they know nothing. Each of them has joined strangers somewhere.
const PLACEHOLDERS: [&str; 58] = [
    "#N/A",
    "NaN",
    "[object Object]",
    "(null)",
    "<null>",
    "null",
    "NULL",
    "undefined",
    "None",
    "nil",
    "N/A",
    "na",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "\\N",
    "\"\"",
    "''",
    "{}",
    "[]",
    "true",
    "FALSE",
    "unknown",
    "未知",
    "无",
    "暂无",
    "空",
    "匿名",
    "没有",
    "-",
    "--",
    "---",
    "?",
    "??",
    ".",
    "*",
    "x",
    "xxx",
    "tbd",
    "todo",
    "deleted",
    "1970-01-01",
    "00000000-0000-0000-0000-000000000000",
    "guest",
    "anonymous",
    "null-null",
    "ＮＵＬＬ",
    "0",
    "0000",
    "test",
    "default",
    "-1",
    "张**",
    "########",
    "(not set)",
];

fn card(value: &str) -> Evidence {
    evidence(IdentityKind::CardNumber, value, Proof::Presented)
}

fn values(world: &World) -> BlockedValueServiceClient<rpc::Channel> {
    BlockedValueServiceClient::new(world.harness.channel())
}

async fn block(world: &World, kind: IdentityKind, value: &str) -> Result<BlockedValue, Status> {
    let request = CreateBlockedValueRequest {
        request_id: world.request_id(),
        blocked_value: Some(BlockedValue {
            kind: kind.into(),
            value: value.to_owned(),
            note: "the till's own".to_owned(),
            ..BlockedValue::default()
        }),
    };
    let answer = values(world).create_blocked_value(request).await?;
    Ok(answer.into_inner().blocked_value.unwrap())
}

async fn delete(world: &World, id: &str) -> Result<BlockedValue, Status> {
    let request = DeleteBlockedValueRequest {
        request_id: world.request_id(),
        blocked_value_id: id.to_owned(),
    };
    let answer = values(world).delete_blocked_value(request).await?;
    Ok(answer.into_inner().blocked_value.unwrap())
}

#[tokio::test]
async fn a_placeholder_joins_nobody_as_an_id_of_any_kind() {
    let world = World::new().await;
    let kinds = [
        IdentityKind::CardNumber,
        IdentityKind::UnionId,
        IdentityKind::Phone,
        IdentityKind::Email,
        IdentityKind::Device,
    ];
    let mut arrivals = Vec::new();
    for (number, value) in PLACEHOLDERS.into_iter().enumerate() {
        for twin in ["a", "b"] {
            let pieces = kinds.map(|kind| evidence(kind, value, Proof::Operator));
            arrivals.push(arrival("wechat_mini", &format!("{twin}{number}"), pieces));
        }
    }
    let arrived = arrivals.len();
    let request = BatchResolveMembersRequest {
        request_id: world.request_id(),
        arrivals,
        unreadable_items: Vec::new(),
    };
    let answer = world
        .members()
        .batch_resolve_members(request)
        .await
        .unwrap()
        .into_inner();
    for (at, result) in answer.results.into_iter().enumerate() {
        let value = PLACEHOLDERS[at / 2];
        let Some(Outcome::Resolution(resolution)) = result.result else {
            panic!("{value} refuses the whole arrival");
        };
        assert_eq!(resolution.outcome(), ResolutionOutcome::Created, "{value}");
        assert_eq!(outcomes(&resolution), [EvidenceOutcome::Blocked; 5], "{value}");
    }
    assert_eq!(world.told::<MemberRegistered>().await.len(), arrived);
    for value in PLACEHOLDERS {
        assert_eq!(
            reason(world.try_resolve(arrival("tmall", value, [])).await),
            "IDENTITY_BLOCKED",
            "{value}"
        );
    }
}

#[tokio::test]
async fn what_the_brand_blocks_is_no_evidence_from_then_on() {
    let world = World::new().await;
    let first = world.resolve(arrival("tmall", "t1", [card("WALK-IN")])).await.member_id;
    let joined = world.resolve(arrival("jd", "j1", [card("WALK-IN")])).await.member_id;
    assert_eq!(joined, first);

    let blocked = block(&world, IdentityKind::CardNumber, " Ｗalk-In").await.unwrap();
    assert_eq!((&*blocked.value, blocked.kind()), ("walk-in", IdentityKind::CardNumber));
    assert_eq!(blocked.create_time, Some(world.harness.clock.now().to_wire()));
    let apart = world
        .resolve(arrival("pos", "p1", [card("walk-in"), card("real-1")]))
        .await;
    assert_eq!(apart.outcome(), ResolutionOutcome::Created);
    assert_eq!(outcomes(&apart), [EvidenceOutcome::Blocked, EvidenceOutcome::Confirmed]);
    // Of another kind it is somebody's; and who has joined stays joined.
    let other_kind = world.resolve(arrival("pos", "walk-in", [])).await;
    assert_eq!(other_kind.outcome(), ResolutionOutcome::Created);
    assert_eq!(world.resolve(arrival("jd", "j1", [])).await.member_id, first);
    assert_eq!(
        reason(world.link(&apart.member_id, card("WALK-IN")).await),
        "IDENTITY_BLOCKED"
    );

    let row = |number: i64, arrival: Arrival| MemberRow {
        row_number: number,
        request_id: format!("row-{number}"),
        arrival: Some(arrival),
        register_time: None,
    };
    let rows = vec![
        row(1, arrival("", "", [card("WALK-IN")])),
        row(2, arrival("pos", "p2", [card("WALK-IN")])),
    ];
    let request = ImportMembersRequest {
        rows,
        validate_only: false,
        unreadable_items: Vec::new(),
    };
    let answer = world
        .members()
        .import_members(tokio_stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let refused: Vec<&str> = answer
        .refused_rows
        .iter()
        .map(|row| &*row.refusal.as_ref().unwrap().reason)
        .collect();
    assert_eq!((answer.created_count, refused), (1, vec!["NOBODY_IDENTIFIED"]));

    assert_eq!(delete(&world, &blocked.blocked_value_id).await.unwrap(), blocked);
    let found = world.resolve(arrival("wechat_mini", "w1", [card("WALK-IN")])).await;
    assert_eq!(found.member_id, first);
    assert_eq!(reason(delete(&world, &blocked.blocked_value_id).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_value_of_every_kind_is_blocked_of_each_and_of_no_other_brand() {
    let world = World::new().await;
    block(&world, IdentityKind::Unspecified, "13712345670").await.unwrap();
    let pieces = [phone("+86 137 1234 5670"), card("13712345670"), union("13712345670")];
    let answer = world.resolve(arrival("wechat_mini", "w1", pieces)).await;
    assert_eq!(outcomes(&answer), [EvidenceOutcome::Blocked; 3]);
    assert_eq!(
        reason(world.try_resolve(arrival("tmall", "13712345670", [])).await),
        "IDENTITY_BLOCKED"
    );

    let other = world.harness.other_tenant();
    world.open_channels(other).await;
    let request = ResolveMemberRequest {
        request_id: world.request_id(),
        arrival: Some(arrival("tmall", "13712345670", [phone("13712345670")])),
    };
    let theirs = world
        .members_of(other)
        .resolve_member(request)
        .await
        .unwrap()
        .into_inner()
        .resolution
        .unwrap();
    assert_eq!(outcomes(&theirs), [EvidenceOutcome::Confirmed]);
    let list = BlockedValueServiceClient::new(world.harness.channel_of(other));
    let theirs = list
        .clone()
        .list_blocked_values(ListBlockedValuesRequest::default())
        .await
        .unwrap();
    assert!(theirs.into_inner().blocked_values.is_empty());
}

#[tokio::test]
async fn the_list_is_paged_and_a_value_stands_in_it_once() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(
            block(&world, IdentityKind::Unspecified, &format!("till-{number}"))
                .await
                .unwrap()
                .blocked_value_id,
        );
    }
    assert_eq!(
        block(&world, IdentityKind::Unspecified, "TILL-3")
            .await
            .unwrap()
            .blocked_value_id,
        ids[3]
    );
    let repeated = CreateBlockedValueRequest {
        request_id: "once".to_owned(),
        blocked_value: Some(BlockedValue {
            value: "till-9".to_owned(),
            ..BlockedValue::default()
        }),
    };
    let first = values(&world)
        .create_blocked_value(repeated.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        values(&world)
            .create_blocked_value(repeated)
            .await
            .unwrap()
            .into_inner(),
        first
    );
    ids.push(first.blocked_value.unwrap().blocked_value_id);

    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListBlockedValuesRequest {
            page_size: 4,
            page_token,
        };
        let page = values(&world).list_blocked_values(request).await.unwrap().into_inner();
        assert!(page.blocked_values.len() <= 4);
        found.extend(page.blocked_values.into_iter().map(|value| value.blocked_value_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    assert_eq!(
        reason(block(&world, IdentityKind::Phone, "12345").await),
        "INVALID_FIELD"
    );
    assert_eq!(
        reason(block(&world, IdentityKind::CardNumber, "6.2E+15").await),
        "INVALID_FIELD"
    );
    assert_eq!(
        reason(block(&world, IdentityKind::CardNumber, " ").await),
        "INVALID_FIELD"
    );
}

#[tokio::test]
async fn a_brand_blocks_a_thousand_values_and_no_more() {
    let world = World::new().await;
    for number in 0..1_000 {
        block(&world, IdentityKind::Unspecified, &format!("till-{number}"))
            .await
            .unwrap();
    }
    assert_eq!(
        reason(block(&world, IdentityKind::Unspecified, "one more").await),
        "BLOCKED_VALUE_LIMIT_REACHED"
    );
    block(&world, IdentityKind::Unspecified, "till-7").await.unwrap();
}
