//! Which column is which field, by the headers.

use std::collections::BTreeMap;

use fault::{Fault, Violations};

use super::source::Row;

/// The column of each field that the file has.
#[derive(Debug, Default)]
pub(super) struct Columns {
    fields: BTreeMap<String, usize>,
    /// Headers that are no field.
    pub(super) ignored: Vec<String>,
}

/// What an attribute's header begins with.
pub(super) const ATTRIBUTE: &str = "attributes.";

impl Columns {
    /// Finds the fields among the headers; each of `maps` is "field=header" and names the column of a field.
    pub(super) fn find(headers: &[String], fields: &[&str], maps: &[String]) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
        for map in maps {
            match map.split_once('=') {
                Some((field, header)) if is_field(field, fields) => {
                    if !headers.iter().any(|found| found == header) {
                        violations.add("map", format!("the file has no column {header}"));
                    }
                    renamed.insert(header, field);
                }
                Some((field, _)) => violations.add("map", format!("there is no field {field}: {}", fields.join(", "))),
                None => violations.add("map", format!("{map} must be FIELD=HEADER")),
            }
        }
        let mut columns = Self::default();
        for (index, header) in headers.iter().enumerate() {
            let field = renamed.get(header.as_str()).copied().unwrap_or(header);
            // A column that was mapped away does not stand for the field of its own name, nor does one for which another
            // column was named.
            let is_replaced = field == header && renamed.values().any(|mapped| *mapped == field);
            if !is_field(field, fields) || is_replaced {
                columns.ignored.push(header.clone());
            } else if columns.fields.insert(field.to_owned(), index).is_some() {
                violations.add("file", format!("two columns are the field {field}"));
            }
        }
        violations.finish()?;
        Ok(columns)
    }

    /// Whether the file has the field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Stops unless the file has a field that nothing can replace.
    pub(super) fn need(&self, fields: &[&str]) -> Result<(), Fault> {
        let missing: Vec<&str> = fields.iter().copied().filter(|field| !self.has(field)).collect();
        match missing.as_slice() {
            [] => Ok(()),
            missing => {
                let message = format!(
                    "the column {} is missing; name another one with --map",
                    missing.join(" and ")
                );
                Err(Fault::invalid("file", message))
            }
        }
    }

    /// A field of a row; none where the file does not have it or the cell is blank.
    pub(super) fn get<'a>(&self, row: &'a Row, field: &str) -> Option<&'a str> {
        let cell = row.cells.as_ref().ok()?.get(*self.fields.get(field)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// The attributes of a row that are not blank, by their names.
    pub(super) fn attributes(&self, row: &Row) -> BTreeMap<String, String> {
        let names = self
            .fields
            .keys()
            .filter_map(|field| Some((field, field.strip_prefix(ATTRIBUTE)?)));
        names
            .filter_map(|(field, name)| Some((name.to_owned(), self.get(row, field)?.to_owned())))
            .collect()
    }
}

fn is_field(name: &str, fields: &[&str]) -> bool {
    let is_attribute = name.strip_prefix(ATTRIBUTE).map(|attribute| !attribute.is_empty());
    is_attribute.map_or_else(
        || fields.contains(&name),
        |is_named| is_named && fields.contains(&ATTRIBUTE),
    )
}

#[cfg(test)]
mod tests {
    use super::super::source::Position;
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn row(cells: &[&str]) -> Row {
        Row {
            number: 1,
            cells: Ok(strings(cells)),
            end: Position::default(),
        }
    }

    #[test]
    fn fields_are_found_by_header_or_by_map_and_the_rest_is_ignored() {
        let headers = strings(&["openid", "external_id", "phone", "shoe_size"]);
        let fields = ["external_id", "phone", "city"];
        let columns = Columns::find(&headers, &fields, &strings(&["external_id=openid"])).unwrap();
        let row = row(&["o1", "legacy", "  ", "43"]);
        assert_eq!(columns.get(&row, "external_id"), Some("o1"));
        assert_eq!(columns.get(&row, "phone"), None, "a blank cell is unknown");
        assert_eq!(columns.get(&row, "city"), None);
        assert_eq!(columns.ignored, ["external_id", "shoe_size"]);
        assert!(columns.need(&["external_id", "phone"]).is_ok());
        let missing = columns.need(&["city"]).unwrap_err().to_string();
        assert!(missing.contains("the column city is missing"), "{missing}");
    }

    #[test]
    fn attributes_are_columns_of_their_own() {
        let headers = strings(&["attributes.color", "attributes.", "attributes.size"]);
        let columns = Columns::find(&headers, &[ATTRIBUTE], &[]).unwrap();
        let found = columns.attributes(&row(&["red", "x", ""]));
        assert_eq!(found, BTreeMap::from([("color".to_owned(), "red".to_owned())]));
    }

    #[test]
    fn every_mistake_of_the_maps_is_told_at_once() {
        let headers = strings(&["a", "phone", "phone"]);
        let maps = strings(&["phone", "shoe=a", "city=b"]);
        let message = Columns::find(&headers, &["phone", "city"], &maps)
            .unwrap_err()
            .to_string();
        for part in [
            "FIELD=HEADER",
            "no field shoe",
            "no column b",
            "two columns are the field phone",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
