use contracts_identity::v1::*;

use crate::world::*;

const NOBODY: &str = "mbr_01h455vb4pex5vsknk084sn02q";

#[tokio::test]
async fn older_survives_newer_whatever_the_order_of_the_request() {
    let world = World::new().await;
    let older = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    world.harness.clock.advance(std::time::Duration::from_mins(1));
    let newer = world.resolve(arrival("jd", "j1", [])).await.member_id;
    let merged = world.merge(&newer, &older, false).await.unwrap();
    assert_eq!(
        (merged.member.unwrap().member_id, merged.absorbed_member_id),
        (older, newer)
    );
}

#[tokio::test]
async fn the_known_survives_the_older_anonymous() {
    let world = World::new().await;
    let anonymous = world.resolve(arrival("wechat_oa", "visitor-7", [])).await.member_id;
    let began = world.member(&anonymous).await.register_time;
    world.harness.clock.advance(std::time::Duration::from_mins(1));
    let known = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let merged = world.merge(&anonymous, &known, false).await.unwrap().member.unwrap();
    assert_eq!((merged.member_id, merged.register_time), (known, began));
}

#[tokio::test]
async fn every_method_follows_an_absorbed_id_for_ever() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..4 {
        world.harness.clock.advance(std::time::Duration::from_secs(1));
        ids.push(
            world
                .resolve(arrival(["tmall", "jd", "pos", "wechat_oa"][number], "x1", []))
                .await
                .member_id,
        );
    }
    // Youngest first, so that the redirects form a chain.
    for number in (0..3).rev() {
        world.merge(&ids[number], &ids[number + 1], false).await.unwrap();
    }
    let survivor = &ids[0];
    for absorbed in &ids[1..] {
        let got = world.get(absorbed).await;
        assert_eq!(
            (&got.member.unwrap().member_id, &got.absorbed_member_id),
            (survivor, absorbed)
        );
    }
    let absorbed = &ids[3];
    let city = Profile {
        city: "Hangzhou".to_owned(),
        ..Profile::default()
    };
    assert_eq!(
        &world.update(absorbed, city, &["city"], "").await.unwrap().member_id,
        survivor
    );
    let linked = world.link(absorbed, phone("13712345670")).await.unwrap();
    assert_eq!(
        &world
            .look_up(IdentityKind::Phone, "13712345670", "")
            .await
            .unwrap()
            .member_id,
        survivor
    );
    world.unlink(absorbed, &linked.identity_id).await.unwrap();
    let other = world.resolve(arrival("wechat_mini", "w1", [])).await.member_id;
    assert_eq!(
        &world
            .merge(&other, absorbed, false)
            .await
            .unwrap()
            .member
            .unwrap()
            .member_id,
        survivor
    );

    let request = BatchGetMembersRequest {
        member_ids: vec![absorbed.clone(), NOBODY.to_owned(), survivor.clone()],
    };
    let results = world
        .members()
        .batch_get_members(request)
        .await
        .unwrap()
        .into_inner()
        .results;
    assert_eq!(&results[0].member.as_ref().unwrap().member_id, survivor);
    assert_eq!(&results[0].absorbed_member_id, absorbed);
    assert_eq!(results[1], BatchGetMembersResult::default());
    assert_eq!(
        (results[2].member.is_some(), &*results[2].absorbed_member_id),
        (true, "")
    );
    assert_eq!(world.all_members().await.len(), 1);
}

#[tokio::test]
async fn two_verified_ids_of_one_kind_never_merge_but_on_somebody_s_word() {
    let world = World::new().await;
    let one = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let other = world
        .resolve(arrival("tmall", "t2", [phone("13712345671")]))
        .await
        .member_id;
    let refusal = refusal(world.merge(&one, &other, false).await);
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["kind"]),
        ("MEMBERS_DISTINCT", "EXTERNAL_ID")
    );
    let merged = world.merge(&one, &other, true).await.unwrap().member.unwrap();
    assert_eq!(merged.identities.len(), 4);
    for (external_id, number) in [("t1", "13712345670"), ("t2", "13712345671")] {
        assert_eq!(
            world.resolve(arrival("tmall", external_id, [])).await.member_id,
            merged.member_id
        );
        assert_eq!(
            world.look_up(IdentityKind::Phone, number, "").await.unwrap().member_id,
            merged.member_id
        );
    }
}

#[tokio::test]
async fn who_is_one_already_or_unknown_is_refused() {
    let world = World::new().await;
    let one = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let other = world.resolve(arrival("jd", "j1", [])).await.member_id;
    assert_eq!(reason(world.merge(&one, &one, false).await), "MEMBERS_ALREADY_ONE");
    assert_eq!(reason(world.merge(&one, NOBODY, false).await), "NOT_FOUND");
    world.merge(&one, &other, false).await.unwrap();
    assert_eq!(reason(world.merge(&one, &other, false).await), "MEMBERS_ALREADY_ONE");
}

#[tokio::test]
async fn profile_values_survive_by_the_trust_of_their_sources() {
    let world = World::new().await;
    let mut from_pos = named(arrival("pos", "p1", []), "Till");
    from_pos.profile.as_mut().unwrap().city = "Hangzhou".to_owned();
    let older = world.resolve(from_pos).await.member_id;
    let newer = world.resolve(named(arrival("tmall", "t1", []), "Shop")).await.member_id;
    let merged = world.merge(&older, &newer, false).await.unwrap().member.unwrap();
    assert_eq!(merged.member_id, older);
    let profile = merged.profile.unwrap();
    assert_eq!((&*profile.name, &*profile.city), ("Shop", "Hangzhou"));
    assert_eq!(
        (&*merged.profile_sources["name"], &*merged.profile_sources["city"]),
        ("tmall", "pos")
    );
}
