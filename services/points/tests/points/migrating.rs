//! What a ledger of the first version holds is there after all later ones.

use kernel::Clock;
use sea_orm::{ConnectionTrait, Value};
use store::{Tx, statement};
use testkit::TestDb;

async fn insert(tx: &Tx, sql: &str, parameters: Vec<Value>) {
    tx.execute_raw(statement(&**tx, sql, parameters)).await.unwrap();
}

#[tokio::test]
async fn a_ledger_of_the_first_version_keeps_every_row() {
    let first: Vec<_> = points::migrations().into_iter().take(2).collect();
    let test_db = TestDb::new(first).await;
    let clock = Clock::system();
    let [tenant, member, earn, spend]: [Value; 4] = std::array::from_fn(|_| clock.uuid().into());
    let tx = test_db.db().begin().await.unwrap();
    insert(
        &tx,
        "INSERT INTO asset VALUES ($1, 'points', 1, '', 'never', 480, 0, 1, 7, 7)",
        vec![tenant.clone()],
    )
    .await;
    insert(
        &tx,
        "INSERT INTO account VALUES ($1, $2, 'points', 70, 2, NULL)",
        vec![tenant.clone(), member.clone()],
    )
    .await;
    for (entry, sequence, kind, amount, balance) in [(&earn, 1_i64, 1, 100_i64, 100_i64), (&spend, 2, 2, -30, 70)] {
        insert(
            &tx,
            "INSERT INTO entry (tenant_id, entry_id, member_id, asset_code, sequence, kind, amount, balance, post_time, \
             lot_expire_time, reference) VALUES ($1, $2, $3, 'points', $4, $5, $6, $7, 8, 9, 'order-1')",
            vec![
                tenant.clone(),
                entry.clone(),
                member.clone(),
                sequence.into(),
                kind.into(),
                amount.into(),
                balance.into(),
            ],
        )
        .await;
    }
    insert(
        &tx,
        "INSERT INTO lot VALUES ($1, $2, $3, 'points', 100, 70, TRUE, 8, 9)",
        vec![tenant.clone(), earn.clone(), member.clone()],
    )
    .await;
    tx.commit().await.unwrap();

    let db = test_db.another(points::migrations()).await;
    let sql = "SELECT COUNT(*) FROM account AS a JOIN entry AS e ON e.tenant_id = a.tenant_id \
         JOIN lot AS l ON l.tenant_id = a.tenant_id JOIN asset AS s ON s.tenant_id = a.tenant_id \
         WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.balance = 70 AND a.sequence = 2 AND a.held = 0 \
         AND a.pending = 0 AND a.debt = 0 AND e.debt = 0 AND e.member_id = $2 AND e.reference = 'order-1' \
         AND e.post_time = 8 AND l.lot_id = $3 AND l.held = 0 AND l.pending = 0 AND s.clawback = 2 \
         AND ((e.entry_id = $3 AND e.kind = 1 AND e.amount = 100) OR (e.entry_id = $4 AND e.kind = 2 AND e.amount = -30))";
    let read = statement(db.read(), sql, [tenant, member, earn, spend]);
    let row = db.read().query_one_raw(read).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 2);
}
