//! What identity tells of merges.

use contracts_identity::v1::{MembersMerged, MergeUndone, ProfileSnapshot};
use events::Envelope;
use fault::Fault;
use kernel::{Id, Kind, Tenant, Time, uuid_of_any};
use uuid::Uuid;

/// Two members who turned out to be one person.
#[derive(Debug)]
pub struct Merge<K: Kind> {
    /// Whose members they are.
    pub tenant: Tenant,
    /// The merge's id, by which its undo names it; none in facts of a time when merges had none.
    pub id: Option<Uuid>,
    /// Who goes on.
    pub survivor: Id<K>,
    /// Whose id leads to the survivor from now on.
    pub absorbed: Id<K>,
    /// The survivor's profile after the merge.
    pub profile: ProfileSnapshot,
    /// When identity merged them.
    pub merge_time: Option<Time>,
    /// When it was told.
    pub occur_time: Time,
}

/// A merge that was undone: the two are different persons after all.
#[derive(Debug)]
pub struct Undo<K: Kind> {
    /// Whose members they are.
    pub tenant: Tenant,
    /// The id of the merge.
    pub merge: Uuid,
    /// Who had survived.
    pub survivor: Id<K>,
    /// Whose id leads to itself again.
    pub restored: Id<K>,
    /// The ids that lead to the restored member again, as they did before the merge.
    pub led: Vec<Id<K>>,
    /// The survivor's profile without what the merge brought.
    pub surviving_profile: ProfileSnapshot,
    /// The restored member's profile, as it was before the merge.
    pub restored_profile: ProfileSnapshot,
    /// When identity had merged them.
    pub merge_time: Option<Time>,
    /// When identity undid it.
    pub undo_time: Option<Time>,
    /// When it was told.
    pub occur_time: Time,
}

/// Facts of a batch that follow each other and are of one sort.
#[derive(Debug)]
pub enum Part<'f, K: Kind> {
    /// They change no member's id. They concern whom their members lead to by now.
    Others(Vec<&'f Envelope>),
    /// They merge members, in this order.
    Merges(Vec<Merge<K>>),
    /// It undoes a merge.
    Undo(Box<Undo<K>>),
}

/// A batch of facts in parts that are applied one after the other: what comes before a merge concerns the absorbed member,
/// what comes after it the survivor, until it is undone.
pub fn parts<'f, K: Kind>(facts: impl IntoIterator<Item = &'f Envelope>) -> Result<Vec<Part<'f, K>>, Fault> {
    let mut parts = Vec::new();
    for fact in facts {
        if fact.is::<MergeUndone>() {
            parts.push(Part::Undo(Box::new(Undo::read(fact)?)));
        } else if fact.is::<MembersMerged>() {
            let merge = Merge::read(fact)?;
            match parts.last_mut() {
                Some(Part::Merges(merges)) => merges.push(merge),
                Some(Part::Others(_) | Part::Undo(_)) | None => parts.push(Part::Merges(vec![merge])),
            }
        } else {
            match parts.last_mut() {
                Some(Part::Others(others)) => others.push(fact),
                Some(Part::Merges(_) | Part::Undo(_)) | None => parts.push(Part::Others(vec![fact])),
            }
        }
    }
    Ok(parts)
}

/// The member that a fact names. Identity has written it, so one that cannot be read is the platform's fault.
pub fn parse_id<K: Kind>(text: &str) -> Result<Id<K>, Fault> {
    text.parse().map_err(Fault::internal)
}

impl<K: Kind> Merge<K> {
    fn read(fact: &Envelope) -> Result<Self, Fault> {
        let merged: MembersMerged = fact.decode()?;
        Ok(Self {
            tenant: fact.tenant,
            id: uuid_of_any(&merged.merge_id).map_err(Fault::internal)?,
            survivor: parse_id(&merged.surviving_member_id)?,
            absorbed: parse_id(&merged.absorbed_member_id)?,
            profile: merged.profile.unwrap_or_default(),
            merge_time: merged.merge_time.as_ref().and_then(Time::from_wire),
            occur_time: fact.occur_time,
        })
    }
}

impl<K: Kind> Undo<K> {
    fn read(fact: &Envelope) -> Result<Self, Fault> {
        let undone: MergeUndone = fact.decode()?;
        let merge = uuid_of_any(&undone.merge_id).map_err(Fault::internal)?;
        let led = undone.led_member_ids.iter().map(|id| parse_id(id));
        Ok(Self {
            tenant: fact.tenant,
            merge: merge.ok_or_else(|| Fault::internal("an undone merge without an id"))?,
            survivor: parse_id(&undone.surviving_member_id)?,
            restored: parse_id(&undone.restored_member_id)?,
            led: led.collect::<Result<_, Fault>>()?,
            surviving_profile: undone.surviving_profile.unwrap_or_default(),
            restored_profile: undone.restored_profile.unwrap_or_default(),
            merge_time: undone.merge_time.as_ref().and_then(Time::from_wire),
            undo_time: undone.undo_time.as_ref().and_then(Time::from_wire),
            occur_time: fact.occur_time,
        })
    }
}
