//! One member over all channels.
