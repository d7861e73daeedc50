//! What identity does: members of the family are merged, and merges are undone.

use std::collections::{BTreeMap, BTreeSet};

use contracts_identity::v1::{MembersMerged, MergeUndone};
use kernel::Clock;
use ledger::EntryId;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use testkit::Fleet;

use super::brand::Members;

/// What happens to members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    Merged { absorbed: usize, survivor: usize },
    Undone { restored: usize, survivor: usize },
}

/// A merge that has not been undone.
#[derive(Clone, Debug)]
struct Merge {
    id: String,
    absorbed: usize,
    survivor: usize,
    /// Who led to the absorbed one before, and itself.
    led: Vec<usize>,
}

/// Who everybody is by now.
#[derive(Clone, Debug)]
pub(super) struct Leads {
    to: Vec<usize>,
    merges: Vec<Merge>,
    /// Pools, and who owned them when they were founded.
    dissolved: BTreeMap<usize, usize>,
}

/// What identity knows, and what of it the service has been told.
pub(super) struct Identity {
    leads: Leads,
    passages: Vec<Passage>,
    told: Vec<Told>,
}

#[derive(Clone, Debug)]
enum Told {
    Merged(MembersMerged),
    Undone(MergeUndone),
}

impl Leads {
    pub(super) fn new(members: usize) -> Self {
        Self {
            to: (0..members).collect(),
            merges: Vec::new(),
            dissolved: BTreeMap::new(),
        }
    }

    /// Whom a member's id leads to.
    pub(super) fn of(&self, member: usize) -> usize {
        self.to[self.dissolved.get(&member).copied().unwrap_or(member)]
    }

    /// Every id with that which it leads to.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.to.iter().copied().enumerate()
    }

    /// Whether a member is itself.
    pub(super) fn is_itself(&self, member: usize) -> bool {
        self.of(member) == member
    }

    /// All whose ids lead to a member, and itself.
    pub(super) fn led_to(&self, member: usize) -> BTreeSet<usize> {
        (0..self.to.len()).filter(|other| self.of(*other) == member).collect()
    }

    /// From now on whatever is led to a pool goes to its owner, who is whom this member has become.
    pub(super) fn dissolve(&mut self, pool: usize, owner: usize) {
        self.dissolved.insert(pool, owner);
    }

    pub(super) fn pass(&mut self, passage: Passage, id: String) {
        match passage {
            Passage::Merged { absorbed, survivor } => {
                assert!(self.is_itself(absorbed) && self.is_itself(survivor), "{passage:?}");
                let led: Vec<usize> = self.led_to(absorbed).into_iter().collect();
                self.lead(&led, survivor);
                self.merges.push(Merge {
                    id,
                    absorbed,
                    survivor,
                    led,
                });
            }
            Passage::Undone { restored, survivor } => {
                let merge = self.merge_of(restored).clone();
                assert!(merge.survivor == survivor && self.is_itself(survivor), "{passage:?}");
                self.lead(&merge.led, restored);
                self.merges.retain(|it| it.absorbed != restored);
            }
        }
    }

    fn lead(&mut self, members: &[usize], to: usize) {
        for member in members {
            self.to[*member] = to;
        }
    }

    fn merge_of(&self, absorbed: usize) -> &Merge {
        self.merges.iter().find(|merge| merge.absorbed == absorbed).unwrap()
    }

    /// Every merge and every undo that identity would allow: of a chain of merges the last one is undone first.
    fn possible(&self, members: &Members) -> (Vec<Passage>, Vec<Passage>) {
        let themselves: Vec<usize> = members.family().filter(|member| self.is_itself(*member)).collect();
        let pairs = themselves.iter().flat_map(|absorbed| {
            let others = themselves.iter().filter(move |survivor| *survivor != absorbed);
            others.map(move |survivor| Passage::Merged {
                absorbed: *absorbed,
                survivor: *survivor,
            })
        });
        let open = self.merges.iter().filter(|merge| self.is_itself(merge.survivor));
        let undos = open.map(|merge| Passage::Undone {
            restored: merge.absorbed,
            survivor: merge.survivor,
        });
        (pairs.collect(), undos.collect())
    }
}

impl Identity {
    pub(super) fn new(members: usize) -> Self {
        Self {
            leads: Leads::new(members),
            passages: Vec::new(),
            told: Vec::new(),
        }
    }

    /// All that has happened to members, in its order.
    pub(super) fn passages(&self) -> Vec<Passage> {
        self.passages.clone()
    }

    /// Merges two of the family or undoes a merge, and tells the service; now and then it tells something old again.
    pub(super) fn go_on(&mut self, dice: &mut StdRng, members: &Members, fleet: &Fleet) {
        let (merges, undos) = self.leads.possible(members);
        let likely = if dice.random_bool(0.5) { &undos } else { &merges };
        let other = if likely.is_empty() { &merges } else { likely };
        let Some(passage) = other.choose(dice).or_else(|| undos.choose(dice)).copied() else {
            return;
        };
        let told = self.told_of(passage, members, &fleet.clock);
        let id = match &told {
            Told::Merged(fact) => fact.merge_id.clone(),
            Told::Undone(fact) => fact.merge_id.clone(),
        };
        self.leads.pass(passage, id);
        self.passages.push(passage);
        told.publish(fleet);
        self.told.push(told);
        if dice.random_bool(0.3)
            && let Some(old) = self.told.choose(dice)
        {
            old.publish(fleet);
        }
    }

    fn told_of(&self, passage: Passage, members: &Members, clock: &Clock) -> Told {
        let now = Some(clock.now().to_wire());
        match passage {
            Passage::Merged { absorbed, survivor } => Told::Merged(MembersMerged {
                surviving_member_id: members.id(survivor),
                absorbed_member_id: members.id(absorbed),
                profile: None,
                merge_time: now,
                // An id of any kind does.
                merge_id: EntryId::generate(clock).to_string(),
            }),
            Passage::Undone { restored, survivor } => {
                let merge = self.leads.merge_of(restored);
                let led = merge.led.iter().filter(|member| **member != restored);
                Told::Undone(MergeUndone {
                    merge_id: merge.id.clone(),
                    restored_member_id: members.id(restored),
                    surviving_member_id: members.id(survivor),
                    led_member_ids: led.map(|member| members.id(*member)).collect(),
                    undo_time: now,
                    ..MergeUndone::default()
                })
            }
        }
    }
}

impl Told {
    fn publish(&self, fleet: &Fleet) {
        match self {
            Self::Merged(fact) => fleet.publish("identity", fact, &fact.surviving_member_id),
            Self::Undone(fact) => fleet.publish("identity", fact, &fact.surviving_member_id),
        }
    }
}
