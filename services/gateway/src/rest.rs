//! REST and JSON over the same methods: an HTTP request becomes the method's request message, its answer becomes JSON.
//!
//! The mapping is the standard one of protobuf's JSON format: names are written in lowerCamelCase and read in both
//! spellings, 64-bit integers are written as strings and read as both, enums go by name, times are RFC 3339. Fields with
//! their default value are written too, so that a balance of zero is seen to be zero.

mod answer;
mod body;
mod call;
mod error;
mod incoming;
mod json;
mod lines;
mod pieces;
mod query;
mod rules;
mod spelt;
mod stream;
mod transcoder;

pub(crate) use answer::{brief, json as written};
pub(crate) use body::whole as read;
pub(crate) use call::call;
pub(crate) use error::RestError;
pub(crate) use incoming::{decoded, read_whole};
pub(crate) use json::{Items, Spellings, is_report, no_such_field, respell_answer, tells_paths};
pub use json::{Spelling, read_message, spelling};
pub(crate) use pieces::{ENVELOPE_BYTES, Framing, Pieces};
pub(crate) use spelt::Spelt;
pub(crate) use stream::{Refusal, messages};
pub use transcoder::Transcoder;
