use contracts::rights::v1::{GetCouponTemplateRequest, GetCouponTemplateResponse};
use fault::Fault;
use rpc::Call;

use super::RightsApi;
use crate::store::coupon_templates;
use crate::wire;

impl RightsApi {
    pub(crate) async fn get_coupon_template(
        &self,
        call: Call<GetCouponTemplateRequest>,
    ) -> Result<GetCouponTemplateResponse, Fault> {
        let code = &call.template_code;
        let template = coupon_templates::find(self.db.read(), call.tenant(), code).await?;
        let template = template.ok_or_else(|| Fault::not_found("coupon template", code))?;
        Ok(GetCouponTemplateResponse {
            template: Some(wire::coupon_template::coupon_template(&template)),
        })
    }
}
