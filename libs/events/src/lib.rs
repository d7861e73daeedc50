//! The way of a fact from an outbox to its consumers: at least once on the wire, once in effect.
