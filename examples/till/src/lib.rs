//! A client in Rust, in two files: [`client`] is what every integration needs (the key, deadlines, repetition), and
//! [`sale`] is a shop that uses it.

pub mod client;
pub mod sale;
