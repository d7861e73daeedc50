use fault::Fault;
use kernel::{Principal, RequestKey};
use ledger::{Act, CostCentre, Effects};
use prost::Message;

use super::engine::{Ask, Subject};

/// A request that one posting answers. It is the same request whichever way it comes: by its own method, in a batch or in a
/// stream.
pub(crate) trait PostingRequest: Message {
    /// The method that it is the request of: within it the request id is the caller's for ever.
    const METHOD: &'static str;
    /// The answer of that method.
    type Response: Message + Default + 'static;

    fn request_id(&self) -> &str;

    /// What it asks for, or everything that is wrong with it.
    fn wish(&self, caller: &Principal) -> Result<Wish, Fault>;

    /// The answer, from what was done.
    fn response(effects: &Effects) -> Self::Response;
}

/// What is to be done to which account.
pub(crate) struct Wish {
    pub(crate) subject: Subject,
    pub(crate) act: Act,
    pub(crate) reference: String,
    pub(crate) cost_centre: Option<CostCentre>,
}

impl Wish {
    /// One of an account, with neither reference nor cost centre.
    pub(crate) fn new(subject: Subject, act: Act) -> Self {
        Self {
            subject,
            act,
            reference: String::new(),
            cost_centre: None,
        }
    }
}

/// What the engine is asked by a request of a caller.
pub(crate) fn ask<R: PostingRequest>(caller: &Principal, request: &R) -> Result<Ask, Fault> {
    let Wish {
        subject,
        act,
        reference,
        cost_centre,
    } = request.wish(caller)?;
    let digested = request.encode_to_vec();
    Ok(Ask {
        key: RequestKey::new(caller.tenant, R::METHOD, request.request_id(), &digested),
        subject,
        act,
        reference,
        cost_centre,
        answer: |effects| R::response(effects).encode_to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use contracts_points::v1::*;

    use super::PostingRequest;

    fn check<R: PostingRequest>() {
        fn name<T>() -> &'static str {
            std::any::type_name::<T>().rsplit("::").next().unwrap()
        }
        let method = contracts_points::CONTRACT
            .methods()
            .unwrap()
            .at(&format!("/{}", R::METHOD));
        let method = method.unwrap_or_else(|| panic!("there is no method {}", R::METHOD));
        assert_eq!(method.full_name, R::METHOD);
        assert_eq!(method.descriptor.input().name(), name::<R>());
        assert_eq!(method.descriptor.output().name(), name::<R::Response>());
    }

    #[test]
    fn every_request_names_the_method_that_takes_it() {
        check::<EarnPointsRequest>();
        check::<RedeemPointsRequest>();
        check::<ReversePointsRequest>();
        check::<HoldPointsRequest>();
        check::<CaptureHoldRequest>();
        check::<ReleaseHoldRequest>();
        check::<TransferPointsRequest>();
        check::<ConfirmPendingRequest>();
        check::<CancelPendingRequest>();
        check::<CreateAdjustmentRequest>();
        check::<ApproveAdjustmentRequest>();
        check::<RejectAdjustmentRequest>();
        check::<ContributePointsRequest>();
        check::<RedeemPoolPointsRequest>();
        check::<ReversePoolPointsRequest>();
        check::<HoldPoolPointsRequest>();
    }
}
