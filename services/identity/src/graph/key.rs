use std::fmt;

/// The kind of an id in the world, the strongest first: the order in which verified evidence decides.
///
/// The platform's own ids come first, since nobody shares them; a phone may be a household's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    ExternalId,
    UnionId,
    CardNumber,
    Phone,
    Email,
    Device,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::ExternalId,
        Self::UnionId,
        Self::CardNumber,
        Self::Phone,
        Self::Email,
        Self::Device,
    ];

    /// The word for it in the database.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::UnionId => "union_id",
            Self::CardNumber => "card_number",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Device => "device",
        }
    }

    /// The words for it in a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ExternalId => "external id",
            Self::UnionId => "union id",
            Self::CardNumber => "card number",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Device => "device",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether an id of this kind can lead to a member at all. Devices are shared and handed on, so they cannot.
    pub(crate) fn can_lead(self) -> bool {
        self != Self::Device
    }
}

/// An id in the world: unique among the ids of its kind and scope.
///
/// The scope keeps app-level ids (of a channel) and union-level ids (of a union of channels) apart; it is empty for kinds
/// that mean the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    pub(crate) scope: String,
    pub(crate) value: String,
}

/// Of which a person has one: one phone, one openid in one mini program.
pub(crate) type Slot<'k> = (Kind, &'k str);

impl Key {
    pub(crate) fn slot(&self) -> Slot<'_> {
        (self.kind, &self.scope)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.words())?;
        if !self.scope.is_empty() {
            write!(f, " of {}", self.scope)?;
        }
        write!(f, " {}", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a field would be spelt as REST spells fields, in a sentence that is about none.
    #[test]
    fn a_key_is_told_in_words_and_by_no_field_s_name() {
        for kind in Kind::ALL {
            let key = Key {
                kind,
                scope: "pos".to_owned(),
                value: "7777777".to_owned(),
            };
            let told = key.to_string();
            assert!(told.ends_with(" of pos 7777777") && !told.contains('_'), "{told}");
        }
    }
}
