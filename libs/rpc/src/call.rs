use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use fault::{Common, Fault};
use kernel::{Principal, RequestKey, Tenant};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::deadline::unless_passed;
use crate::{Method, retry};

/// A request with who sent it. Cheap to clone; reads as the request itself.
pub struct Call<T>(Arc<Parts<T>>);

struct Parts<T> {
    principal: Principal,
    method: &'static Method,
    request: T,
}

impl<T> Call<T> {
    /// Whose rows this call may see and change.
    pub fn tenant(&self) -> Tenant {
        self.0.principal.tenant
    }

    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// What is called.
    pub fn method(&self) -> &'static Method {
        self.0.method
    }
}

impl<T: Message> Call<T> {
    /// What makes this request the same request when it is repeated under the caller's `request_id`.
    pub fn key(&self, request_id: &str) -> RequestKey {
        RequestKey::new(
            self.tenant(),
            self.0.method.full_name,
            request_id,
            &self.0.request.encode_to_vec(),
        )
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Call<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.request
    }
}

/// The answer of a handler: a race that it lost is run again, a fault becomes a status.
pub async fn answer<Req, Res, F, Work>(request: Request<Req>, handle: F) -> Result<Response<Res>, Status>
where
    F: Fn(Call<Req>) -> Work,
    Work: Future<Output = Result<Res, Fault>>,
{
    let call = accept(request)?;
    let answer = retry(|| handle(call.clone())).await.map_err(unless_passed)?;
    Ok(Response::new(answer))
}

/// A request with its caller, as the server stack has established it.
pub fn accept<T>(request: Request<T>) -> Result<Call<T>, Fault> {
    let (_, mut extensions, request) = request.into_parts();
    let method = extensions.remove::<&'static Method>();
    let method = method.ok_or_else(|| Fault::internal("a handler was called outside of the server stack"))?;
    let principal = extensions.remove::<Principal>().ok_or_else(|| {
        Fault::refused(
            Common::Unauthenticated,
            "send an API key as \"authorization: Bearer <key>\"",
        )
    })?;
    Ok(Call(Arc::new(Parts {
        principal,
        method,
        request,
    })))
}
