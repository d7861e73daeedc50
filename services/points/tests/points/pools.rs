//! What members do together: joining, contributing, spending, leaving, and the end of a pool.

use contracts_points::v1::pool_service_client::PoolServiceClient;
use contracts_points::v1::*;
use rpc::Channel;
use tonic::{Code, Response, Status};

use crate::brand::{Brand, brand, mask, metadata, reason};
use crate::reasons::Produced;

impl Brand {
    pub(crate) fn pools(&self) -> PoolServiceClient<Channel> {
        PoolServiceClient::new(self.channel())
    }

    pub(crate) async fn create_pool(&self, owner: &str, policy: PoolRedeemPolicy) -> Result<Pool, Status> {
        let request = CreatePoolRequest {
            request_id: self.request_id(),
            asset_code: "points".to_owned(),
            owner_member_id: owner.to_owned(),
            display_name: "The Wangs".to_owned(),
            redeem_policy: policy.into(),
            members_max: 3,
        };
        Ok(self.pools().create_pool(request).await?.into_inner().pool.unwrap())
    }

    pub(crate) async fn pool(&self, pool: &str) -> Pool {
        let request = GetPoolRequest {
            pool_id: pool.to_owned(),
        };
        self.pools().get_pool(request).await.unwrap().into_inner().pool.unwrap()
    }

    pub(crate) async fn pool_holds(&self, pool: &str) -> i64 {
        self.pool(pool).await.balance.unwrap().available
    }

    pub(crate) async fn invite(&self, pool: &str, member: &str) -> Result<Pool, Status> {
        let request = InvitePoolMemberRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
        };
        Ok(self
            .pools()
            .invite_pool_member(request)
            .await?
            .into_inner()
            .pool
            .unwrap())
    }

    pub(crate) async fn join(&self, pool: &str, member: &str) -> Result<Pool, Status> {
        let request = JoinPoolRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
        };
        Ok(self.pools().join_pool(request).await?.into_inner().pool.unwrap())
    }

    pub(crate) async fn leave(&self, pool: &str, member: &str) -> Result<Pool, Status> {
        let request = RemovePoolMemberRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
        };
        Ok(self
            .pools()
            .remove_pool_member(request)
            .await?
            .into_inner()
            .pool
            .unwrap())
    }

    pub(crate) async fn contribute(
        &self,
        pool: &str,
        member: &str,
        amount: i64,
    ) -> Result<ContributePointsResponse, Status> {
        let request = ContributePointsRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
            amount,
            reference: "holiday".to_owned(),
        };
        self.pools().contribute_points(request).await.map(Response::into_inner)
    }

    pub(crate) fn pool_redemption(&self, pool: &str, member: &str, amount: i64) -> RedeemPoolPointsRequest {
        RedeemPoolPointsRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            member_id: member.to_owned(),
            amount,
            reference: "order-1".to_owned(),
            cost_centre: "store-1".to_owned(),
        }
    }

    pub(crate) async fn redeem_of(&self, pool: &str, member: &str, amount: i64) -> Result<Entry, Status> {
        let request = self.pool_redemption(pool, member, amount);
        Ok(self
            .pools()
            .redeem_pool_points(request)
            .await?
            .into_inner()
            .entry
            .unwrap())
    }

    pub(crate) async fn give_back(
        &self,
        pool: &str,
        entry: &str,
        amount: i64,
    ) -> Result<ReversePoolPointsResponse, Status> {
        let request = ReversePoolPointsRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            entry_id: entry.to_owned(),
            amount,
            reference: "refund-1".to_owned(),
        };
        self.pools()
            .reverse_pool_points(request)
            .await
            .map(Response::into_inner)
    }

    pub(crate) async fn pool_entries(&self, pool: &str) -> Vec<Entry> {
        let request = ListPoolEntriesRequest {
            pool_id: pool.to_owned(),
            ..ListPoolEntriesRequest::default()
        };
        self.pools()
            .list_pool_entries(request)
            .await
            .unwrap()
            .into_inner()
            .entries
    }

    pub(crate) async fn dissolve(&self, pool: &str) -> Result<DissolvePoolResponse, Status> {
        let request = DissolvePoolRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
        };
        self.pools().dissolve_pool(request).await.map(Response::into_inner)
    }

    pub(crate) async fn update_pool(&self, pool: &str, to: Pool, paths: &[&str], etag: &str) -> Result<Pool, Status> {
        let request = UpdatePoolRequest {
            request_id: self.request_id(),
            pool_id: pool.to_owned(),
            pool: Some(to),
            update_mask: Some(mask(paths)),
            etag: etag.to_owned(),
        };
        Ok(self.pools().update_pool(request).await?.into_inner().pool.unwrap())
    }

    pub(crate) async fn pools_of(&self, member: &str) -> Vec<String> {
        let request = ListPoolsRequest {
            member_id: member.to_owned(),
            ..ListPoolsRequest::default()
        };
        let pools = self.pools().list_pools(request).await.unwrap().into_inner().pools;
        pools.into_iter().map(|pool| pool.pool_id).collect()
    }

    /// A pool with an owner and a member who has joined; each has 100 points that never expire.
    pub(crate) async fn family(&self) -> (String, String, String) {
        let (owner, member) = (self.member(), self.member());
        let pool = self
            .create_pool(&owner, PoolRedeemPolicy::Members)
            .await
            .unwrap()
            .pool_id;
        self.invite(&pool, &member).await.unwrap();
        self.join(&pool, &member).await.unwrap();
        self.earn(&owner, 100, 0).await;
        self.earn(&member, 100, 0).await;
        (pool, owner, member)
    }

    /// How often a fact was told.
    pub(crate) async fn told(&self, fact: &str) -> usize {
        let published = self.h.published().await;
        published.iter().filter(|row| row.kind == fact).count()
    }
}

