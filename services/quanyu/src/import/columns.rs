//! Which column is which field, by the headers.

use std::collections::BTreeMap;

use fault::{Fault, Violations};
use kernel::text;

use super::source::Row;

/// The column of each field that the file has.
#[derive(Debug, Default)]
pub(super) struct Columns {
    fields: BTreeMap<String, Column>,
    /// Headers that are no field.
    pub(super) ignored: Vec<String>,
}

#[derive(Debug)]
struct Column {
    index: usize,
    /// Its header as the file has it.
    header: String,
}

/// What a caller says about the columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wishes<'a> {
    /// Each is "field=header" and names the column of a field.
    pub(super) maps: &'a [String],
    /// Headers that are no field although they look like one.
    pub(super) ignored: &'a [String],
    /// Headers of columns whose numbers are taken as they are.
    pub(super) trusted: &'a [String],
}

/// What an attribute's header begins with.
pub(super) const ATTRIBUTE: &str = "attributes.";
/// Columns that an import has added to the file of the rejected rows.
pub(super) const ADDED: &str = "quanyu.";
/// How many slips of the pen make one word of another: with short words, fewer.
const SLIPS: [(usize, usize); 2] = [(5, 1), (usize::MAX, 2)];

impl Columns {
    /// Finds the fields among the headers. Stops where a header is nearly that of a field which no other column has: a
    /// column that is ignored by a slip of the pen is missed by nobody until it is too late.
    pub(super) fn find(headers: &[String], fields: &[&str], wishes: Wishes<'_>) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        let names: Vec<String> = headers.iter().map(|header| name(header)).collect();
        let mut renamed: BTreeMap<String, &str> = BTreeMap::new();
        for map in wishes.maps {
            match mapped(map, fields) {
                Ok((field, header)) => {
                    if !names.contains(&name(header)) {
                        violations.add(
                            "map",
                            format!("the file has no column {header}: {}", headers.join(", ")),
                        );
                    }
                    renamed.insert(name(header), field);
                }
                Err(wrong) => violations.add("map", wrong),
            }
        }
        for (option, named) in [("ignore", wishes.ignored), ("not-rounded", wishes.trusted)] {
            for header in named.iter().filter(|header| !names.contains(&name(header))) {
                violations.add(
                    option,
                    format!("the file has no column {header}: {}", headers.join(", ")),
                );
            }
        }
        let is_ignored = |name: &str| wishes.ignored.iter().any(|ignored| self::name(ignored) == name);
        let mut columns = Self::default();
        for (index, (header, name)) in headers.iter().zip(&names).enumerate() {
            let field = renamed.get(name).copied().unwrap_or(name);
            // A column that was mapped away does not stand for the field of its own name, nor does one for which another
            // column was named.
            let is_replaced = field == name && renamed.values().any(|mapped| *mapped == field);
            if !is_field(field, fields) || is_replaced || is_ignored(name) {
                columns.ignored.push(header.clone());
                continue;
            }
            let header = header.trim().to_owned();
            if let Some(first) = columns.fields.insert(
                field.to_owned(),
                Column {
                    index,
                    header: header.clone(),
                },
            ) {
                let message = format!(
                    "two columns are the field {field}: column {} ({}) and column {} ({header})",
                    first.index.saturating_add(1),
                    first.header,
                    index.saturating_add(1),
                );
                violations.add("file", message);
            }
        }
        for header in &columns.ignored {
            let name = name(header);
            let near = columns
                .near(&name, fields)
                .filter(|_| !is_ignored(&name) && !renamed.contains_key(&name));
            if let Some(field) = near {
                let message = format!(
                    "the column {header} is no field, did you mean {field}? Say --map {field}={header}, or --ignore {header}"
                );
                violations.add("file", message);
            }
        }
        columns
            .ignored
            .retain(|header| !header.trim().is_empty() && !name(header).starts_with(ADDED));
        violations.finish()?;
        Ok(columns)
    }

