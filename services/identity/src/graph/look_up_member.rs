use contracts_identity::v1::{LookUpMemberRequest, LookUpMemberResponse};
use fault::Fault;
use rpc::Call;

use super::looking_up::LookUp;
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn look_up_member(&self, call: Call<LookUpMemberRequest>) -> Result<LookUpMemberResponse, Fault> {
        let look_up = LookUp {
            tenant: call.tenant(),
            request: LookUpMemberRequest::clone(&call),
        };
        self.looking_up.ask(look_up).await
    }
}
