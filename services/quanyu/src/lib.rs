//! The binary: up, serve, demo, import, doctor.
