//! The undo of merges.

use std::time::Duration;

use contracts_identity::v1::*;

use crate::world::*;

const NOBODY: &str = "mbr_01h455vb4pex5vsknk084sn02q";

/// An older member of tmall with a phone, and a younger one of jd with another, who gave a claim.
async fn two(world: &World) -> [String; 2] {
    let mut older = named(arrival("tmall", "t1", [phone("13712345670")]), "Wang");
    older
        .evidence
        .push(evidence(IdentityKind::Email, "one@brand.cn", Proof::None));
    let older = world.resolve(older).await.member_id;
    world.harness.clock.advance(Duration::from_mins(1));
    let mut younger = arrival("jd", "j1", [evidence(IdentityKind::Email, "one@brand.cn", Proof::Code)]);
    younger
        .evidence
        .push(evidence(IdentityKind::Device, "a phone of one", Proof::Platform));
    let profile = Profile {
        city: "Hangzhou".to_owned(),
        name: "Wang junior".to_owned(),
        ..Profile::default()
    };
    younger.profile = Some(profile);
    let younger = world.resolve(younger).await.member_id;
    world.harness.clock.advance(Duration::from_mins(1));
    [older, younger]
}

/// A member without its version and the time of its change.
fn person(member: Member) -> Member {
    Member {
        etag: String::new(),
        update_time: None,
        ..member
    }
}

#[tokio::test]
async fn an_undo_makes_both_members_what_they_were() {
    let world = World::new().await;
    let [older, younger] = two(&world).await;
    let before = [world.member(&older).await, world.member(&younger).await].map(person);
    let merged = world.merge(&older, &younger, false).await.unwrap();
    assert_eq!(merged.absorbed_member_id, younger);
    assert_eq!(merged.member.unwrap().profile.unwrap().city, "Hangzhou");
    let undone = world.undo(&younger).await.unwrap();
    let after = [undone.surviving_member.unwrap(), undone.member.unwrap()].map(person);
    assert_eq!(after, before);
    for (id, member) in [&older, &younger].into_iter().zip(before) {
        let got = world.get(id).await;
        assert_eq!(got.absorbed_member_id, "");
        assert_eq!(person(got.member.unwrap()), member, "it is what was kept");
    }
    assert_eq!(world.all_members().await.len(), 2);
    assert_eq!(world.resolve(arrival("jd", "j1", [])).await.member_id, younger);
    assert_eq!(
        world
            .look_up(IdentityKind::Phone, "13712345670", "")
            .await
            .unwrap()
            .member_id,
        older
    );

    let told = world.told::<MergeUndone>().await;
    let merges = world.told::<MembersMerged>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].restored_member_id, &told[0].surviving_member_id),
        (&younger, &older)
    );
    assert_eq!(told[0].merge_id, merges[0].merge_id);
    assert_eq!(told[0].merge_time, merges[0].merge_time);
    let [restored, surviving] =
        [&told[0].restored_profile, &told[0].surviving_profile].map(|profile| profile.clone().unwrap());
    assert_eq!((&*restored.city, &*surviving.city), ("Hangzhou", ""));
    assert_eq!(
        (restored.channel_codes, surviving.channel_codes),
        (vec!["jd".to_owned()], vec!["tmall".to_owned()])
    );
}

#[tokio::test]
async fn what_happened_since_the_merge_stays_with_the_survivor() {
    let world = World::new().await;
    let [older, younger] = two(&world).await;
    world.merge(&older, &younger, false).await.unwrap();
    world.harness.clock.advance(Duration::from_mins(1));
    let linked = world
        .link(&younger, evidence(IdentityKind::CardNumber, "A-1", Proof::Presented))
        .await
        .unwrap();
    let email = world
        .member(&older)
        .await
        .identities
        .into_iter()
        .find(|it| it.value == "one@brand.cn")
        .unwrap();
    world.unlink(&older, &email.identity_id).await.unwrap();
    let city = Profile {
        city: "Suzhou".to_owned(),
        ..Profile::default()
    };
    world.update(&older, city, &["city"], "").await.unwrap();
    let undone = world.undo(&younger).await.unwrap();
    let [survivor, restored] = [undone.surviving_member.unwrap(), undone.member.unwrap()];
    assert!(
        survivor
            .identities
            .iter()
            .any(|it| it.identity_id == linked.identity_id)
    );
    assert!(
        restored.identities.iter().all(|it| it.value != "one@brand.cn"),
        "it was unlinked since"
    );
    assert_eq!(
        survivor.profile.unwrap().city,
        "Suzhou",
        "it was changed on purpose since"
    );
    assert_eq!(restored.profile.unwrap().city, "Hangzhou");
}

