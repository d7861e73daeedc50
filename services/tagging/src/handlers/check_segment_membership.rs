use contracts::tagging::v1::{CheckSegmentMembershipRequest, CheckSegmentMembershipResponse};
use fault::Fault;
use kernel::Time;
use rpc::Call;

use super::TaggingApi;
use crate::store::memberships;
use crate::wire;

impl TaggingApi {
    pub(super) async fn check_segment_membership(
        &self,
        call: Call<CheckSegmentMembershipRequest>,
    ) -> Result<CheckSegmentMembershipResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let segment = self.segment(call.tenant(), &call.segment_code).await?.segment;
        let enter_time = memberships::enter_time(self.db.read(), call.tenant(), &segment.code, member).await?;
        Ok(CheckSegmentMembershipResponse {
            is_member: enter_time.is_some(),
            enter_time: enter_time.map(Time::to_wire),
            state: wire::segment::state(&segment).into(),
        })
    }
}
