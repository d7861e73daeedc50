use contracts_rights::v1::coupon_template_service_server::CouponTemplateService;
use contracts_rights::v1::{
    CreateCouponTemplateRequest, CreateCouponTemplateResponse, GetCouponTemplateRequest, GetCouponTemplateResponse,
    ListCouponTemplatesRequest, ListCouponTemplatesResponse, UpdateCouponTemplateRequest, UpdateCouponTemplateResponse,
};

use crate::api::RightsApi;

rpc::serve_methods! {
    impl CouponTemplateService for RightsApi {
        create_coupon_template(CreateCouponTemplateRequest) -> CreateCouponTemplateResponse;
        get_coupon_template(GetCouponTemplateRequest) -> GetCouponTemplateResponse;
        list_coupon_templates(ListCouponTemplatesRequest) -> ListCouponTemplatesResponse;
        update_coupon_template(UpdateCouponTemplateRequest) -> UpdateCouponTemplateResponse;
    }
}
