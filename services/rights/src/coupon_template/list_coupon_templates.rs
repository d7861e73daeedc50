use contracts_rights::v1::{ListCouponTemplatesRequest, ListCouponTemplatesResponse};
use fault::Fault;
use kernel::Page;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::RightsApi;

/// The list has no filter: its name tells its tokens from those of other lists.
const FILTER: &[u8] = b"coupon_templates";

impl RightsApi {
    pub(crate) async fn list_coupon_templates(
        &self,
        call: Call<ListCouponTemplatesRequest>,
    ) -> Result<ListCouponTemplatesResponse, Fault> {
        let page = Page::parse(FILTER, call.page_size, &call.page_token)?;
        let after = page.text()?.unwrap_or_default();
        let mut templates = rows::list(self.db.read(), call.tenant(), &after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut templates, |last| last.code.clone());
        Ok(ListCouponTemplatesResponse {
            templates: templates.iter().map(wire::coupon_template).collect(),
            next_page_token,
        })
    }
}