#[tokio::test]
async fn evidence_merges_nobody_again_but_somebody_s_word_does() {
    let world = World::new().await;
    let one = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let other = world.resolve(arrival("jd", "j1", [])).await.member_id;
    let arrives = || world.resolve(arrival("jd", "j1", [phone("13712345670")]));
    let merged = arrives().await;
    assert_eq!(
        (&merged.member_id, &merged.absorbed_member_ids),
        (&one, &vec![other.clone()])
    );
    world.undo(&other).await.unwrap();
    for _ in 0..2 {
        let conflict = arrives().await;
        assert_eq!(conflict.member_id, other);
        assert_eq!(outcomes(&conflict), [EvidenceOutcome::Conflict]);
        assert_eq!(conflict.evidence_results[0].conflicting_member_id, one);
    }
    let reason = refusal(world.merge(&one, &other, false).await).reason;
    assert_eq!(reason, "MEMBERS_DISTINCT");
    world.merge(&one, &other, true).await.unwrap();
    assert_eq!(world.get(&other).await.absorbed_member_id, other);
    // And that merge can be undone as well.
    world.undo(&other).await.unwrap();
    assert_eq!(world.get(&other).await.absorbed_member_id, "");
    assert_eq!(world.told::<MergeUndone>().await.len(), 2);
}

#[tokio::test]
async fn a_survivor_of_one_of_the_two_is_kept_apart_from_the_other_as_well() {
    let world = World::new().await;
    let one = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let other = world.resolve(arrival("jd", "j1", [])).await.member_id;
    world.merge(&one, &other, false).await.unwrap();
    world.undo(&other).await.unwrap();
    // Whom `one` is absorbed by: older, and known.
    let mut third = arrival(
        "pos",
        "p1",
        [evidence(IdentityKind::CardNumber, "A-1", Proof::Presented)],
    );
    third.profile = None;
    let third = world.resolve(third).await.member_id;
    let survivor = world.merge(&one, &third, false).await.unwrap();
    let (survivor, absorbed) = (survivor.member.unwrap().member_id, survivor.absorbed_member_id);
    let card = || evidence(IdentityKind::CardNumber, "A-1", Proof::Presented);
    let arrived = world.resolve(arrival("jd", "j1", [card()])).await;
    assert_eq!(
        (&arrived.member_id, outcomes(&arrived)),
        (&other, vec![EvidenceOutcome::Conflict])
    );
    world.undo(&absorbed).await.unwrap();
    assert_ne!(survivor, absorbed);
    let arrived = world.resolve(arrival("jd", "j1", [phone("13712345670")])).await;
    assert_eq!(
        outcomes(&arrived),
        [EvidenceOutcome::Conflict],
        "the first two are still apart"
    );
}

#[tokio::test]
async fn of_a_chain_the_last_merge_is_undone_first_and_the_ids_lead_where_they_led() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for channel in ["tmall", "jd", "pos"] {
        ids.push(
            world
                .resolve(named(arrival(channel, "x1", []), channel))
                .await
                .member_id,
        );
        world.harness.clock.advance(Duration::from_secs(1));
    }
    let [first, second, third] = [&ids[0], &ids[1], &ids[2]];
    world.merge(third, second, false).await.unwrap();
    world.harness.clock.advance(Duration::from_secs(1));
    world.merge(second, first, false).await.unwrap();
    let refusal = refusal(world.undo(third).await);
    assert_eq!(
        (&*refusal.reason, &refusal.metadata["member_id"]),
        ("SURVIVOR_ABSORBED", second)
    );
    world.undo(second).await.unwrap();
    assert_eq!(&world.get(third).await.member.unwrap().member_id, second);
    assert_eq!(&world.resolve(arrival("pos", "x1", [])).await.member_id, second);
    assert_eq!(
        &world.told::<MergeUndone>().await[0].led_member_ids,
        &vec![third.clone()]
    );
    world.undo(third).await.unwrap();
    for (id, channel) in ids.iter().zip(["tmall", "jd", "pos"]) {
        let member = world.member(id).await;
        assert_eq!((&member.member_id, member.identities.len()), (id, 1));
        assert_eq!(member.profile.unwrap().name, channel);
    }
}

