//! What the methods that post many have in common: one posting, in and out.

use contracts::Unreadable;
use contracts::codec::Incoming;
use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_result::Outcome as Told;
use contracts_points::v1::{Posting, PostingResult};
use fault::Fault;
use kernel::Principal;
use prost::Message;

use super::engine::{Ask, Outcome};
use super::refusals::refusal_to_wire;
use super::request::{PostingRequest, ask};

/// A posting that has been read: under which id and in which form it is answered, and what is asked, or why it is refused.
pub(crate) struct Item {
    pub(crate) request_id: String,
    pub(crate) form: Form,
    pub(crate) ask: Result<Ask, Fault>,
}

/// Reads an answer as that of the posting's own method.
pub(crate) type Form = Box<dyn FnOnce(&[u8]) -> Result<Told, Fault> + Send>;

/// Reads a posting, which nobody has validated yet. `unreadable` tells what the gateway could not read of it.
pub(crate) fn read(principal: &Principal, posting: &Posting, unreadable: &Unreadable, index: usize) -> Item {
    let item = read_whole(principal, posting);
    Item {
        ask: unreadable.judge(index, "", item.ask),
        ..item
    }
}

fn read_whole(principal: &Principal, posting: &Posting) -> Item {
    match &posting.request {
        Some(Request::Earn(request)) => item(principal, "earn", request, Told::Earn),
        Some(Request::Redeem(request)) => item(principal, "redeem", request, Told::Redeem),
        Some(Request::Reverse(request)) => item(principal, "reverse", request, Told::Reverse),
        Some(Request::Hold(request)) => item(principal, "hold", request, Told::Hold),
        Some(Request::Capture(request)) => item(principal, "capture", request, Told::Capture),
        Some(Request::Release(request)) => item(principal, "release", request, Told::Release),
        Some(Request::Transfer(request)) => item(principal, "transfer", request, Told::Transfer),
        Some(Request::Confirm(request)) => item(principal, "confirm", request, Told::Confirm),
        Some(Request::Cancel(request)) => item(principal, "cancel", request, Told::Cancel),
        Some(Request::Adjust(request)) => item(principal, "adjust", request, Told::Adjust),
        Some(Request::Approve(request)) => item(principal, "approve", request, Told::Approve),
        Some(Request::Reject(request)) => item(principal, "reject", request, Told::Reject),
        Some(Request::Contribute(request)) => item(principal, "contribute", request, Told::Contribute),
        Some(Request::RedeemPool(request)) => item(principal, "redeem_pool", request, Told::RedeemPool),
        Some(Request::ReversePool(request)) => item(principal, "reverse_pool", request, Told::ReversePool),
        Some(Request::HoldPool(request)) => item(principal, "hold_pool", request, Told::HoldPool),
        None => Item {
            request_id: String::new(),
            form: Box::new(|_| Err(Fault::internal("an answer to no request"))),
            ask: Err(Fault::invalid(
                "request",
                "must hold one of the requests that can be posted",
            )),
        },
    }
}

fn item<R: PostingRequest + Incoming>(
    principal: &Principal,
    name: &'static str,
    request: &R,
    told: fn(R::Response) -> Told,
) -> Item {
    let asked = permit_own::<R>(principal)
        .and_then(|()| request.check())
        .and_then(|()| ask(principal, request));
    Item {
        request_id: request.request_id().to_owned(),
        form: Box::new(move |answer| R::Response::decode(answer).map(told).map_err(Fault::internal)),
        ask: asked.map_err(|fault| fault.below(name)),
    }
}

/// A posting needs the scope that the contract declares for its own method.
fn permit_own<R: PostingRequest>(principal: &Principal) -> Result<(), Fault> {
    let methods = contracts_points::CONTRACT
        .methods()
        .map_err(|_| Fault::internal("the contracts leave something open"))?;
    let method = methods.at(&format!("/{}", R::METHOD));
    let method = method.ok_or_else(|| Fault::internal(format!("there is no method {}", R::METHOD)))?;
    rpc::permit(method, Some(principal))
}

/// The result of a posting.
pub(crate) fn result(request_id: String, form: Form, outcome: Outcome) -> PostingResult {
    let told = outcome.and_then(|answer| form(&answer));
    PostingResult {
        request_id,
        outcome: Some(told.unwrap_or_else(|fault| Told::Refusal(refusal_to_wire(fault)))),
    }
}
