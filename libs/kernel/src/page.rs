use sha2::{Digest, Sha256};

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

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!(
            (page_size(0), page_size(10), page_size(9_999), page_size(-1)),
            (50, 10, 500, 50)
        );
    }
}
