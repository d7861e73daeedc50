use store::Migration;

/// Cost centres, and the running sums of all entries, so that nobody has to add up all entries to know what is owed.
///
/// A sum is kept in several rows, its stripes: a transaction adds to one of them, so that two that post at the same time
/// seldom wait for each other. An amount is kept in two parts, `high * 2^32 + low`, because the sum over all members may
/// exceed what a 64-bit integer holds although no account does, and a sum that cannot be written would stop all postings.
///
/// What was posted before is added up here. The month of a moment is reckoned from the days since March of the year 0
/// (H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`), which both databases do alike.
pub(super) const COUNTERS: Migration = Migration {
    name: "points_0022_counters",
    sql: "
ALTER TABLE entry ADD COLUMN cost_centre TEXT;
ALTER TABLE lot ADD COLUMN cost_centre TEXT;
CREATE TABLE counter (
    tenant_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    axis INT NOT NULL CHECK (axis BETWEEN 1 AND 3),
    month INT NOT NULL,
    centre TEXT NOT NULL,
    spent_at TEXT NOT NULL,
    kind INT NOT NULL,
    stripe INT NOT NULL CHECK (stripe >= 0),
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe)
) {clustered};
INSERT INTO counter (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe, high, low, entries)
WITH part AS (
    SELECT e.tenant_id, e.entry_id, e.entry_id AS lot_id, e.amount FROM entry AS e WHERE e.kind = 1
    UNION ALL SELECT p.tenant_id, p.entry_id, CASE WHEN p.regranted THEN p.entry_id ELSE p.lot_id END, p.amount
    FROM entry_lot AS p
), known AS (
    SELECT e.tenant_id, e.asset_code, e.kind, p.amount, e.post_time, l.grant_time, l.expire_time,
        a.utc_offset_minutes * CAST(60000000 AS BIGINT) AS utc_offset,
        CASE WHEN ROW_NUMBER() OVER (PARTITION BY p.tenant_id, p.entry_id ORDER BY p.lot_id) = 1 THEN 1 ELSE 0 END AS is_first
    FROM part AS p
    JOIN entry AS e ON e.tenant_id = p.tenant_id AND e.entry_id = p.entry_id
    JOIN lot AS l ON l.tenant_id = p.tenant_id AND l.lot_id = p.lot_id
    JOIN asset AS a ON a.tenant_id = e.tenant_id AND a.code = e.asset_code
), moment AS (
    SELECT k.*, 1 AS axis, k.expire_time - 1 AS micros FROM known AS k
    UNION ALL SELECT k.*, 2, k.grant_time FROM known AS k
    UNION ALL SELECT k.*, 3, k.post_time FROM known AS k WHERE k.kind IN (2, 3)
), day AS (
    SELECT m.*, CASE WHEN m.micros < 253402214400000000 THEN (m.micros + m.utc_offset) / 86400000000 + 719468 END AS days
    FROM moment AS m
), era AS (
    SELECT d.*, d.days / 146097 AS era, d.days - d.days / 146097 * 146097 AS day_of_era FROM day AS d
), year AS (
    SELECT e.*, (e.day_of_era - e.day_of_era / 1460 + e.day_of_era / 36524 - e.day_of_era / 146096) / 365 AS year_of_era
    FROM era AS e
), dated AS (
    SELECT y.*, CAST(COALESCE((y.era * 400 + y.year_of_era) * 12 + 2
        + (5 * (y.day_of_era - (365 * y.year_of_era + y.year_of_era / 4 - y.year_of_era / 100)) + 2) / 153, 2147483647) AS INT)
        AS month
    FROM year AS y
)
SELECT tenant_id, asset_code, axis, month, '', '', kind, 0, CAST(SUM(amount >> 32) AS BIGINT),
    CAST(SUM(amount & 4294967295) AS BIGINT), SUM(is_first)
FROM dated GROUP BY tenant_id, asset_code, axis, month, kind;
",
};
