//! The revision of members: load them, let the domain decide, write what follows. Every change of tagging takes this way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use contracts_tagging::v1;
use fault::Fault;
use kernel::{Clock, Exact, Tenant, Time};
use lineage::Redirects;
use store::{Draft, Tx};

use super::rows;
use super::subject::{Outcome, Stored, Subject, TagChange};
use super::{Member, MemberId, MemberKind};
use crate::activity;
use crate::activity::rows::History;
use crate::segment::figures;
use crate::segment::figures::{Stripe, Tallies, Tally};
use crate::segment::memberships;
use crate::tag;
use crate::tag::catalog::Catalog;
use crate::tag::catalogs::{Catalogs, Hold};
use crate::tag::member_tags;

/// How many members are revised in one transaction.
pub(crate) const MEMBERS_MAX: usize = 500;

/// Begins revisions.
#[derive(Clone)]
pub(crate) struct Revisions {
    clock: Clock,
    catalogs: Catalogs,
}

/// A revision of members of one tenant, within a transaction. It holds the catalog's lock.
pub(crate) struct Revision<'a> {
    tx: &'a Tx,
    clock: &'a Clock,
    pub(crate) tenant: Tenant,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) now: Time,
    /// Where it counts.
    pub(crate) stripe: Stripe,
    /// The traces in which members are revised, where the transaction serves many requests.
    causes: HashMap<MemberId, String>,
}

/// Members under revision, by id.
pub(crate) type Subjects = BTreeMap<MemberId, Subject>;

impl Revisions {
    /// Revisions by this clock.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            catalogs: Catalogs::default(),
        }
    }

    /// Takes the catalog's lock and begins.
    pub(crate) async fn begin<'a>(&'a self, tx: &'a Tx, tenant: Tenant, hold: Hold) -> Result<Revision<'a>, Fault> {
        let catalog = self.catalogs.hold(tx, tenant, hold).await?;
        // After the lock: whatever happened before it is not later than this.
        let now = self.clock.now();
        Ok(Revision {
            tx,
            clock: &self.clock,
            tenant,
            catalog,
            now,
            stripe: Stripe::draw(tx, &self.clock),
            causes: HashMap::new(),
        })
    }
}

