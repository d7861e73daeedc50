use contracts_identity::v1::*;

use crate::world::*;

fn edge(member: &Member, kind: IdentityKind) -> Identity {
    member
        .identities
        .iter()
        .find(|edge| edge.kind() == kind)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_member_joins_and_leaves_a_channel() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let jd = Evidence {
        channel_code: "jd".to_owned(),
        ..evidence(IdentityKind::ExternalId, "j1", Proof::Platform)
    };
    let joined = world.link(&member, jd.clone()).await.unwrap();
    assert_eq!((&*joined.scope, joined.verified), ("jd", true));
    assert_eq!(world.resolve(arrival("jd", "j1", [])).await.member_id, member);
    assert_eq!(world.link(&member, jd).await.unwrap(), joined);

    world.unlink(&member, &joined.identity_id).await.unwrap();
    assert_ne!(world.resolve(arrival("jd", "j1", [])).await.member_id, member);
    let channels: Vec<Vec<String>> = world
        .told::<MemberUpdated>()
        .await
        .into_iter()
        .map(|fact| fact.profile.unwrap().channel_codes)
        .collect();
    assert_eq!(
        channels,
        [vec!["jd".to_owned(), "tmall".to_owned()], vec!["tmall".to_owned()]]
    );
}

#[tokio::test]
async fn an_identity_in_use_is_refused_and_never_moved_silently() {
    let world = World::new().await;
    let owner = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let other = world.resolve(arrival("jd", "j1", [])).await.member_id;
    let refusal = refusal(world.link(&other, phone("13712345670")).await);
    assert_eq!(
        (&*refusal.reason, &refusal.metadata["member_id"]),
        ("IDENTITY_IN_USE", &owner)
    );
    assert_eq!(
        world
            .look_up(IdentityKind::Phone, "13712345670", "")
            .await
            .unwrap()
            .member_id,
        owner
    );
}

#[tokio::test]
async fn a_new_phone_takes_the_place_of_the_old_one_only_after_it_was_unlinked() {
    let world = World::new().await;
    let member = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let refusal = refusal(world.link(&member, phone("13712345671")).await);
    let old = edge(&world.member(&member).await, IdentityKind::Phone).identity_id;
    assert_eq!(
        (&*refusal.reason, &refusal.metadata["identity_id"]),
        ("IDENTITY_KIND_OCCUPIED", &old)
    );
    world.unlink(&member, &old).await.unwrap();
    world.link(&member, phone("13712345671")).await.unwrap();
    assert_eq!(
        world
            .look_up(IdentityKind::Phone, "13712345671", "")
            .await
            .unwrap()
            .member_id,
        member
    );
    assert_eq!(
        reason(world.look_up(IdentityKind::Phone, "13712345670", "").await),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_claim_that_is_proved_leads_from_then_on() {
    let world = World::new().await;
    let claimed = evidence(IdentityKind::Phone, "13712345670", Proof::None);
    let member = world.resolve(arrival("pos", "p1", [claimed.clone()])).await.member_id;
    let claim = edge(&world.member(&member).await, IdentityKind::Phone);
    assert!(!claim.verified);
    let proved = world.link(&member, phone("13712345670")).await.unwrap();
    assert_eq!((&proved.identity_id, proved.verified), (&claim.identity_id, true));
    assert_eq!(
        world
            .resolve(arrival("tmall", "t1", [phone("13712345670")]))
            .await
            .member_id,
        member
    );
    // Proved once, it does not become a claim again.
    assert_eq!(world.link(&member, claimed).await.unwrap(), proved);
    assert_eq!(world.member(&member).await.identities.len(), 3);
}

#[tokio::test]
async fn the_last_verified_identity_and_unknown_ones_are_refused() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let last = edge(&world.member(&member).await, IdentityKind::ExternalId).identity_id;
    assert_eq!(reason(world.unlink(&member, &last).await), "LAST_IDENTITY");
    let other = world.resolve(arrival("tmall", "t2", [])).await.member_id;
    let foreign = edge(&world.member(&other).await, IdentityKind::ExternalId).identity_id;
    let refusal = refusal(world.unlink(&member, &foreign).await);
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["resource"]),
        ("NOT_FOUND", "identity")
    );
    assert_eq!(reason(world.unlink(&member, "idn_1").await), "INVALID_FIELD");
}

#[tokio::test]
async fn a_link_names_what_is_wrong_with_it() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let blocked = refusal(world.link(&member, phone("13800138000")).await);
    assert_eq!(
        (&*blocked.reason, &*blocked.metadata["kind"]),
        ("IDENTITY_BLOCKED", "PHONE")
    );
    assert_eq!(reason(world.link(&member, union("u1")).await), "INVALID_FIELD");
    let no_union = Evidence {
        channel_code: "tmall".to_owned(),
        ..union("u1")
    };
    assert_eq!(reason(world.link(&member, no_union).await), "CHANNEL_WITHOUT_UNION");
    let no_channel = Evidence {
        channel_code: "web".to_owned(),
        ..phone("13712345670")
    };
    assert_eq!(reason(world.link(&member, no_channel).await), "NOT_FOUND");
    let nobody = "mbr_01h455vb4pex5vsknk084sn02q";
    assert_eq!(reason(world.link(nobody, phone("13712345670")).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_member_has_a_limited_number_of_claims() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    for number in 0..64 {
        world
            .link(
                &member,
                evidence(IdentityKind::Device, &format!("device-{number}"), Proof::Presented),
            )
            .await
            .unwrap();
    }
    let refusal = refusal(
        world
            .link(&member, evidence(IdentityKind::Device, "one more", Proof::None))
            .await,
    );
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["limit"]),
        ("IDENTITY_LIMIT_REACHED", "64")
    );
}
