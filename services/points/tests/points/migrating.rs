//! What a ledger of the first version holds is there after all later ones.

use kernel::Clock;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::{Db, Tx, statement};
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

/// A ledger in which somebody owes and something is held, as it is before a migration, and what is written into it.
struct Old {
    test_db: TestDb,
    clock: Clock,
    tenant: Value,
    member: Value,
}

/// What an entry of [`Old`] says.
struct OldEntry {
    sequence: i64,
    kind: i32,
    amount: i64,
    balance: i64,
    debt: i64,
    reverses: Option<Value>,
    post_time: i64,
}

const DAY: i64 = 86_400_000_000;
/// The first of January 2026.
const NEW_YEAR: i64 = 1_767_225_600_000_000;

impl Old {
    /// A ledger as it was just before a migration.
    async fn before(migration: &str) -> Self {
        let before: Vec<_> = points::migrations()
            .into_iter()
            .take_while(|it| it.name != migration)
            .collect();
        assert!(
            before.len() < points::migrations().len(),
            "there is no migration {migration}"
        );
        let clock = Clock::system();
        Self {
            test_db: TestDb::new(before).await,
            tenant: clock.uuid().into(),
            member: clock.uuid().into(),
            clock,
        }
    }

    /// Somebody who owes 60 more after an earn of 100 that was spent was taken back, has 30 held of 50 earned since, and has
    /// owed before.
    async fn fill(&self) {
        let tx = self.test_db.db().begin().await.unwrap();
        insert(
            &tx,
            "INSERT INTO asset (tenant_id, code, kind, display_name, expiry, utc_offset_minutes, reversal_grace_days, version, \
             create_time, update_time, clawback) VALUES ($1, 'points', 1, '', 'never', 480, 0, 1, 7, 7, 3)",
            vec![self.tenant.clone()],
        )
        .await;
        insert(
            &tx,
            "INSERT INTO account (tenant_id, member_id, asset_code, balance, sequence, held, debt) \
             VALUES ($1, $2, 'points', 30, 6, 30, 60)",
            vec![self.tenant.clone(), self.member.clone()],
        )
        .await;
        let earn = |sequence, amount, balance| OldEntry {
            kind: 1,
            ..entry(sequence, amount, balance, 0)
        };
        let first = self.entry(&tx, earn(1, 100, 100)).await;
        self.lot(&tx, &first, 100, 0, 0).await;
        let spend = self
            .entry(
                &tx,
                OldEntry {
                    kind: 2,
                    ..entry(2, -100, 0, 0)
                },
            )
            .await;
        self.part(&tx, &spend, &first, -100).await;
        // 60 in January, 40 at the end of March, which is April in the calendar of the asset: both are debts alone.
        for (sequence, debt, day) in [(3, 60, 5), (4, 40, 90)] {
            let taken = OldEntry {
                kind: 4,
                reverses: Some(first.clone()),
                post_time: NEW_YEAR + day * DAY - DAY / 8,
                ..entry(sequence, 0, 0, debt)
            };
            self.entry(&tx, taken).await;
        }
        let second = self.entry(&tx, earn(5, 70, 70)).await;
        self.lot(&tx, &second, 70, 0, 30).await;
        let repayment = self
            .entry(
                &tx,
                OldEntry {
                    kind: 8,
                    ..entry(6, -40, 30, -40)
                },
            )
            .await;
        self.part(&tx, &repayment, &second, -40).await;
        let hold: Value = self.clock.uuid().into();
        insert(
            &tx,
            "INSERT INTO hold (tenant_id, hold_id, member_id, asset_code, amount, state, open, captured, reference, create_time, \
             expire_time) VALUES ($1, $2, $3, 'points', 30, 1, TRUE, 0, 'order-9', 8, 9)",
            vec![self.tenant.clone(), hold.clone(), self.member.clone()],
        )
        .await;
        insert(
            &tx,
            "INSERT INTO hold_lot (tenant_id, hold_id, lot_id, amount, expire_time) VALUES ($1, $2, $3, 30, $4)",
            vec![self.tenant.clone(), hold, second, i64::MAX.into()],
        )
        .await;
        tx.commit().await.unwrap();
    }

    async fn entry(&self, tx: &Tx, entry: OldEntry) -> Value {
        let id: Value = self.clock.uuid().into();
        let granted = (entry.kind == 1).then_some(i64::MAX);
        insert(
            tx,
            "INSERT INTO entry (tenant_id, entry_id, member_id, asset_code, sequence, kind, amount, balance, post_time, \
             lot_expire_time, reference, reverses_entry_id, debt) \
             VALUES ($1, $2, $3, 'points', $4, $5, $6, $7, $8, $9, '', $10, $11)",
            vec![
                self.tenant.clone(),
                id.clone(),
                self.member.clone(),
                entry.sequence.into(),
                entry.kind.into(),
                entry.amount.into(),
                entry.balance.into(),
                entry.post_time.into(),
                granted.into(),
                entry.reverses.unwrap_or(Value::Uuid(None)),
                entry.debt.into(),
            ],
        )
        .await;
        id
    }

