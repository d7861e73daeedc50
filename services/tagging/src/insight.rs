//! What tagging knows of a member, in one answer.

mod get_summary;
