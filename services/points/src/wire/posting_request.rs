use fault::Fault;
use kernel::{RequestKey, Tenant};
use prost::Message;

use crate::domain::{Act, CostCentre, Effects, MemberId};
use crate::engine::{Ask, Subject};

/// A request that one posting answers. It is the same request whichever way it comes: by its own method, in a batch or in a
/// stream.
pub(crate) trait PostingRequest: Message {
    /// The method that it is the request of: within it the request id is the caller's for ever.
    const METHOD: &'static str;
    /// The answer of that method.
    type Response: Message + Default;

    fn request_id(&self) -> &str;

    /// What it asks for, or everything that is wrong with it.
    fn wish(&self) -> Result<Wish, Fault>;

    /// The answer, from what was done.
    fn response(effects: &Effects) -> Self::Response;
}

/// What is to be done for whom.
pub(crate) struct Wish {
    pub(crate) member: MemberId,
    pub(crate) subject: Subject,
    pub(crate) act: Act,
    pub(crate) reference: String,
    pub(crate) cost_centre: Option<CostCentre>,
}

/// What the engine is asked by a request of a tenant.
pub(crate) fn ask<R: PostingRequest>(tenant: Tenant, request: &R) -> Result<Ask, Fault> {
    let Wish {
        member,
        subject,
        act,
        reference,
        cost_centre,
    } = request.wish()?;
    Ok(Ask {
        key: RequestKey::new(tenant, R::METHOD, request.request_id(), &request.encode_to_vec()),
        member,
        subject,
        act,
        reference,
        cost_centre,
        answer: |effects| R::response(effects).encode_to_vec(),
    })
}
