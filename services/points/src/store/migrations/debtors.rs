use store::Migration;

/// Who owes, so that what is owed in all is added up from them alone.
pub(super) const DEBTORS: Migration = Migration {
    name: "points_0023_debtors",
    sql: "
CREATE INDEX account_debt ON account (tenant_id, asset_code, debt) WHERE debt > 0;
",
};
