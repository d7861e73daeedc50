//! Configuration, lifecycle and workers of a process.
