//! Where pages begin and end.

use fault::{Common, Fault};
use uuid::Uuid;

/// For a list with the newest first: the id before which the page begins that a token asks for.
pub(crate) fn before(filter: &[u8], token: &str) -> Result<Uuid, Fault> {
    let Some(cursor) = Fault::check_page_token(filter, token)? else {
        return Ok(Uuid::max());
    };
    Uuid::from_slice(&cursor).map_err(|_| foreign())
}

/// For a list by code: the code after which the page begins that a token asks for.
pub(crate) fn after(filter: &[u8], token: &str) -> Result<String, Fault> {
    let cursor = Fault::check_page_token(filter, token)?.unwrap_or_default();
    String::from_utf8(cursor).map_err(|_| foreign())
}

/// Cuts a page that was read with one row more than its size; answers the last row of the page if more follow.
pub(crate) fn cut<T>(rows: &mut Vec<T>, size: u64) -> Option<&T> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return None;
    }
    rows.truncate(size);
    rows.last()
}

fn foreign() -> Fault {
    Fault::refused(
        Common::PageTokenInvalid,
        "page_token is not one of this list: begin at the first page",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_followed_only_if_there_is_more() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(cut(&mut rows, 3), None);
        assert_eq!(cut(&mut rows, 2), Some(&2));
        assert_eq!(rows, [1, 2]);
    }
}
