use contracts::points::v1 as wire;
use fault::Fault;
use tonic::Status;
use tonic_types::StatusExt;

/// Why one of many postings was not posted: what its own method would have told by a status, whose details are read again
/// here, so that both say the same.
pub(crate) fn refusal_to_wire(fault: Fault) -> wire::PostingRefusal {
    let status = Status::from(fault);
    let details = status.get_error_details();
    let info = details.error_info().cloned();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    let retry_delay = details.retry_info().and_then(|info| info.retry_delay);
    let violations = violations
        .unwrap_or_default()
        .into_iter()
        .map(|it| wire::PostingViolation {
            path: it.field,
            message: it.description,
        });
    let (reason, domain, metadata) =
        info.map_or_else(Default::default, |info| (info.reason, info.domain, info.metadata));
    wire::PostingRefusal {
        code: status.code().into(),
        reason,
        domain,
        message: status.message().to_owned(),
        metadata: metadata.into_iter().collect(),
        violations: violations.collect(),
        retry_delay: retry_delay.and_then(|delay| prost_types::Duration::try_from(delay).ok()),
    }
}
