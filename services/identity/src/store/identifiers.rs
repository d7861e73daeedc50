use store::{Column, Identifiers};

/// The ids that came from outside, and may be older than their one form.
pub const IDENTIFIERS: &[Identifiers] = &[
    Identifiers {
        table: "identity",
        key: &[
            ("tenant_id", Column::Uuid),
            ("kind", Column::Text),
            ("scope", Column::Text),
            ("value", Column::Text),
        ],
        columns: &["value"],
        mend: MEND,
    },
    Identifiers {
        table: "claim",
        key: &[
            ("tenant_id", Column::Uuid),
            ("member_id", Column::Uuid),
            ("kind", Column::Text),
            ("scope", Column::Text),
            ("value", Column::Text),
        ],
        columns: &["value"],
        mend: MEND,
    },
];

const MEND: &str = "who arrives with this id now is taken for somebody else: LookUpMember finds the member of its form, if \
     there is one, and MergeMembers makes one of the two; if there is none, LinkIdentity links its form to the member of \
     this row";
