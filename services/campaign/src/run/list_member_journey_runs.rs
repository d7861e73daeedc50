use contracts_campaign::v1::{ListMemberJourneyRunsRequest, ListMemberJourneyRunsResponse};
use fault::{Fault, Violations};
use kernel::Page;
use rpc::Call;

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

        let member = lineage::follow(self.db.read(), call.tenant(), member).await?;
        let of = ListOf::Member(member);
        let page = Page::parse(call.member_id.as_bytes(), call.page_size, &call.page_token)?;
        let page = RunPage::read(&self.db, call.tenant(), of, &page).await?;
        Ok(ListMemberJourneyRunsResponse {
            runs: page.runs,
            next_page_token: page.next_page_token,
        })
    }
}
