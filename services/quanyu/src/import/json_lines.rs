//! Lines of JSON that come back with reasons, mended or not, and are imported again as they are.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::columns::ADDED;

/// The key of a line that is no JSON object and so takes no further keys: it stands here, as a text.
const TEXT: &str = "quanyu.text";

/// The keys of an object with their values, as they are written.
struct Entries<'l>(Vec<(Cow<'l, str>, &'l RawValue)>);

impl<'l> Deserialize<'l> for Entries<'l> {
    fn deserialize<D: Deserializer<'l>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'l> Visitor<'l> for Reader {
            type Value = Entries<'l>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'l>>(self, mut map: M) -> Result<Entries<'l>, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<Cow<'l, str>, &'l RawValue>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// A line as its author wrote it, without what an import has added to it.
pub(super) fn own(line: &str) -> Cow<'_, str> {
    let read = serde_json::from_str(line).ok();
    let Some(Entries(entries)) = read.filter(|_| line.contains(ADDED)) else {
        return line.into();
    };
    let text = entries.iter().find(|(key, _)| key == TEXT);
    if let Some(text) = text.and_then(|(_, value)| serde_json::from_str::<String>(value.get()).ok()) {
        return text.into();
    }
    let kept = entries.iter().filter(|(key, _)| !key.starts_with(ADDED));
    let kept = kept.map(|(key, value)| format!("{}:{value}", serde_json::Value::from(&**key)));
    format!("{{{}}}", kept.collect::<Vec<_>>().join(",")).into()
}

/// A line with what an import has to say of it, each under its key, before what its author wrote. What an earlier import
/// has said is replaced.
pub(super) fn with_added(line: &str, added: &[(&str, serde_json::Value)]) -> String {
    let own = own(line);
    let entry = |key: &str, value: &serde_json::Value| format!("{}:{value}", serde_json::Value::from(key));
    let mut entries: Vec<String> = added.iter().map(|(key, value)| entry(key, value)).collect();
    let object = serde_json::from_str::<Entries<'_>>(&own).is_ok();
    match own.trim_start().strip_prefix('{').filter(|_| object) {
        Some(rest) if rest.trim_start().starts_with('}') => format!("{{{}{rest}", entries.join(",")),
        Some(rest) => format!("{{{},{rest}", entries.join(",")),
        None => {
            entries.push(entry(TEXT, &own.into_owned().into()));
            format!("{{{}}}", entries.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rejected(line: &str) -> String {
        with_added(
            line,
            &[("quanyu.line", 7.into()), ("quanyu.reasons", "no \"a\"".into())],
        )
    }

    #[test]
    fn a_line_comes_back_with_its_reasons_first_and_its_own_words_as_they_were() {
        let line = r#" { "amount": {"minorUnits": 12345678901234567890123}, "amount": 1.50 , "é": "\u4e2d"} "#;
        let told = rejected(line);
        assert!(
            told.starts_with(
                r#"{"quanyu.line":7,"quanyu.reasons":"no \"a\"", "amount": {"minorUnits": 12345678901234567890123}, "#
            ),
            "{told}"
        );
        assert_eq!(
            own(&told),
            r#"{"amount":{"minorUnits": 12345678901234567890123},"amount":1.50,"é":"\u4e2d"}"#,
            "neither digits nor keys that stand twice are lost"
        );
        assert_eq!(
            rejected(&told).matches("quanyu.line").count(),
            1,
            "reasons are replaced"
        );
        assert_eq!(rejected("{ }"), r#"{"quanyu.line":7,"quanyu.reasons":"no \"a\"" }"#);
        assert_eq!(own(line), line, "what nobody has added to is as it was");
    }

    #[test]
    fn a_line_that_is_no_object_comes_back_as_a_text_and_is_read_as_that_line() {
        for line in ["{\"a\":", "[1]", "12", "\"quanyu.\"", "{} {}"] {
            let told = rejected(line);
            assert!(serde_json::from_str::<Value>(&told).unwrap().is_object(), "{told}");
            assert_eq!(own(&told), line);
            assert_eq!(rejected(&told), told);
        }
    }
}
