use std::fmt;

use kernel::{PageToken, PageTokenError};

use crate::{Common, Fault};

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

/// The cursor within a page token, see [`PageToken::decode`].
impl Fault {
    /// Where the page begins that `token` asks for; none for the first page.
    pub fn check_page_token(filter: &[u8], token: &str) -> Result<Option<Vec<u8>>, Self> {
        PageToken::decode(filter, token).map_err(Self::from)
    }
}

impl From<PageTokenError> for Fault {
    fn from(error: PageTokenError) -> Self {
        Self::refused(Common::PageTokenInvalid, error.to_string())
    }
}