    async fn lot(&self, tx: &Tx, id: &Value, granted: i64, remaining: i64, held: i64) {
        insert(
            tx,
            "INSERT INTO lot (tenant_id, lot_id, member_id, asset_code, granted, remaining, open, grant_time, expire_time, held) \
             VALUES ($1, $2, $3, 'points', $4, $5, $6, $7, $8, $9)",
            vec![
                self.tenant.clone(),
                id.clone(),
                self.member.clone(),
                granted.into(),
                remaining.into(),
                (remaining > 0).into(),
                NEW_YEAR.into(),
                i64::MAX.into(),
                held.into(),
            ],
        )
        .await;
    }

    async fn part(&self, tx: &Tx, entry: &Value, lot: &Value, amount: i64) {
        insert(
            tx,
            "INSERT INTO entry_lot (tenant_id, entry_id, lot_id, amount, expire_time, regranted) \
             VALUES ($1, $2, $3, $4, $5, FALSE)",
            vec![
                self.tenant.clone(),
                entry.clone(),
                lot.clone(),
                amount.into(),
                i64::MAX.into(),
            ],
        )
        .await;
    }
}

fn entry(sequence: i64, amount: i64, balance: i64, debt: i64) -> OldEntry {
    OldEntry {
        sequence,
        kind: 0,
        amount,
        balance,
        debt,
        reverses: None,
        post_time: NEW_YEAR,
    }
}

/// By view, month and kind: the points and the entries that are counted.
async fn counted(db: &Db, kind: i32) -> Vec<(i32, i32, i64, i64)> {
    let sql = "SELECT axis, month, CAST(SUM(high * 4294967296 + low) AS BIGINT), CAST(SUM(entries) AS BIGINT) FROM counter \
         WHERE kind = $1 GROUP BY axis, month ORDER BY axis, month";
    let rows = db
        .read()
        .query_all_raw(statement(db.read(), sql, [kind.into()]))
        .await
        .unwrap();
    let read = |row: &QueryResult| {
        (
            row.try_get_by_index(0).unwrap(),
            row.try_get_by_index(1).unwrap(),
            row.try_get_by_index(2).unwrap(),
            row.try_get_by_index(3).unwrap(),
        )
    };
    rows.iter().map(read).collect()
}

/// January and April of 2026, as the running sums number them.
const JANUARY: i32 = 2026 * 12;
const APRIL: i32 = JANUARY + 3;

#[tokio::test]
async fn debts_and_holds_from_before_the_running_sums_are_counted_and_kept() {
    let old = Old::before("points_0020_proof").await;
    old.fill().await;
    let db = old.test_db.another(points::migrations()).await;
    assert_eq!(
        counted(&db, 4).await,
        [
            (1, JANUARY, 0, 1),
            (1, APRIL, 0, 1),
            (2, JANUARY, 0, 1),
            (2, APRIL, 0, 1)
        ],
        "what is about a debt alone counts by the month in which it was posted"
    );
    let never = 2_147_483_647;
    assert_eq!(counted(&db, 1).await, [(1, never, 170, 2), (2, JANUARY, 170, 2)]);
    assert_eq!(counted(&db, 8).await, [(1, never, -40, 1), (2, JANUARY, -40, 1)]);
    let kept = "SELECT COUNT(*) FROM account AS a JOIN hold AS h ON h.tenant_id = a.tenant_id AND h.member_id = a.member_id \
         JOIN hold_lot AS p ON p.tenant_id = h.tenant_id AND p.hold_id = h.hold_id \
         JOIN lot AS l ON l.tenant_id = p.tenant_id AND l.lot_id = p.lot_id \
         WHERE a.balance = 30 AND a.held = 30 AND a.debt = 60 AND h.open AND h.amount = 30 AND l.held = 30 AND p.amount = 30 \
         AND a.change_time = $1 AND (SELECT COUNT(*) FROM entry WHERE debt <> 0) = 3";
    let read = statement(db.read(), kept, [NEW_YEAR.into()]);
    let row = db.read().query_one_raw(read).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
}

#[tokio::test]
async fn what_was_counted_since_is_not_counted_again() {
    let old = Old::before("points_0042_bare_entries").await;
    old.fill().await;
    // The running sums began between the two debts: the later one was counted when it was posted.
    let tx = old.test_db.db().begin().await.unwrap();
    for axis in [1, 2] {
        insert(
            &tx,
            "INSERT INTO counter VALUES ($1, 'points', $2, $3, '', '', 4, 7, 0, 0, 1)",
            vec![old.tenant.clone(), axis.into(), APRIL.into()],
        )
        .await;
    }
    tx.commit().await.unwrap();
    let db = old.test_db.another(points::migrations()).await;
    assert_eq!(
        counted(&db, 4).await,
        [
            (1, JANUARY, 0, 1),
            (1, APRIL, 0, 1),
            (2, JANUARY, 0, 1),
            (2, APRIL, 0, 1)
        ]
    );
}
