//! Pools: what members may do together, by their places in one.
//!
//! A pool holds points as a member does, by an account whose holder is the pool. That a holder is a pool is in its id, a
//! UUID of version 8 where those of members are of version 7: a statement that locks accounts or reads entries, and a fact, know it
//! without a look into another table.

use kernel::{Tenant, Time};
use uuid::{Builder, Uuid, Version};

use super::{AccountKey, AssetCode, MemberId, PoolId};

/// How many members a pool may have at the most, so that one is read and written as a whole.
pub const MEMBERS_MAX: i32 = 50;

/// The id of a new pool, out of a new number.
pub fn new_pool_id(number: Uuid) -> PoolId {
    let mut number = Builder::from_bytes(number.into_bytes());
    number.set_version(Version::Custom);
    PoolId::from_uuid(number.into_uuid())
}

/// Whether a number is a pool's.
pub fn is_pool(number: Uuid) -> bool {
    number.get_version() == Some(Version::Custom)
}

/// The pool that holds an account, if a pool does.
pub fn pool_of(holder: MemberId) -> Option<PoolId> {
    is_pool(holder.uuid()).then(|| PoolId::from_uuid(holder.uuid()))
}

/// A pool as a holder of accounts.
pub fn holder_of(pool: PoolId) -> MemberId {
    MemberId::from_uuid(pool.uuid())
}

/// Who may spend from a pool; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemPolicy {
    /// Its owner alone.
    Owner,
    /// Everybody who has joined.
    Members,
}

/// A pool with the places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// The tenant of its members.
    pub tenant: Tenant,
    /// What is counted in it.
    pub asset: AssetCode,
    /// What people call it.
    pub display_name: String,
    /// The member who invites, and who gets what is left when it ends.
    pub owner: MemberId,
    /// Who may spend from it.
    pub policy: RedeemPolicy,
    /// How many places it has at the most, invitations among them.
    pub members_max: i32,
    /// In the order of their invitations.
    pub members: Vec<PoolMember>,
    /// Counts the changes from 1.
    pub version: i64,
    /// When it was founded.
    pub create_time: Time,
    /// When it ended.
    pub dissolve_time: Option<Time>,
}

/// A member's place, or an invitation to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolMember {
    /// The member.
    pub member: MemberId,
    /// When the member was invited.
    pub invite_time: Time,
    /// When the member joined; none while that is only an invitation.
    pub join_time: Option<Time>,
}

/// What a merge did to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absorbed {
    /// The survivor has the place.
    Taken,
    /// The place has ended; the pool goes on.
    Left,
    /// Nobody is left: the pool is dissolved in favour of the survivor.
    Dissolved,
}

/// Why something is not done with a pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolRefusal {
    /// The member has joined another pool of the asset.
    #[error("{member} has joined {pool}, a pool of {asset}: it has to be left first")]
    Elsewhere {
        /// The member.
        member: MemberId,
        /// The other pool.
        pool: PoolId,
        /// The asset of both.
        asset: AssetCode,
    },
    /// No place is left.
    #[error("{pool} has {members_max} members and invitations: remove one, or allow more")]
    Full {
        /// The pool.
        pool: PoolId,
        /// How many places it has.
        members_max: i32,
    },
    /// The member has no place, or has not joined.
    #[error("{member} has no place in {pool}: the owner invites, and the member joins")]
    NoMember {
        /// The pool.
        pool: PoolId,
        /// The member.
        member: MemberId,
    },
    /// The owner alone may do this.
    #[error("the owner alone spends from {pool}, and {member} is not: change its redeem_policy, or ask the owner")]
    NotOwner {
        /// The pool.
        pool: PoolId,
        /// The member who is not its owner.
        member: MemberId,
    },
    /// The owner does not leave.
    #[error("{member} owns {pool} and does not leave it: make another member the owner, or dissolve it")]
    OwnerStays {
        /// The pool.
        pool: PoolId,
        /// Its owner.
        member: MemberId,
    },
    /// The pool has ended.
    #[error("{pool} was dissolved at {time}: create a new one")]
    Dissolved {
        /// The pool.
        pool: PoolId,
        /// When it ended.
        time: Time,
    },
}

impl RedeemPolicy {
    /// The policy of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Owner, Self::Members]
            .into_iter()
            .find(|policy| policy.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Owner => 1,
            Self::Members => 2,
        }
    }
}

impl Pool {
    /// The pool's account.
    pub fn account(&self) -> AccountKey {
        AccountKey {
            tenant: self.tenant,
            member: holder_of(self.id),
            asset: self.asset.clone(),
        }
    }

    /// Refuses whatever is to be done to a pool that was dissolved.
    pub fn check_open(&self) -> Result<(), PoolRefusal> {
        match self.dissolve_time {
            Some(time) => Err(PoolRefusal::Dissolved { pool: self.id, time }),
            None => Ok(()),
        }
    }

