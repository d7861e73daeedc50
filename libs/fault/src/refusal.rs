use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Code;

use crate::{Reason, Violation};

/// A request that was understood and is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub code: Code,
    /// The reason's name in the contract: "`INSUFFICIENT_POINTS`".
    pub reason: String,
    /// Whose reason it is: "quanyu.points".
    pub domain: String,
    /// For a person: who fixes it and how.
    pub message: String,
    /// For a program: the keys that the contract names.
    pub metadata: BTreeMap<String, String>,
    /// Every field that is wrong.
    pub violations: Vec<Violation>,
    /// The limit that the caller has used up, where that is why.
    pub used_up: Option<UsedUp>,
    /// When to try again, where that helps.
    pub retry_after: Option<Duration>,
}

/// A limit that is used up, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedUp {
    /// Whose limit it is: an API key's id.
    pub subject: String,
    /// What the limit is.
    pub description: String,
}

impl Refusal {
    /// A refusal with nothing but its reason and message.
    pub(crate) fn new(reason: &impl Reason, message: String) -> Self {
        Self {
            code: reason.code(),
            reason: reason.name().to_owned(),
            domain: reason.domain().to_owned(),
            message,
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            used_up: None,
            retry_after: None,
        }
    }
}
