use contracts::tagging::v1::{ListSegmentsRequest, ListSegmentsResponse};
use fault::Fault;
use kernel::page_size;
use rpc::Call;

use super::wire;
use super::{figures, rows};
use crate::api::TaggingApi;
use crate::pages;

impl TaggingApi {
    pub(crate) async fn list_segments(&self, call: Call<ListSegmentsRequest>) -> Result<ListSegmentsResponse, Fault> {
        let filter = pages::filter(call.tenant(), "segments", &[]);
        let after = pages::code_after(&filter, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut rows = rows::page(self.db.read(), call.tenant(), &after, pages::rows_max(size)).await?;
        let next_page_token = pages::cut(&mut rows, size, &filter, |row| row.segment.code.clone().into_bytes());
        let members = figures::segments(self.db.read(), call.tenant()).await?;
        let segments = rows.into_iter().map(|row| {
            let count = members.get(&row.segment.code).copied().unwrap_or(0);
            wire::write(row.segment, row.condition, count)
        });
        Ok(ListSegmentsResponse {
            segments: segments.collect(),
            next_page_token,
        })
    }
}
