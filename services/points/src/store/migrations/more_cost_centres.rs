use store::Migration;

/// Where a hold is to be spent, and who bears the cost of an adjustment.
pub(super) const MORE_COST_CENTRES: Migration = Migration {
    name: "points_0050_more_cost_centres",
    sql: "
ALTER TABLE hold ADD COLUMN cost_centre TEXT;
ALTER TABLE adjustment ADD COLUMN cost_centre TEXT;
",
};
