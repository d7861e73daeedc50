//! What the columns of records mean.

/// What a field holds, which decides how it is read and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A name of all parts, in whatever order.
    FullName,
    /// The first names.
    GivenName,
    /// The family name.
    Surname,
    /// A day, as a birthday.
    Date,
    /// A phone number.
    Phone,
    /// A mail address.
    Email,
    /// A number that somebody gave to the person.
    Identifier,
    /// A line of an address.
    Street,
    /// The number of a house.
    HouseNumber,
    /// A city, a suburb, a district.
    Place,
    /// The code of a place.
    Postcode,
    /// One of few values: a gender, a province.
    Category,
}

impl Kind {
    /// All of them, with the names by which settings know them.
    pub const ALL: [(&'static str, Self); 12] = [
        ("full_name", Self::FullName),
        ("given_name", Self::GivenName),
        ("surname", Self::Surname),
        ("date", Self::Date),
        ("phone", Self::Phone),
        ("email", Self::Email),
        ("identifier", Self::Identifier),
        ("street", Self::Street),
        ("house_number", Self::HouseNumber),
        ("place", Self::Place),
        ("postcode", Self::Postcode),
        ("category", Self::Category),
    ];

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    /// Whether to share a rare value tells more than to share a frequent one.
    pub(crate) fn has_frequencies(self) -> bool {
        match self {
            Self::FullName
            | Self::GivenName
            | Self::Surname
            | Self::Street
            | Self::Place
            | Self::Postcode
            | Self::Category => true,
            Self::Date | Self::Phone | Self::Email | Self::Identifier | Self::HouseNumber => false,
        }
    }

    /// Whether a value of the one may stand in the field of the other.
    pub(crate) fn is_confused_with(self, other: Self) -> bool {
        let both = (self, other);
        both == (Self::GivenName, Self::Surname)
            || both == (Self::Surname, Self::GivenName)
            || both == (Self::Street, Self::Street)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What explanations call it.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// A field of a name and a kind.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
        }
    }
}
