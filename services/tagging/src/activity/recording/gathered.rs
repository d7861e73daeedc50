//! The activities of one brand that one transaction records, of as many callers as come together.

use std::collections::HashMap;

use contracts_tagging::v1::{ActivityRecorded, ActivityRefusal, ActivityResult};
use fault::Fault;
use kernel::{Exact, Tenant, Time};
use lineage::Redirects;
use prost::Message;
use prost::encoding::{encode_varint, encoded_len_varint};
use store::Draft;

use super::arrival::{Arrival, Sent};
use super::results::{conflict, duplicate, recorded, refused};
use crate::activity::rows::{NewRow, Recorded};
use crate::activity::{Activity, ActivityId, Difference, ORDER_PAID, ORDER_REFUNDED, SourceKey, wire};
use crate::member::{MemberId, MemberKind};
use crate::segment::figures::ChannelTotals;

/// What one caller has, in its order.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) arrivals: &'a [Arrival],
    /// The trace that it is a part of, where the transaction is not its own.
    pub(super) traceparent: Option<&'a str>,
}

/// The activities of several lists, in their order; of several with one key the first counts.
pub(super) struct Gathered<'a> {
    /// As they arrived, each key once.
    entries: Vec<Entry<'a>>,
    /// One for each arrival.
    outcomes: Vec<Outcome<'a>>,
}

/// An activity that is the first of its key.
pub(super) struct Entry<'a> {
    sent: &'a Sent,
    /// Whose it is by now.
    pub(super) member: MemberId,
    pub(super) traceparent: Option<&'a str>,
}

enum Outcome<'a> {
    Refused(&'a ActivityRefusal),
    /// The entry is of this arrival.
    First(usize),
    /// The entry is of an earlier one with the same key; this one's member is given.
    Again(usize, &'a Sent, MemberId),
}

/// What is stored already, by key.
pub(super) type Before = HashMap<SourceKey, Recorded>;

impl<'a> Gathered<'a> {
    /// Gives each activity its member as it is by now.
    pub(super) fn of(tenant: Tenant, lists: &[List<'a>], redirects: &Redirects<MemberKind>) -> Self {
        let mut by_key: HashMap<&SourceKey, usize> = HashMap::new();
        let (mut entries, mut outcomes) = (Vec::new(), Vec::new());
        for List { arrivals, traceparent } in lists {
            for arrival in *arrivals {
                let sent = match arrival {
                    Arrival::Refused(refusal) => {
                        outcomes.push(Outcome::Refused(refusal));
                        continue;
                    }
                    Arrival::Ready(sent) => sent,
                };
                let member = redirects.follow(tenant, sent.member);
                let index = *by_key.entry(&sent.activity.key).or_insert(entries.len());
                if index < entries.len() {
                    outcomes.push(Outcome::Again(index, sent, member));
                    continue;
                }
                outcomes.push(Outcome::First(index));
                entries.push(Entry {
                    sent,
                    member,
                    traceparent: *traceparent,
                });
            }
        }
        Self { entries, outcomes }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = SourceKey> {
        self.entries.iter().map(|entry| entry.sent.activity.key.clone())
    }

    /// What is not stored yet, in the order of arrival.
    pub(super) fn new_entries(&self, before: &Before) -> Vec<&Entry<'a>> {
        let new = |entry: &&Entry<'_>| !before.contains_key(&entry.sent.activity.key);
        self.entries.iter().filter(new).collect()
    }

    /// What became of each arrival of these lists; `before` are the activities that were stored already.
    pub(super) fn results(&self, lists: &[List<'_>], before: &Before) -> Result<Vec<Vec<ActivityResult>>, Fault> {
        let mut outcomes = self.outcomes.iter();
        let mut of_list = |list: &List<'_>| {
            let own = outcomes.by_ref().take(list.arrivals.len());
            own.map(|outcome| self.result(outcome, before)).collect()
        };
        lists.iter().map(&mut of_list).collect()
    }

    fn result(&self, outcome: &Outcome<'_>, before: &Before) -> Result<ActivityResult, Fault> {
        let (index, sent, member) = match outcome {
            Outcome::Refused(refusal) => return Ok(refused((*refusal).clone())),
            Outcome::First(index) => {
                let entry = self.entry(*index)?;
                (index, entry.sent, entry.member)
            }
            Outcome::Again(index, sent, member) => (index, *sent, *member),
        };
        let entry = self.entry(*index)?;
        match (before.get(&sent.activity.key), outcome) {
            (Some(stored), _) => {
                let differences = sent.differences(member, &stored.activity()?, stored.member);
                Ok(repeated(stored.id, sent, differences))
            }
            (None, Outcome::Again(..)) => {
                let differences = sent.differences(member, &entry.sent.activity, entry.member);
                Ok(repeated(entry.sent.id, sent, differences))
            }
            (None, Outcome::First(_) | Outcome::Refused(_)) => Ok(recorded(entry.sent.id, entry.member)),
        }
    }

    fn entry(&self, index: usize) -> Result<&Entry<'a>, Fault> {
        let entry = self.entries.get(index);
        entry.ok_or_else(|| Fault::internal("every key has an entry"))
    }
}

/// What becomes of an activity whose key is recorded already: nothing, and that is told as a conflict unless it says the
/// same.
fn repeated(id: ActivityId, sent: &Sent, differences: Vec<Difference>) -> ActivityResult {
    match differences.is_empty() {
        true => duplicate(id),
        false => conflict(id, &sent.activity.key, differences),
    }
}

impl Entry<'_> {
    pub(super) fn activity(&self) -> &Activity {
        &self.sent.activity
    }

    /// The message of the activity, which is its row's and a part of its fact.
    fn payload(&self, now: Time) -> Vec<u8> {
        let Sent { id, activity, .. } = self.sent;
        wire::write(activity.clone(), *id, self.member, now).encode_to_vec()
    }

    fn row(&self, payload: Vec<u8>) -> NewRow {
        let Sent { id, activity, .. } = self.sent;
        NewRow {
            id: *id,
            member: self.member,
            key: activity.key.clone(),
            occur_time: activity.occur_time,
            payload,
        }
    }

    fn fact(&self, tenant: Tenant, payload: &[u8]) -> Draft {
        let fact = Draft::encoded::<ActivityRecorded>(tenant, self.member.to_string(), told(payload));
        fact.within(self.traceparent.map(str::to_owned))
    }
}

