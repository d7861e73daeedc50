mod adjustment;
mod bare_entries;
mod counter_axes;
mod counter_proof;
mod counters;
mod currencies;
mod debt;
mod debt_proof;
mod debtors;
mod earning;
mod earning_drafts;
mod hold;
mod idle;
mod kept_lots;
mod more_cost_centres;
mod pending;
mod pool_holds;
mod pool_places;
mod pools;
mod proof;
mod transfer;
mod undo;
mod views;

use store::Migration;

use earning::EARNING_IN_FULL;

/// The tables of the ledger. `entry` and `entry_lot` are only ever added to; `account` and `lot` are their running sums.
///
/// A lot bears the number of the entry that granted it, so that an earn needs no row in `entry_lot`. `expire_time` is
/// the largest integer where a lot never expires, so that one index has the order of spending. `open` is a column of
/// its own, because an index on `remaining > 0` would have to be touched by every spend.
pub(crate) fn migrations() -> Vec<Migration> {
    vec![
        Migration {
            name: "points_0001_ledger",
            sql: LEDGER,
        },
        Migration {
            name: "points_0002_earning",
            sql: EARNING,
        },
        hold::MIGRATION,
        pending::MIGRATION,
        debt::MIGRATION,
        transfer::MIGRATION,
        adjustment::MIGRATION,
        idle::MIGRATION,
        Migration {
            name: "points_0010_earning_in_full",
            sql: EARNING_IN_FULL,
        },
        proof::PROOF,
        views::VIEWS,
        counters::COUNTERS,
        debtors::DEBTORS,
        undo::UNDO,
        earning_drafts::EARNING_DRAFTS,
        pools::POOLS,
        bare_entries::BARE_ENTRIES,
        more_cost_centres::MORE_COST_CENTRES,
        debt_proof::DEBT_PROOF,
        counter_proof::COUNTER_PROOF,
        counter_axes::COUNTER_AXES,
        pool_holds::POOL_HOLDS,
        pool_places::POOL_PLACES,
        kept_lots::KEPT_LOTS,
        currencies::CURRENCIES,
    ]
}

const LEDGER: &str = "
CREATE TABLE asset (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    kind INT NOT NULL CHECK (kind BETWEEN 1 AND 5),
    display_name TEXT NOT NULL,
    expiry TEXT NOT NULL,
    utc_offset_minutes INT NOT NULL,
    reversal_grace_days INT NOT NULL CHECK (reversal_grace_days >= 0),
    version BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code)
) {clustered};
CREATE TABLE account (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    balance BIGINT NOT NULL CHECK (balance >= 0),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    moved_to_member_id {uuid},
    PRIMARY KEY (tenant_id, member_id, asset_code),
    CHECK (moved_to_member_id IS NULL OR balance = 0)
) {clustered};
CREATE TABLE entry (
    tenant_id {uuid} NOT NULL,
    entry_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    kind INT NOT NULL CHECK (kind BETWEEN 1 AND 7),
    amount BIGINT NOT NULL,
    balance BIGINT NOT NULL CHECK (balance >= 0),
    post_time BIGINT NOT NULL,
    lot_expire_time BIGINT,
    reference TEXT NOT NULL,
    reverses_entry_id {uuid},
    activity_id {uuid},
    rule_code TEXT,
    rule_version INT,
    inputs_digest {bytes},
    counterpart_member_id {uuid},
    PRIMARY KEY (tenant_id, member_id, asset_code, sequence),
    CHECK ((kind IN (1, 3, 7) AND amount > 0) OR (kind IN (2, 4, 5, 6) AND amount < 0)),
    CHECK ((kind IN (3, 4)) = (reverses_entry_id IS NOT NULL))
);
CREATE UNIQUE INDEX entry_id ON entry (tenant_id, entry_id);
CREATE UNIQUE INDEX entry_earned ON entry (tenant_id, activity_id, rule_code, kind) WHERE activity_id IS NOT NULL;
CREATE INDEX entry_reverses ON entry (tenant_id, reverses_entry_id, entry_id) WHERE reverses_entry_id IS NOT NULL;
CREATE TABLE entry_lot (
    tenant_id {uuid} NOT NULL,
    entry_id {uuid} NOT NULL,
    lot_id {uuid} NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    expire_time BIGINT NOT NULL,
    regranted BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, entry_id, lot_id)
) {clustered};
CREATE TABLE lot (
    tenant_id {uuid} NOT NULL,
    lot_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    granted BIGINT NOT NULL CHECK (granted > 0),
    remaining BIGINT NOT NULL CHECK (remaining >= 0 AND remaining <= granted),
    open BOOLEAN NOT NULL CHECK (open = (remaining > 0)),
    grant_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, lot_id)
);
CREATE INDEX lot_open ON lot (tenant_id, member_id, asset_code, expire_time, lot_id) WHERE open;
CREATE INDEX lot_due ON lot (tenant_id, expire_time, lot_id) WHERE open;
";

const EARNING: &str = "
CREATE TABLE earning_rule (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    version INT NOT NULL,
    state INT NOT NULL CHECK (state BETWEEN 1 AND 3),
    create_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code)
) {clustered};
CREATE TABLE earning_rule_version (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    version INT NOT NULL CHECK (version > 0),
    state INT NOT NULL CHECK (state BETWEEN 1 AND 3),
    display_name TEXT NOT NULL,
    asset_code TEXT NOT NULL,
    activity_types TEXT NOT NULL,
    channel_codes TEXT NOT NULL,
    condition TEXT NOT NULL,
    amount_formula TEXT NOT NULL,
    amount_max BIGINT NOT NULL CHECK (amount_max >= 0),
    priority INT NOT NULL,
    stop BOOLEAN NOT NULL,
    start_time BIGINT,
    end_time BIGINT,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code, version)
) {clustered};
CREATE TABLE order_money (
    tenant_id {uuid} NOT NULL,
    channel_code TEXT NOT NULL,
    source_id TEXT NOT NULL,
    activity_id {uuid},
    paid BIGINT NOT NULL CHECK (paid >= 0),
    refunded BIGINT NOT NULL CHECK (refunded >= 0),
    PRIMARY KEY (tenant_id, channel_code, source_id)
) {clustered};
CREATE TABLE member_tier (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tier_code TEXT NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
) {clustered};
";
