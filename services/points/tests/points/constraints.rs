//! The database refuses by itself what must never be, even where no code of the platform wrote it.

use contracts_points::v1::{Asset, ClawbackPolicy, EarningCaps, EarningRule};

use crate::brand::brand;

#[tokio::test]
async fn the_database_refuses_what_must_never_be() {
    let brand = brand().await;
    let member = brand.member();
    let caps = EarningCaps {
        member_total: 100,
        ..EarningCaps::default()
    };
    let base = EarningRule {
        caps: Some(caps),
        budget: 1_000,
        ..crate::brand::order_rule("9")
    };
    brand.create_rule("base", base).await;
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    brand.earn(&member, 100, 5).await;
    brand.redeem(&member, 30).await.unwrap();
    let hold = brand.hold(&member, 7, 0).await.unwrap();
    brand.capture(&hold.hold_id, 3).await.unwrap();
    brand.hold(&member, 6, 0).await.unwrap();
    brand.earn_pending(&member, 3, 7, "order-9").await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let (owing, receiver) = (brand.member(), brand.member());
    let earn = brand.earn(&owing, 10, 0).await;
    brand.redeem(&owing, 10).await.unwrap();
    brand.reverse(&earn, 0).await.unwrap();
    brand.transfer(&member, &receiver, 2).await.unwrap();
    brand.adjust(&member, 5).await.unwrap();
    let alone = Asset {
        adjustment_alone_max: 1,
        ..Asset::default()
    };
    brand.set_points(alone, "adjustment_alone_max").await;
    brand.adjust(&member, 1).await.unwrap();
    brand.prove().await;
    brand.lift_guards().await;
    for (sql, what) in FORBIDDEN {
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

/// Statements that nobody should run, and what would be if the database let them.
const FORBIDDEN: &[(&str, &str)] = &[
    ("UPDATE rule_counter SET used = -1", "a cap used less than not at all"),
    ("UPDATE rule_counter SET used = 101", "a cap that is overdrawn"),
    ("UPDATE rule_budget SET used = -1", "a budget used less than not at all"),
    ("UPDATE rule_budget SET used = 1001", "a budget that is overdrawn"),
    (
        "INSERT INTO earning_decision SELECT * FROM earning_decision",
        "an activity that is decided twice",
    ),
    (
        "UPDATE earning_rule_version SET amount_kind = 7",
        "an amount of no kind",
    ),
    ("UPDATE earning_rule_version SET amount_per = 0", "a rate by nothing"),
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
    ("UPDATE account SET held = -1", "less than nothing held"),
    ("UPDATE account SET held = balance + 1", "more held than there is"),
    ("UPDATE lot SET held = -1", "a lot of which less than nothing is held"),
    (
        "UPDATE lot SET held = granted - remaining + 1",
        "a lot of which more is left and held than was granted",
    ),
    ("UPDATE hold SET state = 5", "a hold in no state"),
    ("UPDATE hold SET open = NOT open", "a hold that has ended and is open"),
    (
        "UPDATE hold SET captured = amount + 1",
        "a hold captured for more than it held",
    ),
    (
        "UPDATE hold SET captured = 1 WHERE open",
        "an open hold of which something was captured",
    ),
    (
        "UPDATE hold SET entry_id = NULL WHERE captured > 0",
        "a hold captured without an entry",
    ),
    (
        "UPDATE hold SET end_time = create_time WHERE open",
        "an open hold with an end",
    ),
    (
        "UPDATE hold SET end_time = NULL WHERE NOT open",
        "an end without a time",
    ),
    (
        "UPDATE hold SET expire_time = create_time",
        "a hold that ends as it begins",
    ),
    ("UPDATE hold SET amount = 0", "a hold of nothing"),
    ("INSERT INTO hold SELECT * FROM hold", "one hold twice"),
    ("UPDATE hold_lot SET amount = 0", "a lot that holds nothing"),
    ("INSERT INTO hold_lot SELECT * FROM hold_lot", "a lot twice in one hold"),
    (
        "UPDATE entry SET hold_id = (SELECT e.hold_id FROM entry AS e WHERE e.hold_id IS NOT NULL)",
        "a hold captured twice",
    ),
    ("UPDATE account SET pending = -1", "less than nothing pending"),
    (
        "UPDATE account SET pending = balance - held + 1",
        "more pending than there is",
    ),
    (
        "UPDATE lot SET pending = -1",
        "a lot of which less than nothing is pending",
    ),
    (
        "UPDATE lot SET pending = 1 WHERE remaining > 0",
        "a lot that is pending and can be spent",
    ),
    (
        "UPDATE lot SET available_time = expire_time WHERE pending > 0",
        "a lot that expires as it becomes available",
    ),
    (
        "UPDATE account SET debt = 0, idle_time = 1, moved_to_member_id = tenant_id WHERE balance = 0",
        "a closed account that will be idle",
    ),
    ("UPDATE account SET debt = -1", "less than nothing owed"),
    (
        "UPDATE account SET debt = 1 WHERE balance > held",
        "somebody who owes and has something to spend",
    ),
    (
        "UPDATE account SET moved_to_member_id = tenant_id WHERE debt > 0",
        "a closed account that owes",
    ),
    ("UPDATE entry SET debt = 1 WHERE kind = 1", "an earn that makes a debt"),
    ("UPDATE entry SET debt = -1 WHERE kind = 4", "a clawback that repays"),
    (
        "UPDATE entry SET debt = 0 WHERE kind = 4 AND amount = 0",
        "an entry of nothing",
    ),
    (
        "UPDATE entry SET kind = 8 WHERE kind = 2",
        "a repayment after which as much is owed",
    ),
    ("UPDATE asset SET clawback = 4", "a policy that is none"),
    (
        "UPDATE entry SET counterpart_member_id = NULL WHERE kind = 9",
        "a gift to nobody",
    ),
    (
        "UPDATE entry SET counterpart_member_id = member_id WHERE kind = 10",
        "a gift to oneself",
    ),
    (
        "UPDATE entry SET counterpart_member_id = entry_id WHERE kind = 1",
        "an earn from another member",
    ),
    (
        "UPDATE entry SET hold_id = entry_id WHERE kind = 1",
        "an earn that captures a hold",
    ),
    (
        "UPDATE lot SET entry_id = lot_id",
        "a lot that names its own number as another",
    ),
    (
        "UPDATE entry SET adjustment_id = NULL WHERE kind = 11",
        "an adjustment by nobody",
    ),
    (
        "UPDATE entry SET adjustment_id = (SELECT e.adjustment_id FROM entry AS e WHERE e.kind = 11), kind = 11 \
                 WHERE kind IN (2, 11)",
        "an adjustment posted twice",
    ),
    (
        "UPDATE adjustment SET decider = creator WHERE state = 2",
        "an approval of one's own",
    ),
    (
        "UPDATE adjustment SET state = 2 WHERE state = 1",
        "a posted adjustment without an entry",
    ),
    ("UPDATE adjustment SET entry_id = NULL WHERE state = 2", "the same"),
    (
        "UPDATE adjustment SET decide_time = NULL WHERE state = 2",
        "a decision without a time",
    ),
    (
        "UPDATE adjustment SET decider = 'x' WHERE state = 1",
        "a decision that is pending",
    ),
    ("UPDATE adjustment SET amount = 0", "an adjustment of nothing"),
    (
        "UPDATE adjustment SET reason_code = ''",
        "an adjustment without a reason",
    ),
    ("UPDATE adjustment SET state = 4", "an adjustment in no state"),
    ("UPDATE asset SET adjustment_alone_max = -1", "less than nothing alone"),
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
];
