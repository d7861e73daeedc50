use contracts_tagging::v1::{ListSegmentsRequest, ListSegmentsResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::wire;
use super::{figures, rows};
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_segments(&self, call: Call<ListSegmentsRequest>) -> Result<ListSegmentsResponse, Fault> {
        let page = Page::parse(*b"segments", call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut rows = rows::page(self.db.read(), call.tenant(), &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut rows, |row| row.segment.code.clone());
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
