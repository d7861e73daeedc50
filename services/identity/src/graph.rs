mod apart;
pub(crate) mod arrival;
mod batch_look_up_members;
mod batch_resolve_members;
mod changes;
mod facts;
pub(crate) mod finding;
pub(crate) mod holding;
pub(crate) mod identity;
pub(crate) mod key;
mod link;
mod link_identity;
mod look_up_member;
pub(crate) mod looking_up;
pub(crate) mod member;
mod merge;
mod merge_members;
pub(crate) mod recognition;
pub(crate) mod refusals;
mod resolve;
mod resolve_member;
pub(crate) mod resolving;
pub(crate) mod rows;
mod service;
mod undo;
mod undo_merge;
mod unlink_identity;
pub(crate) mod value;
mod visit;
pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kernel::Time;
use uuid::Uuid;

pub(crate) use link::{LinkError, UnlinkError};
pub(crate) use merge::{Brought, Merge, MergeError, MergeId};
pub(crate) use resolve::{Arrival, Resolution};
pub(crate) use undo::{PastMerge, Undo, UndoError};

use crate::channel::Channels;
use crate::profile::Field;
use crate::profile::Learned;
use identity::Identity;
use key::Key;
use member::{Member, MemberId};

/// The members that one request touches, locked and whole, with everything that has been decided about them.
///
/// Invariants: a verified key is one member's; an absorbed member has no identities; events are in their order.
pub(crate) struct Graph {
    channels: Arc<Channels>,
    nodes: BTreeMap<MemberId, Node>,
    /// The member that holds each verified key.
    holders: HashMap<Key, MemberId>,
    /// Pairs of members that are two persons, because a merge of them was undone; each pair in both orders.
    apart: BTreeSet<(MemberId, MemberId)>,
    events: Vec<Event>,
}

/// A member, as it was read and as it is now.
struct Node {
    /// None where the member is new.
    before: Option<Member>,
    now: Member,
    absorbed_by: Option<MemberId>,
}

/// When a decision is carried out, and where its new ids come from.
pub(crate) struct Moment<'a> {
    pub(crate) now: Time,
    pub(crate) new_uuid: &'a (dyn Fn() -> Uuid + Sync),
}

/// A thing that happened, with the member as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Registered(Member),
    Updated(Member),
    Merged(Merge),
    Undone(Undo),
}

impl Graph {
    /// The given members, and nobody else: every key that a request names must have been looked up before.
    pub(crate) fn new(channels: impl Into<Arc<Channels>>, members: Vec<Member>) -> Self {
        let mut graph = Self {
            channels: channels.into(),
            nodes: BTreeMap::new(),
            holders: HashMap::new(),
            apart: BTreeSet::new(),
            events: Vec::new(),
        };
        for member in members {
            graph.hold(&member);
            graph.nodes.insert(
                member.id,
                Node {
                    before: Some(member.clone()),
                    now: member,
                    absorbed_by: None,
                },
            );
        }
        graph
    }

    /// The member of an id, or its survivor.
    pub(crate) fn member(&self, id: MemberId) -> Option<&Member> {
        let node = self.nodes.get(&id)?;
        match node.absorbed_by {
            Some(survivor) => self.member(survivor),
            None => Some(&node.now),
        }
    }

    /// The member that holds a verified key.
    pub(crate) fn holder(&self, key: &Key) -> Option<&Member> {
        self.holders.get(key).and_then(|&id| self.member(id))
    }

    /// Writes fields of a profile on purpose.
    pub(crate) fn update(&mut self, id: MemberId, values: &[(Field, String)], moment: &Moment<'_>) {
        self.change(id, moment, |member| {
            for (field, value) in values {
                member.profile.set(*field, value);
            }
        });
    }

    /// Changes a member, and tells of it where others can see it.
    fn change(&mut self, id: MemberId, moment: &Moment<'_>, change: impl FnOnce(&mut Member)) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let before = node.now.clone();
        change(&mut node.now);
        if node.now == before {
            return;
        }
        node.touch(moment.now);
        let now = node.now.clone();
        self.release(&before);
        self.hold(&now);
        if now.is_seen_otherwise_than(&before) {
            self.events.push(Event::Updated(now));
        }
    }

    fn hold(&mut self, member: &Member) {
        self.holders
            .extend(member.verified().map(|identity| (identity.key.clone(), member.id)));
    }

    fn release(&mut self, member: &Member) {
        for identity in member.verified() {
            self.holders.remove(&identity.key);
        }
    }
}

impl Node {
    /// Notes that the member has changed: one version for all changes of one request.
    fn touch(&mut self, now: Time) {
        self.now.update_time = now;
        self.now.version = self
            .before
            .as_ref()
            .map_or(1, |before| before.version.saturating_add(1));
    }
}

impl Member {
    /// Whether other services see a difference: in the profile, or in the channels.
    fn is_seen_otherwise_than(&self, before: &Self) -> bool {
        self.profile != before.profile
            || self.channel_codes() != before.channel_codes()
            || self.register_time != before.register_time
    }

    /// Adds an edge. A verified one takes the place of a claim to the same key.
    fn attach(&mut self, identity: Identity) {
        self.identities.retain(|present| present.key != identity.key);
        self.identities.push(identity);
    }
}

#[cfg(test)]
mod tests;
