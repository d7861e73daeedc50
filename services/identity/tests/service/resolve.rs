use contracts_identity::v1::*;
use fault::Code;

use crate::world::*;

#[tokio::test]
async fn a_person_is_registered_once_and_found_ever_after() {
    let world = World::new().await;
    let first = world.resolve(arrival("tmall", "t1", [phone("137 1234 5670")])).await;
    assert_eq!(first.outcome(), ResolutionOutcome::Created);
    assert_eq!(outcomes(&first), [EvidenceOutcome::Confirmed]);
    let again = world.resolve(arrival("tmall", "t1", [phone("+8613712345670")])).await;
    assert_eq!(
        (again.outcome(), &again.member_id),
        (ResolutionOutcome::Found, &first.member_id)
    );

    let registered = world.told::<MemberRegistered>().await;
    assert_eq!(registered.len(), 1);
    assert_eq!(
        (&registered[0].member_id, &*registered[0].channel_code),
        (&first.member_id, "tmall")
    );
    assert_eq!(registered[0].profile.as_ref().unwrap().channel_codes, ["tmall"]);
}

#[tokio::test]
async fn the_same_phone_in_another_channel_is_the_same_member() {
    let world = World::new().await;
    let first = world.resolve(arrival("tmall", "t1", [phone("13712345670")])).await;
    let second = world.resolve(arrival("pos", "card-1", [phone("13712345670")])).await;
    assert_eq!(
        (second.outcome(), &second.member_id),
        (ResolutionOutcome::Linked, &first.member_id)
    );
    let updated = world.told::<MemberUpdated>().await;
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0].profile.as_ref().unwrap().channel_codes, ["pos", "tmall"]);
}

#[tokio::test]
async fn each_edge_says_how_it_is_known_from_where_and_since_when() {
    let world = World::new().await;
    let card = evidence(IdentityKind::CardNumber, "8800000017", Proof::Presented);
    let member = world.resolve(arrival("pos", "p1", [card])).await.member_id;
    let edges = world.member(&member).await.identities;
    assert_eq!(
        (edges[0].kind(), edges[0].proof(), &*edges[0].scope),
        (IdentityKind::ExternalId, Proof::Platform, "pos")
    );
    assert_eq!(
        (edges[1].kind(), edges[1].proof()),
        (IdentityKind::CardNumber, Proof::Presented)
    );
    assert_eq!((&*edges[1].source_channel_code, edges[1].verified), ("pos", true));
    assert_eq!(edges[1].link_time, Some(world.harness.clock.now().to_wire()));
}

#[tokio::test]
async fn union_ids_join_the_apps_of_one_union_and_no_app_id_does() {
    let world = World::new().await;
    let mini = world
        .resolve(arrival("wechat_mini", "openid-1", [union("unionid-1")]))
        .await;
    let official = world
        .resolve(arrival("wechat_oa", "openid-2", [union("unionid-1")]))
        .await;
    assert_eq!(official.member_id, mini.member_id);
    let other = world.resolve(arrival("wechat_oa", "openid-1", [])).await;
    assert_ne!(other.member_id, mini.member_id);
    // Elsewhere the union's id counts as well, where the evidence names a channel of the union.
    let in_store = Evidence {
        channel_code: "wechat_mini".to_owned(),
        ..union("unionid-1")
    };
    assert_eq!(
        world.resolve(arrival("pos", "p1", [in_store])).await.member_id,
        mini.member_id
    );
}

#[tokio::test]
async fn the_id_of_another_channel_is_evidence() {
    let world = World::new().await;
    let shopper = world.resolve(arrival("tmall", "t1", [])).await;
    let known_from_tmall = Evidence {
        channel_code: "tmall".to_owned(),
        ..evidence(IdentityKind::ExternalId, "t1", Proof::Platform)
    };
    let visitor = world.resolve(arrival("jd", "j1", [known_from_tmall])).await;
    assert_eq!(
        (visitor.outcome(), visitor.member_id),
        (ResolutionOutcome::Linked, shopper.member_id)
    );
}

#[tokio::test]
async fn evidence_that_points_at_two_members_merges_them_and_the_old_id_resolves_for_ever() {
    let world = World::new().await;
    let shopper = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let follower = world
        .resolve(arrival("wechat_mini", "w1", [union("u1")]))
        .await
        .member_id;
    let one = world
        .resolve(arrival("wechat_mini", "w1", [union("u1"), phone("13712345670")]))
        .await;
    assert_eq!((one.outcome(), &one.member_id), (ResolutionOutcome::Merged, &shopper));
    assert_eq!(one.absorbed_member_ids, std::slice::from_ref(&follower));

    let by_old_id = world.get(&follower).await;
    assert_eq!(by_old_id.absorbed_member_id, follower);
    assert_eq!(by_old_id.member.unwrap().member_id, shopper);
    let merged = world.told::<MembersMerged>().await;
    assert_eq!(merged.len(), 1);
    assert_eq!(
        (&merged[0].surviving_member_id, &merged[0].absorbed_member_id),
        (&shopper, &follower)
    );
    assert_eq!(
        merged[0].profile.as_ref().unwrap().channel_codes,
        ["tmall", "wechat_mini"]
    );
}

