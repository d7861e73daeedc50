use crate::EvidenceKind;

/// A mapping as somebody wrote it, before it is known to fit together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingDraft {
    /// What the rules may speak of.
    pub fields: Vec<FieldDraft>,
    /// What messages mean: the first rule whose condition holds says it.
    pub rules: Vec<RuleDraft>,
}

/// A value of the body with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDraft {
    /// Its name in rules.
    pub name: String,
    /// Where it stands: a JSON pointer (RFC 6901), "/order/amount".
    pub pointer: String,
    /// What it is.
    pub kind: FieldKind,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A text, or a number as it is written.
    Text,
    /// An integer, or digits in quotes.
    Integer,
    /// True or false.
    Bool,
    /// A time as RFC 3339 writes it, or seconds or milliseconds since 1970.
    Time,
    /// An amount of money with decimals, in quotes or as a number, read exactly: in hundredths of it.
    Hundredths,
}

/// What a message means where its condition holds. Each text is an expression in CEL that makes a text; an empty one says
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleDraft {
    /// When it holds: an expression in CEL that makes a bool. Empty: always.
    pub condition: String,
    /// The person's id in the channel.
    pub external_id: String,
    /// Further ids.
    pub evidence: Vec<EvidenceDraft>,
    /// The type of the activity, as a plain code; empty where nothing was done, and somebody only turned up.
    pub activity_type: String,
    /// The activity's id; empty for the message's.
    pub source_id: String,
    /// The field with the time when it happened; empty for the time at which the message came.
    pub occur_time_field: String,
    /// The amount in minor units: an expression in CEL that makes an integer.
    pub amount: String,
    /// Its currency: an expression in CEL that makes a text, such as `"CNY"`.
    pub currency_code: String,
    /// For a refund: the id of what is refunded.
    pub refunded_source_id: String,
    /// Details by name.
    pub attributes: Vec<(String, String)>,
}

/// A further id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceDraft {
    /// What kind of id it is.
    pub kind: EvidenceKind,
    /// The id. Empty for one message or another: then it has none.
    pub value: String,
    /// Whether the sender vouches for it.
    pub proven: bool,
}

/// What is wrong with a draft, and where: "rules[0].amount".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The path of what is wrong.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}
