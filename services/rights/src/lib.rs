//! Tiers and coupons, the same in every channel.
