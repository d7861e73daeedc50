//! Earning: which orders give points, and how many.

pub(crate) mod activities;
pub(crate) mod caps;
mod create_earning_rule;
mod decisions;
mod draft;
mod explain_earning;
mod get_earning_rule;
mod list_earning_rule_versions;
mod list_earning_rules;
mod orders;
pub(crate) mod rows;
mod rule_books;
mod simulate_earning;
pub(crate) mod tiers;
mod update_earning_rule;
mod wire;

use contracts_points::v1::earning_rule_service_server::EarningRuleService;
use contracts_points::v1::{
    CreateEarningRuleRequest, CreateEarningRuleResponse, ExplainEarningRequest, ExplainEarningResponse,
    GetEarningRuleRequest, GetEarningRuleResponse, ListEarningRuleVersionsRequest, ListEarningRuleVersionsResponse,
    ListEarningRulesRequest, ListEarningRulesResponse, SimulateEarningRequest, SimulateEarningResponse,
    UpdateEarningRuleRequest, UpdateEarningRuleResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl EarningRuleService for PointsApi {
        create_earning_rule(CreateEarningRuleRequest) -> CreateEarningRuleResponse;
        get_earning_rule(GetEarningRuleRequest) -> GetEarningRuleResponse;
        list_earning_rules(ListEarningRulesRequest) -> ListEarningRulesResponse;
        list_earning_rule_versions(ListEarningRuleVersionsRequest) -> ListEarningRuleVersionsResponse;
        update_earning_rule(UpdateEarningRuleRequest) -> UpdateEarningRuleResponse;
        simulate_earning(SimulateEarningRequest) -> SimulateEarningResponse;
        explain_earning(ExplainEarningRequest) -> ExplainEarningResponse;
    }
}
