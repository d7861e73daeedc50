use store::Migration;

/// Counts the entries that `points_0022_counters` left out: those in no lot, which are about a debt alone. They move no
/// points, so no sum of points was wrong, but the number of entries was.
///
/// How many are missing follows from what was counted; which, from their age, because all that was posted since has been
/// counted. A ledger that began later misses none. The month is reckoned as there.
pub(super) const BARE_ENTRIES: Migration = Migration {
    name: "points_0042_bare_entries",
    sql: "
INSERT INTO counter (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe, high, low, entries)
WITH counted AS (
    SELECT tenant_id, asset_code, kind, SUM(entries) AS entries FROM counter WHERE axis = 1
    GROUP BY tenant_id, asset_code, kind
), missing AS (
    SELECT e.tenant_id, e.asset_code, e.kind, COUNT(*) - COALESCE(MAX(c.entries), 0) AS entries
    FROM entry AS e LEFT JOIN counted AS c ON c.tenant_id = e.tenant_id AND c.asset_code = e.asset_code AND c.kind = e.kind
    WHERE e.kind IN (4, 6, 7) GROUP BY e.tenant_id, e.asset_code, e.kind
), bare AS (
    SELECT e.tenant_id, e.asset_code, e.kind, e.post_time,
        a.utc_offset_minutes * CAST(60000000 AS BIGINT) AS utc_offset, m.entries AS missing,
        ROW_NUMBER() OVER (PARTITION BY e.tenant_id, e.asset_code, e.kind ORDER BY e.post_time, e.entry_id) AS age
    FROM missing AS m
    JOIN entry AS e ON e.tenant_id = m.tenant_id AND e.asset_code = m.asset_code AND e.kind = m.kind AND e.amount = 0
    JOIN asset AS a ON a.tenant_id = e.tenant_id AND a.code = e.asset_code
    WHERE m.entries > 0
), day AS (
    SELECT b.*, (b.post_time + b.utc_offset) / 86400000000 + 719468 AS days FROM bare AS b WHERE b.age <= b.missing
), era AS (
    SELECT d.*, d.days / 146097 AS era, d.days - d.days / 146097 * 146097 AS day_of_era FROM day AS d
), year AS (
    SELECT e.*, (e.day_of_era - e.day_of_era / 1460 + e.day_of_era / 36524 - e.day_of_era / 146096) / 365 AS year_of_era
    FROM era AS e
), dated AS (
    SELECT y.*, CAST((y.era * 400 + y.year_of_era) * 12 + 2
        + (5 * (y.day_of_era - (365 * y.year_of_era + y.year_of_era / 4 - y.year_of_era / 100)) + 2) / 153 AS INT) AS month
    FROM year AS y
), view (axis) AS (
    SELECT 1 UNION ALL SELECT 2
)
SELECT d.tenant_id, d.asset_code, v.axis, d.month, '', '', d.kind, 0, 0, 0, COUNT(*)
FROM dated AS d CROSS JOIN view AS v WHERE TRUE GROUP BY d.tenant_id, d.asset_code, v.axis, d.month, d.kind
ON CONFLICT (tenant_id, asset_code, axis, month, centre, spent_at, kind, stripe)
    DO UPDATE SET entries = counter.entries + excluded.entries;
",
};
