use contracts_tagging::v1::{CheckSegmentMembershipRequest, CheckSegmentMembershipResponse};
use fault::Fault;
use kernel::Time;
use rpc::Call;

use super::memberships;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn check_segment_membership(
        &self,
        call: Call<CheckSegmentMembershipRequest>,
    ) -> Result<CheckSegmentMembershipResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let segment = self.segment(call.tenant(), &call.segment_code).await?.segment;
        let enter_time = memberships::enter_time(self.db.read(), call.tenant(), &segment.code, member).await?;
        Ok(CheckSegmentMembershipResponse {
            is_member: enter_time.is_some(),
            enter_time: enter_time.map(Time::to_wire),
            state: wire::state(&segment).into(),
        })
    }
}
