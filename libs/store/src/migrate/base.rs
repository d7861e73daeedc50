//! What every service has.

use crate::Migration;

/// In their order.
pub(super) const ALL: [Migration; 6] = [BASE, ENDED_REDIRECTS, STUCK_ITEMS, HEARTBEAT, LEASE, POSITIONS_BESIDE];

/// What every service has: request ids, outbox, positions of its consumers, parked facts, redirects.
const BASE: Migration = Migration {
    name: "base_0001",
    sql: "
CREATE TABLE request (
    tenant_id {uuid} NOT NULL,
    method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest {bytes} NOT NULL,
    answer {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, method, request_id)
) {clustered};
CREATE TABLE outbox (
    fact_id {uuid} NOT NULL PRIMARY KEY,
    position BIGINT,
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload {bytes} NOT NULL,
    occur_time BIGINT NOT NULL,
    traceparent TEXT NOT NULL
);
CREATE UNIQUE INDEX outbox_position ON outbox (position);
CREATE INDEX outbox_waiting ON outbox (fact_id) WHERE position IS NULL;
CREATE TABLE outbox_head (lock INT NOT NULL PRIMARY KEY CHECK (lock = 0), last_position BIGINT NOT NULL);
INSERT INTO outbox_head (lock, last_position) VALUES (0, 0);
CREATE TABLE consumer (
    name TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0)
);
CREATE TABLE parked_fact (
    consumer TEXT NOT NULL,
    position BIGINT NOT NULL,
    fact_id {uuid} NOT NULL,
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload {bytes} NOT NULL,
    occur_time BIGINT NOT NULL,
    reason TEXT NOT NULL,
    park_time BIGINT NOT NULL,
    PRIMARY KEY (consumer, position)
);
CREATE TABLE redirect (
    tenant_id {uuid} NOT NULL,
    from_id {uuid} NOT NULL,
    to_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, from_id),
    CHECK (from_id <> to_id)
);
CREATE INDEX redirect_to ON redirect (tenant_id, to_id);
",
};

/// Redirects that have ended, each by what ended it, so that a fact that is told again neither makes nor ends one anew.
const ENDED_REDIRECTS: Migration = Migration {
    name: "base_0002_ended_redirects",
    sql: "
CREATE TABLE ended_redirect (
    tenant_id {uuid} NOT NULL,
    cause_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, cause_id)
) {clustered};
",
};

/// Items of workers' queues that have failed. Without a time at which it is tried again, an item waits for an operator.
const STUCK_ITEMS: Migration = Migration {
    name: "base_0003_stuck_items",
    sql: "
CREATE TABLE stuck_item (
    queue TEXT NOT NULL,
    tenant_id {uuid} NOT NULL,
    item TEXT NOT NULL,
    tries BIGINT NOT NULL,
    reason TEXT NOT NULL,
    retry_time BIGINT,
    fail_time BIGINT NOT NULL,
    PRIMARY KEY (queue, tenant_id, item)
) {clustered};
",
};

/// When the service was last seen at work: one row, which is there from the beginning. Where the service has been at work
/// before there was this table, its last fact tells when.
const HEARTBEAT: Migration = Migration {
    name: "base_0004_heartbeat",
    sql: "
CREATE TABLE heartbeat (
    lock INT NOT NULL PRIMARY KEY CHECK (lock = 0),
    seen_time BIGINT,
    accept_time BIGINT,
    doubt TEXT
);
INSERT INTO heartbeat (lock, seen_time) SELECT 0, (SELECT occur_time FROM outbox ORDER BY fact_id DESC LIMIT 1);
",
};

/// What one of the service's replicas has for a while. Rows are never taken away: the tokens go on from them.
const LEASE: Migration = Migration {
    name: "base_0005_lease",
    sql: "
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder {uuid} NOT NULL,
    token BIGINT NOT NULL CHECK (token > 0),
    expire_time BIGINT NOT NULL
);
",
};

/// A place for positions beside the outbox of PostgreSQL, which need not be updated then. The release before goes on with its
/// own, `outbox.position`, until they are moved here (`outbox::moving`). The row of the position 0, which is no fact, is the one
/// from which they are counted.
///
/// Rows that are there keep no number of a transaction, and are in no index of it. Where there are many, their table is not
/// kept from being written while they are looked through: then the index is made when they are moved.
pub(super) const POSITIONS_BESIDE: Migration = Migration {
    name: "base_0006_positions_beside",
    sql: "{postgres}
ALTER TABLE outbox ADD COLUMN xact_id XID8;
ALTER TABLE outbox ALTER COLUMN xact_id SET DEFAULT pg_current_xact_id();
ALTER TABLE outbox_head ADD COLUMN positions_beside BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE fact_position (
    position BIGINT NOT NULL PRIMARY KEY CHECK (position >= 0),
    fact_id UUID NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    snapshot PG_SNAPSHOT,
    xact_id XID8
);
INSERT INTO fact_position (position, fact_id, kind) VALUES (0, '00000000-0000-0000-0000-000000000000', '');
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM outbox) THEN
        CREATE INDEX outbox_xact ON outbox (xact_id) WHERE xact_id IS NOT NULL;
    END IF;
END $$;
",
};
