use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use prost::Message;

use crate::call::{Asked, Call};
use crate::error::Error;

/// A request that is answered by a page.
pub trait Listed: Asked {
    /// Sets which page is asked for.
    fn set_page_token(&mut self, token: String);
}

/// A page of a list.
pub trait Page: Message + Default + Clone + 'static {
    /// Asks for the page behind it; empty where it is the last one.
    fn next_page_token(&self) -> &str;
}

/// A page that has one list.
pub trait Items: Page {
    /// What the list holds.
    type Item: Send;

    /// The list.
    fn into_items(self) -> Vec<Self::Item>;
}

impl<Q: Listed, A: Page> Call<Q, A> {
    /// Page after page, each asked for when the one before has been used. A deadline is of each call.
    pub fn pages(self) -> impl Stream<Item = Result<A, Error>> + Send + Unpin {
        let next = |call: Option<Self>| async move {
            let Some(mut call) = call else {
                return Ok(None);
            };
            let page = call.clone().await?;
            let token = page.next_page_token().to_owned();
            let following = !token.is_empty();
            call.request.set_page_token(token);
            Ok(Some((page, following.then_some(call))))
        };
        stream::try_unfold(Some(self), next).boxed()
    }

    /// Item after item of all pages.
    pub fn items(self) -> impl Stream<Item = Result<A::Item, Error>> + Send + Unpin
    where
        A: Items,
    {
        let pages = self.pages();
        pages
            .map_ok(|page| stream::iter(page.into_items().into_iter().map(Ok)))
            .try_flatten()
    }
}
