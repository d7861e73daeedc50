//! A member under revision: something happened to it, and what follows is decided here, whole and in one place.
//!
//! Whatever the cause (an activity, an assignment, a timer, a profile, a merge, a new definition), the way is the same:
//! build the subject from what is stored, tell it what happened, fold afresh what is stale, settle. Settling evaluates
//! only those segments whose conditions look at something that changed.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use kernel::Time;

use super::{Member, MemberId};
use crate::activity::Activity;
use crate::tag::catalog::Catalog;
use crate::tag::computation::Standing;
use crate::tag::value::Value;
use crate::tag::{AssignError, MemberTag};

/// A member under revision.
#[derive(Clone, Debug)]
pub struct Subject {
    id: MemberId,
    is_new: bool,
    /// What is known of the member now; may be changed freely, settling sees how.
    pub member: Member,
    member_before: Member,
    tags: BTreeMap<String, MemberTag>,
    /// The tags that were touched, as they were before.
    tags_before: BTreeMap<String, Option<MemberTag>>,
    segments: BTreeSet<String>,
    /// Computed tags that have to be folded afresh, and how far that is.
    stale: BTreeMap<String, Option<Standing>>,
}

/// What is stored of a member.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Profile and channels.
    pub member: Member,
    /// Tags by code.
    pub tags: BTreeMap<String, MemberTag>,
    /// The segments that the member belongs to.
    pub segments: BTreeSet<String>,
}

/// What follows from a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The member.
    pub id: MemberId,
    /// The member before and after, where it is new or changed.
    pub member: Option<MemberChange>,
    /// The tags to be written.
    pub tags: Vec<TagChange>,
    /// Segments that the member entered.
    pub entered: Vec<String>,
    /// Segments that the member left.
    pub left: Vec<String>,
}

/// A member's row before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberChange {
    /// Absent for a new member.
    pub before: Option<Member>,
    /// Absent for one who went over to another.
    pub after: Option<Member>,
}

/// A tag's row before and after. The value may be the same.
#[derive(Clone, Debug, PartialEq)]
pub struct TagChange {
    /// The tag.
    pub code: String,
    /// Absent where the member did not have it.
    pub before: Option<MemberTag>,
    /// Absent where it was removed.
    pub after: Option<MemberTag>,
}

/// What an absorbed member brought to the survivor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absorption {
    /// The tier of the absorbed member.
    pub tier_code: String,
    /// As of when rights told it.
    pub tier_time: Time,
    /// The assigned tags of the absorbed member.
    pub brought: BTreeMap<String, MemberTag>,
    /// The survivor's tags in whose place some of them came.
    pub replaced: BTreeMap<String, MemberTag>,
}

impl Outcome {
    /// Whether the member went over to another. Nothing is told of it: the facts are the other's.
    pub fn is_retired(&self) -> bool {
        self.member.as_ref().is_some_and(|change| change.after.is_none())
    }
}

impl TagChange {
    /// The value before and after, where they differ: the rest of a change concerns nobody else.
    pub fn values(&self) -> Option<(Option<&Value>, Option<&Value>)> {
        let (before, after) = (
            self.before.as_ref().map(|tag| &tag.value),
            self.after.as_ref().map(|tag| &tag.value),
        );
        (before != after).then_some((before, after))
    }
}

impl Subject {
    /// A member as it is stored, brought up to `now`: assignments whose time is over lapse, and computed tags whose time
    /// is over are stale.
    pub fn load(id: MemberId, stored: Stored, catalog: &Catalog, now: Time) -> Self {
        let Stored { member, tags, segments } = stored;
        let mut subject = Self {
            id,
            is_new: false,
            member_before: member.clone(),
            member,
            tags,
            tags_before: BTreeMap::new(),
            segments,
            stale: BTreeMap::new(),
        };
        let due: Vec<String> = subject
            .tags
            .iter()
            .filter(|(_, tag)| tag.is_due(now))
            .map(|(code, _)| code.clone())
            .collect();
        for code in due {
            match catalog.tag(&code).is_some_and(|tag| tag.computation().is_some()) {
                true => subject.distrust(code),
                false => subject.set(code, None),
            }
        }
        subject
    }

