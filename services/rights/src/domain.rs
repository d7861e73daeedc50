//! What a tier, a template and a coupon are, and every decision about them: pure values, no clock, no database.

pub(crate) mod benefit;
pub(crate) mod coupon;
pub(crate) mod coupon_template;
pub(crate) mod issuing;
pub(crate) mod member;
pub(crate) mod roster;
pub(crate) mod tier_ladder;
pub(crate) mod validity;