pub(crate) fn joined(pool: &Pool) -> Vec<&str> {
    let joined = pool.members.iter().filter(|it| it.join_time.is_some());
    joined.map(|it| it.member_id.as_str()).collect()
}

/// The refusals about pools.
pub(crate) async fn produce(brand: &Brand) -> Vec<Produced> {
    let (pool, owner, member) = brand.family().await;
    let (third, fourth) = (brand.member(), brand.member());
    brand.invite(&pool, &third).await.unwrap();
    let elsewhere = brand.create_pool(&member, PoolRedeemPolicy::Owner).await.unwrap_err();
    let full = brand.invite(&pool, &fourth).await.unwrap_err();
    let stranger = brand.contribute(&pool, &third, 1).await.unwrap_err();
    let owner_only = Pool {
        redeem_policy: PoolRedeemPolicy::Owner.into(),
        ..Pool::default()
    };
    brand
        .update_pool(&pool, owner_only, &["redeem_policy"], "")
        .await
        .unwrap();
    let not_owner = brand.redeem_of(&pool, &member, 1).await.unwrap_err();
    let stays = brand.leave(&pool, &owner).await.unwrap_err();
    brand.dissolve(&pool).await.unwrap();
    let dissolved = brand.contribute(&pool, &owner, 1).await.unwrap_err();
    let state = Code::FailedPrecondition;
    vec![
        (elsewhere, state, vec!["member_id", "pool_id", "asset_code"]),
        (full, state, vec!["pool_id", "members_max"]),
        (stranger, state, vec!["pool_id", "member_id"]),
        (not_owner, state, vec!["pool_id", "member_id"]),
        (stays, state, vec!["pool_id", "member_id"]),
        (dissolved, state, vec!["pool_id", "dissolve_time"]),
    ]
}

#[tokio::test]
async fn nobody_is_a_member_who_has_not_joined() {
    let brand = brand().await;
    let (owner, member) = (brand.member(), brand.member());
    let pool = brand.create_pool(&owner, PoolRedeemPolicy::Members).await.unwrap();
    assert!(pool.pool_id.starts_with("pol_"));
    assert_eq!(joined(&pool), [&owner]);
    let id = pool.pool_id;
    brand.earn(&member, 100, 0).await;
    let uninvited = brand.join(&id, &member).await.unwrap_err();
    assert_eq!(reason(&uninvited), "POOL_MEMBERSHIP_REQUIRED");
    brand.invite(&id, &member).await.unwrap();
    let again = brand.invite(&id, &member).await.unwrap();
    assert_eq!((joined(&again), again.members.len()), (vec![owner.as_str()], 2));
    assert_eq!(
        reason(&brand.contribute(&id, &member, 1).await.unwrap_err()),
        "POOL_MEMBERSHIP_REQUIRED",
        "who is invited is no member yet"
    );
    assert_eq!(brand.pools_of(&member).await, std::slice::from_ref(&id));
    let with_both = brand.join(&id, &member).await.unwrap();
    assert_eq!(joined(&with_both), [&owner, &member]);
    assert_eq!(
        brand.join(&id, &member).await.unwrap(),
        with_both,
        "to join again changes nothing"
    );

    let other = brand
        .create_pool(&brand.member(), PoolRedeemPolicy::Members)
        .await
        .unwrap();
    brand.invite(&other.pool_id, &member).await.unwrap();
    let elsewhere = brand.join(&other.pool_id, &member).await.unwrap_err();
    assert_eq!(
        (reason(&elsewhere).as_str(), metadata(&elsewhere, "pool_id")),
        ("POOL_MEMBER_ELSEWHERE", id.clone())
    );
    brand.leave(&id, &member).await.unwrap();
    brand.join(&other.pool_id, &member).await.unwrap();
    assert_eq!(brand.pools_of(&member).await, [other.pool_id]);
}

