//! Ids, texts, tenants, principals, clocks, money and pages: the words that every other crate speaks.
//!
//! No I/O, no transport, no database, and no business word.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod clock;
mod currency;
mod exact;
mod fact;
mod id;
mod money;
mod page;
mod principal;
mod request_key;
pub mod text;
mod time;

pub use clock::{Clock, pause};
pub use currency::{Currency, CurrencyError};
pub use exact::{Exact, exact_sum};
pub use fact::Fact;
pub use id::{Id, IdError, Kind, uuid_of_any};
pub use money::{Money, MoneyError};
pub use page::{Page, PageToken, PageTokenError, page_size};
pub use principal::{Principal, PrincipalKind, Scopes, Tenant, TenantKind};
pub use request_key::RequestKey;
pub use time::{BEFORE_BIRTHS, BEFORE_RECORDS, MICROS_PER_DAY, MICROS_PER_SECOND, TIME_RANGE, Time, TimeError};
