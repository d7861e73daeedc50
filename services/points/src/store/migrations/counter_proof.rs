use store::Migration;

/// What the entries up to one of them sum up to, by asset and kind, against which the running sums are proven.
pub(super) const COUNTER_PROOF: Migration = Migration {
    name: "points_0052_counter_proof",
    sql: "
CREATE TABLE counter_walk (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    entry_id {uuid} NOT NULL,
    compare_time BIGINT,
    miscount TEXT
) {clustered};
CREATE TABLE counter_proof (
    tenant_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    kind INT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    entries BIGINT NOT NULL CHECK (entries > 0),
    PRIMARY KEY (tenant_id, asset_code, kind)
) {clustered};
",
};
