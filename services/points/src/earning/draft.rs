//! The next versions of rules while they are worked on.

mod activate_earning_rule_draft;
mod create_earning_rule_draft;
mod discard_earning_rule_draft;
mod get_earning_rule_draft;
mod update_earning_rule_draft;
pub(crate) mod wire;

use contracts_points::v1::earning_rule_draft_service_server::EarningRuleDraftService;
use contracts_points::v1::{
    ActivateEarningRuleDraftRequest, ActivateEarningRuleDraftResponse, CreateEarningRuleDraftRequest,
    CreateEarningRuleDraftResponse, DiscardEarningRuleDraftRequest, DiscardEarningRuleDraftResponse,
    GetEarningRuleDraftRequest, GetEarningRuleDraftResponse, UpdateEarningRuleDraftRequest,
    UpdateEarningRuleDraftResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl EarningRuleDraftService for PointsApi {
        create_earning_rule_draft(CreateEarningRuleDraftRequest) -> CreateEarningRuleDraftResponse;
        get_earning_rule_draft(GetEarningRuleDraftRequest) -> GetEarningRuleDraftResponse;
        update_earning_rule_draft(UpdateEarningRuleDraftRequest) -> UpdateEarningRuleDraftResponse;
        discard_earning_rule_draft(DiscardEarningRuleDraftRequest) -> DiscardEarningRuleDraftResponse;
        activate_earning_rule_draft(ActivateEarningRuleDraftRequest) -> ActivateEarningRuleDraftResponse;
    }
}
