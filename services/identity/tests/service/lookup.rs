use contracts_identity::v1::blocked_value_service_client::BlockedValueServiceClient;
use contracts_identity::v1::*;
use kernel::Time;

use crate::world::*;

#[tokio::test]
async fn a_member_is_found_by_every_identity_in_any_writing() {
    let world = World::new().await;
    let email = evidence(IdentityKind::Email, "Li.Lei@Brand.CN", Proof::Code);
    let card = evidence(IdentityKind::CardNumber, "8800000017", Proof::Presented);
    let visit = arrival("wechat_mini", "w1", [union("u1"), phone("13712345670"), email, card]);
    let member = world.resolve(visit).await.member_id;
    let keys = [
        (IdentityKind::ExternalId, "w1", "wechat_mini"),
        (IdentityKind::UnionId, "u1", "wechat_oa"),
        (IdentityKind::Phone, "+86 137-1234-5670", ""),
        (IdentityKind::Email, "li.lei@brand.cn", ""),
        (IdentityKind::CardNumber, " 8800000017 ", ""),
    ];
    for (kind, value, channel) in keys {
        assert_eq!(
            world.look_up(kind, value, channel).await.unwrap().member_id,
            member,
            "{value}"
        );
    }
}

#[tokio::test]
async fn what_leads_to_nobody_is_refused_by_name() {
    let world = World::new().await;
    let typed_in = evidence(IdentityKind::Phone, "13712345670", Proof::None);
    world.resolve(arrival("pos", "p1", [typed_in])).await;
    assert_eq!(
        reason(world.look_up(IdentityKind::Phone, "13712345670", "").await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::UnionId, "u1", "tmall").await),
        "CHANNEL_WITHOUT_UNION"
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::ExternalId, "x", "").await),
        "INVALID_FIELD"
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::ExternalId, "x", "web").await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::Phone, "12", "").await),
        "INVALID_FIELD"
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::Device, "d", "").await),
        "INVALID_FIELD"
    );
}

#[tokio::test]
async fn a_thousand_external_ids_are_looked_up_at_once() {
    let world = World::new().await;
    let one = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let key = |channel: &str, id: &str| ExternalIdKey {
        channel_code: channel.to_owned(),
        external_id: id.to_owned(),
    };
    let mut keys: Vec<ExternalIdKey> = (0..998).map(|n| key("jd", &format!("nobody-{n}"))).collect();
    keys.push(key("tmall", "t1"));
    keys.push(key("web", "t1"));
    let request = BatchLookUpMembersRequest { keys: keys.clone() };
    let found = world
        .members()
        .batch_look_up_members(request)
        .await
        .unwrap()
        .into_inner()
        .member_ids;
    assert_eq!((found.len(), &found[998], &*found[999]), (1000, &one, ""));
    assert!(found[..998].iter().all(String::is_empty));
    keys.push(key("tmall", "t2"));
    let too_many = world
        .members()
        .batch_look_up_members(BatchLookUpMembersRequest { keys })
        .await;
    assert_eq!(reason(too_many), "INVALID_FIELD");
}

#[tokio::test]
async fn a_list_is_read_page_by_page_under_its_filter() {
    let world = World::new().await;
    let start = world.harness.clock.now();
    let mut expected = Vec::new();
    for number in 0..7 {
        world.harness.clock.turn_to(start.plus_days(number));
        let channel = if number % 2 == 0 { "tmall" } else { "jd" };
        let member = world
            .resolve(arrival(channel, &format!("x{number}"), []))
            .await
            .member_id;
        if number % 2 == 0 && (2..6).contains(&number) {
            expected.push(member);
        }
    }
    let wire = |time: Time| Some(time.to_wire());
    let mut request = ListMembersRequest {
        channel_code: "tmall".to_owned(),
        register_from_time: wire(start.plus_days(2)),
        register_until_time: wire(start.plus_days(6)),
        page_size: 1,
        page_token: String::new(),
    };
    let first = world
        .members()
        .list_members(request.clone())
        .await
        .unwrap()
        .into_inner();
    request.page_token = first.next_page_token;
    let second = world
        .members()
        .list_members(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.next_page_token, "");
    let listed: Vec<String> = first
        .members
        .into_iter()
        .chain(second.members)
        .map(|member| member.member_id)
        .collect();
    assert_eq!(listed, expected);

    request.channel_code = "jd".to_owned();
    assert_eq!(
        reason(world.members().list_members(request).await),
        "PAGE_TOKEN_INVALID"
    );
    let wrong = prost_types::Timestamp { seconds: 0, nanos: -1 };
    let request = ListMembersRequest {
        register_from_time: Some(wrong),
        ..ListMembersRequest::default()
    };
    assert_eq!(
        refusal(world.members().list_members(request).await).violations[0].path,
        "register_from_time"
    );
}

#[tokio::test]
async fn an_id_that_can_stand_for_nobody_is_told_as_one_wherever_it_is_looked_up() {
    let world = World::new().await;
    let held = world.resolve(arrival("tmall", "walk-in", [])).await.member_id;
    let request = CreateBlockedValueRequest {
        request_id: "block".to_owned(),
        blocked_value: Some(BlockedValue {
            value: "walk-in".to_owned(),
            ..BlockedValue::default()
        }),
    };
    let channel = world.harness.channel();
    BlockedValueServiceClient::new(channel)
        .create_blocked_value(request)
        .await
        .unwrap();
    for (kind, value, channel) in [
        (IdentityKind::ExternalId, "#N/A", "tmall"),
        (IdentityKind::ExternalId, "Walk-In", "jd"),
        (IdentityKind::Phone, "13800138000", ""),
        (IdentityKind::CardNumber, "null", ""),
    ] {
        assert_eq!(
            reason(world.look_up(kind, value, channel).await),
            "IDENTITY_BLOCKED",
            "{value}"
        );
    }
    let of = |channel: &str, id: &str| ExternalIdKey {
        channel_code: channel.to_owned(),
        external_id: id.to_owned(),
    };
    let keys = vec![
        of("tmall", "#N/A"),
        of("tmall", "nobody-yet"),
        of("tmall", "walk-in"),
        of("jd", "walk-in"),
    ];
    let request = BatchLookUpMembersRequest { keys };
    let answer = world
        .members()
        .batch_look_up_members(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.member_ids, ["", "", &held, ""], "who has it already is found");
    assert_eq!(answer.blocked_key_indexes, [0, 3]);
}