#[tokio::test]
async fn what_expires_first_pays_first_of_every_contributor_and_who_spent_is_told() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.earn(&member, 30, 5).await;
    let given = brand.contribute(&pool, &owner, 50).await.unwrap();
    let (out, into) = (given.out_entry.unwrap(), given.in_entry.unwrap());
    assert_eq!(
        (out.kind(), out.amount, &out.member_id, &out.counterpart_member_id),
        (EntryKind::TransferOut, -50, &owner, &pool)
    );
    assert_eq!(
        (into.kind(), into.amount, &into.member_id, &into.counterpart_member_id),
        (EntryKind::TransferIn, 50, &pool, &owner)
    );
    brand.contribute(&pool, &member, 40).await.unwrap();
    assert_eq!((brand.balance(&owner).await, brand.balance(&member).await), (50, 90));
    assert_eq!(brand.pool_holds(&pool).await, 90);

    let spent = brand.redeem_of(&pool, &owner, 35).await.unwrap();
    assert_eq!(
        (spent.kind(), spent.amount, spent.balance, spent.cost_centre.as_str()),
        (EntryKind::Redeem, -35, 55, "store-1")
    );
    assert_eq!((&spent.member_id, &spent.acting_member_id), (&pool, &owner));
    assert_eq!(spent.lots[0].amount, -30, "what the member contributed expires first");
    assert_eq!(brand.pool_entries(&pool).await[0], spent);
    let short = brand.redeem_of(&pool, &owner, 56).await.unwrap_err();
    assert_eq!(reason(&short), "INSUFFICIENT_POINTS", "one's own points do not count");

    let back = brand.give_back(&pool, &spent.entry_id, 32).await.unwrap();
    assert_eq!((back.balance, back.reversible_amount), (87, 3));
    let entry = back.entry.unwrap();
    let parts: Vec<(&str, i64)> = entry.lots.iter().map(|lot| (lot.lot_id.as_str(), lot.amount)).collect();
    let mut paid: Vec<(&str, i64)> = spent
        .lots
        .iter()
        .map(|lot| (lot.lot_id.as_str(), -lot.amount))
        .collect();
    paid[0].1 = 27;
    paid.sort_unstable();
    let mut parts = parts;
    parts.sort_unstable();
    assert_eq!(parts, paid, "the very lots, what lives longest first");
    brand.pass_days(6).await;
    assert_eq!(brand.pool_holds(&pool).await, 60, "27 have expired in the pool");
    assert_eq!(brand.pool_entries(&pool).await[0].kind(), EntryKind::Expire);
    let late = brand.give_back(&pool, &spent.entry_id, 0).await.unwrap();
    assert_eq!((late.expired_amount, late.balance), (3, 60));
    brand.check().await;
    for (fact, times) in [
        ("points.pool_created", 1),
        ("points.pool_member_invited", 1),
        ("points.pool_member_joined", 1),
        ("points.pool_points_contributed", 2),
        ("points.pool_points_redeemed", 1),
        ("points.pool_points_reversed", 2),
        ("points.pool_points_expired", 2),
        ("points.redeemed", 0),
        ("points.transferred", 0),
        ("points.expired", 0),
    ] {
        assert_eq!(brand.told(fact).await, times, "{fact}");
    }
}

