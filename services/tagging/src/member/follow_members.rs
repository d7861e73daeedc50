use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contracts_identity::v1::{MemberRegistered, MemberUpdated, MembersMerged, MergeUndone, ProfileSnapshot};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Fact, Tenant, Time};
use lineage::{Merge, Part};
use store::Tx;

use super::absorptions;
use super::revision::{Revision, Revisions, Subjects};
use super::subject::Absorption;
use super::undo::undo;
use super::{MemberId, MemberKind, Profile, birth_month, by_tenant};
use crate::activity;
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
            let mut batch = Batch::default();
            for part in lineage::parts::<MemberKind>(facts)? {
                match part {
                    Part::Others(facts) => {
                        for fact in facts {
                            batch.profiles.push(read(fact)?);
                        }
                    }
                    Part::Merges(merges) => {
                        for merge in merges {
                            if batch.has_survivor(merge.absorbed) {
                                self.learn(tx, tenant, std::mem::take(&mut batch)).await?;
                            }
                            batch.add(merge);
                        }
                    }
                    Part::Undo(undone) => {
                        self.learn(tx, tenant, std::mem::take(&mut batch)).await?;
                        undo(&self.revisions, tx, *undone).await?;
                    }
                }
            }
            self.learn(tx, tenant, batch).await?;
        }
        Ok(())
    }
}

/// Profiles and merges that are applied in bulk. No survivor among them is absorbed by a later one, so that what each merge
/// brought is known by itself.
#[derive(Default)]
struct Batch {
    profiles: Vec<MemberProfile>,
    merges: Vec<Merge<MemberKind>>,
}

/// A member's profile, as identity told it.
struct MemberProfile {
    member: MemberId,
    profile: Profile,
    time: Time,
}

impl Batch {
    fn has_survivor(&self, member: MemberId) -> bool {
        self.merges.iter().any(|merge| merge.survivor == member)
    }

    fn add(&mut self, mut merge: Merge<MemberKind>) {
        self.profiles.push(MemberProfile {
            member: merge.survivor,
            profile: read_profile(std::mem::take(&mut merge.profile)),
            time: merge.merge_time.unwrap_or(merge.occur_time),
        });
        self.merges.push(merge);
    }
}

fn read(fact: &Envelope) -> Result<MemberProfile, Fault> {
    let (member_id, profile, time) = if fact.is::<MemberUpdated>() {
        let updated: MemberUpdated = fact.decode()?;
        (updated.member_id, updated.profile, updated.update_time)
    } else {
        let registered: MemberRegistered = fact.decode()?;
        (registered.member_id, registered.profile, registered.register_time)
    };
    Ok(MemberProfile {
        member: lineage::parse_id(&member_id)?,
        profile: read_profile(profile.unwrap_or_default()),
        time: time.as_ref().and_then(Time::from_wire).unwrap_or(fact.occur_time),
    })
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

impl FollowMembers {
    async fn learn(&self, tx: &Tx, tenant: Tenant, batch: Batch) -> Result<(), Fault> {
        let Batch { profiles, merges } = batch;
        if profiles.is_empty() {
            return Ok(());
        }
        let merges = lineage::standing(&**tx, merges).await?;
        let hold = if merges.is_empty() { Hold::Shared } else { Hold::Alone };
        let revision = self.revisions.begin(tx, tenant, hold).await?;
        let merges = lineage::resolve(&**tx, merges).await?;
        lineage::redirect(&**tx, &merges).await?;
        let ends = lineage::ends(&merges).into_iter();
        let merged: BTreeMap<MemberId, MemberId> = ends.map(|((_, absorbed), survivor)| (absorbed, survivor)).collect();

        let mut members: BTreeSet<MemberId> = profiles.iter().map(|told| told.member).collect();
        members.extend(merged.keys().chain(merged.values()).copied());
        let redirects = revision.redirects(members.iter().copied()).await?;
        // A member that this batch absorbs is loaded once more, to be emptied; one absorbed before has no row and gets none.
        members.retain(|member| merged.contains_key(member) || !redirects.is_absorbed(tenant, *member));
        activity::rows::hand_over(tx, tenant, &merged).await?;

        let mut subjects = revision.subjects(&members).await?;
        let (retired, absorptions) = absorb(&revision, &mut subjects, &merged);
        absorptions::save(tx, tenant, &absorptions).await?;
        for told in profiles {
            if let Some(subject) = subjects.get_mut(&told.member) {
                subject.member.learn_profile(told.profile, told.time);
            }
        }
        // First the absorbed rows go, so that what the survivors take over is nowhere twice.
        let retired: Vec<_> = retired.into_values().map(super::subject::Subject::retire).collect();
        revision.write(&retired, Vec::new()).await?;
        revision.settle(subjects, None, Vec::new()).await
    }
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
