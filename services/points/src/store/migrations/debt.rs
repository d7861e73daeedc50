use store::Migration;

/// What is owed. It is kept beside the balance, which never falls below zero; a member who owes has nothing but what is held or
/// pending.
///
/// SQLite cannot alter a check, so `entry` is made anew, with the kinds of debts, transfers and adjustments, and with the change of what is owed.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0005_debt",
    sql: "
ALTER TABLE asset ADD COLUMN clawback INT NOT NULL DEFAULT 2 CHECK (clawback BETWEEN 1 AND 3);
ALTER TABLE account ADD COLUMN debt BIGINT NOT NULL DEFAULT 0
    CHECK (debt >= 0 AND (debt = 0 OR (balance = held + pending AND moved_to_member_id IS NULL)));
CREATE TABLE new_entry (
    tenant_id {uuid} NOT NULL,
    entry_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    kind INT NOT NULL CHECK (kind BETWEEN 1 AND 11),
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
    hold_id {uuid},
    debt BIGINT NOT NULL,
    adjustment_id {uuid},
    PRIMARY KEY (tenant_id, member_id, asset_code, sequence),
    CHECK (amount <> 0 OR debt <> 0),
    CHECK (
        (kind IN (1, 3, 10) AND amount > 0 AND debt = 0) OR (kind IN (2, 5, 9) AND amount < 0 AND debt = 0)
        OR (kind = 4 AND amount <= 0 AND debt >= 0) OR (kind = 8 AND amount < 0 AND debt = amount)
        OR (kind = 11 AND debt = 0)
        OR (kind = 6 AND amount <= 0 AND debt <= 0) OR (kind = 7 AND amount >= 0 AND debt >= 0)
    ),
    CHECK ((kind IN (3, 4)) = (reverses_entry_id IS NOT NULL)),
    CHECK (hold_id IS NULL OR kind = 2),
    CHECK ((kind = 11) = (adjustment_id IS NOT NULL)),
    CHECK ((kind IN (6, 7, 9, 10)) = (counterpart_member_id IS NOT NULL)),
    CHECK (counterpart_member_id IS NULL OR counterpart_member_id <> member_id)
);
INSERT INTO new_entry (tenant_id, entry_id, member_id, asset_code, sequence, kind, amount, balance, post_time,
    lot_expire_time, reference, reverses_entry_id, activity_id, rule_code, rule_version, inputs_digest,
    counterpart_member_id, hold_id, debt)
    SELECT tenant_id, entry_id, member_id, asset_code, sequence, kind, amount, balance, post_time, lot_expire_time,
    reference, reverses_entry_id, activity_id, rule_code, rule_version, inputs_digest, counterpart_member_id, hold_id, 0
    FROM entry;
DROP TABLE entry;
ALTER TABLE new_entry RENAME TO entry;
CREATE UNIQUE INDEX entry_id ON entry (tenant_id, entry_id);
CREATE UNIQUE INDEX entry_earned ON entry (tenant_id, activity_id, rule_code, kind) WHERE activity_id IS NOT NULL;
CREATE INDEX entry_reverses ON entry (tenant_id, reverses_entry_id, entry_id) WHERE reverses_entry_id IS NOT NULL;
CREATE UNIQUE INDEX entry_hold ON entry (tenant_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE UNIQUE INDEX entry_adjustment ON entry (tenant_id, adjustment_id) WHERE adjustment_id IS NOT NULL;
",
};
