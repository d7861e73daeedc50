//! Which records are the same person's (identity's ID-6): pure decisions, values in and values out.
//!
//! Records are cleaned (`Value`), put into blocks (`Blocks`), and compared field by field (`Level`). What a level is worth is
//! learnt from the records themselves, without labels (`Model::train`), in the way of Fellegi and Sunter: the logarithm of how
//! much likelier it is between two records of one person than between those of strangers, and more for a rare name than for a
//! frequent one. `link` joins what is one person's by the model's own probability, and names what somebody should look at;
//! `Model::score` compares one record with some others. Equal records give equal outcomes, in whatever order they come and on
//! however many threads.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod blocking;
mod distance;
mod field;
mod level;
mod linking;
mod model;
mod normal;
mod number;
mod pattern;
mod records;
mod settings;
mod sound;
mod threads;
mod training;

pub use blocking::{Blocks, Part, RULES_MAX, Rule};
pub use distance::{likeness, slips};
pub use field::{Field, Kind};
pub use level::Level;
pub use linking::{Decision, Expected, Links, Pair, link, link_in};
pub use model::{Model, Reason, Scored};
pub use normal::{Day, VALUE_CHARS_MAX, Value};
pub use records::{FIELDS_MAX, Probe, Records};
pub use settings::{Join, Settings};
