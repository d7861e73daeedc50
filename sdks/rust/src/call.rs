use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::Stream;
use futures::future::BoxFuture;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{IntoStreamingRequest, Request, Status};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::budget::Budget;
use crate::error::{Error, out_of_time};
use crate::key::Shown;
use crate::stream::Answers;

/// A request of a method that answers once.
pub trait Asked: Message + Clone + 'static {
    /// Its request id, where it has one.
    fn request_id(&mut self) -> Option<&mut String> {
        None
    }
}

/// A method as its contract declares it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    pub(crate) path: &'static str,
    /// Whether it has no effect, or has it once for its request id, however often it is called.
    pub(crate) is_safe: bool,
}

/// Makes the calls of a client, and those that are safe to repeat again.
#[derive(Clone)]
pub(crate) struct Calls {
    channel: Channel,
    shared: Arc<Shared>,
}

struct Shared {
    key: Shown,
    deadline: Duration,
    retries: bool,
    budget: Budget,
}

/// A call, which is made when it is awaited.
#[derive(Debug, Clone)]
#[must_use = "a call is made when it is awaited"]
pub struct Call<Q, A> {
    calls: Calls,
    method: Method,
    pub(crate) request: Q,
    deadline: Duration,
    answer: PhantomData<fn() -> A>,
}

impl<Q, A> Call<Q, A> {
    /// How long it may take with all its attempts, instead of the client's deadline.
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

impl<Q: Asked, A: Message + Default + 'static> IntoFuture for Call<Q, A> {
    type Output = Result<A, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.calls.unary(self.method, self.request, self.deadline).await })
    }
}

impl Calls {
    pub(crate) fn new(channel: Channel, key: Shown, deadline: Duration, retries: bool) -> Self {
        let budget = Budget::full(Instant::now());
        Self {
            channel,
            shared: Arc::new(Shared {
                key,
                deadline,
                retries,
                budget,
            }),
        }
    }

    pub(crate) fn call<Q, A>(&self, method: Method, request: Q) -> Call<Q, A> {
        Call {
            calls: self.clone(),
            method,
            request,
            deadline: self.shared.deadline,
            answer: PhantomData,
        }
    }

    async fn unary<Q, A>(&self, method: Method, mut request: Q, deadline: Duration) -> Result<A, Error>
    where
        Q: Asked,
        A: Message + Default + 'static,
    {
        if deadline.is_zero() {
            return Err(Error::mistake("a call has a deadline of more than 0"));
        }
        let request_id = identified(&mut request);
        let mut attempts = Attempts::new(&self.shared.budget, deadline, self.shared.retries && method.is_safe);
        loop {
            let limit = attempts.limit();
            let attempt = self.attempt(method, request.clone(), limit);
            let outcome = tokio::time::timeout(limit, attempt).await;
            let error = match outcome.unwrap_or_else(|_| Err(out_of_time())) {
                Ok(answer) => return Ok(answer),
                Err(status) => Error::of(status, &request_id, attempts.count()),
            };
            rest(attempts.pause_after(error)?).await;
        }
    }

    async fn attempt<Q, A>(&self, method: Method, message: Q, limit: Duration) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut request = self.shown(message).await?;
        request.set_timeout(limit);
        let mut grpc = self.grpc().await?;
        let answer = grpc
            .unary(request, PathAndQuery::from_static(method.path), codec())
            .await?;
        Ok(answer.into_inner())
    }

    /// A stream of requests that is answered once. Streams are not repeated: only the caller knows how far one has come.
    pub(crate) async fn answer<Q, A>(
        &self,
        method: Method,
        requests: impl Stream<Item = Q> + Send + 'static,
    ) -> Result<A, Error>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let answered = async {
            let (request, mut grpc) = (self.shown(requests).await?.into_streaming_request(), self.grpc().await?);
            let path = PathAndQuery::from_static(method.path);
            grpc.client_streaming(request, path, codec()).await
        };
        let answer = answered.await.map_err(|status| Error::of(status, "", 1))?;
        Ok(answer.into_inner())
    }

    /// Requests, one or a stream of them, that are answered by a stream.
    pub(crate) async fn answers<Q, A>(
        &self,
        method: Method,
        requests: impl Stream<Item = Q> + Send + 'static,
    ) -> Result<Answers<A>, Error>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let answered = async {
            let (request, mut grpc) = (self.shown(requests).await?.into_streaming_request(), self.grpc().await?);
            let path = PathAndQuery::from_static(method.path);
            grpc.streaming(request, path, codec()).await
        };
        let answers = answered.await.map_err(|status| Error::of(status, "", 1))?;
        Ok(Answers::of(answers.into_inner()))
    }

    /// A request that shows the key.
    async fn shown<T>(&self, content: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(content);
        request
            .metadata_mut()
            .insert("authorization", self.shared.key.header().await?);
        Ok(request)
    }

    async fn grpc(&self) -> Result<Grpc<Channel>, Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready()
            .await
            .map_err(|error| Status::from_error(Box::new(error)))?;
        Ok(grpc)
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Calls")
    }
}

fn codec<Q, A>() -> ProstCodec<Q, A>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    ProstCodec::default()
}

/// Gives a request an id that it keeps over all attempts, and tells it. A caller's own stays.
fn identified(request: &mut impl Asked) -> String {
    let Some(request_id) = request.request_id() else {
        return String::new();
    };
    if request_id.is_empty() {
        *request_id = new_request_id();
    }
    request_id.clone()
}

/// A new id for a request, which sorts by its time: a UUID of version 7.
#[expect(clippy::disallowed_methods, reason = "a caller has no clock but the machine's")]
pub fn new_request_id() -> String {
    Uuid::now_v7().to_string()
}

#[expect(clippy::disallowed_methods, reason = "a caller has no clock but the machine's")]
async fn rest(pause: Duration) {
    tokio::time::sleep(pause).await;
}
