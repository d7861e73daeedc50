use contracts_rights::v1::coupon_service_server::CouponService;
use contracts_rights::v1::{
    GetCouponRequest, GetCouponResponse, IssueCouponsRequest, IssueCouponsResponse, ListMemberCouponsRequest,
    ListMemberCouponsResponse, LockCouponRequest, LockCouponResponse, RedeemCouponRequest, RedeemCouponResponse,
    ReleaseCouponRequest, ReleaseCouponResponse, ReturnCouponRequest, ReturnCouponResponse,
};

use crate::api::RightsApi;

rpc::serve_methods! {
    impl CouponService for RightsApi {
        issue_coupons(IssueCouponsRequest) -> IssueCouponsResponse;
        get_coupon(GetCouponRequest) -> GetCouponResponse;
        list_member_coupons(ListMemberCouponsRequest) -> ListMemberCouponsResponse;
        lock_coupon(LockCouponRequest) -> LockCouponResponse;
        redeem_coupon(RedeemCouponRequest) -> RedeemCouponResponse;
        release_coupon(ReleaseCouponRequest) -> ReleaseCouponResponse;
        return_coupon(ReturnCouponRequest) -> ReturnCouponResponse;
    }
}