    /// Refuses more members than there may be.
    pub fn check_size(&self) -> Result<(), PoolRefusal> {
        if i32::try_from(self.members.len()).is_ok_and(|count| count <= self.members_max) {
            return Ok(());
        }
        Err(PoolRefusal::Full {
            pool: self.id,
            members_max: self.members_max,
        })
    }

    /// Invites a member; answers whether that is news.
    pub fn invite(&mut self, member: MemberId, now: Time) -> Result<bool, PoolRefusal> {
        self.check_open()?;
        if self.place(member).is_some() {
            return Ok(false);
        }
        self.members.push(PoolMember {
            member,
            invite_time: now,
            join_time: None,
        });
        self.check_size()?;
        Ok(true)
    }

    /// Lets an invited member join, who is in `elsewhere` already or in no pool of the asset; answers whether that is news.
    pub fn join(&mut self, member: MemberId, elsewhere: Option<PoolId>, now: Time) -> Result<bool, PoolRefusal> {
        self.check_open()?;
        let id = self.id;
        let place = self.members.iter_mut().find(|it| it.member == member);
        let place = place.ok_or(PoolRefusal::NoMember { pool: id, member })?;
        if place.join_time.is_some() {
            return Ok(false);
        }
        if let Some(pool) = elsewhere {
            let asset = self.asset.clone();
            return Err(PoolRefusal::Elsewhere { member, pool, asset });
        }
        place.join_time = Some(now);
        Ok(true)
    }

    /// Ends a member's place or invitation.
    pub fn remove(&mut self, member: MemberId) -> Result<(), PoolRefusal> {
        self.check_open()?;
        if member == self.owner {
            return Err(PoolRefusal::OwnerStays { pool: self.id, member });
        }
        self.place(member)
            .ok_or(PoolRefusal::NoMember { pool: self.id, member })?;
        self.members.retain(|it| it.member != member);
        Ok(())
    }

    /// A member may contribute who has joined.
    pub fn check_contribution(&self, member: MemberId) -> Result<(), PoolRefusal> {
        self.check_open()?;
        self.check_joined(member)
    }

    /// A member may spend who has joined, and whom the policy lets.
    pub fn check_redemption(&self, member: MemberId) -> Result<(), PoolRefusal> {
        self.check_open()?;
        self.check_joined(member)?;
        match self.policy {
            RedeemPolicy::Owner if member != self.owner => Err(PoolRefusal::NotOwner { pool: self.id, member }),
            RedeemPolicy::Owner | RedeemPolicy::Members => Ok(()),
        }
    }

    /// Makes a member the owner who has joined.
    pub fn hand_over(&mut self, to: MemberId) -> Result<(), PoolRefusal> {
        self.check_joined(to)?;
        self.owner = to;
        Ok(())
    }

    /// Ends the pool and all places in it.
    pub fn dissolve(&mut self, now: Time) -> Result<(), PoolRefusal> {
        self.check_open()?;
        self.members.clear();
        self.dissolve_time = Some(now);
        Ok(())
    }

    /// What a merge means for a pool that the absorbed member has a place in; `elsewhere` says whether the survivor has
    /// joined another pool of the asset.
    pub fn absorb(&mut self, absorbed: MemberId, survivor: MemberId, elsewhere: bool, now: Time) -> Absorbed {
        let joined = self.place(absorbed).and_then(|place| place.join_time);
        if self.place(survivor).is_some() || (elsewhere && joined.is_some()) {
            self.members.retain(|it| it.member != absorbed);
        }
        for place in &mut self.members {
            if place.member == absorbed {
                place.member = survivor;
            } else if place.member == survivor && !elsewhere {
                place.join_time = place.join_time.or(joined);
            }
        }
        if self.check_joined(survivor).is_ok() {
            if self.owner == absorbed {
                self.owner = survivor;
            }
            return Absorbed::Taken;
        }
        if self.owner != absorbed {
            // An invitation goes over, too.
            return match self.place(survivor) {
                Some(_) => Absorbed::Taken,
                None => Absorbed::Left,
            };
        }
        let first = self
            .members
            .iter()
            .filter_map(|it| Some((it.join_time?, it.member)))
            .min();
        if let Some((_, member)) = first {
            self.owner = member;
            return Absorbed::Left;
        }
        self.owner = survivor;
        self.members.clear();
        self.dissolve_time = Some(now);
        Absorbed::Dissolved
    }

    fn place(&self, member: MemberId) -> Option<&PoolMember> {
        self.members.iter().find(|it| it.member == member)
    }

    fn check_joined(&self, member: MemberId) -> Result<(), PoolRefusal> {
        match self.place(member).and_then(|place| place.join_time) {
            Some(_) => Ok(()),
            None => Err(PoolRefusal::NoMember { pool: self.id, member }),
        }
    }
}
