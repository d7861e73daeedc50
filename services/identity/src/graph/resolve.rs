use std::sync::Arc;

use kernel::{Id, Time};

use super::identity::{Evidence, Proof};
use super::key::Key;
use super::member::CLAIMS_MAX;
use super::member::{Member, MemberId};
use super::recognition::{Outcome, Recognition, Verdict, recognise};
use super::{Event, Graph, Moment, Node};
use crate::blocked_value::Blocklist;
use crate::profile::Profile;

/// Somebody turned up.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The channel; none in an import that names none.
    pub(crate) channel: Option<String>,
    /// The external id in the channel; none in an import without one. Never blocked.
    pub(crate) anchor: Option<Key>,
    /// At most one piece that leads for each kind and scope, and none of the anchor's.
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) profile: Profile,
    /// When the person became a member, if not now.
    pub(crate) register_time: Option<Time>,
}

impl Arrival {
    /// Whether there is anything that can lead to a member, or from which one can be found again.
    pub(crate) fn identifies_somebody(&self) -> bool {
        self.anchor.is_some() || self.evidence.iter().any(Evidence::leads)
    }

    /// Every key whose holder matters.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        let leading = self
            .evidence
            .iter()
            .filter(|piece| piece.leads())
            .map(|piece| &piece.key);
        self.anchor.iter().chain(leading)
    }

    /// Every id that it brings, whether or not it leads.
    pub(crate) fn brought(&self) -> impl Iterator<Item = &Key> {
        self.anchor.iter().chain(self.evidence.iter().map(|piece| &piece.key))
    }

    /// The same, whose evidence does not count where the tenant has blocked it.
    pub(crate) fn heeding(mut self, blocklist: &Blocklist) -> Self {
        for piece in &mut self.evidence {
            piece.blocked |= blocklist.blocks(&piece.key);
        }
        self
    }

    fn anchor_evidence(&self) -> Option<Evidence> {
        let key = self.anchor.clone()?;
        Some(Evidence {
            key,
            proof: Proof::Platform,
            blocked: false,
            source_channel: self.channel.clone(),
        })
    }
}

/// The member that an arrival led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub(crate) member: MemberId,
    pub(crate) outcome: Outcome,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) absorbed: Vec<MemberId>,
}

impl Graph {
    /// Recognises the arriving person, and links, registers and merges accordingly.
    pub(crate) fn resolve(&mut self, arrival: &Arrival, moment: &Moment<'_>) -> Resolution {
        debug_assert!(arrival.identifies_somebody());
        let recognition = recognise(
            arrival.anchor.as_ref(),
            &arrival.evidence,
            |key| self.holder(key),
            |one, other| self.are_apart(one, other),
        );
        let outcome = recognition.outcome();
        let mut members = recognition.members.iter().copied();
        let first = match members.next() {
            Some(first) => first,
            None => self.register(arrival, &recognition, moment),
        };
        let mut absorbed = Vec::new();
        let survivor = members.fold(first, |present, next| {
            let merge = self.join(present, next, None, moment);
            absorbed.push(merge.absorbed);
            merge.survivor.id
        });
        if outcome != Outcome::Created {
            let channels = Arc::clone(&self.channels);
            self.change(survivor, moment, |member| {
                receive(member, arrival, &recognition, moment);
                member.profile.learn(&arrival.profile, &channels);
            });
        }
        Resolution {
            member: survivor,
            outcome,
            verdicts: recognition.verdicts,
            absorbed,
        }
    }

    fn register(&mut self, arrival: &Arrival, recognition: &Recognition, moment: &Moment<'_>) -> MemberId {
        let mut member = Member {
            id: Id::from_uuid((moment.new_uuid)()),
            register_time: arrival.register_time.unwrap_or(moment.now),
            register_channel: arrival.channel.clone(),
            profile: arrival.profile.clone(),
            identities: Vec::new(),
            update_time: moment.now,
            version: 1,
        };
        receive(&mut member, arrival, recognition, moment);
        self.hold(&member);
        self.events.push(Event::Registered(member.clone()));
        let id = member.id;
        self.nodes.insert(
            id,
            Node {
                before: None,
                now: member,
                absorbed_by: None,
            },
        );
        id
    }
}

/// Adds the edges that an arrival brings to the member it leads to.
fn receive(member: &mut Member, arrival: &Arrival, recognition: &Recognition, moment: &Moment<'_>) {
    if let Some(anchor) = arrival.anchor_evidence().filter(|_| recognition.anchor_is_new) {
        member.attach(anchor.identity(Id::from_uuid((moment.new_uuid)()), true, moment.now));
    }
    for (piece, verdict) in arrival.evidence.iter().zip(&recognition.verdicts) {
        match verdict {
            Verdict::Confirmed | Verdict::Blocked | Verdict::LimitReached => {}
            Verdict::Linked => {
                member.attach(piece.identity(Id::from_uuid((moment.new_uuid)()), true, moment.now));
            }
            // Evidence that leads elsewhere, or nowhere, becomes a claim: an operator finds there which members to merge by hand.
            Verdict::Claimed | Verdict::Conflict(_) | Verdict::Occupied => {
                if member.edge(&piece.key).is_none() && member.claims().count() < CLAIMS_MAX {
                    member.attach(piece.identity(Id::from_uuid((moment.new_uuid)()), false, moment.now));
                }
            }
        }
    }
}
