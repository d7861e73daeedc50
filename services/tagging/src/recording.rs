//! The recording of activities, which batch and stream share.
//!
//! Computed tags and segments follow in the transaction of the activity itself, rather than by consuming the service's
//! own facts: whoever has the answer sees the tags, nothing is counted twice or missed whatever crashes, and five hundred
//! activities cost a dozen statements and one commit instead of two.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::tagging::v1::{self, ActivityOutcome, ActivityRefusal, ActivityResult, ActivityViolation, ErrorReason};
use fault::{Common, Fault, Reason, Violation};
use kernel::{Clock, Tenant};
use prost::Message;
use store::{Draft, Tx};

use crate::domain::activity::{Activity, ActivityId, ORDER_PAID, ORDER_REFUNDED, SourceKey};
use crate::domain::member::MemberId;
use crate::people::People;
use crate::store::activities::{self, NewRow};
use crate::store::catalogs::Hold;
use crate::store::figures::{self, ChannelTotals};
use crate::store::revision::{Revision, Revisions};
use crate::wire;
use crate::wire::activity::Who;

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
    Ready { member: MemberId, activity: Activity },
}

impl Recorder {
    pub(crate) fn new(clock: Clock, people: People, revisions: Revisions) -> Self {
        Self {
            clock,
            people,
            revisions,
        }
    }

    /// Reads activities and finds their members: all that has to be known before the transaction.
    pub(crate) async fn receive(&self, tenant: Tenant, activities: &[v1::Activity]) -> Result<Vec<Arrival>, Fault> {
        let now = self.clock.now();
        let parsed: Vec<_> = activities
            .iter()
            .map(|activity| wire::activity::parse(activity.clone(), now))
            .collect();
        let who: BTreeSet<Who> = parsed.iter().flatten().map(|(who, _)| who.clone()).collect();
        let members = self.people.find(tenant, who).await?;
        let arrival = |parsed| match parsed {
            Err(violations) => Arrival::Refused(invalid(violations)),
            Ok((who, activity)) => match members.get(&who) {
                Some(member) => Arrival::Ready {
                    member: *member,
                    activity,
                },
                None => Arrival::Refused(unknown(&who)),
            },
        };
        Ok(parsed.into_iter().map(arrival).collect())
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
        let before = activities::by_key(&**tx, tenant, batch.entries.keys().cloned()).await?;
        activities::insert(tx, tenant, batch.rows(&before)).await?;
        let entries: Vec<&Entry> = batch.new_in_order(&before).collect();
        revise(&revision, tx, &entries).await?;
        batch.results(&before)
    }

    /// Gives each activity its id and each member its survivor; of several with one key the first counts.
    async fn prepare(&self, revision: &Revision<'_>, arrivals: Vec<Arrival>) -> Result<Batch, Fault> {
        let members = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Ready { member, .. } => Some(*member),
            Arrival::Refused(_) => None,
        });
        let led = revision.redirects(members.collect::<BTreeSet<_>>()).await?;
        let mut batch = Batch {
            entries: BTreeMap::new(),
            in_order: Vec::new(),
            outcomes: Vec::new(),
        };
        for arrival in arrivals {
            match arrival {
                Arrival::Refused(refusal) => batch.outcomes.push(Outcome::Refused(refusal)),
                Arrival::Ready { member, activity } => {
                    let key = activity.key.clone();
                    let is_first = !batch.entries.contains_key(&key);
                    batch.outcomes.push(Outcome::Ready {
                        key: key.clone(),
                        is_first,
                    });
                    if is_first {
                        let member = led.get(&member).copied().unwrap_or(member);
                        let id = ActivityId::generate(&self.clock);
                        let wire = wire::activity::write(activity.clone(), id, member, revision.now);
                        batch.in_order.push(key.clone());
                        batch.entries.insert(
                            key,
                            Entry {
                                id,
                                member,
                                activity,
                                wire,
                            },
                        );
                    }
                }
            }
        }
        Ok(batch)
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
    member: MemberId,
    activity: Activity,
    wire: v1::Activity,
}

enum Outcome {
    Refused(ActivityRefusal),
    Ready { key: SourceKey, is_first: bool },
}

