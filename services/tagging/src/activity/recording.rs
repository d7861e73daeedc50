//! The recording of activities, which batch and stream share.
//!
//! Computed tags and segments follow in the transaction of the activity itself, rather than by consuming the service's
//! own facts: a caller with the answer sees the tags, a crash counts nothing twice and misses nothing, and five hundred
//! activities cost a dozen statements and one commit instead of two.

mod results;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::Unreadable;
use contracts_tagging::v1::{self, ActivityRefusal, ActivityResult};
use fault::Fault;
use kernel::{Clock, Exact, Tenant, Time};
use prost::Message;
use store::{Draft, Tx};

use super::rows;
use super::rows::{NewRow, Recorded};
use super::wire;
use super::wire::{Parsed, Who};
use super::{Activity, ActivityId, Difference, ORDER_PAID, ORDER_REFUNDED, SourceKey};
use crate::member::MemberId;
use crate::member::people::{Found, People};
use crate::member::revision::{Revision, Revisions};
use crate::segment::figures;
use crate::segment::figures::ChannelTotals;
use crate::tag::catalogs::Hold;
use results::{conflict, duplicate, invalid, missing, nobody, recorded, refused, unknown};

/// How many activities are recorded at once.
pub(crate) const ACTIVITIES_MAX: usize = 500;

/// Records activities.
#[derive(Clone)]
pub(crate) struct Recorder {
    clock: Clock,
    people: People,
    revisions: Revisions,
}

/// An activity that arrived, as far as it can be judged before the transaction.
#[derive(Clone)]
pub(crate) enum Arrival {
    /// It will not be recorded.
    Refused(ActivityRefusal),
    /// It will, unless it was before.
    Ready(Sent),
}

/// An activity as it was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    /// Whose it is.
    member: MemberId,
    /// The member was named by id, not by an id in the channel.
    by_id: bool,
    activity: Activity,
}

impl Sent {
    /// In what it differs from what is recorded under its key, of a member. A member is the same by whatever id; and so is
    /// an id in the channel, to whomever it leads by now.
    fn differences(&self, recorded: &Activity, member: MemberId) -> Vec<Difference> {
        let external_id = &self.activity.external_id;
        let same_external = !self.by_id && !external_id.is_empty() && *external_id == recorded.external_id;
        let of_member = (!same_external).then(|| Difference::of("member_id", member, self.member));
        let mut differences: Vec<Difference> = of_member.flatten().into_iter().collect();
        differences.extend(recorded.differences(&self.activity));
        differences
    }
}

impl Recorder {
    pub(crate) fn new(clock: Clock, people: People, revisions: Revisions) -> Self {
        Self {
            clock,
            people,
            revisions,
        }
    }

    /// Reads activities and finds their members: all that has to be known before the transaction. `unreadable` tells what
    /// the gateway could not read of them.
    pub(crate) async fn receive(
        &self,
        tenant: Tenant,
        activities: &[v1::Activity],
        unreadable: &Unreadable,
    ) -> Result<Vec<Arrival>, Fault> {
        let now = self.clock.now();
        let parse = |(index, activity): (usize, &v1::Activity)| {
            let Parsed { who, activity } = wire::parse(activity.clone(), now);
            let activity = match activity {
                Ok(activity) if unreadable.is_whole(index) => Ok(activity),
                Ok(_) => Err(unreadable.with(index, "", Vec::new())),
                Err(violations) => Err(unreadable.with(index, "", violations)),
            };
            Parsed { who, activity }
        };
        let parsed: Vec<Parsed> = activities.iter().enumerate().map(parse).collect();
        let who: BTreeSet<Who> = parsed.iter().filter_map(|it| it.who.clone()).collect();
        let found = self.people.find(tenant, who).await?;
        Ok(parsed.into_iter().map(|parsed| arrived(parsed, &found)).collect())
    }

