//! The values that a tenant blocks, beside those that stand for nobody everywhere.

mod create_blocked_value;
mod delete_blocked_value;
mod list_blocked_values;
pub(crate) mod rows;
mod service;
pub(crate) mod wire;

use std::collections::HashSet;

use kernel::{Id, Time};

use crate::graph::key::{Key, Kind};
use crate::graph::value::{Value, ValueError};

/// The most values of a tenant.
pub(crate) const BLOCKED_VALUES_MAX: usize = 1_000;

/// The kind of a blocked value's id.
pub(crate) enum BlockedValueNoun {}

impl kernel::Kind for BlockedValueNoun {
    const PREFIX: &'static str = "blk";
    const NOUN: &'static str = "blocked value";
}

pub(crate) type BlockedValueId = Id<BlockedValueNoun>;

/// A value that a tenant has blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockedValue {
    pub(crate) id: BlockedValueId,
    pub(crate) entry: Entry,
    pub(crate) note: String,
    pub(crate) create_time: Time,
}

/// An entry of the list: a value in small letters, and the kind in which it is blocked, none for every kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) kind: Option<Kind>,
    pub(crate) value: String,
}

impl Entry {
    /// Of one kind the value is brought into the form in which ids of that kind are kept.
    pub(crate) fn parse(kind: Option<Kind>, text: &str) -> Result<Self, ValueError> {
        let value = match kind {
            Some(kind) => Value::parse(kind, text)?.text,
            None => text.to_owned(),
        };
        let value = value.to_lowercase();
        if value.is_empty() {
            return Err(ValueError::Blank);
        }
        Ok(Self { kind, value })
    }
}

/// The entries that concern some keys.
#[derive(Debug, Default)]
pub(crate) struct Blocklist(HashSet<Entry>);

impl Blocklist {
    pub(crate) fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self(entries.into_iter().collect())
    }

    /// Whether the key's value is blocked, of its kind or of every kind.
    pub(crate) fn blocks(&self, key: &Key) -> bool {
        let is_listed = |kind, value| self.0.contains(&Entry { kind, value });
        !self.0.is_empty()
            && spellings(key).any(|value| is_listed(None, value.clone()) || is_listed(Some(key.kind), value))
    }
}

/// The values under which a key may stand in the list. An entry of every kind may have a phone number without
/// the country's prefix.
pub(crate) fn spellings(key: &Key) -> impl Iterator<Item = String> {
    let value = key.value.to_lowercase();
    let national = match key.kind {
        Kind::Phone => value.strip_prefix("+86").map(ToOwned::to_owned),
        Kind::ExternalId | Kind::UnionId | Kind::CardNumber | Kind::Email | Kind::Device => None,
    };
    std::iter::once(value).chain(national)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: Kind, text: &str) -> Key {
        Key {
            kind,
            scope: String::new(),
            value: Value::parse(kind, text).unwrap().text,
        }
    }

    fn blocks(kind: Option<Kind>, text: &str, key: &Key) -> bool {
        Blocklist::new([Entry::parse(kind, text).unwrap()]).blocks(key)
    }

    #[test]
    fn a_value_is_blocked_of_its_kind_however_it_is_written() {
        let card = key(Kind::CardNumber, "VIP-0001");
        assert!(blocks(Some(Kind::CardNumber), "vip-0001", &card));
        assert!(blocks(Some(Kind::CardNumber), "ＶＩＰ－0001 ", &card));
        assert!(!blocks(Some(Kind::CardNumber), "VIP-00010", &card));
        assert!(!blocks(Some(Kind::ExternalId), "VIP-0001", &card));
        let phone = key(Kind::Phone, "137 1234 5670");
        for text in ["13712345670", "+86 137-1234-5670"] {
            assert!(blocks(Some(Kind::Phone), text, &phone), "{text}");
        }
    }

    #[test]
    fn a_value_of_every_kind_is_blocked_of_each() {
        for kind in [Kind::ExternalId, Kind::UnionId, Kind::CardNumber, Kind::Device] {
            assert!(blocks(None, "Walk-In", &key(kind, "walk-in")), "{kind:?}");
        }
        assert!(blocks(None, "13712345670", &key(Kind::Phone, "+8613712345670")));
        assert!(blocks(None, "+8613712345670", &key(Kind::Phone, "13712345670")));
        assert!(blocks(None, "Shop@Brand.cn", &key(Kind::Email, "shop@brand.cn")));
        assert_eq!(Entry::parse(None, ""), Err(ValueError::Blank));
        assert!(Entry::parse(Some(Kind::Phone), "12345").is_err());
    }
}