#[tokio::test]
async fn a_member_who_leaves_leaves_what_was_contributed_and_an_owner_hands_over_first() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &member, 80).await.unwrap();
    brand.contribute(&pool, &owner, 10).await.unwrap();
    let spent = brand.redeem_of(&pool, &member, 20).await.unwrap();
    brand.leave(&pool, &member).await.unwrap();
    assert_eq!((brand.balance(&member).await, brand.pool_holds(&pool).await), (20, 70));
    assert_eq!(
        reason(&brand.redeem_of(&pool, &member, 1).await.unwrap_err()),
        "POOL_MEMBERSHIP_REQUIRED"
    );
    brand.give_back(&pool, &spent.entry_id, 0).await.unwrap();
    assert_eq!(brand.pool_holds(&pool).await, 90, "what is given back is the pool's");

    let to = |member: &str| Pool {
        owner_member_id: member.to_owned(),
        ..Pool::default()
    };
    let third = brand.member();
    brand.invite(&pool, &third).await.unwrap();
    let refused = brand
        .update_pool(&pool, to(&third), &["owner_member_id"], "")
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "POOL_MEMBERSHIP_REQUIRED", "not before having joined");
    let etag = brand.join(&pool, &third).await.unwrap().etag;
    let unread = brand
        .update_pool(&pool, to(&third), &["owner_member_id"], "1")
        .await
        .unwrap_err();
    assert_eq!(reason(&unread), "ETAG_MISMATCH");
    brand
        .update_pool(&pool, to(&third), &["owner_member_id"], &etag)
        .await
        .unwrap();
    let left = brand.leave(&pool, &owner).await.unwrap();
    assert_eq!((joined(&left), &left.owner_member_id), (vec![third.as_str()], &third));
    let small = Pool {
        members_max: 0,
        ..Pool::default()
    };
    let refused = brand
        .update_pool(&pool, small, &["members_max", "members"], "")
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELD");
    assert!(refused.message().contains("members_max") && refused.message().contains("update_mask"));
    brand.check().await;
}

#[tokio::test]
async fn what_is_left_of_a_dissolved_pool_and_what_comes_back_later_is_its_owner_s() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.earn(&member, 40, 9).await;
    brand.contribute(&pool, &member, 60).await.unwrap();
    let spent = brand.redeem_of(&pool, &member, 50).await.unwrap();
    let request = DissolvePoolRequest {
        request_id: brand.request_id(),
        pool_id: pool.clone(),
    };
    let dissolved = brand.pools().dissolve_pool(request.clone()).await.unwrap().into_inner();
    let again = brand.pools().dissolve_pool(request).await.unwrap().into_inner();
    assert_eq!(dissolved, again, "repeated, it is the first answer");
    let (ended, arrived) = (dissolved.pool.unwrap(), dissolved.entry.unwrap());
    assert!(ended.dissolve_time.is_some() && ended.members.is_empty());
    assert_eq!(
        (
            arrived.kind(),
            arrived.amount,
            &arrived.member_id,
            &arrived.counterpart_member_id
        ),
        (EntryKind::MoveIn, 10, &owner, &pool)
    );
    assert_eq!((brand.balance(&owner).await, brand.pool_holds(&pool).await), (110, 0));
    assert_eq!(reason(&brand.dissolve(&pool).await.unwrap_err()), "POOL_DISSOLVED");
    assert_eq!(brand.pools_of(&member).await, Vec::<String>::new());

    let back = brand
        .give_back(&pool, &spent.entry_id, 45)
        .await
        .unwrap()
        .entry
        .unwrap();
    assert_eq!((&back.member_id, back.amount), (&owner, 45));
    let foreign = brand.give_back(&pool, &arrived.entry_id, 1).await.unwrap_err();
    assert_eq!(
        reason(&foreign),
        "NOT_FOUND",
        "an entry of the owner is none of the pool"
    );
    brand.pass_days(10).await;
    assert_eq!(
        brand.balance(&owner).await,
        120,
        "each lot has kept its expiry: 35 of the 45 are over"
    );
    brand.check().await;
    assert_eq!(brand.told("points.pool_dissolved").await, 1);
    assert_eq!(brand.told("points.pool_points_returned").await, 1);
    assert_eq!(brand.told("points.moved").await, 0);
    // Both may begin anew.
    let next = brand.create_pool(&member, PoolRedeemPolicy::Owner).await.unwrap();
    brand.invite(&next.pool_id, &owner).await.unwrap();
    brand.join(&next.pool_id, &owner).await.unwrap();
}

#[tokio::test]
async fn a_pool_is_no_member() {
    let brand = brand().await;
    let (pool, owner, _) = brand.family().await;
    brand.contribute(&pool, &owner, 50).await.unwrap();
    let disguised = pool.replacen("pol", "mbr", 1);
    for refused in [
        brand.redeem(&disguised, 1).await.unwrap_err(),
        brand.redeem(&pool, 1).await.unwrap_err(),
        brand.transfer(&disguised, &owner, 1).await.unwrap_err(),
        brand.transfer(&owner, &disguised, 1).await.unwrap_err(),
        brand.earn_of(&disguised, "points", 1).await.unwrap_err(),
        brand.invite(&pool, &disguised).await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "INVALID_FIELD", "{refused:?}");
    }
    let untold = brand.try_create_asset(
        "coins",
        Asset {
            kind: AssetKind::Custom.into(),
            transfer_forbidden: true,
            ..Asset::default()
        },
    );
    untold.await.unwrap();
    let request = CreatePoolRequest {
        request_id: brand.request_id(),
        asset_code: "coins".to_owned(),
        owner_member_id: owner,
        redeem_policy: PoolRedeemPolicy::Members.into(),
        ..CreatePoolRequest::default()
    };
    let refused = brand.pools().create_pool(request).await.unwrap_err();
    assert_eq!(reason(&refused), "TRANSFER_FORBIDDEN");
}

