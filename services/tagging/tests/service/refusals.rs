//! Every reason of the contract, produced.

use contracts_tagging::v1::*;
use prost_types::FieldMask;
use tonic::Code;

use crate::world::{World, at_least, count, int, is_set, manual, member, reason, text};

#[tokio::test]
async fn member_not_found() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    let refused = world.try_assign(77, "vip", None).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("MEMBER_NOT_FOUND", Code::NotFound)
    );
}

#[tokio::test]
async fn tag_exists_and_too_many_tags() {
    let world = World::new().await;
    world.create_tag(manual("t0", TagValueType::Bool)).await;
    let refused = world.try_create_tag(manual("t0", TagValueType::Int)).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TAG_EXISTS", Code::AlreadyExists)
    );
    for number in 1..500 {
        world
            .create_tag(manual(&format!("t{number}"), TagValueType::Bool))
            .await;
    }
    let refused = world
        .try_create_tag(manual("t500", TagValueType::Bool))
        .await
        .unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TOO_MANY_TAGS", Code::ResourceExhausted)
    );
}

#[tokio::test]
async fn tag_unknown() {
    let world = World::new().await;
    let refused = world.try_assign(1, "vip", None).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TAG_UNKNOWN", Code::FailedPrecondition)
    );
    let refused = world.try_create_segment("s", is_set("vip")).await.unwrap_err();
    assert_eq!(reason(&refused), "TAG_UNKNOWN");
    let request = RemoveTagRequest {
        request_id: "r".into(),
        member_id: member(1),
        tag_code: "vip".into(),
    };
    assert_eq!(
        reason(&world.tags().remove_tag(request).await.unwrap_err()),
        "TAG_UNKNOWN"
    );
}

#[tokio::test]
async fn tag_computed() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    let refused = world.try_assign(1, "orders", Some(int(1))).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TAG_COMPUTED", Code::FailedPrecondition)
    );
    let request = RemoveTagRequest {
        request_id: "r".into(),
        member_id: member(1),
        tag_code: "orders".into(),
    };
    assert_eq!(
        reason(&world.tags().remove_tag(request).await.unwrap_err()),
        "TAG_COMPUTED"
    );
}

#[tokio::test]
async fn tag_static() {
    let world = World::new().await;
    let tag = Tag {
        mutability: TagMutability::Static.into(),
        lifetime_days: 10,
        ..manual("origin", TagValueType::String)
    };
    world.create_tag(tag).await;
    world.assign(1, "origin", Some(text("a"))).await;
    world.assign(1, "origin", Some(text("a"))).await;
    let refused = world.try_assign(1, "origin", Some(text("b"))).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TAG_STATIC", Code::FailedPrecondition)
    );
    // A value that has lapsed is none, whether or not the timer has come by.
    world.harness.clock.turn_to(world.now().plus_days(10));
    world.assign(1, "origin", Some(text("b"))).await;
}

#[tokio::test]
async fn tag_value_type_mismatch() {
    let world = World::new().await;
    world.create_tag(manual("store", TagValueType::String)).await;
    let refused = world.try_assign(1, "store", Some(int(1))).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TAG_VALUE_TYPE_MISMATCH", Code::InvalidArgument)
    );
    let refused = world.try_create_segment("s", at_least("store", 1)).await.unwrap_err();
    assert_eq!(reason(&refused), "TAG_VALUE_TYPE_MISMATCH");
    assert_eq!(
        reason(&world.try_assign(1, "store", None).await.unwrap_err()),
        "INVALID_FIELD"
    );
}

#[tokio::test]
async fn segment_exists_and_too_many_segments() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    world.try_create_segment("s0", is_set("vip")).await.unwrap();
    let refused = world.try_create_segment("s0", is_set("vip")).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("SEGMENT_EXISTS", Code::AlreadyExists)
    );
    for number in 1..200 {
        world
            .try_create_segment(&format!("s{number}"), is_set("vip"))
            .await
            .unwrap();
    }
    let refused = world.try_create_segment("s200", is_set("vip")).await.unwrap_err();
    assert_eq!(
        (&*reason(&refused), refused.code()),
        ("TOO_MANY_SEGMENTS", Code::ResourceExhausted)
    );
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_misshapen() {
    let world = World::new().await;
    world.create_tag(manual("vip", TagValueType::Bool)).await;
    let created = world.try_create_segment("s", is_set("vip")).await.unwrap();
    let not_found = world
        .segments()
        .get_segment(GetSegmentRequest {
            segment_code: "none".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&not_found), "NOT_FOUND");
    let not_found = world
        .tags()
        .get_tag(GetTagRequest {
            tag_code: "none".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&not_found), "NOT_FOUND");
    let empty = Condition { kind: None };
    assert_eq!(
        reason(&world.try_create_segment("t", empty).await.unwrap_err()),
        "INVALID_FIELD"
    );
    let wrong = manual("Wrong Code", TagValueType::Bool);
    assert_eq!(reason(&world.try_create_tag(wrong).await.unwrap_err()), "INVALID_FIELD");
    let untyped = manual("untyped", TagValueType::Unspecified);
    assert_eq!(
        reason(&world.try_create_tag(untyped).await.unwrap_err()),
        "INVALID_FIELD"
    );
    let request = ListActivitiesRequest {
        member_id: "mbr_1".into(),
        ..Default::default()
    };
    assert_eq!(
        reason(&world.activities().list_activities(request).await.unwrap_err()),
        "INVALID_FIELD"
    );
    let update = |request_id: &str, etag: &str| UpdateSegmentRequest {
        request_id: request_id.into(),
        segment_code: "s".into(),
        update_mask: Some(FieldMask {
            paths: vec!["description".into()],
        }),
        description: "for tests".into(),
        etag: etag.into(),
        ..UpdateSegmentRequest::default()
    };
    world
        .segments()
        .update_segment(update("u1", &created.etag))
        .await
        .unwrap();
    let refused = world
        .segments()
        .update_segment(update("u2", &created.etag))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "ETAG_MISMATCH");
}
