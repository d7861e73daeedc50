use store::Migration;

/// Corrections by hand. That one is posted once is kept by the unique index on the entries.
pub(super) const MIGRATION: Migration = Migration {
    name: "points_0007_adjustment",
    sql: "
ALTER TABLE asset ADD COLUMN adjustment_alone_max BIGINT NOT NULL DEFAULT 0 CHECK (adjustment_alone_max >= 0);
CREATE TABLE adjustment (
    tenant_id {uuid} NOT NULL,
    adjustment_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    reason_code TEXT NOT NULL CHECK (reason_code <> ''),
    note TEXT NOT NULL,
    state INT NOT NULL CHECK (state BETWEEN 1 AND 3),
    creator TEXT NOT NULL,
    decider TEXT CHECK (decider <> creator),
    entry_id {uuid},
    create_time BIGINT NOT NULL,
    decide_time BIGINT,
    PRIMARY KEY (tenant_id, adjustment_id),
    CHECK ((state = 2) = (entry_id IS NOT NULL)),
    CHECK ((state = 1) = (decide_time IS NULL)),
    CHECK (state <> 1 OR decider IS NULL),
    CHECK (state <> 3 OR decider IS NOT NULL)
);
CREATE INDEX adjustment_state ON adjustment (tenant_id, state, adjustment_id);
",
};
