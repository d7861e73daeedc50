//! TLS from files that are rotated while connections stand.
//!
//! - [`Files::check`] tells everything that is wrong with the files of a certificate, at once.
//! - [`Certificates`] reads them again and again. New ones hold for the next connection, those that are open go on; files
//!   that are wrong change nothing and are told.
//! - [`Acceptor`] takes connections: of anybody, or of callers alone whose certificate a CA of the platform has issued for
//!   one of the names that may call.
//! - [`Connector`] opens them to a peer whose certificate must have the name that is called.
//!
//! Each new set of files makes a configuration of its own, and so forgets the sessions of the one before: nobody resumes
//! what a CA vouched for that has been taken out.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod accept;
mod accepted;
mod callers;
mod certificate;
mod certificates;
mod connect;
mod files;
mod made;
mod told;

pub use accept::Acceptor;
pub use certificates::{Certificates, Standing};
pub use connect::{Connector, SPEAKS_NO_TLS, explained, tells_of_certificates};
pub use files::{File, Files, Trouble};
pub use rustls::pki_types::ServerName;
pub use tokio_rustls::{client, server};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The one provider of this build, named, so that another crate's feature does not choose it.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
