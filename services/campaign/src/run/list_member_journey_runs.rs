use contracts::campaign::v1::{ListMemberJourneyRunsRequest, ListMemberJourneyRunsResponse};
use fault::{Fault, Violations};
use rpc::Call;
use store::redirects;

use super::MemberId;
use super::page::RunPage;
use super::rows::ListOf;
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn list_member_journey_runs(
        &self,
        call: Call<ListMemberJourneyRunsRequest>,
    ) -> Result<ListMemberJourneyRunsResponse, Fault> {
        let mut violations = Violations::new();
        let member = violations.parse("member_id", call.member_id.parse::<MemberId>());
        violations.finish()?;
        let member = member.ok_or_else(|| Fault::not_found("member", &call.member_id))?;

        let member = MemberId::from_uuid(redirects::follow(self.db.read(), call.tenant(), member.uuid()).await?);
        let filter = call.member_id.as_bytes();
        let of = ListOf::Member(member);
        let page = RunPage::read(&self.db, call.tenant(), of, filter, call.page_size, &call.page_token).await?;
        Ok(ListMemberJourneyRunsResponse {
            runs: page.runs,
            next_page_token: page.next_page_token,
        })
    }
}
