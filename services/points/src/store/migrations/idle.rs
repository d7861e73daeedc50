use store::Migration;

/// When an account will have been idle for too long. It is a day's end, so that it changes once a day at the most, however
/// often an account moves.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0008_idle",
    sql: "
ALTER TABLE account ADD COLUMN idle_time BIGINT CHECK (idle_time IS NULL OR moved_to_member_id IS NULL);
CREATE INDEX account_idle ON account (tenant_id, idle_time) WHERE idle_time IS NOT NULL;
",
};
