use store::Migration;

/// What the reconciliation remembers, the freeze of accounts, and what the database itself refuses from now on.
///
/// `account_proof` is how far an account's entries have been proven, so that only new ones are read. A proof has a table of
/// its own, because its row must not stand in the way of postings, which lock the account's.
///
/// Entries, their lots' parts and accounts are never taken away, and entries never change: so nothing that points to them
/// can lose what it points to. Foreign keys from `entry` and `lot` to `account`, and from `entry_lot` to both, would say the
/// same once more, at the price of a look-up for each row that is posted, in PostgreSQL with a row lock. A posting has
/// locked the account, and makes entry and lot in the same transaction. A key of `account_proof` would let the worker that
/// proves wait for postings, and them for it. `account_freeze` has its key: who freezes has locked the account.
pub(super) const PROOF: Migration = Migration {
    name: "points_0020_proof",
    sql: "
ALTER TABLE account ADD COLUMN frozen_reason TEXT;
ALTER TABLE account ADD COLUMN frozen_time BIGINT CHECK ((frozen_time IS NULL) = (frozen_reason IS NULL));
CREATE INDEX entry_first ON entry (tenant_id, sequence, member_id, asset_code) WHERE sequence = 1;
CREATE TABLE account_proof (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    balance BIGINT NOT NULL,
    scratch_pass BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, asset_code)
) {clustered};
CREATE TABLE account_freeze (
    tenant_id {uuid} NOT NULL,
    freeze_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    discrepancy TEXT,
    freeze_time BIGINT NOT NULL,
    frozen_by TEXT NOT NULL,
    unfreeze_time BIGINT,
    unfreeze_reason TEXT,
    unfrozen_by TEXT,
    PRIMARY KEY (tenant_id, freeze_id),
    FOREIGN KEY (tenant_id, member_id, asset_code) REFERENCES account (tenant_id, member_id, asset_code),
    CHECK ((unfreeze_time IS NULL) = (unfreeze_reason IS NULL) AND (unfreeze_time IS NULL) = (unfrozen_by IS NULL))
);
CREATE UNIQUE INDEX account_freeze_open ON account_freeze (tenant_id, member_id, asset_code) WHERE unfreeze_time IS NULL;
CREATE TABLE reconciliation (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    pass BIGINT NOT NULL CHECK (pass > 0),
    scratch_pass BIGINT NOT NULL CHECK (scratch_pass BETWEEN 1 AND pass),
    running BOOLEAN NOT NULL,
    start_time BIGINT NOT NULL,
    checked_count BIGINT NOT NULL CHECK (checked_count >= 0),
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    last_start_time BIGINT,
    last_end_time BIGINT,
    last_checked_count BIGINT,
    scratch_start_time BIGINT,
    scratch_end_time BIGINT
) {clustered};
{refuse entry UPDATE}
{refuse entry DELETE}
{refuse entry_lot UPDATE}
{refuse entry_lot DELETE}
{refuse account UPDATE OF tenant_id, member_id, asset_code}
{refuse account DELETE}
{refuse lot UPDATE OF tenant_id, lot_id, asset_code, granted, grant_time}
{refuse lot DELETE}
",
};
