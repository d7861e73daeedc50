use std::fmt;

use kernel::{Time, TimeError};
use prost_types::{FieldMask, Timestamp};

use crate::Fault;

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, from the request's top: "`items[2].amount.currency_code`"; empty where it is the request as a whole.
    pub path: String,
    /// What it must be.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// What every request calls the names of the fields that it changes.
const MASK: &str = "update_mask";

/// The names of some fields for a sentence: "name, rank and state".
fn list<F>(fields: &[(&str, F)]) -> String {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    match &names[..] {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Gathers everything that is wrong with a request, so that its caller mends it in one go.
///
/// ```
/// # use fault::{Fault, Violations};
/// # fn example(count: &str) -> Result<i64, Fault> {
/// let mut violations = Violations::new();
/// let count = violations.parse("count", count.parse::<i64>());
/// violations.check(count != Some(7), "count", "must not be seven");
/// violations.finish()?;
/// # count.ok_or_else(|| Fault::internal("parsed above"))
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Nothing is wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a field is wrong.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation {
            path: path.into(),
            message: message.into(),
        });
    }

    /// Notes that a field is wrong unless it is `right`.
    pub fn check(&mut self, right: bool, path: impl Into<String>, message: impl Into<String>) {
        if !right {
            self.add(path, message);
        }
    }

    /// The parsed value, or a violation with the error's words.
    pub fn parse<T, E: fmt::Display>(&mut self, path: impl Into<String>, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(path, error.to_string());
                None
            }
        }
    }

    /// The moment in a field that must be given, or a violation.
    pub fn time(&mut self, path: impl Into<String>, wire: Option<&Timestamp>) -> Option<Time> {
        let time = wire.map_or(Err(TimeError::OutOfRange), Time::parse);
        self.parse(path, time)
    }

    /// The same, of something that cannot lie before there were records: see [`Time::RECORDS_BEGIN`].
    pub fn recorded_time(&mut self, path: impl Into<String>, wire: Option<&Timestamp>) -> Option<Time> {
        let time = wire.map_or(Err(TimeError::OutOfRange), Time::parse_recorded);
        self.parse(path, time)
    }

    /// The moment in a field that may be left out; none, and a violation, where it is not one.
    pub fn optional_time(&mut self, path: impl Into<String>, wire: Option<&Timestamp>) -> Option<Time> {
        self.parse(path, wire.map(Time::parse).transpose()).flatten()
    }

    /// The fields that an update mask names, in its order. Names none, or others than these, is a violation: `fields` are
    /// all that may change, each with what the caller knows it by.
    ///
    /// ```
    /// # use fault::{Fault, Violations};
    /// #[derive(Clone, Copy)]
    /// enum Field { Name, Rank }
    ///
    /// const FIELDS: [(&str, Field); 2] = [("name", Field::Name), ("rank", Field::Rank)];
    ///
    /// # struct Thing { name: String, rank: i64 }
    /// # fn example(thing: &mut Thing, mask: Option<&prost_types::FieldMask>, name: String, rank: i64) -> Result<(), Fault> {
    /// let mut violations = Violations::new();
    /// for field in violations.mask(mask, &FIELDS) {
    ///     match field {
    ///         Field::Name => thing.name.clone_from(&name),
    ///         Field::Rank => thing.rank = rank,
    ///     }
    /// }
    /// # violations.finish()
    /// # }
    /// ```
    pub fn mask<F: Copy>(&mut self, mask: Option<&FieldMask>, fields: &[(&str, F)]) -> Vec<F> {
        let paths = mask.map_or(&[][..], |mask| &mask.paths);
        self.check(!paths.is_empty(), MASK, "must name at least one field");
        let mut named = Vec::with_capacity(paths.len());
        for path in paths {
            match fields.iter().find(|(name, _)| name == path) {
                Some((_, field)) => named.push(*field),
                None => self.add(MASK, format!("names {path}, but only {} may change", list(fields))),
            }
        }
        named
    }

    /// The same where a mask that is left out, or empty, names all that may change.
    pub fn mask_or_all<F: Copy>(&mut self, mask: Option<&FieldMask>, fields: &[(&str, F)]) -> Vec<F> {
        match mask {
            Some(mask) if !mask.paths.is_empty() => self.mask(Some(mask), fields),
            _ => fields.iter().map(|(_, field)| *field).collect(),
        }
    }

    /// Notes what the check of a part has found, under the path of the part. What is wrong with no field is the caller's.
    pub fn take(&mut self, path: &str, checked: Result<(), Fault>) -> Result<(), Fault> {
        match checked.map_err(|fault| fault.below(path)) {
            Err(Fault::Refused(refusal)) if !refusal.violations.is_empty() => {
                self.0.extend(refusal.violations);
                Ok(())
            }
            other => other,
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was gathered.
    pub fn into_inner(self) -> Vec<Violation> {
        self.0
    }

    /// Refuses if anything is wrong, with all of it.
    pub fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Fault::invalid_fields(self.0))
        }
    }
}

