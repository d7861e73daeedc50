use store::Migration;

/// The tables of this service.
pub fn migrations() -> Vec<Migration> {
    vec![MEMBERS, UNDO, BLOCKED_VALUES]
}

/// A verified identity is unique in its tenant by the key of its table, and found by it; that is the second lock behind
/// the rules. Claims are apart, since many members may share one. The identities are not clustered: in a table that is,
/// SQLite prefers the first column of the key to a second index, and would read all of a tenant's rows for one member's.
const MEMBERS: Migration = Migration {
    name: "identity_0001_members",
    sql: "
CREATE TABLE channel (
    tenant_id {uuid} NOT NULL,
    channel_code TEXT NOT NULL,
    kind BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    account TEXT NOT NULL,
    union_code TEXT,
    trust_rank BIGINT NOT NULL CHECK (trust_rank BETWEEN 1 AND 1000),
    create_time BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, channel_code)
) {clustered};
CREATE TABLE member (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    register_time BIGINT NOT NULL,
    register_channel TEXT,
    absorbed BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    gender TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    address TEXT NOT NULL,
    sources TEXT NOT NULL,
    update_time BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
) {clustered};
CREATE TABLE identity (
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    identity_id {uuid} NOT NULL,
    proof TEXT NOT NULL,
    source_channel TEXT,
    link_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, scope, value)
);
CREATE INDEX identity_member ON identity (tenant_id, member_id, kind, scope);
CREATE TABLE claim (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    identity_id {uuid} NOT NULL,
    proof TEXT NOT NULL,
    source_channel TEXT,
    link_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, kind, scope, value)
) {clustered};
CREATE TABLE member_merge (
    tenant_id {uuid} NOT NULL,
    absorbed_id {uuid} NOT NULL,
    survivor_id {uuid} NOT NULL,
    moved_identity_ids TEXT NOT NULL,
    actor TEXT NOT NULL,
    comment TEXT,
    merge_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, absorbed_id)
) {clustered};
CREATE TABLE import_row (
    tenant_id {uuid} NOT NULL,
    request_id TEXT NOT NULL,
    digest {bytes} NOT NULL,
    member_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
) {clustered};
",
};

/// A member may be absorbed again after an undo, so a merge has an id of its own. Those that were made before this have
/// the absorbed member's, and no record of the values that they brought beside identities: their undo leaves those with the survivor.
const UNDO: Migration = Migration {
    name: "identity_0002_undo",
    sql: "
CREATE TABLE new_member_merge (
    tenant_id {uuid} NOT NULL,
    merge_id {uuid} NOT NULL,
    absorbed_id {uuid} NOT NULL,
    survivor_id {uuid} NOT NULL,
    moved_identity_ids TEXT NOT NULL,
    brought TEXT,
    actor TEXT NOT NULL,
    comment TEXT,
    merge_time BIGINT NOT NULL,
    undo_time BIGINT CHECK (undo_time >= merge_time),
    undo_actor TEXT,
    undo_comment TEXT,
    PRIMARY KEY (tenant_id, merge_id),
    CHECK ((undo_time IS NULL) = (undo_actor IS NULL))
);
INSERT INTO new_member_merge (tenant_id, merge_id, absorbed_id, survivor_id, moved_identity_ids, actor, comment, merge_time)
    SELECT tenant_id, absorbed_id, absorbed_id, survivor_id, moved_identity_ids, actor, comment, merge_time
    FROM member_merge;
DROP TABLE member_merge;
ALTER TABLE new_member_merge RENAME TO member_merge;
CREATE UNIQUE INDEX member_merge_absorbed ON member_merge (tenant_id, absorbed_id) WHERE undo_time IS NULL;
CREATE INDEX member_merge_survivor ON member_merge (tenant_id, survivor_id) WHERE undo_time IS NULL;
CREATE TABLE member_apart (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    other_id {uuid} NOT NULL,
    by_merge_id {uuid},
    PRIMARY KEY (tenant_id, member_id, other_id),
    CHECK (member_id <> other_id)
);
CREATE INDEX member_apart_other ON member_apart (tenant_id, other_id);
",
};

/// Found by the value, since an arrival may bring it as an id of any kind; listed by the id, which is ordered by time.
const BLOCKED_VALUES: Migration = Migration {
    name: "identity_0003_blocked_values",
    sql: "
CREATE TABLE blocked_value (
    tenant_id {uuid} NOT NULL,
    value TEXT NOT NULL,
    kind TEXT NOT NULL,
    blocked_value_id {uuid} NOT NULL,
    note TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, value, kind)
);
CREATE UNIQUE INDEX blocked_value_id ON blocked_value (tenant_id, blocked_value_id);
",
};
