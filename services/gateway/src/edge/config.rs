use std::time::Duration;

use crate::token::Issuer;

/// The limits of the gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The longest body of a REST request, and the longest line of one that has a message on each line. Such a body may be
    /// of any length, for it is read no faster than it is worked off.
    pub body_bytes_max: usize,
    /// How long a REST request may take whose caller named no deadline.
    pub timeout: Duration,
    /// How long requests under way may take to end when the gateway stops.
    pub drain: Duration,
    /// Whose tokens open the gateway beside API keys.
    pub issuers: Vec<Issuer>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            timeout: Duration::from_secs(30),
            drain: Duration::from_secs(20),
            issuers: Vec::new(),
        }
    }
}
