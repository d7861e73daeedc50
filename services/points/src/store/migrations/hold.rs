use store::Migration;

/// Amounts set aside. A lot's `held` is what open holds have set aside of it, and is not in its `remaining`; an account's
/// `held` is their sum, and is in its `balance`.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0003_hold",
    sql: "
ALTER TABLE account ADD COLUMN held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0 AND held <= balance);
ALTER TABLE lot ADD COLUMN held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0 AND remaining + held <= granted);
ALTER TABLE entry ADD COLUMN hold_id {uuid};
CREATE UNIQUE INDEX entry_hold ON entry (tenant_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX lot_held ON lot (tenant_id, member_id, asset_code) WHERE held > 0;
CREATE TABLE hold (
    tenant_id {uuid} NOT NULL,
    hold_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state INT NOT NULL CHECK (state BETWEEN 1 AND 4),
    open BOOLEAN NOT NULL CHECK (open = (state = 1)),
    captured BIGINT NOT NULL CHECK (captured >= 0 AND captured <= amount),
    entry_id {uuid},
    reference TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL,
    end_time BIGINT,
    PRIMARY KEY (tenant_id, hold_id),
    CHECK ((state = 2) = (captured > 0)),
    CHECK ((state = 2) = (entry_id IS NOT NULL)),
    CHECK ((state = 1) = (end_time IS NULL)),
    CHECK (expire_time > create_time)
);
CREATE INDEX hold_of_account ON hold (tenant_id, member_id, asset_code, hold_id);
CREATE INDEX hold_open ON hold (tenant_id, member_id, asset_code, hold_id) WHERE open;
CREATE INDEX hold_due ON hold (tenant_id, expire_time, hold_id) WHERE open;
CREATE TABLE hold_lot (
    tenant_id {uuid} NOT NULL,
    hold_id {uuid} NOT NULL,
    lot_id {uuid} NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    expire_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hold_id, lot_id)
) {clustered};
",
};
