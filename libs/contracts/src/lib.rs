//! The generated messages, clients, servers and descriptors. No logic.
