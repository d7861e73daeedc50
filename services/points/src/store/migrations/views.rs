use store::Migration;

/// When an account last changed, so that the times of its entries never go back, however the clocks of replicas differ:
/// the balance as of an instant is then found by a search over the entries' numbers, without an index on their times,
/// which every posting would pay for.
pub(super) const VIEWS: Migration = Migration {
    name: "points_0021_views",
    sql: "
ALTER TABLE account ADD COLUMN change_time BIGINT NOT NULL DEFAULT 0;
UPDATE account SET change_time = COALESCE((SELECT e.post_time FROM entry AS e WHERE e.tenant_id = account.tenant_id
    AND e.member_id = account.member_id AND e.asset_code = account.asset_code AND e.sequence = account.sequence), 0);
",
};
