use contracts_tagging::v1::{ListMemberTagsRequest, ListMemberTagsResponse};
use fault::Fault;
use rpc::Call;

use super::listing::Wanted;
use crate::api::{TaggingApi, parse_member};

impl TaggingApi {
    pub(crate) async fn list_member_tags(
        &self,
        call: Call<ListMemberTagsRequest>,
    ) -> Result<ListMemberTagsResponse, Fault> {
        let member = parse_member(&call.member_id)?;
        let request = ListMemberTagsRequest::clone(&call);
        let tenant = call.tenant();
        let wanted = Wanted {
            tenant,
            member,
            request,
        };
        self.listing.ask(wanted).await
    }
}
