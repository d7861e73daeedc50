use store::{Column, Identifiers};

/// The ids that came from outside, and may be older than their one form.
pub const IDENTIFIERS: &[Identifiers] = &[Identifiers {
    table: "coupon",
    key: &[("tenant_id", Column::Uuid), ("coupon_id", Column::Uuid)],
    columns: &["order_id", "item_id"],
    mend: "its order cannot give the coupon back, and its item would issue it a second time: with the service stopped, write \
         its form into the row; where another coupon of the template has the item's already, it was issued twice",
}];
