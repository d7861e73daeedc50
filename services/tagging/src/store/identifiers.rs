use store::{Column, Identifiers};

/// The ids that came from outside, and may be older than their one form.
pub(crate) const IDENTIFIERS: &[Identifiers] = &[Identifiers {
    table: "activity",
    key: &[
        ("tenant_id", Column::Uuid),
        ("member_id", Column::Uuid),
        ("occur_time", Column::Int),
        ("activity_id", Column::Uuid),
    ],
    columns: &["channel_code", "source_id"],
    mend: "sent again it would be recorded a second time: with the service stopped, write its form into the row, unless a row \
         has it already; then it was recorded twice, and ReversePoints takes back what it earned twice",
}];
