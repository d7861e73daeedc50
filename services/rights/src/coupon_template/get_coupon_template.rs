use contracts_rights::v1::{GetCouponTemplateRequest, GetCouponTemplateResponse};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn get_coupon_template(
        &self,
        call: Call<GetCouponTemplateRequest>,
    ) -> Result<GetCouponTemplateResponse, Fault> {
        let code = &call.template_code;
        let template = rows::find(self.db.read(), call.tenant(), code).await?;
        let template = template.ok_or_else(|| Fault::not_found("coupon template", code))?;
        Ok(GetCouponTemplateResponse {
            template: Some(wire::coupon_template(&template)),
        })
    }
}
