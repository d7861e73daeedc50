//! What the methods that post many have in common: one posting, in and out.

use contracts::codec::Incoming;
use contracts::points::v1::posting::Request;
use contracts::points::v1::posting_result::Outcome as Told;
use contracts::points::v1::{Posting, PostingResult};
use fault::{Common, Fault};
use kernel::{Principal, PrincipalKind};
use prost::Message;
use rpc::{Access, Methods};

use crate::engine::{Ask, Outcome};
use crate::wire::{PostingRequest, ask, refusal_to_wire};

/// A posting that has been read: under which id it is answered, in what form, and what is asked, or why it is refused.
pub(super) struct Item {
    pub(super) request_id: String,
    pub(super) form: Form,
    pub(super) ask: Result<Ask, Fault>,
}

/// Whose answer a posting gets.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Earn,
    Redeem,
    Reverse,
}

/// Reads a posting, which nobody has validated yet.
pub(super) fn read(principal: &Principal, posting: &Posting) -> Item {
    match &posting.request {
        Some(Request::Earn(request)) => item(principal, Form::Earn, request),
        Some(Request::Redeem(request)) => item(principal, Form::Redeem, request),
        Some(Request::Reverse(request)) => item(principal, Form::Reverse, request),
        None => Item {
            request_id: String::new(),
            form: Form::Earn,
            ask: Err(Fault::invalid("request", "must be an earn, a redeem or a reversal")),
        },
    }
}

fn item<R: PostingRequest + Incoming>(principal: &Principal, form: Form, request: &R) -> Item {
    let asked = permit::<R>(principal)
        .and_then(|()| request.check())
        .and_then(|()| ask(principal.tenant, request));
    Item {
        request_id: request.request_id().to_owned(),
        form,
        ask: asked.map_err(|fault| below(form, fault)),
    }
}

/// A posting needs the scope that the contract declares for its own method.
fn permit<R: PostingRequest>(principal: &Principal) -> Result<(), Fault> {
    let methods = Methods::of_contracts().map_err(|_| Fault::internal("the contracts leave something open"))?;
    let method = methods.at(&format!("/{}", R::METHOD));
    let method = method.ok_or_else(|| Fault::internal(format!("there is no method {}", R::METHOD)))?;
    if principal.kind == PrincipalKind::Service || method.access.admits(&principal.scopes) {
        return Ok(());
    }
    let scopes = match &method.access {
        Access::Scopes(scopes) => scopes.join(" or "),
        Access::Public | Access::Internal => String::new(),
    };
    let message = format!("the API key lacks the scope {scopes}: ask for a key that has it");
    Err(Fault::refused(Common::ScopeMissing, message).with("scopes", scopes))
}

/// The violations' paths begin at the posting: "earn.amount".
fn below(form: Form, mut fault: Fault) -> Fault {
    let name = match form {
        Form::Earn => "earn",
        Form::Redeem => "redeem",
        Form::Reverse => "reverse",
    };
    if let Fault::Refused(refusal) = &mut fault {
        for violation in &mut refusal.violations {
            violation.path = format!("{name}.{}", violation.path);
        }
    }
    fault
}

/// The result of a posting.
pub(super) fn result(request_id: String, form: Form, outcome: Outcome) -> PostingResult {
    let told = outcome.and_then(|answer| told(form, &answer));
    PostingResult {
        request_id,
        outcome: Some(told.unwrap_or_else(|fault| Told::Refusal(refusal_to_wire(fault)))),
    }
}

fn told(form: Form, answer: &[u8]) -> Result<Told, Fault> {
    fn read<A: Message + Default>(answer: &[u8]) -> Result<A, Fault> {
        A::decode(answer).map_err(Fault::internal)
    }
    Ok(match form {
        Form::Earn => Told::Earn(read(answer)?),
        Form::Redeem => Told::Redeem(read(answer)?),
        Form::Reverse => Told::Reverse(read(answer)?),
    })
}
