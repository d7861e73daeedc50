use fault::Fault;
use sea_orm::ConnectionTrait;
use store::{Db, statement};

/// Refuses to go on where the ledger does not agree with itself: what all entries sum up to is what all accounts hold, and
/// what is left in all lots.
pub(crate) async fn agree(db: &Db, after: &str) -> Result<(), Fault> {
    const ENTRIES: &str = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM entry";
    const BALANCES: &str = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account";
    const LOTS: &str = "SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM lot WHERE open";
    let (entries, balances, lots) = (sum(db, ENTRIES).await?, sum(db, BALANCES).await?, sum(db, LOTS).await?);
    if entries == balances && balances == lots {
        return Ok(());
    }
    Err(Fault::internal(format!(
        "after {after}: entries sum up to {entries}, balances to {balances}, lots to {lots}"
    )))
}

async fn sum(db: &Db, sql: &str) -> Result<i64, Fault> {
    let row = db.read().query_one_raw(statement(db.read(), sql, [])).await?;
    let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
    Ok(row.try_get_by_index(0)?)
}
