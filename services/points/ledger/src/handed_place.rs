//! What a merge does to a place in a pool, and how its undo puts the place back.

use kernel::Time;

use super::{Absorbed, MemberId, Pool, PoolMember};

/// What a merge did to the place of the member who was absorbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedPlace {
    /// The place as the absorbed member had it.
    pub place: PoolMember,
    /// The member who survived the merge.
    pub survivor: MemberId,
    /// What became of the place.
    pub fate: Fate,
    /// Whether the absorbed member owned the pool.
    pub owned: bool,
    /// Who owned it after the merge.
    pub heir: MemberId,
    /// The place that the survivor had of its own.
    pub own: Option<PoolMember>,
}

/// What became of a place; its numbers are the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went over to the survivor, or became one with the survivor's own.
    GoneOver,
    /// It ended, because the survivor had joined another pool.
    Ended,
    /// The pool ended with it.
    Dissolved,
}

/// What an undo did to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// Nothing: what was done with the place since stays done.
    Nothing,
    /// The restored member has its place again, which the survivor had.
    Returned,
    /// The restored member has its place again, which had ended.
    Renewed,
    /// The pool goes on again.
    Reopened,
    /// The pool has ended since; what was left of it is the restored member's, who owned it.
    Inherited,
}

impl Fate {
    /// The fate of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::GoneOver, Self::Ended, Self::Dissolved]
            .into_iter()
            .find(|fate| fate.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::GoneOver => 1,
            Self::Ended => 2,
            Self::Dissolved => 3,
        }
    }
}

impl HandedPlace {
    /// What a merge does to a pool that the absorbed member has a place in, if it has one; it is done.
    pub fn absorb(
        pool: &mut Pool,
        absorbed: MemberId,
        survivor: MemberId,
        elsewhere: bool,
        now: Time,
    ) -> Option<(Self, Absorbed)> {
        let of = |pool: &Pool, member| pool.members.iter().find(|it| it.member == member).cloned();
        let place = of(pool, absorbed)?;
        let own = of(pool, survivor);
        let owned = pool.owner == absorbed;
        let outcome = pool.absorb(absorbed, survivor, elsewhere, now);
        let fate = match outcome {
            Absorbed::Dissolved => Fate::Dissolved,
            Absorbed::Taken | Absorbed::Left if elsewhere && place.join_time.is_some() => Fate::Ended,
            Absorbed::Taken | Absorbed::Left => Fate::GoneOver,
        };
        let handed = Self {
            place,
            survivor,
            fate,
            owned,
            heir: pool.owner,
            own,
        };
        Some((handed, outcome))
    }

    /// Puts the place back, and with it the ownership, unless somebody else has got that since. What the survivor has done with
    /// the place since it has done for both: left, it stays left; and a member who has joined by an invitation stays in the pool,
    /// while the invitation goes back. A pool may have one place more than it allows by it.
    ///
    /// `others` are those whose places here are handed to the same survivor still: the survivor keeps theirs.
    pub fn put_back(self, pool: &mut Pool, others: &mut [Self]) -> PutBack {
        let restored = self.place.member;
        if pool.dissolve_time.is_some() {
            return self.after_the_end(pool);
        }
        if pool.members.iter().any(|it| it.member == restored) {
            return PutBack::Nothing;
        }
        let outcome = match self.fate {
            Fate::Ended => PutBack::Renewed,
            Fate::GoneOver | Fate::Dissolved => {
                // Left and invited anew since is another place than the one that went over.
                let invited = self.own.as_ref().unwrap_or(&self.place).invite_time;
                let is_it = |it: &&PoolMember| it.member == self.survivor && it.invite_time == invited;
                let Some(held) = pool.members.iter().find(is_it).cloned() else {
                    return PutBack::Nothing;
                };
                let own = self.left_to_the_survivor(held, invited, others);
                pool.members.retain(|it| it.member != self.survivor);
                pool.members.extend(with_others(own, self.survivor, invited, others));
                PutBack::Returned
            }
        };
        let joined = self.place.join_time.is_some();
        pool.members.push(self.place);
        let owner = pool.owner;
        let is_ownerless = !pool
            .members
            .iter()
            .any(|it| it.member == owner && it.join_time.is_some());
        if joined && (is_ownerless || (self.owned && owner == self.heir)) {
            pool.owner = restored;
        }
        outcome
    }

