use store::Migration;

/// What was earned and waits to become available. A lot is pending as a whole, and then nothing of it is left or held. Its
/// `available_time` stays null where only a confirmation makes it available.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0004_pending",
    sql: "
ALTER TABLE account ADD COLUMN pending BIGINT NOT NULL DEFAULT 0 CHECK (pending >= 0 AND held + pending <= balance);
ALTER TABLE lot ADD COLUMN pending BIGINT NOT NULL DEFAULT 0
    CHECK (pending >= 0 AND pending <= granted AND (pending = 0 OR (remaining = 0 AND held = 0)));
ALTER TABLE lot ADD COLUMN available_time BIGINT CHECK (available_time < expire_time);
CREATE INDEX lot_pending ON lot (tenant_id, member_id, asset_code) WHERE pending > 0;
CREATE INDEX lot_pending_due ON lot (tenant_id, available_time, lot_id) WHERE pending > 0;
",
};
