use store::Migration;

/// Pools and the places in them. A pool's account is one among all others; an entry of it bears the member who spent.
///
/// A member has joined one pool of an asset at the most; the database itself keeps that.
pub(super) const POOLS: Migration = Migration {
    name: "points_0041_pools",
    sql: "
ALTER TABLE entry ADD COLUMN acting_member_id {uuid} CHECK (acting_member_id IS NULL OR kind = 2);
CREATE TABLE pool (
    tenant_id {uuid} NOT NULL,
    pool_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    owner_member_id {uuid} NOT NULL,
    redeem_policy INT NOT NULL CHECK (redeem_policy BETWEEN 1 AND 2),
    members_max INT NOT NULL CHECK (members_max BETWEEN 1 AND 50),
    version BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    dissolve_time BIGINT,
    PRIMARY KEY (tenant_id, pool_id),
    FOREIGN KEY (tenant_id, asset_code) REFERENCES asset (tenant_id, code)
) {clustered};
CREATE TABLE pool_member (
    tenant_id {uuid} NOT NULL,
    pool_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    invite_time BIGINT NOT NULL,
    join_time BIGINT,
    PRIMARY KEY (tenant_id, pool_id, member_id),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, pool_id)
) {clustered};
CREATE INDEX pool_member_of ON pool_member (tenant_id, member_id, pool_id);
CREATE UNIQUE INDEX pool_member_joined ON pool_member (tenant_id, member_id, asset_code) WHERE join_time IS NOT NULL;
",
};