    /// What the survivor keeps of the place of this invitation without any that merges have handed to it: one of its own, or
    /// one that it has joined itself since.
    fn left_to_the_survivor(&self, held: PoolMember, invited: Time, others: &[Self]) -> Option<PoolMember> {
        let all: Vec<&Self> = others
            .iter()
            .filter(|other| other.is_one_with(invited))
            .chain([self])
            .collect();
        let by_merge = all
            .iter()
            .any(|it| it.place.join_time.is_some() && it.place.join_time == held.join_time);
        if !by_merge {
            return Some(held).filter(|held| self.own.is_some() || held.join_time != self.place.join_time);
        }
        // The first of them found it as it was.
        let joined = all
            .iter()
            .filter_map(|it| it.own.as_ref())
            .map(|own| own.join_time)
            .min();
        self.own.as_ref().map(|own| PoolMember {
            join_time: joined.unwrap_or(own.join_time),
            ..held
        })
    }

    /// Whether it became one with the place of this invitation, which the survivor had.
    fn is_one_with(&self, invited: Time) -> bool {
        self.own.as_ref().is_some_and(|own| own.invite_time == invited)
    }

    fn after_the_end(self, pool: &mut Pool) -> PutBack {
        let restored = self.place.member;
        if self.fate == Fate::Dissolved {
            pool.dissolve_time = None;
            pool.owner = restored;
            pool.members = vec![self.place];
            return PutBack::Reopened;
        }
        if self.owned && self.heir == self.survivor && pool.owner == self.heir {
            pool.owner = restored;
            return PutBack::Inherited;
        }
        PutBack::Nothing
    }
}

