use kernel::{Id, Kind};

/// The kind of a member's id, which identity gives.
pub enum Member {}
impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// The kind of an entry's id.
pub enum EntryTag {}
impl Kind for EntryTag {
    const PREFIX: &'static str = "ent";
    const NOUN: &'static str = "entry";
}

/// The kind of a lot's id. A lot bears the number of the entry that granted it.
pub enum LotTag {}
impl Kind for LotTag {
    const PREFIX: &'static str = "lot";
    const NOUN: &'static str = "lot";
}

/// The kind of a hold's id.
pub enum HoldTag {}
impl Kind for HoldTag {
    const PREFIX: &'static str = "hld";
    const NOUN: &'static str = "hold";
}

/// The kind of an adjustment's id.
pub enum AdjustmentTag {}
impl Kind for AdjustmentTag {
    const PREFIX: &'static str = "adj";
    const NOUN: &'static str = "adjustment";
}

/// The kind of a pool's id.
pub enum PoolTag {}
impl Kind for PoolTag {
    const PREFIX: &'static str = "pol";
    const NOUN: &'static str = "pool";
}

/// The kind of an activity's id, which tagging gives.
pub enum Activity {}
impl Kind for Activity {
    const PREFIX: &'static str = "act";
    const NOUN: &'static str = "activity";
}

/// A member's id.
pub type MemberId = Id<Member>;
/// An entry's id.
pub type EntryId = Id<EntryTag>;
/// A lot's id.
pub type LotId = Id<LotTag>;
/// A hold's id.
pub type HoldId = Id<HoldTag>;
/// An adjustment's id.
pub type AdjustmentId = Id<AdjustmentTag>;
/// A pool's id.
pub type PoolId = Id<PoolTag>;
/// An activity's id.
pub type ActivityId = Id<Activity>;
