use std::sync::Arc;

use contracts_identity::v1::{ResolveMemberRequest, ResolveMemberResponse};
use fault::Fault;
use rpc::Call;

use super::visit::Visit;
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn resolve_member(
        &self,
        call: Call<ResolveMemberRequest>,
    ) -> Result<ResolveMemberResponse, Fault> {
        let visit = Arc::new(Visit::new(&call));
        // Most people have been there before.
        match self.finding.ask(visit.clone()).await? {
            Some(found) => Ok(found),
            None => self.resolving.ask(visit).await,
        }
    }
}
