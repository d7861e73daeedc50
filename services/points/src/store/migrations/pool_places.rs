use store::Migration;

/// What merges did to places in pools, for as long as they may be undone; and the pools that somebody owned to the end.
pub(super) const POOL_PLACES: Migration = Migration {
    name: "points_0061_pool_places",
    sql: "
CREATE TABLE handed_place (
    tenant_id {uuid} NOT NULL,
    absorbed_id {uuid} NOT NULL,
    pool_id {uuid} NOT NULL,
    survivor_id {uuid} NOT NULL,
    fate INT NOT NULL CHECK (fate BETWEEN 1 AND 3),
    invite_time BIGINT NOT NULL,
    join_time BIGINT,
    owned BOOLEAN NOT NULL,
    heir_id {uuid} NOT NULL,
    own_invite_time BIGINT,
    own_join_time BIGINT,
    PRIMARY KEY (tenant_id, absorbed_id, pool_id),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, pool_id)
) {clustered};
CREATE INDEX pool_of_owner ON pool (tenant_id, owner_member_id);
",
};
