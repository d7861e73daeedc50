//! The database refuses by itself what must never be, whoever writes it.

use contracts::points::v1::{EarningCaps, EarningRule};

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
    ] {
        assert!(brand.execute(sql).await.is_err(), "{what}");
    }
    brand.check().await;
}
