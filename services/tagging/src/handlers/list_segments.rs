use contracts::tagging::v1::{ListSegmentsRequest, ListSegmentsResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::{TaggingApi, paging};
use crate::store::{figures, segments};
use crate::wire;

impl TaggingApi {
    pub(super) async fn list_segments(&self, call: Call<ListSegmentsRequest>) -> Result<ListSegmentsResponse, Fault> {
        let filter = paging::filter(call.tenant(), "segments", &[]);
        let after = paging::code_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut rows = segments::page(self.db.read(), call.tenant(), &after, paging::rows_max(size)).await?;
        let next_page_token = paging::cut(&mut rows, size, &filter, |row| row.segment.code.clone().into_bytes());
        let members = figures::segments(self.db.read(), call.tenant()).await?;
        let segments = rows.into_iter().map(|row| {
            let count = members.get(&row.segment.code).copied().unwrap_or(0);
            wire::segment::write(row.segment, row.condition, count)
        });
        Ok(ListSegmentsResponse {
            segments: segments.collect(),
            next_page_token,
        })
    }
}
