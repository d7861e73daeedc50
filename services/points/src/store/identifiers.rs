use store::{Column, Identifiers};

/// The ids that came from outside, and may be older than their one form.
pub(crate) const IDENTIFIERS: &[Identifiers] = &[
    Identifiers {
        table: "order_money",
        key: &[
            ("tenant_id", Column::Uuid),
            ("channel_code", Column::Text),
            ("source_id", Column::Text),
        ],
        columns: &["channel_code", "source_id"],
        mend: "a refund of this order takes nothing back: with the service stopped, write its form into the row, unless a row \
             has it already; then take back by ReversePoints what refunds should have",
    },
    Identifiers {
        table: "earning_decision",
        key: &[("tenant_id", Column::Uuid), ("activity_id", Column::Uuid)],
        columns: &["source_id"],
        mend: "ExplainEarning does not find it by this id: write its form into the row",
    },
];
