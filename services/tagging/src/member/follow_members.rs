use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contracts::identity::v1::{MemberRegistered, MemberUpdated, MembersMerged, MergeUndone, ProfileSnapshot};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Fact, Time};
use store::{Tx, redirects};
use uuid::Uuid;

use super::absorptions;
use super::revision::{Revision, Revisions, Subjects};
use super::subject::Absorption;
use super::undo;
use super::{MemberId, Profile, birth_month};
use crate::activity;
use crate::consumers::by_tenant;
use crate::tag::catalogs::Hold;

/// Keeps members' profiles as identity tells them, and puts what absorbed members had down to the survivors.
///
/// Profiles carry the time as of which they were told, and a merge that is known changes nothing: facts that come twice
/// or out of order end in the same state. So a batch is applied as profiles and merges, each in bulk.
pub(crate) struct FollowMembers {
    pub(crate) revisions: Revisions,
}

#[async_trait]
impl Consumer for FollowMembers {
    fn name(&self) -> &'static str {
        "tagging.follow_members"
    }

    fn stream(&self) -> &'static str {
        "identity"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            MemberRegistered::TYPE,
            MemberUpdated::TYPE,
            MembersMerged::TYPE,
            MergeUndone::TYPE,
        ]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        for (tenant, facts) in by_tenant(facts) {
            for facts in parts(&facts)? {
                if let [fact] = facts
                    && fact.is::<MergeUndone>()
                {
                    undo::undo(&self.revisions, tx, fact).await?;
                    continue;
                }
                let mut told = read(facts)?;
                undo::forget_undone(tx, tenant, &mut told.merges).await?;
                let hold = if told.merges.is_empty() {
                    Hold::Shared
                } else {
                    Hold::Alone
                };
                let revision = self.revisions.begin(tx, tenant, hold).await?;
                learn(&revision, tx, told).await?;
            }
        }
        Ok(())
    }
}

/// The facts in parts that are applied in bulk, in their order. An undo stands alone; and where a survivor is absorbed
/// itself, a new part begins, so that what each merge brought is known by itself.
fn parts<'a, 'f>(facts: &'a [&'f Envelope]) -> Result<Vec<&'a [&'f Envelope]>, Fault> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut survivors: BTreeSet<String> = BTreeSet::new();
    for (place, fact) in facts.iter().enumerate() {
        let undoes = fact.is::<MergeUndone>();
        let after_undo = place.checked_sub(1).and_then(|before| facts.get(before));
        let mut begins = undoes || after_undo.is_some_and(|before| before.is::<MergeUndone>());
        if fact.is::<MembersMerged>() {
            let merged: MembersMerged = fact.decode()?;
            begins = begins || survivors.contains(&merged.absorbed_member_id);
            if begins {
                survivors.clear();
            }
            survivors.insert(merged.surviving_member_id);
        }
        if begins && place > start {
            parts.extend(facts.get(start..place));
            start = place;
        }
    }
    parts.extend(facts.get(start..));
    Ok(parts)
}

/// What a batch of facts tells.
#[derive(Default)]
struct Told {
    profiles: Vec<ToldProfile>,
    merges: Vec<Merge>,
}

struct ToldProfile {
    member: MemberId,
    profile: Profile,
    time: Time,
}

#[derive(Clone, Copy)]
pub(crate) struct Merge {
    survivor: MemberId,
    absorbed: MemberId,
    /// The merge's id; none in facts of a time when merges had none.
    pub(crate) cause: Option<Uuid>,
}

fn read(facts: &[&Envelope]) -> Result<Told, Fault> {
    let mut told = Told::default();
    for fact in facts {
        let (member_id, profile, time) = if fact.is::<MembersMerged>() {
            let merged: MembersMerged = fact.decode()?;
            told.merges.push(Merge {
                survivor: parse(&merged.surviving_member_id)?,
                absorbed: parse(&merged.absorbed_member_id)?,
                cause: undo::cause(&merged.merge_id)?,
            });
            (merged.surviving_member_id, merged.profile, merged.merge_time)
        } else if fact.is::<MemberUpdated>() {
            let updated: MemberUpdated = fact.decode()?;
            (updated.member_id, updated.profile, updated.update_time)
        } else {
            let registered: MemberRegistered = fact.decode()?;
            (registered.member_id, registered.profile, registered.register_time)
        };
        let time = time.as_ref().and_then(Time::from_wire).unwrap_or(fact.occur_time);
        let profile = read_profile(profile.unwrap_or_default());
        told.profiles.push(ToldProfile {
            member: parse(&member_id)?,
            profile,
            time,
        });
    }
    Ok(told)
}

