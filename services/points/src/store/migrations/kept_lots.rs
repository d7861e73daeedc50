use store::Migration;

/// Lots that were another member's and are their holder's, because it held all that was left of them when the two were parted;
/// and the way to what merges have handed over of one pool.
pub(super) const KEPT_LOTS: Migration = Migration {
    name: "points_0062_kept_lots",
    sql: "
CREATE TABLE kept_lot (
    tenant_id {uuid} NOT NULL,
    lot_id {uuid} NOT NULL,
    owner_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, lot_id)
) {clustered};
CREATE INDEX handed_place_of_pool ON handed_place (tenant_id, pool_id);
",
};
