//! Keys, secrets, scopes and time zones as values: what they are, and what may be decided about them.