    /// A member who is heard of for the first time. Every segment is evaluated.
    pub fn new(id: MemberId) -> Self {
        let member = Member::unknown();
        Self {
            id,
            is_new: true,
            member_before: member.clone(),
            member,
            tags: BTreeMap::new(),
            tags_before: BTreeMap::new(),
            segments: BTreeSet::new(),
            stale: BTreeMap::new(),
        }
    }

    /// The member's id.
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// A tag that the member has now.
    pub fn tag(&self, code: &str) -> Option<&MemberTag> {
        self.tags.get(code)
    }

    /// The member did something, which is stored already. While a tag is being backfilled a member's activities of the
    /// past may not be counted in yet, so it is folded afresh rather than added to.
    pub fn did(&mut self, activity: &Activity, catalog: &Catalog, now: Time) {
        self.member.be_active_in(&activity.key.channel_code);
        for tag in catalog.computed_from(&activity.key.activity_type) {
            let Some(computation) = tag.computation() else { continue };
            let Some(added) = computation.contribution(activity) else {
                continue;
            };
            if tag.is_backfilling {
                self.distrust(tag.code.clone());
            }
            if !self.stale.contains_key(&tag.code) {
                let standing = computation.add(self.standing(&tag.code), added, now);
                self.stand(&tag.code, standing, now);
            }
        }
    }

    /// Assigns a tag; the definition decides whether.
    pub fn assign(
        &mut self,
        code: &str,
        assigned: impl FnOnce(Option<&MemberTag>) -> Result<MemberTag, AssignError>,
    ) -> Result<(), AssignError> {
        let tag = assigned(self.tags.get(code))?;
        self.set(code.to_owned(), Some(tag));
        Ok(())
    }

    /// Removes a tag; answers whether the member had it.
    pub fn remove(&mut self, code: &str) -> bool {
        let had = self.tags.contains_key(code);
        if had {
            self.set(code.to_owned(), None);
        }
        had
    }

    /// Another member turned out to be this one. Of assigned tags the later assignment wins, but a static tag that this
    /// member has stays as it is. Computed tags are folded afresh from the activities of both.
    pub fn absorb(&mut self, other: Self, catalog: &Catalog) -> Absorption {
        let mut absorption = Absorption {
            tier_code: other.member.profile.tier_code,
            tier_time: other.member.tier_time,
            brought: BTreeMap::new(),
            replaced: BTreeMap::new(),
        };
        self.member.active_channels.extend(other.member.active_channels);
        for (code, theirs) in other.tags {
            let Some(tag) = catalog.tag(&code).filter(|tag| tag.computation().is_none()) else {
                continue;
            };
            let ours = self.tags.get(&code).cloned();
            absorption.brought.insert(code.clone(), theirs.clone());
            let wins = |ours: &MemberTag| !tag.is_static && theirs.assign_time > ours.assign_time;
            if ours.as_ref().is_none_or(wins) {
                absorption.replaced.extend(ours.map(|ours| (code.clone(), ours)));
                self.set(code, Some(theirs));
            }
        }
        self.distrust_all(catalog);
        absorption
    }

    /// The merge was undone: this member is itself again, with the assigned tags and the tier that it had. Its computed tags
    /// are folded afresh from the activities that are its own again.
    pub fn restore(&mut self, absorption: &Absorption, catalog: &Catalog, now: Time) {
        for (code, tag) in &absorption.brought {
            if is_assigned(code, catalog) && !tag.is_due(now) {
                self.set(code.clone(), Some(tag.clone()));
            }
        }
        self.member
            .learn_tier(absorption.tier_code.clone(), absorption.tier_time);
        self.distrust_all(catalog);
    }

    /// The merge was undone: another member is itself again. The tags that it brought leave this one, unless they were
    /// assigned anew since, and those come back in whose place they came.
    pub fn part(&mut self, absorption: &Absorption, catalog: &Catalog, now: Time) {
        for (code, theirs) in &absorption.brought {
            if self.tags.get(code) == Some(theirs) && is_assigned(code, catalog) {
                let ours = absorption.replaced.get(code).filter(|tag| !tag.is_due(now));
                self.set(code.clone(), ours.cloned());
            }
        }
        self.distrust_all(catalog);
    }

    fn distrust_all(&mut self, catalog: &Catalog) {
        for tag in catalog.computed() {
            self.distrust(tag.code.clone());
        }
    }

