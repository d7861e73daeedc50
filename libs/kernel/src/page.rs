use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Id, Kind};

/// How many rows a page has where the caller names no number.
const PAGE_SIZE_DEFAULT: u64 = 50;
/// The longest page.
const PAGE_SIZE_MAX: u64 = 500;
/// How much of the filter's digest a token carries: enough to notice a change, not a secret.
const FILTER_DIGEST_BYTES: usize = 8;

/// How many rows to read for the page size that a caller asked for: 0 means the default, more than the most is cut.
pub fn page_size(asked: i32) -> u64 {
    match u64::try_from(asked) {
        Ok(0) | Err(_) => PAGE_SIZE_DEFAULT,
        Ok(asked) => asked.min(PAGE_SIZE_MAX),
    }
}

/// Where the next page of a list begins: opaque to the caller, and of use only with the filter that it was made for.
#[derive(Clone, Copy, Debug)]
pub struct PageToken;

/// Why a text is no page token of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageTokenError {
    /// It was not made by this platform.
    #[error("page_token is not one that a list answered with: send it unchanged, or leave it empty for the first page")]
    Malformed,
    /// It was made for another filter.
    #[error("page_token belongs to another filter: keep the filter while paging, or leave it empty for the first page")]
    OtherFilter,
}

impl PageToken {
    /// A token that stands for the position `cursor` in the list that `filter` selects.
    pub fn encode(filter: &[u8], cursor: &[u8]) -> String {
        let mut bytes = digest(filter).to_vec();
        bytes.extend_from_slice(cursor);
        hex_encode(&bytes)
    }

    /// The cursor within `token`; none where it is empty, which asks for the first page.
    pub fn decode(filter: &[u8], token: &str) -> Result<Option<Vec<u8>>, PageTokenError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = hex_decode(token).ok_or(PageTokenError::Malformed)?;
        let (made_for, cursor) = bytes
            .split_at_checked(FILTER_DIGEST_BYTES)
            .ok_or(PageTokenError::Malformed)?;
        if made_for != digest(filter) {
            return Err(PageTokenError::OtherFilter);
        }
        Ok(Some(cursor.to_vec()))
    }
}

/// A page of a list, as a caller asks for it. One row more than it holds is read, which tells whether another page follows.
///
/// ```
/// # use kernel::{Page, PageTokenError};
/// # struct Call { page_size: i32, page_token: String }
/// # fn list(after: &str, rows_max: i64) -> Vec<String> { Vec::new() }
/// # fn example(call: &Call) -> Result<(Vec<String>, String), PageTokenError> {
/// let page = Page::parse(b"channels", call.page_size, &call.page_token)?;
/// let mut codes = list(&page.text()?.unwrap_or_default(), page.rows_max());
/// let next_page_token = page.cut(&mut codes, |last| last.clone());
/// # Ok((codes, next_page_token))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    filter: Vec<u8>,
    size: u64,
    cursor: Option<Vec<u8>>,
}

impl Page {
    /// The page that begins where `token` says, of the list that `filter` selects: its name, and whatever else decides which
    /// rows it has. `asked` is the page size of the request, see [`page_size`].
    pub fn parse(filter: impl Into<Vec<u8>>, asked: i32, token: &str) -> Result<Self, PageTokenError> {
        Self::of_size(filter, page_size(asked), token)
    }

    /// The same for a list with page sizes of its own.
    pub fn of_size(filter: impl Into<Vec<u8>>, size: u64, token: &str) -> Result<Self, PageTokenError> {
        let filter = filter.into();
        let cursor = PageToken::decode(&filter, token)?;
        Ok(Self { filter, size, cursor })
    }

