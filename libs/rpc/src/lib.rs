//! Channels that are local or remote with one meaning, and the server stack of every service.