pub(crate) fn parse(member_id: &str) -> Result<MemberId, Fault> {
    member_id.parse().map_err(Fault::internal)
}

pub(crate) fn read_profile(snapshot: ProfileSnapshot) -> Profile {
    Profile {
        gender: snapshot.gender,
        province: snapshot.province,
        city: snapshot.city,
        channel_codes: snapshot.channel_codes.into_iter().collect(),
        birth_month: birth_month(&snapshot.birth_date),
        tier_code: String::new(),
    }
}

async fn learn(revision: &Revision<'_>, tx: &Tx, told: Told) -> Result<(), Fault> {
    let merged = redirect(revision, tx, &told.merges).await?;
    let mut members: BTreeSet<MemberId> = told.profiles.iter().map(|told| told.member).collect();
    members.extend(merged.keys().chain(merged.values()).copied());
    let absorbed_before = revision.redirects(members.iter().copied()).await?;
    // Who is absorbed by this batch is loaded once more, to be emptied; who was before has no row and gets none.
    members.retain(|member| merged.contains_key(member) || !absorbed_before.contains_key(member));
    activity::rows::hand_over(tx, revision.tenant, &merged).await?;

    let mut subjects = revision.subjects(&members).await?;
    let (retired, absorptions) = absorb(revision, &mut subjects, &merged);
    absorptions::save(tx, revision.tenant, &absorptions).await?;
    for told in told.profiles {
        if let Some(subject) = subjects.get_mut(&told.member) {
            subject.member.learn_profile(told.profile, told.time);
        }
    }
    // First the absorbed rows go, so that what the survivors take over is nowhere twice.
    let retired: Vec<_> = retired.into_values().map(super::subject::Subject::retire).collect();
    revision.write(&retired, Vec::new()).await?;
    revision.settle(subjects, None, Vec::new()).await
}

/// Makes the absorbed ids lead to the survivors, and answers those that are new, each with its last survivor.
async fn redirect(revision: &Revision<'_>, tx: &Tx, merges: &[Merge]) -> Result<BTreeMap<MemberId, MemberId>, Fault> {
    let named: BTreeSet<MemberId> = merges
        .iter()
        .flat_map(|merge| [merge.survivor, merge.absorbed])
        .collect();
    let mut led = revision.redirects(named).await?;
    let mut merged: BTreeMap<MemberId, MemberId> = BTreeMap::new();
    for merge in merges {
        let lead = |member: MemberId| led.get(&member).copied().unwrap_or(member);
        let (survivor, absorbed) = (lead(merge.survivor), lead(merge.absorbed));
        if survivor == absorbed {
            continue;
        }
        redirects::add(&**tx, revision.tenant, absorbed.uuid(), survivor.uuid()).await?;
        for target in led
            .values_mut()
            .chain(merged.values_mut())
            .filter(|target| **target == absorbed)
        {
            *target = survivor;
        }
        led.insert(absorbed, survivor);
        merged.insert(absorbed, survivor);
    }
    Ok(merged)
}

/// Has the survivors absorb the others, who are taken out of the subjects. A chain is followed to its end beforehand, so
/// nobody absorbs and is absorbed.
fn absorb(
    revision: &Revision<'_>,
    subjects: &mut Subjects,
    merged: &BTreeMap<MemberId, MemberId>,
) -> (Subjects, BTreeMap<MemberId, Absorption>) {
    let (mut retired, mut absorptions) = (Subjects::new(), BTreeMap::new());
    for (absorbed, survivor) in merged {
        let Some(subject) = subjects.remove(absorbed) else {
            continue;
        };
        if let Some(survivor) = subjects.get_mut(survivor) {
            absorptions.insert(*absorbed, survivor.absorb(subject.clone(), &revision.catalog));
        }
        retired.insert(*absorbed, subject);
    }
    (retired, absorptions)
}