    /// How many rows to read: one more than the page holds.
    pub fn rows_max(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// The id of the last row of the page before; none for the first page.
    pub fn id<K: Kind>(&self) -> Result<Option<Id<K>>, PageTokenError> {
        let id = |cursor: &Vec<u8>| Uuid::from_slice(cursor).map(Id::from_uuid);
        let id = self.cursor.as_ref().map(id).transpose();
        id.map_err(|_| PageTokenError::Malformed)
    }

    /// What [`Page::cut`] wrote of the last row of the page before, where that is a text; none for the first page.
    pub fn text(&self) -> Result<Option<String>, PageTokenError> {
        let text = self.cursor.clone().map(String::from_utf8).transpose();
        text.map_err(|_| PageTokenError::Malformed)
    }

    /// What [`Page::cut`] wrote of the last row of the page before, whatever it is; none for the first page.
    pub fn cursor(&self) -> Option<&[u8]> {
        self.cursor.as_deref()
    }

    /// Takes the row off that was read beyond the page, if there is one, and answers the token of the next page: that of the
    /// last row which is left, by its id or its text. Empty where no page follows.
    pub fn cut<T, C: AsRef<[u8]>>(&self, rows: &mut Vec<T>, cursor: impl FnOnce(&T) -> C) -> String {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return String::new();
        }
        rows.truncate(size);
        rows.last()
            .map(|last| PageToken::encode(&self.filter, cursor(last).as_ref()))
            .unwrap_or_default()
    }
}

fn digest(filter: &[u8]) -> [u8; FILTER_DIGEST_BYTES] {
    let full = Sha256::digest(filter);
    let mut short = [0; FILTER_DIGEST_BYTES];
    short.copy_from_slice(&full[..FILTER_DIGEST_BYTES]);
    short
}

fn hex_encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn hex_decode(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .map(|digit| {
            char::from(digit)
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| pairs.map(|pair| (pair[0] << 4) | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_leads_back_to_its_cursor(filter: Vec<u8>, cursor: Vec<u8>) {
            let token = PageToken::encode(&filter, &cursor);
            prop_assert_eq!(PageToken::decode(&filter, &token), Ok(Some(cursor)));
        }

        #[test]
        fn no_text_breaks_the_decoder(text in ".{0,80}") {
            let _ = PageToken::decode(b"filter", &text);
        }
    }

    #[test]
    fn a_token_is_bound_to_its_filter() {
        let token = PageToken::encode(b"state=open", b"7");
        assert_eq!(
            PageToken::decode(b"state=closed", &token),
            Err(PageTokenError::OtherFilter)
        );
        assert_eq!(PageToken::decode(b"state=open", "zz"), Err(PageTokenError::Malformed));
        assert_eq!(PageToken::decode(b"state=open", ""), Ok(None));
    }

    enum Thing {}
    impl Kind for Thing {
        const PREFIX: &'static str = "thg";
        const NOUN: &'static str = "thing";
    }

    #[test]
    fn a_page_is_followed_only_if_there_is_more() {
        let page = Page::of_size(*b"things", 2, "").unwrap();
        assert_eq!(
            (page.rows_max(), page.text(), page.id::<Thing>(), page.cursor()),
            (3, Ok(None), Ok(None), None)
        );
        let mut rows = vec!["a", "b"];
        assert_eq!(page.cut(&mut rows, |last| *last), "");
        rows.push("c");
        let token = page.cut(&mut rows, |last| *last);
        assert_eq!(rows, ["a", "b"]);

        let next = Page::of_size(*b"things", 2, &token).unwrap();
        assert_eq!(
            (next.text(), next.cursor()),
            (Ok(Some("b".to_owned())), Some(&b"b"[..]))
        );
        assert_eq!(
            Page::of_size(*b"others", 2, &token).unwrap_err(),
            PageTokenError::OtherFilter
        );
    }

    #[test]
    fn a_page_begins_after_an_id_or_a_text_and_what_is_neither_is_refused() {
        let id = Id::<Thing>::from_uuid(Uuid::from_u128(7));
        let page = Page::parse(*b"things", 1, "").unwrap();
        let token = page.cut(&mut vec![id, id], |last| last.uuid().into_bytes());
        assert_eq!(Page::parse(*b"things", 1, &token).unwrap().id(), Ok(Some(id)));

        let wrong = PageToken::encode(b"things", b"\xff");
        let wrong = Page::parse(*b"things", 1, &wrong).unwrap();
        assert_eq!(wrong.id::<Thing>(), Err(PageTokenError::Malformed));
        assert_eq!(wrong.text(), Err(PageTokenError::Malformed));
    }

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!(
            (page_size(0), page_size(10), page_size(9_999), page_size(-1)),
            (50, 10, 500, 50)
        );
    }
}
