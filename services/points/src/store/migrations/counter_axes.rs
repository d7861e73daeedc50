use store::Migration;

/// What the entries sum up to, by everything that a running sum is kept by, and which sums disagreed when they were compared
/// last. All entries are added up anew.
///
/// A row of `counter_proof` whose axis is 0 is about all entries of a kind, whatever their months and cost centres.
/// `counter_walk` tells as well after which month of which asset and axis a comparison goes on that is under way.
pub(super) const COUNTER_AXES: Migration = Migration {
    name: "points_0053_counter_axes",
    sql: "
DROP TABLE counter_proof;
DROP TABLE counter_walk;
CREATE TABLE counter_walk (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    entry_id {uuid} NOT NULL,
    compare_time BIGINT,
    miscount TEXT,
    page_asset_code TEXT,
    page_axis INT,
    page_month INT,
    CHECK ((page_asset_code IS NULL) = (page_axis IS NULL) AND (page_axis IS NULL) = (page_month IS NULL))
) {clustered};
CREATE TABLE counter_proof (
    tenant_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    axis INT NOT NULL CHECK (axis BETWEEN 0 AND 3),
    month INT NOT NULL,
    centre TEXT NOT NULL,
    spent_at TEXT NOT NULL,
    kind INT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    entries BIGINT NOT NULL CHECK (entries >= 0),
    PRIMARY KEY (tenant_id, asset_code, axis, month, centre, spent_at, kind)
) {clustered};
CREATE TABLE counter_miscount (
    tenant_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    axis INT NOT NULL CHECK (axis BETWEEN 1 AND 3),
    month INT NOT NULL,
    centre TEXT NOT NULL,
    spent_at TEXT NOT NULL,
    kind INT NOT NULL,
    proven_high BIGINT NOT NULL,
    proven_low BIGINT NOT NULL,
    counted_high BIGINT NOT NULL,
    counted_low BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, asset_code, axis, month, centre, spent_at, kind)
) {clustered};
",
};