    /// What follows for a member who went over to another: nothing of it stays.
    pub fn retire(mut self) -> Outcome {
        for code in self.tags.keys().cloned().collect::<Vec<_>>() {
            self.set(code, None);
        }
        let before = (!self.is_new).then_some(self.member_before.clone());
        Outcome {
            id: self.id,
            tags: self.tag_changes(),
            entered: Vec::new(),
            left: self.segments.into_iter().collect(),
            member: Some(MemberChange { before, after: None }),
        }
    }

    /// Has a computed tag folded afresh.
    pub fn distrust(&mut self, code: String) {
        self.stale.entry(code).or_insert(None);
    }

    /// The computed tags that have to be folded afresh: every stored activity of the member is due to [`Self::fold`].
    pub fn stale(&self) -> impl Iterator<Item = &str> {
        self.stale.keys().map(String::as_str)
    }

    /// Counts one stored activity into the stale tags.
    pub fn fold(&mut self, activity: &Activity, catalog: &Catalog, now: Time) {
        for (code, standing) in &mut self.stale {
            let Some(computation) = catalog.tag(code).and_then(|tag| tag.computation()) else {
                continue;
            };
            if let Some(added) = computation.contribution(activity) {
                *standing = computation.add(standing.take(), added, now);
            }
        }
    }

    /// What follows. `demanded` is a segment to be evaluated whatever changed.
    pub fn settle(mut self, catalog: &Catalog, demanded: Option<&str>, now: Time) -> Outcome {
        for (code, standing) in std::mem::take(&mut self.stale) {
            self.stand(&code, standing, now);
        }
        let tags = self.tag_changes();
        let touched = self.segments_to_evaluate(&tags, catalog, demanded);
        let (mut entered, mut left) = (Vec::new(), Vec::new());
        for code in touched {
            let Some(condition) = catalog.condition(code) else {
                continue;
            };
            let holds = condition.holds(&self.member.profile, &self.tags);
            match (self.segments.contains(code), holds) {
                (false, true) => entered.push(code.to_owned()),
                (true, false) => left.push(code.to_owned()),
                (true, true) | (false, false) => {}
            }
        }
        let is_changed = self.is_new || self.member != self.member_before;
        let before = (!self.is_new).then_some(self.member_before);
        let member = is_changed.then_some(MemberChange {
            before,
            after: Some(self.member),
        });
        Outcome {
            id: self.id,
            member,
            tags,
            entered,
            left,
        }
    }

    fn segments_to_evaluate<'a>(
        &self,
        tags: &[TagChange],
        catalog: &'a Catalog,
        demanded: Option<&'a str>,
    ) -> BTreeSet<&'a str> {
        if self.is_new {
            return catalog.segments();
        }
        let changed_tags = tags
            .iter()
            .filter(|change| change.values().is_some())
            .map(|change| change.code.as_str());
        let changed_fields = self.member.profile.difference(&self.member_before.profile).into_iter();
        let mut touched = catalog.segments_touched(changed_tags, changed_fields);
        touched.extend(demanded);
        touched
    }

    fn tag_changes(&mut self) -> Vec<TagChange> {
        let tags_before = std::mem::take(&mut self.tags_before);
        let changes = tags_before.into_iter().map(|(code, before)| TagChange {
            after: self.tags.get(&code).cloned(),
            code,
            before,
        });
        changes.filter(|change| change.before != change.after).collect()
    }

    fn standing(&self, code: &str) -> Option<Standing> {
        self.tags.get(code).and_then(MemberTag::standing)
    }

    fn stand(&mut self, code: &str, standing: Option<Standing>, now: Time) {
        let tag = standing.map(|standing| MemberTag::computed(standing, self.tags.get(code), now));
        if tag.as_ref() != self.tags.get(code) {
            self.set(code.to_owned(), tag);
        }
    }

    fn set(&mut self, code: String, tag: Option<MemberTag>) {
        let before = match tag {
            Some(tag) => self.tags.insert(code.clone(), tag),
            None => self.tags.remove(&code),
        };
        self.tags_before.entry(code).or_insert(before);
    }
}

fn is_assigned(code: &str, catalog: &Catalog) -> bool {
    catalog.tag(code).is_some_and(|tag| tag.computation().is_none())
}
