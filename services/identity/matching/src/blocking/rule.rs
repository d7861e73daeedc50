//! The rules by which records get their keys.

use crate::field::{Field, Kind};

/// A part of a key. A record in which it says nothing has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The value of a field.
    Exact(usize),
    /// How the value sounds.
    Sound(usize),
    /// Its last so many characters.
    Tail(usize, usize),
    /// Month and day of a date.
    MonthAndDay(usize),
    /// The year of a date.
    Year(usize),
    /// Two names, whichever stands first.
    Both(usize, usize),
}

/// How a record gets a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What all parts say together.
    pub parts: Vec<Part>,
}

impl Part {
    /// The fields on which it rests.
    pub(crate) fn fields(self) -> impl Iterator<Item = usize> {
        let (one, other) = match self {
            Self::Exact(field)
            | Self::Sound(field)
            | Self::Tail(field, _)
            | Self::MonthAndDay(field)
            | Self::Year(field) => (field, None),
            Self::Both(one, other) => (one, Some(other)),
        };
        std::iter::once(one).chain(other)
    }
}

impl Rule {
    fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
        }
    }

    /// Whether the rule rests on a field.
    pub(crate) fn rests_on(&self, field: usize) -> bool {
        self.parts.iter().flat_map(|part| part.fields()).any(|it| it == field)
    }

    /// How a summary calls it.
    pub fn told(&self, fields: &[Field]) -> String {
        let name = |field: usize| fields.get(field).map_or("?", |field| field.name.as_str());
        let part = |part: &Part| match *part {
            Part::Exact(field) => name(field).to_owned(),
            Part::Sound(field) => format!("sound of {}", name(field)),
            Part::Tail(field, length) => format!("last {length} of {}", name(field)),
            Part::MonthAndDay(field) => format!("month and day of {}", name(field)),
            Part::Year(field) => format!("year of {}", name(field)),
            Part::Both(one, other) => format!("{} and {} in any order", name(one), name(other)),
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join(" + ")
    }

    /// Rules that find nearly all of what belongs together among records of such fields, so that a slip in one or two fields
    /// hides nothing.
    pub fn of(fields: &[Field]) -> Vec<Self> {
        let all = |wanted: &[Kind]| -> Vec<usize> {
            let places = fields.iter().enumerate();
            places
                .filter(|(_, field)| wanted.contains(&field.kind))
                .map(|(place, _)| place)
                .collect()
        };
        let ids = all(&[Kind::Identifier, Kind::Phone, Kind::Email]);
        let mut rules: Vec<Self> = ids.into_iter().map(|id| Self::new([Part::Exact(id)])).collect();
        rules.extend(
            all(&[Kind::Phone])
                .into_iter()
                .map(|phone| Self::new([Part::Tail(phone, 7)])),
        );
        let dates = all(&[Kind::Date]);
        let streets = all(&[Kind::Street]);
        let places = all(&[Kind::Postcode, Kind::Place]);
        let houses = all(&[Kind::HouseNumber]);
        rules.extend(dates.iter().map(|date| Self::new([Part::Exact(*date)])));
        let (given, family) = (all(&[Kind::GivenName]), all(&[Kind::Surname, Kind::FullName]));
        let names = given.first().zip(family.first());
        rules.extend(names.map(|(given, family)| Self::new([Part::Both(*given, *family)])));
        rules.extend(
            all(&[Kind::FullName])
                .into_iter()
                .map(|name| Self::new([Part::Sound(name)])),
        );
        let single: Vec<usize> = given.iter().chain(&family).copied().collect();
        for name in &single {
            rules.extend(
                places
                    .iter()
                    .map(|place| Self::new([Part::Sound(*name), Part::Exact(*place)])),
            );
            rules.extend(
                dates
                    .iter()
                    .map(|date| Self::new([Part::Sound(*name), Part::MonthAndDay(*date)])),
            );
        }
        rules.extend(streets.iter().map(|street| Self::new([Part::Exact(*street)])));
        for house in houses {
            rules.extend(
                places
                    .iter()
                    .map(|place| Self::new([Part::Exact(house), Part::Exact(*place)])),
            );
        }
        rules.truncate(super::RULES_MAX);
        rules
    }
}
