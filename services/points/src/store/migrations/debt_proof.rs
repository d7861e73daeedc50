use store::Migration;

/// How much an account owes by the entries that have been proven. Debts were not proven before: all is proven anew, by the
/// pass that is under way or the next one.
pub(super) const DEBT_PROOF: Migration = Migration {
    name: "points_0051_debt_proof",
    sql: "
DELETE FROM account_proof;
ALTER TABLE account_proof ADD COLUMN debt BIGINT NOT NULL DEFAULT 0;
",
};