/// Joins the violations of two checks of one thing, so that its sender mends all in one go. A field that the first check
/// names is not named again; what is no violation waits until the fields are right.
pub fn together<T>(first: Result<(), Fault>, second: Result<T, Fault>) -> Result<T, Fault> {
    match (first, second) {
        (Ok(()), second) => second,
        (Err(Fault::Refused(first)), Err(Fault::Refused(second))) => {
            let mut violations = first.violations;
            let known: Vec<String> = violations.iter().map(|violation| violation.path.clone()).collect();
            violations.extend(
                second
                    .violations
                    .into_iter()
                    .filter(|violation| !known.contains(&violation.path)),
            );
            Err(Fault::invalid_fields(violations))
        }
        (Err(first), _) => Err(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Field {
        Name,
        Rank,
        State,
    }

    const FIELDS: [(&str, Field); 3] = [("name", Field::Name), ("rank", Field::Rank), ("state", Field::State)];

    fn mask(paths: &[&str]) -> FieldMask {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        FieldMask { paths }
    }

    fn words(violations: Violations) -> Vec<String> {
        violations.into_inner().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_mask_names_fields_that_may_change_in_its_own_order() {
        let mut violations = Violations::new();
        let sent = mask(&["state", "name"]);
        for named in [
            violations.mask(Some(&sent), &FIELDS),
            violations.mask_or_all(Some(&sent), &FIELDS),
        ] {
            assert_eq!(named, [Field::State, Field::Name]);
        }
        for nothing in [None, Some(&mask(&[]))] {
            let named = violations.mask_or_all(nothing, &FIELDS);
            assert_eq!(named, [Field::Name, Field::Rank, Field::State]);
        }
        assert!(violations.is_empty());
    }

    #[test]
    fn a_mask_that_names_nothing_or_what_may_not_change_is_told_what_may() {
        let mut violations = Violations::new();
        assert_eq!(violations.mask(None, &FIELDS), []);
        let sent = mask(&["code", "rank", "Name"]);
        assert_eq!(violations.mask(Some(&sent), &FIELDS), [Field::Rank]);
        assert_eq!(violations.mask_or_all(Some(&sent), &FIELDS[..1]), []);
        assert_eq!(
            words(violations),
            [
                "update_mask: must name at least one field",
                "update_mask: names code, but only name, rank and state may change",
                "update_mask: names Name, but only name, rank and state may change",
                "update_mask: names code, but only name may change",
                "update_mask: names rank, but only name may change",
                "update_mask: names Name, but only name may change",
            ]
        );
    }

    #[test]
    fn a_time_is_in_the_range_and_given_unless_it_may_be_left_out() {
        let mut violations = Violations::new();
        let (right, wrong) = (Time::LAST.to_wire(), Timestamp { seconds: 0, nanos: -1 });
        assert_eq!(violations.time("a", Some(&right)), Some(Time::LAST));
        assert_eq!(violations.optional_time("b", Some(&right)), Some(Time::LAST));
        assert_eq!(violations.optional_time("c", None), None);
        assert!(violations.is_empty());

        assert_eq!(violations.time("d", None), None);
        assert_eq!(violations.time("e", Some(&wrong)), None);
        assert_eq!(violations.optional_time("f", Some(&wrong)), None);
        let told = words(violations);
        let expected = ["d", "e", "f"].map(|path| format!("{path}: {}", kernel::TIME_RANGE));
        assert_eq!(told, expected);
    }
}
