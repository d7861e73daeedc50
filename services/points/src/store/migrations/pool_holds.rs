use store::Migration;

/// For which member of a pool something of it was set aside.
pub(super) const POOL_HOLDS: Migration = Migration {
    name: "points_0060_pool_holds",
    sql: "
ALTER TABLE hold ADD COLUMN acting_member_id {uuid};
",
};
