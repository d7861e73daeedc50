use contracts_identity::v1::*;

use crate::world::*;

fn whole() -> Profile {
    Profile {
        name: "李雷".to_owned(),
        gender: Gender::Male.into(),
        birth_date: "1990-02-28".to_owned(),
        province: "浙江".to_owned(),
        city: "杭州".to_owned(),
        address: "文三路 1 号".to_owned(),
    }
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let paths = ["name", "gender", "birth_date", "province", "city", "address"];
    let changed = world.update(&member, whole(), &paths, "1").await.unwrap();
    assert_eq!((changed.profile.as_ref(), &*changed.etag), (Some(&whole()), "2"));
    let erased = world.update(&member, Profile::default(), &["city"], "2").await.unwrap();
    assert_eq!(
        erased.profile.unwrap(),
        Profile {
            city: String::new(),
            ..whole()
        }
    );
    assert_eq!(world.member(&member).await.etag, "3");

    let told = world.told::<MemberUpdated>().await;
    let snapshots: Vec<&ProfileSnapshot> = told.iter().map(|fact| fact.profile.as_ref().unwrap()).collect();
    assert_eq!(
        (&*snapshots[0].gender, &*snapshots[0].birth_date, &*snapshots[0].city),
        ("male", "1990-02-28", "杭州")
    );
    assert_eq!(snapshots[1].city, "");
}

#[tokio::test]
async fn a_change_that_is_based_on_another_version_is_refused() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    world.update(&member, whole(), &["name"], "").await.unwrap();
    let refusal = refusal(world.update(&member, whole(), &["city"], "1").await);
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["etag"], &*refusal.metadata["sent"]),
        ("ETAG_MISMATCH", "2", "1")
    );
}

#[tokio::test]
async fn wrong_fields_and_values_are_all_named() {
    let world = World::new().await;
    let member = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let unborn = Profile {
        birth_date: "2026-03-01".to_owned(),
        ..Profile::default()
    };
    let refused = refusal(world.update(&member, unborn, &["birth_date", "phone"], "").await);
    let paths: Vec<&str> = refused.violations.iter().map(|violation| &*violation.path).collect();
    assert_eq!(paths, ["update_mask", "profile.birth_date"]);
    assert_eq!(reason(world.update(&member, whole(), &[], "").await), "INVALID_FIELD");
    assert_eq!(
        reason(world.update("mbr_x", whole(), &["name"], "").await),
        "INVALID_FIELD"
    );
    assert_eq!(
        reason(
            world
                .update("mbr_01h455vb4pex5vsknk084sn02q", whole(), &["name"], "")
                .await
        ),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_more_trusted_channel_is_believed_and_the_person_most() {
    let world = World::new().await;
    let name = async |id: &str| world.member(id).await.profile.unwrap().name;
    let member = world
        .resolve(named(arrival("pos", "p1", [phone("13712345670")]), "Till"))
        .await
        .member_id;
    world
        .resolve(named(arrival("tmall", "t1", [phone("13712345670")]), "Shop"))
        .await;
    assert_eq!(name(&member).await, "Shop");
    world.resolve(named(arrival("pos", "p1", []), "Till")).await;
    assert_eq!(name(&member).await, "Shop");
    world
        .update(
            &member,
            Profile {
                name: "Herself".to_owned(),
                ..Profile::default()
            },
            &["name"],
            "",
        )
        .await
        .unwrap();
    world.resolve(named(arrival("tmall", "t1", []), "Shop")).await;
    let member = world.member(&member).await;
    assert_eq!(
        (&*member.profile.unwrap().name, &*member.profile_sources["name"]),
        ("Herself", "update")
    );
}
