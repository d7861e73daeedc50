//! Every mutation under its first request id: the first answer, and no second effect, also days later.

use contracts_identity::v1::*;
use prost::Message;

use crate::world::*;

/// Calls twice with a week between, and a third time with another content.
macro_rules! replays {
    ($world:expr, $client:ident, $method:ident, $request:expr, $change:expr) => {{
        let request = $request;
        let first = $world.$client().$method(request.clone()).await.unwrap().into_inner();
        let told = $world.harness.published().await.len();
        $world.harness.clock.turn_to($world.harness.clock.now().plus_days(7));
        let again = $world.$client().$method(request.clone()).await.unwrap().into_inner();
        assert_eq!(first.encode_to_vec(), again.encode_to_vec(), stringify!($method));
        assert_eq!($world.harness.published().await.len(), told, stringify!($method));
        let mut changed = request;
        $change(&mut changed);
        assert_eq!(
            reason($world.$client().$method(changed).await),
            "REQUEST_ID_REUSED",
            stringify!($method)
        );
        first
    }};
}

fn id() -> String {
    "kept-across-retries".to_owned()
}

#[tokio::test]
async fn every_change_of_a_channel_takes_effect_once() {
    let world = World::new().await;

    let request = CreateChannelRequest {
        request_id: id(),
        channel: Some(channel("app", ChannelKind::App, "", 9)),
    };
    replays!(
        world,
        channels,
        create_channel,
        request,
        |r: &mut CreateChannelRequest| {
            r.channel.as_mut().unwrap().trust_rank = 8;
        }
    );

    let request = UpdateChannelRequest {
        request_id: id(),
        channel_code: "app".to_owned(),
        display_name: String::new(),
        account: "app-1".to_owned(),
        trust_rank: 0,
        update_mask: Some(mask(&["account"])),
        etag: "1".to_owned(),
    };
    replays!(
        world,
        channels,
        update_channel,
        request,
        |r: &mut UpdateChannelRequest| r.account.clear()
    );
}

#[tokio::test]
async fn every_arrival_takes_effect_once() {
    let world = World::new().await;
    let request = ResolveMemberRequest {
        request_id: id(),
        arrival: Some(arrival("tmall", "t1", [phone("13712345670")])),
    };
    let resolved = replays!(
        world,
        members,
        resolve_member,
        request,
        |r: &mut ResolveMemberRequest| {
            r.arrival.as_mut().unwrap().evidence.clear();
        }
    );
    assert_eq!(
        resolved.resolution.as_ref().unwrap().outcome(),
        ResolutionOutcome::Created
    );

    let request = BatchResolveMembersRequest {
        unreadable_items: Vec::new(),
        request_id: id(),
        arrivals: vec![arrival("jd", "j1", [])],
    };
    replays!(
        world,
        members,
        batch_resolve_members,
        request,
        |r: &mut BatchResolveMembersRequest| {
            r.arrivals.push(arrival("jd", "j2", []));
        }
    );
}

#[tokio::test]
async fn every_change_of_a_member_takes_effect_once() {
    let world = World::new().await;
    let member_id = world.resolve(arrival("tmall", "t1", [])).await.member_id;
    let request = UpdateMemberRequest {
        request_id: id(),
        member_id: member_id.clone(),
        profile: Some(Profile {
            city: "Hangzhou".to_owned(),
            ..Profile::default()
        }),
        update_mask: Some(mask(&["city"])),
        etag: "1".to_owned(),
    };
    replays!(world, members, update_member, request, |r: &mut UpdateMemberRequest| r
        .etag
        .clear());

    let email = evidence(IdentityKind::Email, "li@brand.cn", Proof::Code);
    let request = LinkIdentityRequest {
        request_id: id(),
        member_id: member_id.clone(),
        evidence: Some(email),
    };
    let linked = replays!(world, members, link_identity, request, |r: &mut LinkIdentityRequest| {
        r.evidence = Some(phone("13712345679"));
    });

    let request = UnlinkIdentityRequest {
        request_id: id(),
        member_id: member_id.clone(),
        identity_id: linked.identity.unwrap().identity_id,
    };
    replays!(
        world,
        members,
        unlink_identity,
        request,
        |r: &mut UnlinkIdentityRequest| {
            r.identity_id = "idn_01h455vb4pex5vsknk084sn02q".to_owned();
        }
    );

    let other = world.resolve(arrival("pos", "p1", [])).await.member_id;
    let request = MergeMembersRequest {
        request_id: id(),
        member_id,
        other_member_id: other,
        accept_conflicts: false,
        comment: String::new(),
    };
    replays!(world, members, merge_members, request, |r: &mut MergeMembersRequest| {
        r.accept_conflicts = true;
    });
}

#[tokio::test]
async fn a_join_that_is_replayed_ten_times_out_of_order_is_one_member_and_one_welcome() {
    let world = World::new().await;
    let visits = [
        arrival("tmall", "t1", [phone("13712345670")]),
        arrival("jd", "j1", [phone("13712345670")]),
        arrival("wechat_mini", "w1", [union("u1"), phone("13712345670")]),
        arrival("wechat_oa", "w2", [union("u1"), phone("13712345670")]),
    ];
    for round in 0..10 {
        for step in 0..visits.len() {
            // Another order each round: every step is coprime to the number of visits.
            let index = (round + step * (1 + 2 * (round % 2))) % visits.len();
            world.resolve(visits[index].clone()).await;
        }
    }
    assert_eq!(world.all_members().await.len(), 1);
    assert_eq!(world.told::<MemberRegistered>().await.len(), 1);
    assert_eq!(world.told::<MemberUpdated>().await.len(), 3);
}