/// A survivor's place together with those of others that became one with it, which was that of this invitation.
fn with_others(
    own: Option<PoolMember>,
    survivor: MemberId,
    invited: Time,
    others: &mut [HandedPlace],
) -> Option<PoolMember> {
    let mut place = own;
    for other in others.iter_mut().filter(|other| other.is_one_with(invited)) {
        other.own.clone_from(&place);
        let joined = other.place.join_time;
        place = Some(match place {
            None => PoolMember {
                member: survivor,
                ..other.place.clone()
            },
            Some(place) => PoolMember {
                join_time: place.join_time.or(joined),
                ..place
            },
        });
    }
    place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{RedeemPolicy, new_pool_id};

    fn member(number: u128) -> MemberId {
        MemberId::from_uuid(Uuid::from_u128(number))
    }

    /// When somebody was invited, and how much later it joined, if it has.
    type Times = (i64, Option<i64>);

    /// A pool of the members from 1 on with these places; the first of them who has joined owns it.
    fn pool(places: &[Option<Times>]) -> Option<Pool> {
        let place = |(number, place): (u128, &Option<Times>)| {
            place.map(|(invited, joined)| PoolMember {
                member: member(number),
                invite_time: Time::from_micros(invited),
                join_time: joined.map(|later| Time::from_micros(invited + later)),
            })
        };
        let members: Vec<PoolMember> = (1..).zip(places).filter_map(place).collect();
        let owner = members.iter().find(|it| it.join_time.is_some())?.member;
        Some(Pool {
            id: new_pool_id(Uuid::from_u128(7)),
            tenant: kernel::Tenant::from_uuid(Uuid::from_u128(8)),
            asset: "points".into(),
            display_name: String::new(),
            owner,
            policy: RedeemPolicy::Members,
            members_max: 5,
            members,
            version: 1,
            create_time: Time::from_micros(0),
            dissolve_time: None,
        })
    }

    fn places() -> impl Strategy<Value = Vec<Option<Times>>> {
        proptest::collection::vec(proptest::option::of((0..9_i64, proptest::option::of(1..9_i64))), 5)
    }

    /// As it is read again; invitations to a pool that has ended are gone for ever.
    fn as_kept(mut pool: Pool, ended: bool) -> Pool {
        pool.members.retain(|it| !ended || it.join_time.is_some());
        pool.members.sort_by_key(|it| (it.invite_time, it.member));
        pool
    }

    proptest! {
        #[test]
        fn a_chain_of_merges_that_is_undone_from_its_end_leaves_the_pool_as_it_was(
            places in places(),
            chain in Just(vec![1_u128, 2, 3, 4, 5]).prop_shuffle(),
            elsewhere in any::<[bool; 4]>(),
            merges in 1..=4_usize,
        ) {
            let Some(before) = pool(&places) else { return Ok(()) };
            let mut pool = before.clone();
            let mut handed = Vec::new();
            for (pair, elsewhere) in chain.windows(2).zip(elsewhere).take(merges) {
                let (from, to) = (member(pair[0]), member(pair[1]));
                // Nobody has joined two pools of one asset.
                let elsewhere = elsewhere && pool.check_contribution(to).is_err();
                let absorbed = HandedPlace::absorb(&mut pool, from, to, elsewhere, Time::from_micros(99));
                let survives = pool.members.iter().all(|it| it.member != from);
                prop_assert!(survives, "a member who is absorbed has no place");
                handed.extend(absorbed);
            }
            let mut ended = false;
            for (handed, outcome) in handed.into_iter().rev() {
                let put_back = handed.put_back(&mut pool, &mut []);
                prop_assert_eq!(put_back == PutBack::Reopened, outcome == Absorbed::Dissolved);
                ended |= outcome == Absorbed::Dissolved;
            }
            prop_assert_eq!(as_kept(pool, ended), as_kept(before, ended));
        }
    }

    /// Merges that have not been undone, with the place that each handed over, if it did.
    type Open = Vec<(MemberId, MemberId, Option<HandedPlace>)>;

    /// Undoes the merge of a member as the consumer does, unless its survivor has been absorbed itself.
    fn undo(pool: &mut Pool, open: &mut Open, restored: MemberId) {
        let Some(number) = open.iter().position(|(absorbed, ..)| *absorbed == restored) else {
            return;
        };
        let survivor = open[number].1;
        if open.iter().any(|(absorbed, ..)| *absorbed == survivor) {
            return;
        }
        let Some(handed) = open.remove(number).2 else { return };
        let to_same = open.iter_mut().filter(|(_, to, _)| *to == survivor);
        let mut others: Vec<&mut HandedPlace> = to_same.filter_map(|(.., handed)| handed.as_mut()).collect();
        let mut kept: Vec<HandedPlace> = others.iter().map(|other| (**other).clone()).collect();
        handed.put_back(pool, &mut kept);
        for (other, kept) in others.iter_mut().zip(kept) {
            **other = kept;
        }
    }

    proptest! {
        #[test]
        fn merges_that_are_undone_in_any_order_leave_the_pool_as_it_was(
            places in places(),
            passages in proptest::collection::vec((any::<bool>(), 1..=5_u128, 1..=5_u128), 1..12),
            last in Just(vec![1_u128, 2, 3, 4, 5]).prop_shuffle(),
        ) {
            let Some(before) = pool(&places) else { return Ok(()) };
            let (mut pool, mut open) = (before.clone(), Open::new());
            for (is_undo, from, to) in passages {
                let (from, to) = (member(from), member(to));
                let is_absorbed = |member| open.iter().any(|(absorbed, ..)| *absorbed == member);
                if is_undo {
                    undo(&mut pool, &mut open, from);
                } else if from != to && !is_absorbed(from) && !is_absorbed(to) {
                    let handed = HandedPlace::absorb(&mut pool, from, to, false, Time::from_micros(99));
                    open.push((from, to, handed.map(|(handed, _)| handed)));
                }
            }
            while !open.is_empty() {
                for restored in &last {
                    undo(&mut pool, &mut open, member(*restored));
                }
            }
            prop_assert_eq!(as_kept(pool, false), as_kept(before, false));
        }
    }
}