impl Revision<'_> {
    /// The same, with the traces to which belongs what is told of members.
    pub(crate) fn caused_by(self, causes: HashMap<MemberId, String>) -> Self {
        Self { causes, ..self }
    }

    /// Where these members' ids lead, for those that were merged.
    pub(crate) async fn redirects(
        &self,
        members: impl IntoIterator<Item = MemberId>,
    ) -> Result<Redirects<MemberKind>, Fault> {
        let members: Vec<_> = members.into_iter().map(|member| (self.tenant, member)).collect();
        Redirects::of(&**self.tx, members).await
    }

    /// The members, locked. Who has no row is new.
    pub(crate) async fn subjects(&self, ids: &BTreeSet<MemberId>) -> Result<Subjects, Fault> {
        let mut subjects = self.known_subjects(ids).await?;
        for id in ids {
            subjects.entry(*id).or_insert_with(|| Subject::new(*id));
        }
        Ok(subjects)
    }

    /// The members that have a row, locked.
    pub(crate) async fn known_subjects(&self, ids: &BTreeSet<MemberId>) -> Result<Subjects, Fault> {
        let members = rows::lock(self.tx, self.tenant, ids).await?;
        if members.is_empty() {
            return Ok(Subjects::new());
        }
        let mut tags = member_tags::load(&**self.tx, self.tenant, members.keys().copied()).await?;
        let mut segments = memberships::load(&**self.tx, self.tenant, members.keys().copied()).await?;
        let subject = |(id, member): (MemberId, Member)| {
            let (tags, segments) = (
                tags.remove(&id).unwrap_or_default(),
                segments.remove(&id).unwrap_or_default(),
            );
            (
                id,
                Subject::load(id, Stored { member, tags, segments }, &self.catalog, self.now),
            )
        };
        Ok(members.into_iter().map(subject).collect())
    }

    /// Folds what is stale, settles every member, and writes what follows: rows, figures, and the facts, after `facts`.
    pub(crate) async fn settle(
        &self,
        mut subjects: Subjects,
        demanded: Option<&str>,
        facts: Vec<Draft>,
    ) -> Result<(), Fault> {
        self.fold(&mut subjects).await?;
        let outcomes = subjects
            .into_values()
            .map(|subject| subject.settle(&self.catalog, demanded, self.now));
        self.write(&outcomes.collect::<Vec<_>>(), facts).await
    }

    /// Counts the stored activities of members with stale tags into these.
    pub(crate) async fn fold(&self, subjects: &mut Subjects) -> Result<(), Fault> {
        let history = self.stale_history(subjects);
        let mut last = None;
        loop {
            let page = activity::rows::history(self.tx, self.tenant, &history, last).await?;
            let Some((member, place, _)) = page.last() else {
                return Ok(());
            };
            last = Some((*member, *place));
            for (member, _, activity) in page {
                let activity = activity::wire::stored(activity)?;
                if let Some(subject) = subjects.get_mut(&member) {
                    subject.fold(&activity, &self.catalog, self.now);
                }
            }
        }
    }

    /// The members with stale tags, and what the widest of these tags looks at.
    fn stale_history(&self, subjects: &Subjects) -> History {
        let mut history = History {
            members: BTreeSet::new(),
            activity_types: BTreeSet::new(),
            after: self.now,
        };
        for (id, subject) in subjects {
            for code in subject.stale() {
                let Some(computation) = self.catalog.tag(code).and_then(|tag| tag.computation()) else {
                    continue;
                };
                history.members.insert(*id);
                history
                    .activity_types
                    .extend(computation.activity_types.iter().cloned());
                history.after = history.after.min(computation.window_start(self.now));
            }
        }
        history
    }

    /// Writes what follows from decisions. Past this line nothing is decided.
    pub(crate) async fn write(&self, outcomes: &[Outcome], mut facts: Vec<Draft>) -> Result<(), Fault> {
        let mut tallies = Tallies::new();
        for outcome in outcomes {
            tally(outcome, &mut tallies);
        }
        self.write_members(outcomes).await?;
        self.write_tags(outcomes).await?;
        let entered = pairs(outcomes, |outcome| &outcome.entered);
        memberships::enter(self.tx, self.tenant, &entered, self.now).await?;
        memberships::leave(self.tx, self.tenant, &pairs(outcomes, |outcome| &outcome.left)).await?;
        facts.extend(
            outcomes
                .iter()
                .filter(|outcome| !outcome.is_retired())
                .flat_map(|outcome| self.facts(outcome)),
        );
        self.tx.emit_all(self.clock, facts).await?;
        // Many transactions count into the same few rows, so these are locked last and briefly.
        figures::count(self.tx, self.tenant, &tallies, self.stripe).await
    }

    async fn write_members(&self, outcomes: &[Outcome]) -> Result<(), Fault> {
        let (mut inserted, mut updated, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for outcome in outcomes {
            let Some(change) = &outcome.member else { continue };
            match (&change.before, &change.after) {
                (None, Some(after)) => inserted.push((outcome.id, after)),
                (Some(_), Some(after)) => updated.push((outcome.id, after)),
                (Some(_), None) => deleted.push(outcome.id),
                (None, None) => {}
            }
        }
        rows::insert(self.tx, self.tenant, &inserted).await?;
        rows::update(self.tx, self.tenant, &updated).await?;
        rows::delete(self.tx, self.tenant, &deleted).await
    }

    async fn write_tags(&self, outcomes: &[Outcome]) -> Result<(), Fault> {
        let (mut written, mut deleted) = (Vec::new(), Vec::new());
        for (outcome, change) in outcomes
            .iter()
            .flat_map(|outcome| outcome.tags.iter().map(move |tag| (outcome, tag)))
        {
            match &change.after {
                Some(tag) => written.push((outcome.id, change.code.as_str(), tag)),
                None => deleted.push((outcome.id, change.code.as_str())),
            }
        }
        member_tags::write(self.tx, self.tenant, &written).await?;
        member_tags::delete(self.tx, self.tenant, &deleted).await
    }

    fn facts(&self, outcome: &Outcome) -> Vec<Draft> {
        let member_id = outcome.id.to_string();
        let time = Some(self.now.to_wire());
        let changed = outcome.tags.iter().filter_map(TagChangedValue::of).map(|change| {
            let fact = v1::TagChanged {
                member_id: member_id.clone(),
                tag_code: change.code.to_owned(),
                value: change.after,
                change_time: time,
            };
            Draft::new(self.tenant, &*member_id, &fact)
        });
        let entered = outcome.entered.iter().map(|code| {
            let (segment_code, member_id) = (code.clone(), member_id.clone());
            let fact = v1::SegmentEntered {
                segment_code,
                member_id: member_id.clone(),
                enter_time: time,
            };
            Draft::new(self.tenant, member_id, &fact)
        });
        let left = outcome.left.iter().map(|code| {
            let (segment_code, member_id) = (code.clone(), member_id.clone());
            let fact = v1::SegmentLeft {
                segment_code,
                member_id: member_id.clone(),
                leave_time: time,
            };
            Draft::new(self.tenant, member_id, &fact)
        });
        let cause = self.causes.get(&outcome.id);
        let facts = changed.chain(entered).chain(left);
        facts.map(|fact| fact.within(cause.cloned())).collect()
    }
}

/// A change that others learn of.
struct TagChangedValue<'a> {
    code: &'a str,
    after: Option<v1::TagValue>,
}

impl<'a> TagChangedValue<'a> {
    fn of(change: &'a TagChange) -> Option<Self> {
        let (_, after) = change.values()?;
        Some(Self {
            code: &change.code,
            after: after.map(tag::value::wire::write),
        })
    }
}

fn pairs(outcomes: &[Outcome], codes: impl Fn(&Outcome) -> &Vec<String>) -> Vec<(&str, MemberId)> {
    let of = |outcome| {
        codes(outcome)
            .iter()
            .map(|code| (code.as_str(), outcome.id))
            .collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}

/// Who is counted where, before and after.
fn tally(outcome: &Outcome, tallies: &mut Tallies) {
    let mut count = |tally: Tally, members: i64| {
        let total = tallies.entry(tally).or_default();
        *total = total.exact_add(members);
    };
    if let Some(change) = &outcome.member {
        for (member, by) in [(&change.before, -1), (&change.after, 1)] {
            let Some(member) = member else { continue };
            count(Tally::Members, by);
            if !member.active_channels.is_empty() {
                count(
                    Tally::Channels {
                        codes: rows::join(&member.active_channels),
                    },
                    by,
                );
            }
        }
    }
    for change in &outcome.tags {
        let Some((before, after)) = change.values() else {
            continue;
        };
        for (value, by) in [(before, -1), (after, 1)] {
            if let Some(value) = value {
                count(
                    Tally::Tag {
                        code: change.code.clone(),
                        value: value.tally_key().to_owned(),
                    },
                    by,
                );
            }
        }
    }
    for (codes, by) in [(&outcome.entered, 1), (&outcome.left, -1)] {
        for code in codes {
            count(Tally::Segment { code: code.clone() }, by);
        }
    }
}
