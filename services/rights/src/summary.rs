//! What a member holds, in one answer.

mod get_rights_summary;
mod rows;