#[tokio::test]
async fn a_shared_phone_does_not_merge_a_household() {
    let world = World::new().await;
    let husband = world
        .resolve(arrival("wechat_mini", "w1", [union("u1"), phone("13712345670")]))
        .await
        .member_id;
    let wife = world
        .resolve(arrival("wechat_mini", "w2", [union("u2"), phone("13712345670")]))
        .await;
    assert_eq!(wife.outcome(), ResolutionOutcome::Created);
    assert_eq!(outcomes(&wife), [EvidenceOutcome::Confirmed, EvidenceOutcome::Conflict]);
    assert_eq!(wife.evidence_results[1].conflicting_member_id, husband);
    assert_eq!(
        world
            .look_up(IdentityKind::Phone, "13712345670", "")
            .await
            .unwrap()
            .member_id,
        husband
    );
    // Noted, so that a person may find the two; it leads nowhere.
    let noted = world.member(&wife.member_id).await.identities;
    assert!(
        noted
            .iter()
            .any(|edge| edge.kind() == IdentityKind::Phone && !edge.verified)
    );
    assert!(world.told::<MembersMerged>().await.is_empty());
}

#[tokio::test]
async fn blocked_values_never_count_as_evidence() {
    let world = World::new().await;
    let blocked = [
        (IdentityKind::Phone, "0000"),
        (IdentityKind::Phone, "13800138000"),
        (IdentityKind::Email, "test@qq.com"),
        (IdentityKind::CardNumber, "9999999999"),
    ];
    for (number, (kind, value)) in blocked.into_iter().enumerate() {
        let visit = |person: &str| {
            arrival(
                "tmall",
                &format!("{person}-{number}"),
                [evidence(kind, value, Proof::Code)],
            )
        };
        let (one, other) = (world.resolve(visit("one")).await, world.resolve(visit("other")).await);
        assert_ne!(one.member_id, other.member_id, "{value}");
        assert_eq!(outcomes(&other), [EvidenceOutcome::Blocked], "{value}");
        assert_eq!(world.member(&other.member_id).await.identities.len(), 1);
    }
    assert_eq!(
        reason(world.try_resolve(arrival("tmall", "0000", [])).await),
        "IDENTITY_BLOCKED"
    );
}

#[tokio::test]
async fn unverified_evidence_leads_to_nobody() {
    let world = World::new().await;
    let owner = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let typed_in = evidence(IdentityKind::Phone, "13712345670", Proof::None);
    let stranger = world.resolve(arrival("pos", "p1", [typed_in])).await;
    assert_ne!(stranger.member_id, owner);
    assert_eq!(outcomes(&stranger), [EvidenceOutcome::Claimed]);
}

#[tokio::test]
async fn a_second_phone_is_noted_and_the_first_stays() {
    let world = World::new().await;
    world.resolve(arrival("tmall", "t1", [phone("13712345670")])).await;
    let again = world.resolve(arrival("tmall", "t1", [phone("13712345671")])).await;
    assert_eq!(outcomes(&again), [EvidenceOutcome::Occupied]);
    assert_eq!(
        reason(world.look_up(IdentityKind::Phone, "13712345671", "").await),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_arrival_is_said_at_once() {
    let world = World::new().await;
    let mut wrong = arrival(
        "tmall",
        "  ",
        [phone("12345"), evidence(IdentityKind::Email, "li", Proof::Code)],
    );
    wrong.profile = Some(Profile {
        birth_date: "1999-02-30".to_owned(),
        ..Profile::default()
    });
    let refusal = refusal(world.try_resolve(wrong).await);
    assert_eq!(
        (refusal.code, &*refusal.reason),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
    let paths: Vec<&str> = refusal.violations.iter().map(|violation| &*violation.path).collect();
    assert_eq!(
        paths,
        [
            "arrival.external_id",
            "arrival.evidence[0].value",
            "arrival.evidence[1].value",
            "arrival.profile.birth_date"
        ]
    );
    let two_phones = arrival("tmall", "t1", [phone("13712345670"), phone("13712345671")]);
    assert_eq!(refusal_paths(&world, two_phones).await, ["arrival.evidence[1]"]);
    let own_id = Evidence {
        channel_code: "tmall".to_owned(),
        ..evidence(IdentityKind::ExternalId, "t2", Proof::Platform)
    };
    assert_eq!(
        refusal_paths(&world, arrival("tmall", "t1", [own_id])).await,
        ["arrival.evidence[0]"]
    );
}

async fn refusal_paths(world: &World, arrival: Arrival) -> Vec<String> {
    refusal(world.try_resolve(arrival).await)
        .violations
        .into_iter()
        .map(|violation| violation.path)
        .collect()
}

#[tokio::test]
async fn what_the_channels_do_not_allow_is_refused_by_name() {
    let world = World::new().await;
    let unknown = refusal(world.try_resolve(arrival("douyin", "d1", [])).await);
    assert_eq!(
        (&*unknown.reason, &*unknown.metadata["resource"]),
        ("NOT_FOUND", "channel")
    );
    let without_union = refusal(world.try_resolve(arrival("tmall", "t1", [union("u1")])).await);
    assert_eq!(
        (&*without_union.reason, &*without_union.metadata["channel_code"]),
        ("CHANNEL_WITHOUT_UNION", "tmall")
    );
    assert!(world.all_members().await.is_empty());
}
