//! The database refuses by itself what must never be, whoever writes it.

use crate::brand::brand;

#[tokio::test]
async fn the_database_refuses_what_must_never_be() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", crate::brand::order_rule("9")).await;
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    brand.earn(&member, 100, 5).await;
    brand.redeem(&member, 30).await.unwrap();
    brand.prove().await;
    brand.lift_guards().await;
    for (sql, what) in [
        ("UPDATE account SET balance = -1", "a balance below zero"),
        (
            "UPDATE account SET moved_to_member_id = member_id",
            "a closed account with a balance",
        ),
        ("UPDATE lot SET remaining = -1", "a lot below zero"),
        (
            "UPDATE lot SET remaining = granted + 1",
            "a lot with more than was granted",
        ),
        (
            "UPDATE lot SET open = NOT open",
            "an empty lot that is open, or a full one that is not",
        ),
        ("UPDATE entry SET sequence = 1", "two entries with one number"),
        (
            "UPDATE entry SET sequence = 0 WHERE sequence = 1",
            "an entry without a number",
        ),
        (
            "UPDATE entry SET amount = -amount",
            "an earn that takes, a spend that gives",
        ),
        (
            "UPDATE entry SET balance = -1",
            "an entry that leaves less than nothing",
        ),
        (
            "UPDATE entry SET activity_id = (SELECT e.activity_id FROM entry AS e WHERE e.activity_id IS NOT NULL), \
                 rule_code = 'base' WHERE kind = 1",
            "an activity that earns twice by one rule",
        ),
        ("UPDATE entry SET kind = 3 WHERE kind = 1", "a reversal of nothing"),
        (
            "INSERT INTO account SELECT * FROM account",
            "two accounts of one member and asset",
        ),
        (
            "INSERT INTO entry_lot SELECT * FROM entry_lot",
            "a lot twice in one entry",
        ),
        ("INSERT INTO request SELECT * FROM request", "one request id twice"),
        (
            "UPDATE account SET frozen_time = 1",
            "a frozen account that nobody knows why it is frozen",
        ),
        (
            "UPDATE reconciliation SET scratch_pass = pass + 1",
            "a proof of a pass that has not begun",
        ),
        ("UPDATE counter SET stripe = -1", "a sum outside of its stripes"),
        ("INSERT INTO counter SELECT * FROM counter", "one sum twice"),
        ("UPDATE account_proof SET sequence = 0", "a proof of nothing"),
    ] {
        assert!(brand.execute(sql).await.is_err(), "{what}");
    }
    brand.check().await;
}

/// Whatever the statement would be allowed to by the tables' own constraints.
#[tokio::test]
async fn the_database_refuses_to_take_away_or_rewrite_what_was_posted() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 5).await;
    brand.redeem(&member, 100).await.unwrap();
    for sql in [
        "UPDATE entry SET reference = 'another order'",
        "UPDATE entry SET post_time = post_time + 1",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE sequence = 2",
        "UPDATE entry_lot SET amount = -1",
        "DELETE FROM entry_lot",
        "UPDATE account SET member_id = tenant_id",
        "DELETE FROM account",
        "UPDATE lot SET granted = granted + 1",
        "UPDATE lot SET grant_time = 0",
        "DELETE FROM lot",
    ] {
        let refused = brand.execute(sql).await.unwrap_err();
        assert!(refused.contains("refuses"), "{sql}: {refused}");
    }
    if brand.h.db.backend() == sea_orm::DbBackend::Postgres {
        for table in ["entry", "entry_lot", "account", "lot"] {
            let refused = brand.execute(&format!("TRUNCATE {table} CASCADE")).await.unwrap_err();
            assert!(refused.contains("refuses"), "{table}: {refused}");
        }
    }
    brand.check().await;
}