#[tokio::test]
async fn a_merge_hands_a_place_on_and_a_pool_without_members_to_the_survivor() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &owner, 70).await.unwrap();
    let survivor = brand.member();
    brand.merge(&owner, &survivor);
    brand.h.settle().await;
    let after = brand.pool(&pool).await;
    assert!(joined(&after).contains(&survivor.as_str()) && joined(&after).contains(&member.as_str()));
    assert_eq!((joined(&after).len(), &after.owner_member_id), (2, &survivor));
    brand.redeem_of(&pool, &owner, 10).await.unwrap();
    assert_eq!(
        brand.pool_entries(&pool).await[0].acting_member_id,
        survivor,
        "the old id leads to the survivor"
    );

    // The member is in this pool, whom it is merged into is in another: that one stays.
    let (other, other_owner, _) = brand.family().await;
    brand.merge(&member, &other_owner);
    brand.h.settle().await;
    assert_eq!(joined(&brand.pool(&pool).await), [&survivor]);
    assert_eq!(brand.pools_of(&other_owner).await, std::slice::from_ref(&other));
    assert_eq!(brand.told("points.pool_member_left").await, 1);

    // Nobody is left of this one: it goes to the survivor.
    brand.merge(&survivor, &other_owner);
    brand.h.settle().await;
    let ended = brand.pool(&pool).await;
    assert!(ended.dissolve_time.is_some());
    assert_eq!(
        (&ended.owner_member_id, ended.balance.unwrap().available),
        (&other_owner, 0)
    );
    assert_eq!(brand.balance(&other_owner).await, 100 + 100 + 30 + 60);
    assert_eq!(brand.told("points.pool_dissolved").await, 1);
    brand.check().await;
}

#[tokio::test]
async fn a_merge_within_a_pool_leaves_one_place() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.merge(&owner, &member);
    brand.h.settle().await;
    let after = brand.pool(&pool).await;
    assert_eq!(
        (joined(&after), &after.owner_member_id),
        (vec![member.as_str()], &member)
    );
}

#[tokio::test]
async fn many_who_spend_one_pool_at_once_never_overdraw_it() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    brand.contribute(&pool, &owner, 100).await.unwrap();
    let spends = (0..20).map(|number| {
        let who = if number % 2 == 0 { &owner } else { &member };
        brand.redeem_of(&pool, who, 9)
    });
    let outcomes = futures::future::join_all(spends).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 11);
    assert_eq!(brand.pool_holds(&pool).await, 1);
    let request = brand.pool_redemption(&pool, &owner, 1);
    let first = brand
        .pools()
        .redeem_pool_points(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = brand.pools().redeem_pool_points(request).await.unwrap().into_inner();
    assert_eq!(first, again);
    brand.check().await;
}

#[tokio::test]
async fn a_frozen_pool_is_neither_spent_nor_dissolved_until_it_is_unfrozen() {
    let brand = brand().await;
    let (pool, owner, _) = brand.family().await;
    brand.contribute(&pool, &owner, 50).await.unwrap();
    brand.freeze(&pool).await.unwrap();
    assert_eq!(brand.frozen().await[0].member_id, pool);
    for refused in [
        brand.redeem_of(&pool, &owner, 1).await.unwrap_err(),
        brand.contribute(&pool, &owner, 1).await.unwrap_err(),
        brand.dissolve(&pool).await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "ACCOUNT_FROZEN");
    }
    // The member who is the last to be merged away does not wait for an operator; the points do.
    let (survivor, elsewhere) = (brand.member(), brand.member());
    brand.create_pool(&survivor, PoolRedeemPolicy::Owner).await.unwrap();
    let member = joined(&brand.pool(&pool).await)[1].to_owned();
    brand.leave(&pool, &member).await.unwrap();
    brand.merge(&owner, &survivor);
    brand.h.settle().await;
    brand.merge(&survivor, &elsewhere);
    brand.h.settle().await;
    assert_eq!(brand.balance(&elsewhere).await, 50);
    brand.unfreeze(&pool).await.unwrap();
    assert_eq!(brand.balance(&elsewhere).await, 100);
    brand.check().await;
}
