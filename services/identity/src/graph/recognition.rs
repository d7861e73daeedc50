//! Recognition: the member to whom an arrival leads.
//!
//! 1. Blocked values are never evidence; only verified evidence leads; a device never does.
//! 2. The member that has the external id is the person, whatever the evidence says.
//! 3. Then the evidence decides, the strongest first. Each piece brings in the member whose it is, unless that member has
//!    a verified id that differs from one of the person's in the same kind and scope: two verified ids of one kind are two
//!    people, and a phone that they share does not make them one. Nor does evidence join two members whose merge was undone.
//! 4. What brings in nobody is the person's from now on, unless the person has another of that kind already.
//!
//! The order in which the evidence was written down does not matter.

use super::identity::Evidence;
use super::key::Key;
use super::member::IDENTITIES_MAX;
use super::member::{Member, MemberId};

/// The outcome of recognition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognition {
    /// The members that are this person: none, so a new one is registered; one; or several, which are to be merged.
    pub(crate) members: Vec<MemberId>,
    /// Whether the external id is new.
    pub(crate) anchor_is_new: bool,
    /// The verdict on each piece of evidence, in the given order.
    pub(crate) verdicts: Vec<Verdict>,
}

/// The verdict on a piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is one of the person's verified ids already.
    Confirmed,
    /// It is nobody's, and becomes one of the person's verified ids.
    Linked,
    /// It leads nowhere, but is worth noting.
    Claimed,
    /// It can stand for nobody.
    Blocked,
    /// It belongs to this member, which is another person.
    Conflict(MemberId),
    /// It is nobody's, but the person has another id of its kind.
    Occupied,
    /// The person has as many ids as a person may have.
    LimitReached,
}

/// How a member was arrived at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Found,
    Linked,
    Merged,
}

impl Recognition {
    pub(crate) fn outcome(&self) -> Outcome {
        let links = self.anchor_is_new || self.verdicts.contains(&Verdict::Linked);
        match self.members.len() {
            0 => Outcome::Created,
            1 if links => Outcome::Linked,
            1 => Outcome::Found,
            _ => Outcome::Merged,
        }
    }
}

/// Decides which members the arriving person is: by the external id (none in an import without one), the evidence, the
/// holder of each id, and the pairs of members that are known to be two persons.
pub(crate) fn recognise<'a>(
    anchor: Option<&'a Key>,
    evidence: &'a [Evidence],
    holder: impl Fn(&Key) -> Option<&'a Member>,
    are_apart: impl Fn(MemberId, MemberId) -> bool,
) -> Recognition {
    let mut person = Person {
        members: Vec::new(),
        keys: Vec::new(),
        are_apart: &are_apart,
    };
    let anchor_holder = anchor.and_then(&holder);
    match (anchor, anchor_holder) {
        (_, Some(member)) => person.join(member),
        (Some(key), None) => person.keys.push(key),
        (None, None) => {}
    }
    let mut verdicts = vec![Verdict::Claimed; evidence.len()];
    let mut strongest_first: Vec<(&Evidence, &mut Verdict)> = evidence.iter().zip(&mut verdicts).collect();
    strongest_first.sort_by_key(|(piece, _)| (!piece.leads(), &piece.key));
    for (piece, verdict) in strongest_first {
        *verdict = person.judge(piece, holder(&piece.key));
    }
    Recognition {
        members: person.members,
        anchor_is_new: anchor.is_some() && anchor_holder.is_none(),
        verdicts,
    }
}

/// The arriving person as far as it is recognised: the members that are this person, and all verified ids.
struct Person<'a, 'f> {
    members: Vec<MemberId>,
    keys: Vec<&'a Key>,
    are_apart: &'f dyn Fn(MemberId, MemberId) -> bool,
}

impl<'a> Person<'a, '_> {
    fn judge(&mut self, piece: &'a Evidence, holder: Option<&'a Member>) -> Verdict {
        if piece.blocked {
            return Verdict::Blocked;
        }
        if self.keys.contains(&&piece.key) {
            return Verdict::Confirmed;
        }
        if !piece.leads() {
            return Verdict::Claimed;
        }
        match holder {
            Some(member) if self.can_be(member) => {
                self.join(member);
                Verdict::Confirmed
            }
            Some(member) => Verdict::Conflict(member.id),
            None if self.occupies(&piece.key) => Verdict::Occupied,
            None if self.keys.len() >= IDENTITIES_MAX => Verdict::LimitReached,
            None => {
                self.keys.push(&piece.key);
                Verdict::Linked
            }
        }
    }

    /// Whether nothing speaks against `member` being this person.
    fn can_be(&self, member: &Member) -> bool {
        let distinct = member.verified().any(|identity| self.occupies(&identity.key));
        let apart = self.members.iter().any(|joined| (self.are_apart)(*joined, member.id));
        !distinct && !apart && self.keys.len().saturating_add(member.verified().count()) <= IDENTITIES_MAX
    }

    /// Whether the person has an id of the same kind and scope. The same id cannot be meant: a verified id is one member's
    /// only, and that member has not joined.
    fn occupies(&self, key: &Key) -> bool {
        self.keys.iter().any(|held| held.slot() == key.slot())
    }

    fn join(&mut self, member: &'a Member) {
        self.members.push(member.id);
        self.keys.extend(member.verified().map(|identity| &identity.key));
    }
}
