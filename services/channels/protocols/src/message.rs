use std::collections::BTreeMap;

use kernel::Time;
use serde_json::Value;
use thiserror::Error;

/// What came of a request that is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The platform has checked the address; nothing else is to be done.
    Greeting(Reply),
    /// A message, and what the platform expects for an answer once it is kept.
    Message(Message, Reply),
    /// A message whose sender waits to be told something of its member: the protocol's `answer` says it of an [`Outcome`].
    Question(Message),
}

/// What a platform is told of the member whom it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person is a member.
    Member(Card),
    /// Nobody is known by these ids.
    Unknown,
    /// The ids are those of different members.
    Conflict,
    /// It could not be told in time: the platform shall ask again.
    Later,
}

/// What a platform shows of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// The points that the member has; none where the account shows none.
    pub points: Option<i64>,
    /// The member's level, 1 is the lowest; none where the brand has no levels.
    pub level: Option<i64>,
}

/// An answer as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `content-type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A text with status 200.
    pub fn text(body: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/plain; charset=utf-8",
            body: body.as_bytes().to_vec(),
        }
    }

    /// JSON with status 200.
    pub fn json(body: &Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json; charset=utf-8",
            body: body.to_string().into_bytes(),
        }
    }
}

/// A message of a platform that is true, whole: what nobody knows yet is kept too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// By what the platform knows it. Repetitions carry the same one.
    pub source_id: String,
    /// What kind of message it is, in lower case: "text", "event.subscribe".
    pub kind: String,
    /// When it happened at the platform; nothing where the message does not tell.
    pub event_time: Option<Time>,
    /// Everything that it says.
    pub content: Value,
}

/// What a message means for the brand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meaning {
    /// Who it is of. Nothing where it is of nobody: a platform's notice to the brand.
    pub arrival: Option<Arrival>,
    /// What that person did.
    pub activity: Option<Activity>,
    /// What it says of the person's membership at the platform.
    pub membership: Option<Membership>,
}

/// Whether a person is a member at the platform. Of several messages the one with the latest event counts, in whatever order
/// they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Membership {
    /// The person's id at the platform is a member's.
    Bound,
    /// It is nobody's any more.
    Unbound,
}

/// A person turned up in the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The person's id in the channel.
    pub external_id: String,
    /// Further ids, of which the platform tells.
    pub evidence: Vec<Evidence>,
}

/// A further id of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What kind of id it is.
    pub kind: EvidenceKind,
    /// The id.
    pub value: String,
    /// Whether the platform vouches for it; a claim otherwise.
    pub proven: bool,
}

/// The kinds of further ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceKind {
    /// A unionid.
    UnionId,
    /// A mobile phone.
    Phone,
    /// An email address.
    Email,
    /// The number of a member card.
    CardNumber,
}

/// Something that a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its type: `order_paid`, `wechat_subscribed`.
    pub activity_type: String,
    /// Its id at the source.
    pub source_id: String,
    /// When it happened, where the message tells.
    pub occur_time: Option<Time>,
    /// Its money, in minor units and the currency's code.
    pub amount: Option<(i64, String)>,
    /// For a refund: the id of what is refunded.
    pub refunded_source_id: String,
    /// Details by name.
    pub attributes: BTreeMap<String, String>,
}

/// Why a message means nothing that could be handed on. It is kept, and tried again once what is named here is mended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotUnderstood(pub String);
