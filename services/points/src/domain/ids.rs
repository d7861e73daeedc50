use kernel::{Id, Kind};

/// The kind of a member's id, which identity gives.
pub(crate) enum Member {}
impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// The kind of an entry's id.
pub(crate) enum EntryTag {}
impl Kind for EntryTag {
    const PREFIX: &'static str = "ent";
    const NOUN: &'static str = "entry";
}

/// The kind of a lot's id. A lot bears the number of the entry that granted it.
pub(crate) enum LotTag {}
impl Kind for LotTag {
    const PREFIX: &'static str = "lot";
    const NOUN: &'static str = "lot";
}

/// The kind of a hold's id.
pub(crate) enum HoldTag {}
impl Kind for HoldTag {
    const PREFIX: &'static str = "hld";
    const NOUN: &'static str = "hold";
}

/// The kind of an adjustment's id.
pub(crate) enum AdjustmentTag {}
impl Kind for AdjustmentTag {
    const PREFIX: &'static str = "adj";
    const NOUN: &'static str = "adjustment";
}

/// The kind of a pool's id.
pub(crate) enum PoolTag {}
impl Kind for PoolTag {
    const PREFIX: &'static str = "pol";
    const NOUN: &'static str = "pool";
}

/// The kind of an activity's id, which tagging gives.
pub(crate) enum Activity {}
impl Kind for Activity {
    const PREFIX: &'static str = "act";
    const NOUN: &'static str = "activity";
}

pub(crate) type MemberId = Id<Member>;
pub(crate) type EntryId = Id<EntryTag>;
pub(crate) type LotId = Id<LotTag>;
pub(crate) type HoldId = Id<HoldTag>;
pub(crate) type AdjustmentId = Id<AdjustmentTag>;
pub(crate) type PoolId = Id<PoolTag>;
pub(crate) type ActivityId = Id<Activity>;