    /// Records what arrived and everything that follows from it; one result for each arrival.
    pub(crate) async fn record(
        &self,
        tx: &Tx,
        tenant: Tenant,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<ActivityResult>, Fault> {
        let revision = self.revisions.begin(tx, tenant, Hold::Shared).await?;
        let batch = self.prepare(&revision, arrivals).await?;
        let before = rows::by_key(&**tx, tenant, batch.entries.keys().cloned()).await?;
        rows::insert(tx, tenant, batch.rows(&before)).await?;
        let entries: Vec<&Entry> = batch.new_in_order(&before).collect();
        revise(&revision, tx, &entries).await?;
        batch.results(&before)
    }

    /// Gives each activity its id and each member its survivor; of several with one key the first counts.
    async fn prepare(&self, revision: &Revision<'_>, arrivals: Vec<Arrival>) -> Result<Batch, Fault> {
        let members = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Ready(sent) => Some(sent.member),
            Arrival::Refused(_) => None,
        });
        let redirects = revision.redirects(members.collect::<BTreeSet<_>>()).await?;
        let mut batch = Batch {
            entries: BTreeMap::new(),
            in_order: Vec::new(),
            outcomes: Vec::new(),
        };
        for arrival in arrivals {
            match arrival {
                Arrival::Refused(refusal) => batch.outcomes.push(Outcome::Refused(refusal)),
                Arrival::Ready(mut sent) => {
                    sent.member = redirects.follow(revision.tenant, sent.member);
                    batch.add(sent, ActivityId::generate(&self.clock), revision.now);
                }
            }
        }
        Ok(batch)
    }
}

/// An activity with its member, or everything for which it is refused.
fn arrived(Parsed { who, activity }: Parsed, found: &Found) -> Arrival {
    let member = who.as_ref().and_then(|who| found.members.get(who));
    match (activity, who, member) {
        (Ok(activity), Some(who), Some(member)) => Arrival::Ready(Sent {
            member: *member,
            by_id: matches!(who, Who::Member(_)),
            activity,
        }),
        (Ok(_), Some(who), None) if found.blocked.contains(&who) => Arrival::Refused(invalid(vec![nobody(&who)])),
        (Ok(_), Some(who), None) => Arrival::Refused(unknown(&who)),
        (Err(mut violations), Some(who), None) => {
            violations.push(if found.blocked.contains(&who) {
                nobody(&who)
            } else {
                missing(&who)
            });
            Arrival::Refused(invalid(violations))
        }
        (Err(violations), ..) => Arrival::Refused(invalid(violations)),
        // An activity that was read tells whose it is.
        (Ok(_), None, _) => Arrival::Refused(invalid(Vec::new())),
    }
}

/// The activities of one transaction.
struct Batch {
    /// By key, as they are stored.
    entries: BTreeMap<SourceKey, Entry>,
    /// The keys as they arrived, each once.
    in_order: Vec<SourceKey>,
    /// One for each arrival.
    outcomes: Vec<Outcome>,
}

struct Entry {
    id: ActivityId,
    sent: Sent,
    wire: v1::Activity,
}

enum Outcome {
    Refused(ActivityRefusal),
    /// The first of its key.
    First(SourceKey),
    /// Another with the key of an earlier one.
    Again(Sent),
}

impl Batch {
    fn add(&mut self, sent: Sent, id: ActivityId, now: Time) {
        let key = sent.activity.key.clone();
        if self.entries.contains_key(&key) {
            self.outcomes.push(Outcome::Again(sent));
            return;
        }
        let wire = wire::write(sent.activity.clone(), id, sent.member, now);
        self.outcomes.push(Outcome::First(key.clone()));
        self.in_order.push(key.clone());
        self.entries.insert(key, Entry { id, sent, wire });
    }

    /// What is not stored yet, in the order of arrival.
    fn new_in_order<'a>(&'a self, before: &'a HashMap<SourceKey, Recorded>) -> impl Iterator<Item = &'a Entry> {
        let new = self.in_order.iter().filter(|key| !before.contains_key(key));
        new.filter_map(|key| self.entries.get(key))
    }

