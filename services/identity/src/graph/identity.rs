pub(crate) mod rows;

use kernel::{Id, Time};

use super::key::Key;

/// The kind of an identity's id.
pub(crate) enum IdentityNoun {}

impl kernel::Kind for IdentityNoun {
    const PREFIX: &'static str = "idn";
    const NOUN: &'static str = "identity";
}

pub(crate) type IdentityId = Id<IdentityNoun>;

/// How an id was proved to be a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    None,
    Platform,
    Code,
    Presented,
    Operator,
}

impl Proof {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Platform, Self::Code, Self::Presented, Self::Operator];

    /// The word for it in the database.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platform => "platform",
            Self::Code => "code",
            Self::Presented => "presented",
            Self::Operator => "operator",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.code() == code)
    }
}

/// An edge between a member and an id in the world, with how it is known, from where and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: IdentityId,
    pub(crate) key: Key,
    pub(crate) proof: Proof,
    /// It leads to the member; otherwise it is a claim, which leads nowhere and may be many members'.
    pub(crate) verified: bool,
    /// The channel through which it became known.
    pub(crate) source_channel: Option<String>,
    pub(crate) link_time: Time,
}

/// An id that a person brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) key: Key,
    pub(crate) proof: Proof,
    /// The value can stand for nobody.
    pub(crate) blocked: bool,
    pub(crate) source_channel: Option<String>,
}

impl Evidence {
    /// Whether it may lead to a member: it is proved, of a kind that leads, and stands for somebody.
    pub(crate) fn leads(&self) -> bool {
        !self.blocked && self.proof != Proof::None && self.key.kind.can_lead()
    }

    /// The edge that it makes.
    pub(crate) fn identity(&self, id: IdentityId, verified: bool, link_time: Time) -> Identity {
        Identity {
            id,
            key: self.key.clone(),
            proof: self.proof,
            verified,
            source_channel: self.source_channel.clone(),
            link_time,
        }
    }
}
