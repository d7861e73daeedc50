//! Pages: one row more than asked for is read, and tells whether there is a next page.

use fault::Fault;
use kernel::{PageToken, PageTokenError, Tenant};
use uuid::Uuid;

use crate::member::MemberId;

/// How many rows to read for a page of `size`.
pub(crate) fn rows_max(size: u64) -> u64 {
    size.saturating_add(1)
}

/// What a list selects by, for its page tokens. The parts cannot run into each other.
pub(crate) fn filter(tenant: Tenant, list: &str, parts: &[&str]) -> Vec<u8> {
    let mut filter = tenant.uuid().as_bytes().to_vec();
    for part in std::iter::once(&list).chain(parts) {
        filter.extend_from_slice(part.as_bytes());
        filter.push(0);
    }
    filter
}

/// Cuts the rows to the page, and makes the token of the next one from the last row that is answered.
pub(crate) fn cut<T>(rows: &mut Vec<T>, size: u64, filter: &[u8], cursor: impl Fn(&T) -> Vec<u8>) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last()
        .map(|last| PageToken::encode(filter, &cursor(last)))
        .unwrap_or_default()
}

/// The code after which a page begins; empty for the first.
pub(crate) fn code_after(filter: &[u8], token: &str) -> Result<String, Fault> {
    let cursor = Fault::check_page_token(filter, token)?.unwrap_or_default();
    String::from_utf8(cursor).map_err(|_| PageTokenError::Malformed.into())
}

/// The member after whom a page begins; none for the first.
pub(crate) fn member_after(filter: &[u8], token: &str) -> Result<Option<MemberId>, Fault> {
    let cursor = Fault::check_page_token(filter, token)?;
    let member = cursor
        .map(|cursor| Uuid::from_slice(&cursor).map(MemberId::from_uuid))
        .transpose();
    member.map_err(|_| PageTokenError::Malformed.into())
}
