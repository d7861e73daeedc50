use std::pin::Pin;

use contracts::Unreadable;
use contracts_points::v1::{PostStreamRequest, PostStreamResponse, PostingResult};
use fault::Fault;
use futures::{Stream, StreamExt};
use kernel::Principal;
use tonic::{Status, Streaming};

use super::engine::Pending;
use super::postings::{Form, Item, read, result};
use crate::api::PointsApi;

/// How many postings of one stream are under way at a time.
const UNDER_WAY_MAX: usize = 256;

/// The answers of a stream, each as it becomes durable, in the order of the postings.
pub(crate) type Results = Pin<Box<dyn Stream<Item = Result<PostStreamResponse, Status>> + Send>>;

/// A posting that was handed in, or what it is refused with.
struct HandedIn {
    request_id: String,
    form: Form,
    pending: Result<Pending, Fault>,
}

impl PointsApi {
    /// Postings are handed in one after the other, which keeps their order; results are made as the caller takes them.
    /// While it does not, or while the engine has no room, nothing is read, and the transport's window holds the sender
    /// back.
    pub(crate) fn post_stream(&self, principal: Principal, incoming: Streaming<PostStreamRequest>) -> Results {
        let api = self.clone();
        let handed_in = incoming.then(move |message| {
            let (api, principal) = (api.clone(), principal.clone());
            async move { api.hand_in(&principal, message?).await }
        });
        let results = handed_in.map(|handed_in: Result<HandedIn, Status>| async move {
            let result = answer(handed_in?).await;
            Ok(PostStreamResponse { result: Some(result) })
        });
        Box::pin(results.buffered(UNDER_WAY_MAX))
    }

    async fn hand_in(&self, principal: &Principal, message: PostStreamRequest) -> Result<HandedIn, Status> {
        let unreadable = Unreadable::of(&message.unreadable_items);
        let Item { request_id, form, ask } = read(principal, &message.posting.unwrap_or_default(), &unreadable, 0);
        let pending = match ask {
            Ok(ask) => self.engine.hand_in_when_room(ask).await,
            Err(fault) => Err(fault),
        };
        Ok(HandedIn {
            request_id,
            form,
            pending,
        })
    }
}

async fn answer(handed_in: HandedIn) -> PostingResult {
    let outcome = match handed_in.pending {
        Ok(pending) => pending.answer().await,
        Err(fault) => Err(fault),
    };
    result(handed_in.request_id, handed_in.form, outcome)
}