    /// The field that a header was meant to be, perhaps; no other column has it.
    fn near<'f>(&self, header: &str, fields: &[&'f str]) -> Option<&'f str> {
        let slips = |name: &str| {
            SLIPS
                .iter()
                .find(|(length, _)| name.len() <= *length)
                .map_or(0, |(_, slips)| *slips)
        };
        fields.iter().copied().find(|field| {
            let is_free = !self.has(field) && *field != ATTRIBUTE;
            is_free && !header.is_empty() && strsim::osa_distance(header, field) <= slips(field)
        })
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
                    "the column {} is missing; name another one with --map{}",
                    missing.join(" and "),
                    self.without_header()
                );
                Err(Fault::invalid("file", message))
            }
        }
    }

    /// What may have happened where no column is a field.
    pub(super) fn without_header(&self) -> String {
        if self.fields.is_empty() {
            format!(". The first row is taken for the headers: {}", self.ignored.join(", "))
        } else {
            String::new()
        }
    }

    /// A field of a row; none where the file does not have it or the cell is blank. Ids and names are as the file has them
    /// but for blanks around: the platform brings them into their one form.
    pub(super) fn get<'a>(&self, row: &'a Row, field: &str) -> Option<&'a str> {
        let cell = row.cells.get(self.fields.get(field)?.index)?.trim();
        // A cell of nothing but what shows nothing is empty, too.
        (!text::tidy(cell).is_empty()).then_some(cell)
    }

    /// What a reason calls a field: as the file does, and the field's own name where that is another one.
    pub(super) fn called(&self, field: &str) -> String {
        match self.fields.get(field) {
            Some(column) if column.header == field => field.to_owned(),
            Some(column) => format!("{} ({field})", column.header),
            None => field.to_owned(),
        }
    }

    /// Some fields, as far as the file has them, for a sentence.
    pub(super) fn all_called(&self, fields: &[&str]) -> String {
        let present = fields.iter().filter(|field| self.has(field));
        present.map(|field| self.called(field)).collect::<Vec<_>>().join(", ")
    }

    /// The column and the field, and so the numbers of each row, of some fields that the file has.
    pub(super) fn headed<'a>(&'a self, fields: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let header = |field: &&'a str| Some((*field, self.fields.get(*field)?.header.as_str()));
        fields.iter().filter_map(header)
    }

    /// Whether a header is one of those that a caller named.
    pub(super) fn is_named(header: &str, named: &[String]) -> bool {
        named.iter().any(|it| name(it) == name(header))
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

    /// What is wrong with the texts of a row, whatever they mean: letters that were lost, and ids that a spreadsheet has
    /// spoilt. The platform refuses the latter, too; here it is told by the column.
    pub(super) fn check(&self, row: &Row, ids: &[&str], reasons: &mut Vec<String>) {
        for field in self.fields.keys() {
            let Some(cell) = self.get(row, field) else { continue };
            let wrong = if ids.contains(&field.as_str()) {
                text::identifier(cell).map(drop)
            } else {
                text::check_words(cell)
            };
            if let Err(error) = wrong {
                reasons.push(format!("{}: {error}", self.called(field)));
            } else if cell.contains(char::REPLACEMENT_CHARACTER) {
                let place = cell
                    .chars()
                    .take_while(|c| *c != char::REPLACEMENT_CHARACTER)
                    .count()
                    .saturating_add(1);
                reasons.push(format!(
                    "{}: its character {place} is lost, which is not of the file's encoding: mend the cell, or name the encoding",
                    self.called(field)
                ));
            }
        }
    }
}

/// A header as a name: in small letters, with an underscore where words are parted, and without what nobody sees.
fn name(header: &str) -> String {
    let tidy = text::tidy(header);
    let words: Vec<&str> = tidy.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    // The name of an attribute is the brand's own, in whatever letters.
    match name.split_at_checked(ATTRIBUTE.len()) {
        Some((prefix, attribute)) if prefix.eq_ignore_ascii_case(ATTRIBUTE) => format!("{ATTRIBUTE}{attribute}"),
        _ => name.to_lowercase(),
    }
}

/// The field and the header of "field=header"; or why it is not that, whatever the file has.
pub(super) fn mapped<'m>(map: &'m str, fields: &[&str]) -> Result<(&'m str, &'m str), String> {
    match map.split_once('=') {
        Some((field, header)) if is_field(field, fields) => Ok((field, header)),
        Some((field, _)) => Err(format!("there is no field {field}: {}", fields.join(", "))),
        None => Err(format!("{map} must be FIELD=HEADER")),
    }
}

fn is_field(name: &str, fields: &[&str]) -> bool {
    let is_attribute = name.strip_prefix(ATTRIBUTE).map(|attribute| !attribute.is_empty());
    is_attribute.map_or_else(
        || fields.contains(&name),
        |is_named| is_named && fields.contains(&ATTRIBUTE),
    )
}

