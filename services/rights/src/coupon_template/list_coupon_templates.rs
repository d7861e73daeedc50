use contracts::rights::v1::{ListCouponTemplatesRequest, ListCouponTemplatesResponse};
use fault::Fault;
use kernel::{PageToken, page_size};
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::RightsApi;
use crate::pages;

/// The list has no filter; its tokens are told from those of other lists by its name.
const FILTER: &[u8] = b"coupon_templates";

impl RightsApi {
    pub(crate) async fn list_coupon_templates(
        &self,
        call: Call<ListCouponTemplatesRequest>,
    ) -> Result<ListCouponTemplatesResponse, Fault> {
        let after = pages::after(FILTER, &call.page_token)?;
        let size = page_size(call.page_size);
        let mut templates = rows::list(self.db.read(), call.tenant(), &after, size.saturating_add(1)).await?;
        let token = pages::cut(&mut templates, size).map(|last| PageToken::encode(FILTER, last.code.as_bytes()));
        Ok(ListCouponTemplatesResponse {
            templates: templates.iter().map(wire::coupon_template).collect(),
            next_page_token: token.unwrap_or_default(),
        })
    }
}
