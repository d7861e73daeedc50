use contracts_points::v1 as wire;
use fault::{Fault, Violations};
use kernel::Time;
use ledger::{MEMBERS_MAX, MemberId, Pool, PoolId, RedeemPolicy, holder_of, pool_of};
use prost_types::FieldMask;

use crate::wire::parse_id;

/// The holder of an account: a member, or a pool.
pub(crate) fn holder_to_wire(holder: MemberId) -> String {
    pool_of(holder).map_or_else(|| holder.to_string(), |pool| pool.to_string())
}

/// The holder that a field names: a member, or a pool.
pub(crate) fn parse_holder(path: &'static str, text: &str) -> Result<MemberId, Fault> {
    if text.starts_with("pol_") {
        return parse_id::<ledger::PoolTag>(path, text).map(holder_of);
    }
    parse_id(path, text)
}

/// A pool with its balance, where it was read.
pub(crate) fn pool_to_wire(pool: &Pool, balance: Option<wire::Balance>) -> wire::Pool {
    let members = pool.members.iter().map(|it| wire::PoolMember {
        member_id: it.member.to_string(),
        invite_time: Some(it.invite_time.to_wire()),
        join_time: it.join_time.map(Time::to_wire),
    });
    wire::Pool {
        pool_id: pool.id.to_string(),
        asset_code: pool.asset.to_string(),
        display_name: pool.display_name.clone(),
        owner_member_id: pool.owner.to_string(),
        redeem_policy: pool.policy.number(),
        members_max: pool.members_max,
        members: members.collect(),
        balance,
        create_time: Some(pool.create_time.to_wire()),
        dissolve_time: pool.dissolve_time.map(Time::to_wire),
        etag: pool.version.to_string(),
    }
}

/// The fields of a pool that may change.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Owner,
    RedeemPolicy,
    MembersMax,
}

const FIELDS: [(&str, Field); 4] = [
    ("display_name", Field::DisplayName),
    ("owner_member_id", Field::Owner),
    ("redeem_policy", Field::RedeemPolicy),
    ("members_max", Field::MembersMax),
];

/// What a request changes of a pool.
#[derive(Debug, Default)]
pub(crate) struct PoolPatch {
    pub(crate) display_name: Option<String>,
    pub(crate) owner: Option<MemberId>,
    pub(crate) policy: Option<RedeemPolicy>,
    pub(crate) members_max: Option<i32>,
}

impl PoolPatch {
    /// The fields that a mask names.
    pub(crate) fn masked(pool: &wire::Pool, mask: Option<&FieldMask>) -> Result<Self, Fault> {
        let (mut patch, mut violations) = (Self::default(), Violations::new());
        for field in violations.mask(mask, &FIELDS) {
            match field {
                Field::DisplayName => patch.display_name = Some(pool.display_name.clone()),
                Field::Owner => match parse_id("pool.owner_member_id", &pool.owner_member_id) {
                    Ok(owner) => patch.owner = Some(owner),
                    Err(_) => violations.add("pool.owner_member_id", "must be a member id"),
                },
                Field::RedeemPolicy => match RedeemPolicy::from_number(pool.redeem_policy) {
                    Some(policy) => patch.policy = Some(policy),
                    None => violations.add("pool.redeem_policy", "must be OWNER or MEMBERS"),
                },
                Field::MembersMax => {
                    let fits = (1..=MEMBERS_MAX).contains(&pool.members_max);
                    violations.check(fits, "pool.members_max", format!("must be from 1 to {MEMBERS_MAX}"));
                    patch.members_max = Some(pool.members_max);
                }
            }
        }
        violations.finish()?;
        Ok(patch)
    }
}

/// The pool that a field names.
pub(crate) fn parse_pool(text: &str) -> Result<PoolId, Fault> {
    parse_id("pool_id", text)
}
