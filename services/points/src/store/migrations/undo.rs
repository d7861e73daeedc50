use store::Migration;

/// What the undo of a merge has to know: what was owed when an account went over, by whom a hold was made, and which undos
/// wait for a frozen account. A hold that was made before this is its holder's.
pub(super) const UNDO: Migration = Migration {
    name: "points_0030_undo",
    sql: "
ALTER TABLE account ADD COLUMN moved_debt BIGINT NOT NULL DEFAULT 0
    CHECK (moved_debt >= 0);
UPDATE account SET moved_debt = COALESCE((SELECT -e.debt FROM entry AS e WHERE e.tenant_id = account.tenant_id
    AND e.member_id = account.member_id AND e.asset_code = account.asset_code AND e.sequence = account.sequence
    AND e.kind = 6), 0) WHERE moved_to_member_id IS NOT NULL;
ALTER TABLE hold ADD COLUMN maker_id {uuid};
CREATE TABLE waiting_return (
    tenant_id {uuid} NOT NULL,
    restored_id {uuid} NOT NULL,
    survivor_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    PRIMARY KEY (tenant_id, restored_id, survivor_id, asset_code),
    CHECK (restored_id <> survivor_id)
);
CREATE INDEX waiting_return_of ON waiting_return (tenant_id, survivor_id);
",
};
