//! What is answered.

use std::collections::BTreeMap;

use contracts_points::v1::posting_result::Outcome as Told;
use contracts_points::v1::*;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Earn(EarnPointsResponse),
    Redeem(RedeemPointsResponse),
    Reverse(ReversePointsResponse),
    Hold(HoldPointsResponse),
    Capture(CaptureHoldResponse),
    Release(ReleaseHoldResponse),
    Transfer(TransferPointsResponse),
    Adjust(CreateAdjustmentResponse),
    Confirm(ConfirmPendingResponse),
    Cancel(CancelPendingResponse),
    Contribute(ContributePointsResponse),
    Spend(RedeemPoolPointsResponse),
    GiveBack(ReversePoolPointsResponse),
    HoldPool(HoldPoolPointsResponse),
    Place(Option<Pool>),
    Dissolve(DissolvePoolResponse),
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What somebody learns who asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Done(Box<Answer>),
    Refused(Refused),
    /// Nobody knows: to be asked again with the same id.
    Unknown,
    /// Neither done nor refused with a reason, and nobody was killed: a fault of the service.
    Broken(String),
}

impl Outcome {
    pub(super) fn of_result(result: PostingResult) -> Self {
        match result.outcome {
            Some(Told::Earn(answer)) => Self::Done(Box::new(Answer::Earn(answer))),
            Some(Told::Redeem(answer)) => Self::Done(Box::new(Answer::Redeem(answer))),
            Some(Told::Reverse(answer)) => Self::Done(Box::new(Answer::Reverse(answer))),
            Some(Told::Contribute(answer)) => Self::Done(Box::new(Answer::Contribute(answer))),
            Some(Told::RedeemPool(answer)) => Self::Done(Box::new(Answer::Spend(answer))),
            Some(Told::ReversePool(answer)) => Self::Done(Box::new(Answer::GiveBack(answer))),
            Some(Told::HoldPool(answer)) => Self::Done(Box::new(Answer::HoldPool(answer))),
            Some(Told::Refusal(refusal)) => {
                let metadata = refusal.metadata.into_iter().collect();
                Self::of_code(Code::from_i32(refusal.code), refusal.reason, metadata, refusal.message)
            }
            Some(other) => Self::Broken(format!("{other:?} was not asked for")),
            None => Self::Broken("a result without an outcome".to_owned()),
        }
    }

    pub(super) fn of_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = info.map(|info| info.reason.clone()).unwrap_or_default();
        let metadata = info.map(|info| info.metadata.clone().into_iter().collect());
        Self::of_code(
            status.code(),
            reason,
            metadata.unwrap_or_default(),
            status.message().to_owned(),
        )
    }

    /// Who lost a race, or found nobody there, or too many, asks again. A caller who is refused learns a reason; anything else
    /// should not happen.
    fn of_code(code: Code, reason: String, metadata: BTreeMap<String, String>, message: String) -> Self {
        match code {
            Code::Aborted | Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => {
                Self::Unknown
            }
            Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound => {
                Self::Refused(Refused { reason, metadata })
            }
            other => Self::Broken(format!("{other:?} {reason}: {message}")),
        }
    }
}

impl Refused {
    pub(super) fn number(&self, name: &str) -> i64 {
        let text = self
            .metadata
            .get(name)
            .unwrap_or_else(|| panic!("{self:?} has no {name}"));
        text.parse().unwrap()
    }
}