/// The rows of activities in the order of their keys, and their facts in their own.
pub(super) fn rows_and_facts(tenant: Tenant, entries: &[&Entry<'_>], now: Time) -> (Vec<NewRow>, Vec<Draft>) {
    let (mut rows, mut facts) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
    for entry in entries {
        let payload = entry.payload(now);
        facts.push(entry.fact(tenant, &payload));
        rows.push(entry.row(payload));
    }
    rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    (rows, facts)
}

/// The fact of an activity whose message is encoded already: the message is its only field.
fn told(activity: &[u8]) -> Vec<u8> {
    /// The field's number and its kind, bytes with their length, as they are written: see [`ActivityRecorded`].
    const FIELD: u64 = 1 << 3 | 2;
    let len = u64::try_from(activity.len()).unwrap_or(u64::MAX);
    let mut fact = Vec::with_capacity(activity.len().saturating_add(encoded_len_varint(len)).saturating_add(1));
    encode_varint(FIELD, &mut fact);
    encode_varint(len, &mut fact);
    fact.extend_from_slice(activity);
    fact
}

/// Counts an activity into what happened in its channel.
pub(super) fn total(activity: &Activity, totals: &mut ChannelTotals) {
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

#[cfg(test)]
mod tests {
    use contracts_tagging::v1;

    use super::*;

    #[test]
    fn a_fact_of_an_encoded_activity_is_the_fact_of_the_activity() {
        for source_id in ["", "o1", &"o".repeat(300)] {
            let activity = v1::Activity {
                source_id: source_id.to_owned(),
                ..v1::Activity::default()
            };
            let payload = told(&activity.encode_to_vec());
            let fact = ActivityRecorded {
                activity: Some(activity),
            };
            assert_eq!(payload, fact.encode_to_vec(), "{source_id}");
        }
    }
}
