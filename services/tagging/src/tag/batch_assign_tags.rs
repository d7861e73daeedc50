use contracts::Unreadable;
use contracts_tagging::v1::batch_assign_tags_result::Outcome;
use contracts_tagging::v1::{
    AssignTagsRefusal, AssignTagsResponse, AssignTagsViolation, BatchAssignTagsRequest, BatchAssignTagsResponse,
    BatchAssignTagsResult,
};
use fault::{Fault, Refusal, Violation};
use rpc::Call;

use crate::api::TaggingApi;

/// How many requests a call carries.
const REQUESTS_MAX: usize = 500;

impl TaggingApi {
    pub(crate) async fn batch_assign_tags(
        &self,
        call: Call<BatchAssignTagsRequest>,
    ) -> Result<BatchAssignTagsResponse, Fault> {
        if !(1..=REQUESTS_MAX).contains(&call.requests.len()) {
            return Err(Fault::invalid("requests", format!("must be 1 to {REQUESTS_MAX}")));
        }
        let unreadable = Unreadable::of(&call.unreadable_items);
        let outcomes = self
            .assigner
            .assign(call.principal(), &call.requests, &unreadable)
            .await?;
        let results = outcomes.into_iter().map(result).collect::<Result<_, Fault>>()?;
        Ok(BatchAssignTagsResponse { results })
    }
}

/// Trouble is no outcome: it is told of the whole, which may be repeated.
fn result(outcome: Result<AssignTagsResponse, Fault>) -> Result<BatchAssignTagsResult, Fault> {
    let outcome = match outcome {
        Ok(response) => Outcome::Response(response),
        Err(Fault::Refused(refusal)) => {
            let Refusal {
                reason,
                message,
                violations,
                ..
            } = *refusal;
            let violations = violations
                .into_iter()
                .map(|Violation { path, message }| AssignTagsViolation { path, message });
            Outcome::Refusal(AssignTagsRefusal {
                reason,
                message,
                violations: violations.collect(),
            })
        }
        Err(trouble @ (Fault::Contended | Fault::Unavailable { .. } | Fault::Internal(_))) => return Err(trouble),
    };
    Ok(BatchAssignTagsResult { outcome: Some(outcome) })
}