#[tokio::test]
async fn merges_into_one_survivor_are_undone_in_any_order_without_a_trace() {
    let world = World::new().await;
    let survivor = world.resolve(arrival("pos", "p1", [])).await.member_id;
    let mut ids = Vec::new();
    for channel in ["jd", "tmall"] {
        world.harness.clock.advance(Duration::from_secs(1));
        ids.push(
            world
                .resolve(named(arrival(channel, "x1", []), channel))
                .await
                .member_id,
        );
    }
    let before = person(world.member(&survivor).await);
    for id in &ids {
        world.harness.clock.advance(Duration::from_secs(1));
        world.merge(&survivor, id, false).await.unwrap();
    }
    assert_eq!(world.member(&survivor).await.profile.unwrap().name, "tmall");
    for id in &ids {
        world.undo(id).await.unwrap();
    }
    assert_eq!(person(world.member(&survivor).await), before);
}

#[tokio::test]
async fn who_cannot_be_parted_is_told_why() {
    let world = World::new().await;
    let [older, younger] = two(&world).await;
    let reason = |outcome| refusal(outcome).reason;
    assert_eq!(reason(world.undo(NOBODY).await), "NOT_FOUND");
    assert_eq!(reason(world.undo(&younger).await), "MEMBER_NOT_ABSORBED");
    world.merge(&older, &younger, false).await.unwrap();
    assert_eq!(reason(world.undo(&older).await), "MEMBER_NOT_ABSORBED");

    let member = world.member(&older).await;
    let of = |channels: [&str; 2]| {
        let mut found = member
            .identities
            .iter()
            .filter(|it| channels.contains(&&*it.source_channel_code) && it.verified);
        [
            found.next().unwrap().identity_id.clone(),
            found.next().unwrap().identity_id.clone(),
        ]
    };
    let [of_older, of_younger] = [of(["tmall", "tmall"]), of(["jd", "jd"])];
    for identity in &of_older {
        world.unlink(&older, identity).await.unwrap();
    }
    assert_eq!(reason(world.undo(&younger).await), "LAST_IDENTITY");
    world.harness.clock.advance(Duration::from_secs(1));
    world.link(&older, phone("13712345671")).await.unwrap();
    for identity in &of_younger {
        world.unlink(&older, identity).await.unwrap();
    }
    assert_eq!(reason(world.undo(&younger).await), "NOTHING_TO_RESTORE");
}

#[tokio::test]
async fn a_merge_can_be_undone_for_thirty_days() {
    let world = World::new().await;
    let [older, younger] = two(&world).await;
    world.merge(&older, &younger, false).await.unwrap();
    world.harness.clock.advance(Duration::from_hours(30 * 24));
    world.undo(&younger).await.unwrap();
    world.merge(&older, &younger, true).await.unwrap();
    world.harness.clock.advance(Duration::from_secs(30 * 86_400 + 1));
    let refusal = refusal(world.undo(&younger).await);
    assert_eq!(refusal.reason, "UNDO_WINDOW_OVER");
    assert!(refusal.metadata["merge_time"] < refusal.metadata["end_time"]);
}

#[tokio::test]
async fn the_same_request_is_undone_once() {
    let world = World::new().await;
    let [older, younger] = two(&world).await;
    world.merge(&older, &younger, false).await.unwrap();
    let request = UndoMergeRequest {
        request_id: "undo-1".to_owned(),
        member_id: younger.clone(),
        comment: String::new(),
    };
    let first = world.members().undo_merge(request.clone()).await.unwrap().into_inner();
    world.merge(&older, &younger, true).await.unwrap();
    let again = world.members().undo_merge(request).await.unwrap().into_inner();
    assert_eq!(again, first);
    assert_eq!(
        world.get(&younger).await.absorbed_member_id,
        younger,
        "the later merge stands"
    );
}
