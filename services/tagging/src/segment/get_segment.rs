use contracts_tagging::v1::{GetSegmentRequest, GetSegmentResponse, Segment};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;
use sea_orm::ConnectionTrait;

use super::figures;
use super::figures::Tally;
use super::rows;
use super::rows::Row;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn get_segment(&self, call: Call<GetSegmentRequest>) -> Result<GetSegmentResponse, Fault> {
        let row = self.segment(call.tenant(), &call.segment_code).await?;
        Ok(GetSegmentResponse {
            segment: Some(write(self.db.read(), call.tenant(), row).await?),
        })
    }

    /// The segment that a caller names.
    pub(crate) async fn segment(&self, tenant: Tenant, code: &str) -> Result<Row, Fault> {
        let row = rows::find(self.db.read(), tenant, code).await?;
        row.ok_or_else(|| Fault::not_found("segment", code))
    }
}

/// A segment with the number of its members.
pub(crate) async fn write(conn: &impl ConnectionTrait, tenant: Tenant, row: Row) -> Result<Segment, Fault> {
    let tally = Tally::Segment {
        code: row.segment.code.clone(),
    };
    let members = figures::members(conn, tenant, &tally).await?;
    Ok(wire::write(row.segment, row.condition, members))
}
