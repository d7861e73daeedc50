use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limit::RequestLimits;
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
    /// How many requests callers may make who have no limits of their own.
    pub default_limits: RequestLimits,
    /// What a connection may cost.
    pub connections: ConnectionLimits,
    /// Who may reflect on the contracts by gRPC.
    pub reflection: Exposure,
    /// Who may read the `OpenAPI` document.
    pub documents: Exposure,
    /// The origins of the pages that may call from a browser ([`crate::check_origin`]); none: only the gateway's own.
    pub cors_origins: Vec<String>,
}

/// What connections may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How many may be open at once; the next one waits to be accepted.
    pub open_max: usize,
    /// How many requests one may have under way.
    pub streams_max: u32,
    /// All headers of a request together, with its first line; a longer one is answered 431.
    pub header_bytes_max: u32,
    /// How long a client may take to send the headers of a request.
    pub header_timeout: Duration,
    /// How many requests one may take back before they have been looked at; one that takes back more is closed.
    pub resets_max: usize,
    /// How old one may become, give or take a tenth, before its client is asked to open another; none for as old as it likes.
    pub age_max: Option<Duration>,
    /// How long its requests under way may take to end then.
    pub age_grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            open_max: 10_000,
            streams_max: 200,
            header_bytes_max: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            resets_max: 20,
            age_max: None,
            age_grace: Duration::from_mins(5),
        }
    }
}

/// Who may see something that tells nothing of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// Everybody.
    #[default]
    On,
    /// Who has a valid key or token.
    Key,
    /// Nobody: it is as if it were not there.
    Off,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            timeout: Duration::from_secs(30),
            drain: Duration::from_secs(20),
            issuers: Vec::new(),
            default_limits: RequestLimits::default(),
            connections: ConnectionLimits::default(),
            reflection: Exposure::default(),
            documents: Exposure::default(),
            cors_origins: Vec::new(),
        }
    }
}
