//! The methods, consumers and workers of rights, through the real server stack, on SQLite or on the PostgreSQL that
//! `QUANYU_TEST_DATABASE_URL` names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_wrap
)]

mod brand;
mod bulk;
mod concurrency;
mod constraints;
mod coupon_templates;
mod coupons;
mod due;
mod growth;
mod isolation;
mod issue;
mod merge;
mod replay;
mod summary;
mod tiers;
mod time;
