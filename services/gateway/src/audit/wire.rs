use std::collections::BTreeMap;

use contracts_gateway::v1 as proto;

use super::link::{CallMade, Event};
use super::rows::{CallWithOutcome, Written};

pub(super) fn entry(row: &CallWithOutcome) -> proto::AuditEntry {
    let Written { link, hash } = &row.call;
    let none = CallMade::default();
    let call = match &link.event {
        Event::Call(call) => call,
        // The statement reads calls alone.
        Event::Outcome { .. } => &none,
    };
    proto::AuditEntry {
        sequence: link.sequence,
        create_time: Some(link.create_time.to_wire()),
        subject: call.subject.clone(),
        method: call.method.clone(),
        request_id: call.request_id.clone(),
        resources: resources(&link.resources),
        peer_address: call.peer_address.clone(),
        hash: hash.text(),
        outcome: row.outcome.as_ref().map(outcome),
    }
}

fn outcome(written: &Written) -> proto::AuditOutcome {
    let code = match &written.link.event {
        Event::Outcome { code, .. } => code.clone(),
        Event::Call(_) => String::new(),
    };
    proto::AuditOutcome {
        sequence: written.link.sequence,
        create_time: Some(written.link.create_time.to_wire()),
        code,
        resources: resources(&written.link.resources),
        hash: written.hash.text(),
    }
}

/// What cannot be read was tampered with, which the verification tells.
fn resources(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}
