mod batch_get_members;
mod get_member;
pub(crate) mod getting;
mod list_members;
pub(crate) mod rows;
mod update_member;
pub(crate) mod wire;

use std::collections::BTreeMap;

use crate::channel::Channels;

/// The standard fields of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Field {
    Name,
    Gender,
    BirthDate,
    Province,
    City,
    Address,
}

impl Field {
    pub(crate) const ALL: [Self; 6] = [
        Self::Name,
        Self::Gender,
        Self::BirthDate,
        Self::Province,
        Self::City,
        Self::Address,
    ];

    /// Its name in the contract and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Gender => "gender",
            Self::BirthDate => "birth_date",
            Self::Province => "province",
            Self::City => "city",
            Self::Address => "address",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `UpdateMember`: the person or the brand, on purpose.
    Update,
    /// An arrival in a channel.
    Channel(String),
    /// An import that named no channel.
    Import,
}

/// The words for sources that are no channels; no channel may be called so.
pub(crate) const SOURCE_WORDS: [&str; 2] = [UPDATE, IMPORT];
const UPDATE: &str = "update";
const IMPORT: &str = "import";

impl Source {
    /// The word for it in the contract and in the database.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Update => UPDATE,
            Self::Channel(code) => code,
            Self::Import => IMPORT,
        }
    }

    pub(crate) fn from_code(code: &str) -> Self {
        match code {
            UPDATE => Self::Update,
            IMPORT => Self::Import,
            channel => Self::Channel(channel.to_owned()),
        }
    }
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// In the text form of its field, never empty: "female", "1990-02-28".
    pub(crate) value: String,
    pub(crate) source: Source,
}

/// A value that came from another profile, with the one that it replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) field: Field,
    pub(crate) before: Option<Attribute>,
    pub(crate) after: Attribute,
}

/// The known fields of a person; an absent field is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile(BTreeMap<Field, Attribute>);

impl Profile {
    pub(crate) fn new(attributes: impl IntoIterator<Item = (Field, Attribute)>) -> Self {
        Self(
            attributes
                .into_iter()
                .filter(|(_, attribute)| !attribute.value.is_empty())
                .collect(),
        )
    }

    /// The value of a field; empty where it is unknown.
    pub(crate) fn value(&self, field: Field) -> &str {
        self.0.get(&field).map_or("", |attribute| &attribute.value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Field, &Attribute)> {
        self.0.iter().map(|(&field, attribute)| (field, attribute))
    }

    /// Takes from `other` the fields that are unknown here, or known only from a source that is trusted less, and answers
    /// them. Between equals the first value stays, so that arrivals that are replayed late undo nothing.
    pub(crate) fn learn(&mut self, other: &Self, channels: &Channels) -> Vec<Learned> {
        let mut learned = Vec::new();
        for (field, offered) in other.iter() {
            let better = match self.0.get(&field) {
                None => true,
                Some(present) => channels.trust_rank(&offered.source) < channels.trust_rank(&present.source),
            };
            if better {
                let before = self.0.insert(field, offered.clone());
                let after = offered.clone();
                learned.push(Learned { field, before, after });
            }
        }
        learned
    }

    /// Puts the replaced value back, unless the field has changed since.
    pub(crate) fn unlearn(&mut self, learned: &Learned) {
        if self.0.get(&learned.field) == Some(&learned.after) {
            match &learned.before {
                Some(before) => self.0.insert(learned.field, before.clone()),
                None => self.0.remove(&learned.field),
            };
        }
    }

    /// Writes a field on purpose; an empty value erases it. Says whether its value changed.
    pub(crate) fn set(&mut self, field: Field, value: &str) -> bool {
        let changed = self.value(field) != value;
        if value.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(
                field,
                Attribute {
                    value: value.to_owned(),
                    source: Source::Update,
                },
            );
        }
        changed
    }
}
