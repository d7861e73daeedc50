//! Keys, secrets, scopes and time zones as values: what they are, and what may be decided about them.

pub(crate) mod api_key;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod succession;
pub(crate) mod time_zone;