/// How many of the headers are fields, by which separators are compared.
pub(super) fn known(headers: &[String], fields: &[&str], maps: &[String]) -> usize {
    let mapped = |header: &str| {
        maps.iter()
            .filter_map(|map| map.split_once('='))
            .any(|(_, to)| name(to) == name(header))
    };
    headers
        .iter()
        .filter(|header| is_field(&name(header), fields) || mapped(header))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn find(headers: &[&str], fields: &[&str], maps: &[&str], ignored: &[&str]) -> Result<Columns, String> {
        let (maps, ignored) = (strings(maps), strings(ignored));
        let wishes = Wishes {
            maps: &maps,
            ignored: &ignored,
            trusted: &[],
        };
        Columns::find(&strings(headers), fields, wishes).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_column_that_is_named_and_not_there_is_told() {
        let headers = strings(&["external_id", "phone"]);
        let (nope, there) = (strings(&["nope"]), strings(&["Phone "]));
        let told = |wishes: Wishes<'_>| {
            let found = Columns::find(&headers, &["external_id", "phone"], wishes);
            found.map(drop).map_err(|fault| fault.to_string())
        };
        for (wishes, option) in [
            (
                Wishes {
                    trusted: &nope,
                    ..Wishes::default()
                },
                "not-rounded",
            ),
            (
                Wishes {
                    ignored: &nope,
                    ..Wishes::default()
                },
                "ignore",
            ),
        ] {
            let expected = format!("{option}: the file has no column nope: external_id, phone");
            assert_eq!(told(wishes), Err(expected));
        }
        let trusted = Wishes {
            trusted: &there,
            ..Wishes::default()
        };
        assert_eq!(told(trusted), Ok(()));
    }

    #[test]
    fn fields_are_found_by_header_or_by_map_and_the_rest_is_ignored() {
        let fields = ["external_id", "phone", "city"];
        let columns = find(
            &["openid", "external_id", "phone", "shoe_size"],
            &fields,
            &["external_id=openid"],
            &[],
        )
        .unwrap();
        let row = Row::of(&["o1", "legacy", "  ", "43"]);
        assert_eq!(columns.get(&row, "external_id"), Some("o1"));
        assert_eq!(columns.get(&row, "phone"), None, "a blank cell is unknown");
        for nothing in ["\u{200b}", "\u{2800}", "\u{feff}", "\u{3000}"] {
            let row = Row::of(&["o1", "legacy", nothing, "43"]);
            assert_eq!(columns.get(&row, "phone"), None, "as is one that shows nothing");
        }
        assert_eq!(columns.get(&row, "city"), None);
        assert_eq!(columns.ignored, ["external_id", "shoe_size"]);
        assert_eq!(columns.called("external_id"), "openid (external_id)");
        assert!(columns.need(&["external_id", "phone"]).is_ok());
        let missing = columns.need(&["city"]).unwrap_err().to_string();
        assert!(missing.contains("the column city is missing"), "{missing}");
    }

    #[test]
    fn headers_are_told_by_their_words() {
        for (text, expected) in [
            ("Source_ID", "source_id"),
            (" source id\u{a0}", "source_id"),
            ("\u{feff}source\u{200b}_id", "source_id"),
            ("ｓｏｕｒｃｅ＿ｉｄ", "source_id"),
            ("Source-Id", "source_id"),
            ("手机号", "手机号"),
            ("Attributes.Color", "attributes.Color"),
            ("  ", ""),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_header_that_is_nearly_a_field_stops_unless_it_is_to_be_ignored() {
        let fields = ["external_id", "phone", "name"];
        for (header, field) in [("phon", "phone"), ("exernal_id", "external_id"), ("Nmae", "name")] {
            let message = find(&[header, "x"], &fields, &[], &[]).unwrap_err();
            assert!(message.contains(&format!("did you mean {field}?")), "{message}");
            assert_eq!(find(&[header], &fields, &[], &[header]).unwrap().ignored, [header]);
        }
        assert!(
            find(&["phone", "phone2", "shoe"], &fields, &[], &[]).is_ok(),
            "phone is there already"
        );
    }

    #[test]
    fn a_file_without_headers_shows_what_was_taken_for_them() {
        let columns = find(&["u1", "13712345678"], &["external_id", "phone"], &[], &[]).unwrap();
        let message = columns.need(&["external_id"]).unwrap_err().to_string();
        assert!(message.contains("taken for the headers: u1, 13712345678"), "{message}");
    }

    #[test]
    fn attributes_are_columns_of_their_own_and_what_an_import_added_is_no_column() {
        let columns = find(
            &[
                "attributes.color",
                "attributes.",
                "attributes.size",
                "quanyu.reasons",
                "",
            ],
            &[ATTRIBUTE],
            &[],
            &[],
        )
        .unwrap();
        let found = columns.attributes(&Row::of(&["red", "x", ""]));
        assert_eq!(found, BTreeMap::from([("color".to_owned(), "red".to_owned())]));
        assert_eq!(columns.ignored, ["attributes."]);
    }

    #[test]
    fn every_mistake_of_the_maps_is_told_at_once() {
        let message = find(
            &["a", "phone", "Phone "],
            &["phone", "city"],
            &["phone", "shoe=a", "city=b"],
            &[],
        )
        .unwrap_err();
        for part in [
            "FIELD=HEADER",
            "no field shoe",
            "no column b",
            "two columns are the field phone: column 2 (phone) and column 3 (Phone)",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn texts_that_were_spoilt_on_the_way_are_told_by_their_columns() {
        let columns = find(
            &["openid", "name"],
            &["external_id", "name"],
            &["external_id=openid"],
            &[],
        )
        .unwrap();
        let reasons = |cells: &[&str]| {
            let mut reasons = Vec::new();
            columns.check(&Row::of(cells), &["external_id"], &mut reasons);
            reasons.join("; ")
        };
        assert_eq!(reasons(&["o1", "王小明"]), "");
        assert!(
            reasons(&["6.22203E+15", ""]).starts_with("openid (external_id): a spreadsheet has rounded this number")
        );
        assert!(reasons(&["o1", "王\0"]).starts_with("name: must not hold U+0000"));
        assert!(reasons(&["o1", "王\u{fffd}"]).starts_with("name: its character 2 is lost"));
    }
}
