use contracts_tagging::v1::{CountSegmentMembersRequest, CountSegmentMembersResponse};
use fault::Fault;
use rpc::Call;

use super::figures;
use super::figures::Tally;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn count_segment_members(
        &self,
        call: Call<CountSegmentMembersRequest>,
    ) -> Result<CountSegmentMembersResponse, Fault> {
        let row = self.segment(call.tenant(), &call.segment_code).await?;
        let state = wire::state(&row.segment);
        let tally = Tally::Segment { code: row.segment.code };
        Ok(CountSegmentMembersResponse {
            member_count: figures::members(self.db.read(), call.tenant(), &tally).await?,
            state: state.into(),
        })
    }
}