    /// What is not stored yet, in the order of the keys.
    fn rows(&self, before: &HashMap<SourceKey, Recorded>) -> Vec<NewRow> {
        let row = |(key, entry): (&SourceKey, &Entry)| NewRow {
            id: entry.id,
            member: entry.sent.member,
            key: key.clone(),
            occur_time: entry.sent.activity.occur_time,
            payload: entry.wire.encode_to_vec(),
        };
        self.entries
            .iter()
            .filter(|(key, _)| !before.contains_key(key))
            .map(row)
            .collect()
    }

    /// `before` are the activities that were stored already.
    fn results(&self, before: &HashMap<SourceKey, Recorded>) -> Result<Vec<ActivityResult>, Fault> {
        let result = |outcome: &Outcome| match outcome {
            Outcome::Refused(refusal) => Ok(refused(refusal.clone())),
            Outcome::First(key) => {
                let entry = self.entry(key)?;
                match before.get(key) {
                    Some(stored) => Ok(repeated(&entry.sent, stored.id, &stored.activity()?, stored.member)),
                    None => Ok(recorded(entry.id, entry.sent.member)),
                }
            }
            Outcome::Again(sent) => {
                let first = self.entry(&sent.activity.key)?;
                match before.get(&sent.activity.key) {
                    Some(stored) => Ok(repeated(sent, stored.id, &stored.activity()?, stored.member)),
                    None => Ok(repeated(sent, first.id, &first.sent.activity, first.sent.member)),
                }
            }
        };
        self.outcomes.iter().map(result).collect()
    }

    fn entry(&self, key: &SourceKey) -> Result<&Entry, Fault> {
        self.entries
            .get(key)
            .ok_or_else(|| Fault::internal("every key has an entry"))
    }
}

/// What becomes of an activity whose key is recorded already: nothing, and that is told as a conflict unless it says the
/// same.
fn repeated(sent: &Sent, id: ActivityId, before: &Activity, member: MemberId) -> ActivityResult {
    let differences = sent.differences(before, member);
    if differences.is_empty() {
        duplicate(id)
    } else {
        conflict(id, &sent.activity.key, differences)
    }
}

/// Tells the members what they did, and the world.
async fn revise(revision: &Revision<'_>, tx: &Tx, entries: &[&Entry]) -> Result<(), Fault> {
    let members: BTreeSet<MemberId> = entries.iter().map(|entry| entry.sent.member).collect();
    let mut subjects = revision.subjects(&members).await?;
    let mut totals = ChannelTotals::new();
    let mut facts = Vec::with_capacity(entries.len());
    for entry in entries {
        let Sent { member, activity, .. } = &entry.sent;
        if let Some(subject) = subjects.get_mut(member) {
            subject.did(activity, &revision.catalog, revision.now);
        }
        total(activity, &mut totals);
        let fact = v1::ActivityRecorded {
            activity: Some(entry.wire.clone()),
        };
        facts.push(Draft::new(revision.tenant, member.to_string(), &fact));
    }
    revision.settle(subjects, None, facts).await?;
    figures::add(tx, revision.tenant, &totals).await
}

fn total(activity: &Activity, totals: &mut ChannelTotals) {
    let (currency, minor_units) = match &activity.amount {
        Some(amount) => (amount.currency_code().to_owned(), amount.minor_units()),
        None => (String::new(), 0),
    };
    let total = totals.entry((activity.key.channel_code.clone(), currency)).or_default();
    total.activity_count = total.activity_count.exact_add(1);
    match activity.key.activity_type.as_str() {
        ORDER_PAID => {
            total.order_count = total.order_count.exact_add(1);
            total.sales = total.sales.exact_add(minor_units);
        }
        ORDER_REFUNDED => {
            total.refund_count = total.refund_count.exact_add(1);
            total.refunds = total.refunds.exact_add(minor_units);
        }
        _ => {}
    }
}
