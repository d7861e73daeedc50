use store::Migration;

/// Amounts know their currency: that of the money which a rule speaks of, and that of an order. `refunds` is what was given
/// back by currency ("CNY:100 JPY:5"); it is empty in rows from before, whose `refunded` counts as the order's.
pub(super) const CURRENCIES: Migration = Migration {
    name: "points_0050_currencies",
    sql: "
ALTER TABLE earning_rule_version ADD COLUMN currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE earning_rule_draft ADD COLUMN currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE order_money ADD COLUMN currency_code TEXT NOT NULL DEFAULT '';
ALTER TABLE order_money ADD COLUMN refunds TEXT NOT NULL DEFAULT '';
",
};