impl Batch {
    /// What is not stored yet, in the order of arrival.
    fn new_in_order<'a>(&'a self, before: &'a HashMap<SourceKey, ActivityId>) -> impl Iterator<Item = &'a Entry> {
        let new = self.in_order.iter().filter(|key| !before.contains_key(key));
        new.filter_map(|key| self.entries.get(key))
    }

    /// What is not stored yet, in the order of the keys.
    fn rows(&self, before: &HashMap<SourceKey, ActivityId>) -> Vec<NewRow> {
        let row = |(key, entry): (&SourceKey, &Entry)| NewRow {
            id: entry.id,
            member: entry.member,
            key: key.clone(),
            occur_time: entry.activity.occur_time,
            payload: entry.wire.encode_to_vec(),
        };
        self.entries
            .iter()
            .filter(|(key, _)| !before.contains_key(key))
            .map(row)
            .collect()
    }

    /// `before` are the activities that were stored already.
    fn results(&self, before: &HashMap<SourceKey, ActivityId>) -> Result<Vec<ActivityResult>, Fault> {
        let result = |outcome: &Outcome| match outcome {
            Outcome::Refused(refusal) => Ok(refused(refusal.clone())),
            Outcome::Ready { key, is_first } => {
                let entry = self
                    .entries
                    .get(key)
                    .ok_or_else(|| Fault::internal("every key has an entry"))?;
                Ok(match before.get(key) {
                    Some(id) => duplicate(*id),
                    None if *is_first => recorded(entry),
                    None => duplicate(entry.id),
                })
            }
        };
        self.outcomes.iter().map(result).collect()
    }
}

/// Tells the members what they did, and the world.
async fn revise(revision: &Revision<'_>, tx: &Tx, entries: &[&Entry]) -> Result<(), Fault> {
    let members: BTreeSet<MemberId> = entries.iter().map(|entry| entry.member).collect();
    let mut subjects = revision.subjects(&members).await?;
    let mut totals = ChannelTotals::new();
    let mut facts = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(subject) = subjects.get_mut(&entry.member) {
            subject.did(&entry.activity, &revision.catalog, revision.now);
        }
        total(&entry.activity, &mut totals);
        let fact = v1::ActivityRecorded {
            activity: Some(entry.wire.clone()),
        };
        facts.push(Draft::new(revision.tenant, entry.member.to_string(), &fact));
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
    total.activity_count = total.activity_count.saturating_add(1);
    match activity.key.activity_type.as_str() {
        ORDER_PAID => {
            total.order_count = total.order_count.saturating_add(1);
            total.sales = total.sales.saturating_add(minor_units);
        }
        ORDER_REFUNDED => {
            total.refund_count = total.refund_count.saturating_add(1);
            total.refunds = total.refunds.saturating_add(minor_units);
        }
        _ => {}
    }
}

fn recorded(entry: &Entry) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Recorded.into(),
        activity_id: entry.id.to_string(),
        member_id: entry.member.to_string(),
        refusal: None,
    }
}

fn duplicate(id: ActivityId) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Duplicate.into(),
        activity_id: id.to_string(),
        member_id: String::new(),
        refusal: None,
    }
}

fn refused(refusal: ActivityRefusal) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Refused.into(),
        activity_id: String::new(),
        member_id: String::new(),
        refusal: Some(refusal),
    }
}

fn invalid(violations: Vec<Violation>) -> ActivityRefusal {
    let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let violations = violations
        .into_iter()
        .map(|Violation { path, message }| ActivityViolation { path, message });
    ActivityRefusal {
        reason: Common::InvalidField.name().to_owned(),
        message: words.join("; "),
        violations: violations.collect(),
    }
}

fn unknown(who: &Who) -> ActivityRefusal {
    let who = match who {
        Who::Member(member) => format!("{member}"),
        Who::External {
            channel_code,
            external_id,
        } => format!("the external id {external_id} in {channel_code}"),
    };
    ActivityRefusal {
        reason: ErrorReason::MemberNotFound.name().to_owned(),
        message: format!("{who} leads to no member: register the member with identity first"),
        violations: Vec::new(),
    }
}
