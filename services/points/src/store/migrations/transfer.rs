use store::Migration;

/// What members give to each other. A transfer grants several lots by one entry, so that not every lot bears its entry's
/// number any more; `entry_id` is null where it does.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0006_transfer",
    sql: "
ALTER TABLE asset ADD COLUMN transfer_forbidden BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE lot ADD COLUMN entry_id {uuid} CHECK (entry_id IS NULL OR entry_id <> lot_id);
",
};
