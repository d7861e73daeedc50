use fault::{Common, Fault};
use kernel::{PageToken, page_size};

/// A page that a caller asks for: bound to its filter, and one row longer than what is answered, to see whether there
/// is a next one.
pub(crate) struct Page {
    filter: Vec<u8>,
    size: usize,
    /// Where it begins; none for the first.
    pub(crate) cursor: Option<String>,
}

impl Page {
    /// Reads a request for a page of the list that `filter` selects.
    pub(crate) fn parse(filter: &str, size: i32, token: &str) -> Result<Self, Fault> {
        let size = usize::try_from(page_size(size)).map_err(Fault::internal)?;
        Self::of_size(filter, size, token)
    }

    /// The same for a list with page sizes of its own.
    pub(crate) fn of_size(filter: &str, size: usize, token: &str) -> Result<Self, Fault> {
        let filter = filter.as_bytes().to_vec();
        let cursor = Fault::check_page_token(&filter, token)?;
        let cursor = cursor
            .map(|cursor| String::from_utf8(cursor).map_err(|_| malformed()))
            .transpose()?;
        Ok(Self { filter, size, cursor })
    }

    /// How many rows to read.
    pub(crate) fn limit(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts the rows to the page, and answers the token of the next one.
    pub(crate) fn cut<T>(&self, rows: &mut Vec<T>, cursor: impl Fn(&T) -> String) -> String {
        if rows.len() <= self.size {
            return String::new();
        }
        rows.truncate(self.size);
        rows.last()
            .map(|last| PageToken::encode(&self.filter, cursor(last).as_bytes()))
            .unwrap_or_default()
    }
}

/// The parts of a cursor, of which each list has made its own.
pub(crate) fn parse_cursor<T: std::str::FromStr>(part: Option<&str>) -> Result<T, Fault> {
    part.and_then(|part| part.parse().ok()).ok_or_else(malformed)
}

fn malformed() -> Fault {
    let message = "page_token is not one that this list answered with: send it unchanged, or leave it empty";
    Fault::refused(Common::PageTokenInvalid, message)
}
