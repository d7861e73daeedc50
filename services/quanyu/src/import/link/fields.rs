//! Which columns are compared, and as what.

use fault::Fault;
use matching::{FIELDS_MAX, Field, Kind};

use super::super::columns::{Columns, Wishes};
use super::super::rounded;
use super::super::source::Source;

/// The column that names a row in the outcome.
pub(super) const ID: &str = "id";

/// The fields that every file may have.
pub(super) const FIELDS: [(&str, Kind); 15] = [
    ("name", Kind::FullName),
    ("given_name", Kind::GivenName),
    ("surname", Kind::Surname),
    ("birth_date", Kind::Date),
    ("phone", Kind::Phone),
    ("email", Kind::Email),
    ("card_number", Kind::Identifier),
    ("national_id", Kind::Identifier),
    ("house_number", Kind::HouseNumber),
    ("address", Kind::Street),
    ("address_2", Kind::Street),
    ("district", Kind::Place),
    ("city", Kind::Place),
    ("postcode", Kind::Postcode),
    ("province", Kind::Category),
];
/// It is few values and tells little, but it tells brothers from sisters.
pub(super) const GENDER: (&str, Kind) = ("gender", Kind::Category);

/// A file's fields.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) columns: Columns,
    /// Those that the file has, in the order in which they are known.
    pub(super) fields: Vec<Field>,
    /// Those whose cells are compared with what others write.
    pub(super) ids: Vec<String>,
}

impl Plan {
    pub(super) fn of(headers: &[String], known: &[Field], names: &[&str], wishes: Wishes<'_>) -> Result<Self, Fault> {
        let columns = Columns::find(headers, names, wishes)?;
        let fields: Vec<Field> = known.iter().filter(|field| columns.has(&field.name)).cloned().collect();
        let tells = |field: &Field| field.kind != Kind::Category;
        if fields.iter().filter(|field| tells(field)).count() < 2 {
            let message = format!(
                "people are told apart by at least two of {}; name columns with --map{}",
                known
                    .iter()
                    .filter(|field| tells(field))
                    .map(|field| field.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                columns.without_header()
            );
            return Err(Fault::invalid("file", message));
        }
        if fields.len() > FIELDS_MAX {
            let message = format!(
                "{} columns would be compared, but at most {FIELDS_MAX} are: leave some out with --ignore",
                fields.len()
            );
            return Err(Fault::invalid("file", message));
        }
        let is_id = |field: &&Field| matches!(field.kind, Kind::Identifier | Kind::Phone | Kind::Email);
        let ids = fields.iter().filter(is_id).map(|field| field.name.clone());
        let ids = ids.chain(columns.has(ID).then(|| ID.to_owned())).collect();
        Ok(Self { columns, fields, ids })
    }

    /// Stops where a column of ids was rounded.
    pub(super) fn check_numbers(&self, source: &mut Source, trusted: &[String]) -> Result<(), Fault> {
        rounded::check(source, &self.columns, &self.ids(), trusted)
    }

    pub(super) fn ids(&self) -> Vec<&str> {
        self.ids.iter().map(String::as_str).collect()
    }
}
