//! One file for each method: parse, decide, apply, answer.

mod batch_get_members;
mod batch_look_up_members;
mod batch_resolve_members;
mod create_blocked_value;
mod create_channel;
mod delete_blocked_value;
mod get_channel;
mod get_member;
mod import_members;
mod link_identity;
mod list_blocked_values;
mod list_channels;
mod list_members;
mod look_up_member;
mod merge_members;
mod resolve_member;
mod undo_merge;
mod unlink_identity;
mod update_channel;
mod update_member;
