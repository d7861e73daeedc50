use contracts_identity::v1::*;
use tonic::Status;

use crate::world::*;

#[tokio::test]
async fn the_same_ids_of_two_brands_are_two_members() {
    let world = World::new().await;
    let other = world.harness.other_tenant();
    world.open_channels(other).await;
    let ours = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let request = ResolveMemberRequest {
        request_id: world.request_id(),
        arrival: Some(arrival("tmall", "t1", [phone("13712345670")])),
    };
    let theirs = world
        .members_of(other)
        .resolve_member(request)
        .await
        .unwrap()
        .into_inner()
        .resolution
        .unwrap();
    assert_eq!(theirs.outcome(), ResolutionOutcome::Created);
    assert_ne!(theirs.member_id, ours);
}

#[tokio::test]
async fn no_method_sees_or_changes_another_brand_s_member() {
    let world = World::new().await;
    let ours = world
        .resolve(arrival("tmall", "t1", [phone("13712345670")]))
        .await
        .member_id;
    let before = world.member(&ours).await;
    let stranger = world.harness.other_tenant();
    world.open_channels(stranger).await;
    let mut members = world.members_of(stranger);
    let request = ResolveMemberRequest {
        request_id: world.request_id(),
        arrival: Some(arrival("jd", "j1", [])),
    };
    let own = members
        .resolve_member(request)
        .await
        .unwrap()
        .into_inner()
        .resolution
        .unwrap()
        .member_id;

    let (id, member_id) = (|| world.request_id(), || ours.clone());
    let outcomes: Vec<Result<(), Status>> = vec![
        members
            .get_member(GetMemberRequest { member_id: member_id() })
            .await
            .map(drop),
        members
            .look_up_member(LookUpMemberRequest {
                kind: IdentityKind::Phone.into(),
                value: "13712345670".to_owned(),
                channel_code: String::new(),
            })
            .await
            .map(drop),
        members
            .update_member(UpdateMemberRequest {
                request_id: id(),
                member_id: member_id(),
                profile: None,
                update_mask: Some(mask(&["name"])),
                etag: String::new(),
            })
            .await
            .map(drop),
        members
            .link_identity(LinkIdentityRequest {
                request_id: id(),
                member_id: member_id(),
                evidence: Some(phone("13712345671")),
            })
            .await
            .map(drop),
        members
            .unlink_identity(UnlinkIdentityRequest {
                request_id: id(),
                member_id: member_id(),
                identity_id: before.identities[0].identity_id.clone(),
            })
            .await
            .map(drop),
        members
            .merge_members(MergeMembersRequest {
                request_id: id(),
                member_id: own,
                other_member_id: member_id(),
                accept_conflicts: true,
                comment: String::new(),
            })
            .await
            .map(drop),
    ];
    for outcome in outcomes {
        assert_eq!(reason(outcome), "NOT_FOUND");
    }
    let batch = members
        .batch_get_members(BatchGetMembersRequest {
            member_ids: vec![member_id()],
        })
        .await
        .unwrap();
    assert_eq!(batch.into_inner().results, [BatchGetMembersResult::default()]);
    let key = ExternalIdKey {
        channel_code: "tmall".to_owned(),
        external_id: "t1".to_owned(),
    };
    let found = members
        .batch_look_up_members(BatchLookUpMembersRequest { keys: vec![key] })
        .await
        .unwrap();
    assert_eq!(found.into_inner().member_ids, [""]);
    let listed = members
        .list_members(ListMembersRequest::default())
        .await
        .unwrap()
        .into_inner()
        .members;
    assert_eq!(listed.len(), 1);
    assert_eq!(world.member(&ours).await, before);
}
