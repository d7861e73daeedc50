use contracts_identity::v1 as proto;
use fault::Fault;

use super::{BlockedValue, Entry};
use crate::graph;

/// Parses an entry of the list.
pub(crate) fn blocked_entry(wire: &proto::BlockedValue) -> Result<Entry, Fault> {
    let entry = Entry::parse(graph::wire::parse_kind(wire.kind()), &wire.value);
    entry.map_err(|error| Fault::invalid("blocked_value.value", error.to_string()))
}

pub(crate) fn blocked_value(value: &BlockedValue) -> proto::BlockedValue {
    let kind = value
        .entry
        .kind
        .map_or(proto::IdentityKind::Unspecified, graph::wire::kind);
    proto::BlockedValue {
        blocked_value_id: value.id.to_string(),
        kind: kind.into(),
        value: value.entry.value.clone(),
        note: value.note.clone(),
        create_time: Some(value.create_time.to_wire()),
    }
}
