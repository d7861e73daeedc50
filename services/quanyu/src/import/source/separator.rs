//! What stands between two cells.

use super::super::listing::LINE;

/// What may stand between two cells, the usual one first.
pub(in super::super) const SEPARATORS: [u8; 7] = [b',', b';', b'\t', b'|', b'^', b'~', b'\x01'];
/// The separators for a sentence.
const READ: &str = "commas, semicolons, tabs, | ^ ~ or U+0001";

/// A separator for the closing lines.
pub(in super::super) fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "commas".to_owned(),
        b';' => "semicolons".to_owned(),
        b'\t' => "tabs".to_owned(),
        0x21..=0x7e => char::from(separator).to_string(),
        _ => format!("U+{separator:04X}"),
    }
}

/// The separator of a file in which an import has written rows down with reasons: it begins with their lines' numbers.
pub(super) fn of_listing(header: &[u8]) -> Option<u8> {
    let separator = header.strip_prefix(LINE.as_bytes())?.first()?;
    SEPARATORS.contains(separator).then_some(*separator)
}

/// What is said of headers that hold more fields than were read, because something parts them that is not read: two signs,
/// a Chinese comma, blanks. `read` fields were read; `known` tells how many of some headers are fields.
pub(super) fn unread_separator(headers: &[String], read: usize, known: impl Fn(&[String]) -> usize) -> Option<String> {
    let is_alone = headers.len() == 1;
    headers.iter().find_map(|header| {
        let parted = parts(header, |c| !is_of_name(c));
        // Blanks stand within headers, too: "City Name" is one.
        let parted = if is_alone && parted.len() < 2 {
            parts(header, char::is_whitespace)
        } else {
            parted
        };
        let names: Vec<String> = parted.iter().map(|part| (*part).to_owned()).collect();
        let fields = known(&names);
        let [first, second, ..] = parted.as_slice() else { return None };
        let between = header.split_once(first)?.1.split_once(second)?.0;
        (fields >= 2 && fields > read).then(|| {
            format!(
                "the header {header} looks like {fields} fields with {between:?} between them, which parts no cells: save the \
                 file with {READ} between its cells"
            )
        })
    })
}

fn parts(header: &str, parts: impl Fn(char) -> bool) -> Vec<&str> {
    header
        .split(parts)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether it may stand within a header that is one name: "phone/email", "amount (CNY)". So may what parts cells, in quotes.
fn is_of_name(c: char) -> bool {
    let is_separator = u8::try_from(c).is_ok_and(|byte| SEPARATORS.contains(&byte));
    is_separator || c.is_alphanumeric() || c.is_whitespace() || "_-./()（）#".contains(c)
}

#[cfg(test)]
mod tests {
    use super::super::known_fields;
    use super::*;

    fn told(headers: &[&str]) -> Option<String> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let fields = ["external_id", "phone", "city", "name"];
        let known = known_fields(&fields, &[]);
        unread_separator(&headers, known(&headers), &known)
    }

    #[test]
    fn what_parts_fields_and_is_not_read_is_named() {
        for (headers, between) in [
            (&["external_id，phone，name"][..], "\"，\""),
            (&["external_id::phone"], "\"::\""),
            (&["external_id、phone", "x"], "\"、\""),
            (&["external_id phone  name"], "\" \""),
            (&["External ID!Phone"], "\"!\""),
        ] {
            let message = told(headers).unwrap_or_else(|| panic!("nothing is told of {headers:?}"));
            assert!(message.contains(between), "{message}");
        }
        for headers in [
            &["external_id", "phone/email"][..],
            &["City Name", "phone"],
            &["name (city)"],
            &["external_id", "phone", "name:city"],
            &["phone,name"],
        ] {
            assert_eq!(told(headers), None, "{headers:?}");
        }
    }
}
