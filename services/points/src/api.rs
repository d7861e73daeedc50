//! One file for each method: parse, decide, apply, answer.

use async_trait::async_trait;
use contracts::points::v1::asset_service_server::AssetService;
use contracts::points::v1::earning_rule_service_server::EarningRuleService;
use contracts::points::v1::ledger_service_server::LedgerService;
use contracts::points::v1::points_service_server::PointsService;
use contracts::points::v1::posting_service_server::PostingService;
use contracts::points::v1::statement_service_server::StatementService;
use contracts::points::v1::{
    CreateAssetRequest, CreateAssetResponse, CreateEarningRuleRequest, CreateEarningRuleResponse, EarnPointsRequest,
    EarnPointsResponse, ExplainEarningRequest, ExplainEarningResponse, FreezeAccountRequest, FreezeAccountResponse,
    GetAssetRequest, GetAssetResponse, GetBalanceAsOfRequest, GetBalanceAsOfResponse, GetBalanceRequest,
    GetBalanceResponse, GetBreakageRequest, GetBreakageResponse, GetEarningRuleRequest, GetEarningRuleResponse,
    GetLiabilityRequest, GetLiabilityResponse, GetReconciliationRequest, GetReconciliationResponse,
    GetStatementRequest, GetStatementResponse, ListAssetsRequest, ListAssetsResponse, ListBalancesRequest,
    ListBalancesResponse, ListEarningRuleVersionsRequest, ListEarningRuleVersionsResponse, ListEarningRulesRequest,
    ListEarningRulesResponse, ListEntriesRequest, ListEntriesResponse, ListExpirationsRequest, ListExpirationsResponse,
    ListFrozenAccountsRequest, ListFrozenAccountsResponse, ListLiabilitiesRequest, ListLiabilitiesResponse,
    ListLotsRequest, ListLotsResponse, ListSettlementsRequest, ListSettlementsResponse, PostBatchRequest,
    PostBatchResponse, PostStreamRequest, ReconcileAccountsRequest, ReconcileAccountsResponse, RedeemPointsRequest,
    RedeemPointsResponse, ReversePointsRequest, ReversePointsResponse, SimulateEarningRequest, SimulateEarningResponse,
    StartReconciliationRequest, StartReconciliationResponse, UnfreezeAccountRequest, UnfreezeAccountResponse,
    UpdateAssetRequest, UpdateAssetResponse, UpdateEarningRuleRequest, UpdateEarningRuleResponse,
};
use fault::Fault;
use kernel::{Clock, Tenant};
use rpc::{accept, answer};
use rules::Environment;
use store::{Db, redirects};
use tonic::{Request, Response, Status, Streaming};

use crate::domain::{CompiledRule, EarningRule, MemberId, RuleMistake, RuleState, environment};
use crate::posting::engine::Engine;
use crate::posting::post_stream::Results;

/// All services of the package.
#[derive(Clone)]
pub(crate) struct PointsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) engine: Engine,
    environment: Environment,
}

/// What counts as expiring soon where the caller does not say.
const EXPIRING_WITHIN_DAYS: i32 = 30;

impl PointsApi {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        Self {
            engine: Engine::start(clock.clone(), db.clone()),
            clock,
            db,
            environment: environment(),
        }
    }

    /// A member, or whom the member was merged into, as far as it is known outside of a transaction.
    pub(crate) async fn read_member(&self, tenant: Tenant, member: MemberId) -> Result<MemberId, Fault> {
        Ok(MemberId::from_uuid(
            redirects::follow(self.db.read(), tenant, member.uuid()).await?,
        ))
    }

    /// A rule with its expressions read, or the refusal of the request with every mistake in them.
    pub(crate) fn compile(&self, rule: EarningRule) -> Result<CompiledRule, Fault> {
        CompiledRule::compile(&self.environment, rule).map_err(|mistakes| {
            let violation = |it: RuleMistake| fault::Violation {
                path: format!("earning_rule.{}", it.field),
                message: it.error.to_string(),
            };
            Fault::invalid_fields(mistakes.into_iter().map(violation).collect())
        })
    }

    /// Checks a rule that is about to be saved: its expressions, and that it says in which currency the amounts are that it
    /// reads. That is not asked of a rule that is archived, which reads none any more; nor of the rules that were saved
    /// before it was asked, which go on as they are until they are saved again.
    pub(crate) fn check_rule(&self, rule: &EarningRule) -> Result<(), Fault> {
        let compiled = self.compile(rule.clone())?;
        if rule.state != RuleState::Archived && compiled.mixes_currencies() {
            return Err(Fault::invalid(
                "earning_rule.currency_code",
                "the rule reads amounts: name the currency they are in, such as CNY, or test activity.currency_code in the \
                 condition",
            ));
        }
        Ok(())
    }
}

pub(crate) fn expiring_within_days(asked: i32) -> i64 {
    i64::from(if asked == 0 { EXPIRING_WITHIN_DAYS } else { asked })
}

#[async_trait]
impl PointsService for PointsApi {
    async fn earn_points(&self, request: Request<EarnPointsRequest>) -> Result<Response<EarnPointsResponse>, Status> {
        answer(request, |call| self.earn_points(call)).await
    }

    async fn redeem_points(
        &self,
        request: Request<RedeemPointsRequest>,
    ) -> Result<Response<RedeemPointsResponse>, Status> {
        answer(request, |call| self.redeem_points(call)).await
    }

    async fn reverse_points(
        &self,
        request: Request<ReversePointsRequest>,
    ) -> Result<Response<ReversePointsResponse>, Status> {
        answer(request, |call| self.reverse_points(call)).await
    }

    async fn get_balance(&self, request: Request<GetBalanceRequest>) -> Result<Response<GetBalanceResponse>, Status> {
        answer(request, |call| self.get_balance(call)).await
    }

    async fn list_balances(
        &self,
        request: Request<ListBalancesRequest>,
    ) -> Result<Response<ListBalancesResponse>, Status> {
        answer(request, |call| self.list_balances(call)).await
    }

    async fn list_entries(
        &self,
        request: Request<ListEntriesRequest>,
    ) -> Result<Response<ListEntriesResponse>, Status> {
        answer(request, |call| self.list_entries(call)).await
    }

    async fn list_lots(&self, request: Request<ListLotsRequest>) -> Result<Response<ListLotsResponse>, Status> {
        answer(request, |call| self.list_lots(call)).await
    }
}

#[async_trait]
impl PostingService for PointsApi {
    async fn post_batch(&self, request: Request<PostBatchRequest>) -> Result<Response<PostBatchResponse>, Status> {
        answer(request, |call| self.post_batch(call)).await
    }

    type PostStreamStream = Results;

    async fn post_stream(&self, request: Request<Streaming<PostStreamRequest>>) -> Result<Response<Results>, Status> {
        let (metadata, extensions, incoming) = request.into_parts();
        let call = accept(Request::from_parts(metadata, extensions, ()))?;
        Ok(Response::new(self.post_stream(call.principal().clone(), incoming)))
    }
}

#[async_trait]
impl AssetService for PointsApi {
    async fn create_asset(
        &self,
        request: Request<CreateAssetRequest>,
    ) -> Result<Response<CreateAssetResponse>, Status> {
        answer(request, |call| self.create_asset(call)).await
    }

    async fn get_asset(&self, request: Request<GetAssetRequest>) -> Result<Response<GetAssetResponse>, Status> {
        answer(request, |call| self.get_asset(call)).await
    }

    async fn list_assets(&self, request: Request<ListAssetsRequest>) -> Result<Response<ListAssetsResponse>, Status> {
        answer(request, |call| self.list_assets(call)).await
    }

    async fn update_asset(
        &self,
        request: Request<UpdateAssetRequest>,
    ) -> Result<Response<UpdateAssetResponse>, Status> {
        answer(request, |call| self.update_asset(call)).await
    }
}

#[async_trait]
impl EarningRuleService for PointsApi {
    async fn create_earning_rule(
        &self,
        request: Request<CreateEarningRuleRequest>,
    ) -> Result<Response<CreateEarningRuleResponse>, Status> {
        answer(request, |call| self.create_earning_rule(call)).await
    }

    async fn get_earning_rule(
        &self,
        request: Request<GetEarningRuleRequest>,
    ) -> Result<Response<GetEarningRuleResponse>, Status> {
        answer(request, |call| self.get_earning_rule(call)).await
    }

    async fn list_earning_rules(
        &self,
        request: Request<ListEarningRulesRequest>,
    ) -> Result<Response<ListEarningRulesResponse>, Status> {
        answer(request, |call| self.list_earning_rules(call)).await
    }

    async fn list_earning_rule_versions(
        &self,
        request: Request<ListEarningRuleVersionsRequest>,
    ) -> Result<Response<ListEarningRuleVersionsResponse>, Status> {
        answer(request, |call| self.list_earning_rule_versions(call)).await
    }

    async fn update_earning_rule(
        &self,
        request: Request<UpdateEarningRuleRequest>,
    ) -> Result<Response<UpdateEarningRuleResponse>, Status> {
        answer(request, |call| self.update_earning_rule(call)).await
    }

    async fn simulate_earning(
        &self,
        request: Request<SimulateEarningRequest>,
    ) -> Result<Response<SimulateEarningResponse>, Status> {
        answer(request, |call| self.simulate_earning(call)).await
    }

    async fn explain_earning(
        &self,
        request: Request<ExplainEarningRequest>,
    ) -> Result<Response<ExplainEarningResponse>, Status> {
        answer(request, |call| self.explain_earning(call)).await
    }
}

#[async_trait]
impl LedgerService for PointsApi {
    async fn reconcile_accounts(
        &self,
        request: Request<ReconcileAccountsRequest>,
    ) -> Result<Response<ReconcileAccountsResponse>, Status> {
        answer(request, |call| self.reconcile_accounts(call)).await
    }

    async fn get_reconciliation(
        &self,
        request: Request<GetReconciliationRequest>,
    ) -> Result<Response<GetReconciliationResponse>, Status> {
        answer(request, |call| self.get_reconciliation(call)).await
    }

    async fn start_reconciliation(
        &self,
        request: Request<StartReconciliationRequest>,
    ) -> Result<Response<StartReconciliationResponse>, Status> {
        answer(request, |call| self.start_reconciliation(call)).await
    }

    async fn list_frozen_accounts(
        &self,
        request: Request<ListFrozenAccountsRequest>,
    ) -> Result<Response<ListFrozenAccountsResponse>, Status> {
        answer(request, |call| self.list_frozen_accounts(call)).await
    }

    async fn freeze_account(
        &self,
        request: Request<FreezeAccountRequest>,
    ) -> Result<Response<FreezeAccountResponse>, Status> {
        answer(request, |call| self.freeze_account(call)).await
    }

    async fn unfreeze_account(
        &self,
        request: Request<UnfreezeAccountRequest>,
    ) -> Result<Response<UnfreezeAccountResponse>, Status> {
        answer(request, |call| self.unfreeze_account(call)).await
    }

    async fn list_liabilities(
        &self,
        request: Request<ListLiabilitiesRequest>,
    ) -> Result<Response<ListLiabilitiesResponse>, Status> {
        answer(request, |call| self.list_liabilities(call)).await
    }

    async fn list_settlements(
        &self,
        request: Request<ListSettlementsRequest>,
    ) -> Result<Response<ListSettlementsResponse>, Status> {
        answer(request, |call| self.list_settlements(call)).await
    }

    async fn get_breakage(
        &self,
        request: Request<GetBreakageRequest>,
    ) -> Result<Response<GetBreakageResponse>, Status> {
        answer(request, |call| self.get_breakage(call)).await
    }

    async fn get_liability(
        &self,
        request: Request<GetLiabilityRequest>,
    ) -> Result<Response<GetLiabilityResponse>, Status> {
        answer(request, |call| self.get_liability(call)).await
    }
}

#[async_trait]
impl StatementService for PointsApi {
    async fn get_balance_as_of(
        &self,
        request: Request<GetBalanceAsOfRequest>,
    ) -> Result<Response<GetBalanceAsOfResponse>, Status> {
        answer(request, |call| self.get_balance_as_of(call)).await
    }

    async fn get_statement(
        &self,
        request: Request<GetStatementRequest>,
    ) -> Result<Response<GetStatementResponse>, Status> {
        answer(request, |call| self.get_statement(call)).await
    }

    async fn list_expirations(
        &self,
        request: Request<ListExpirationsRequest>,
    ) -> Result<Response<ListExpirationsResponse>, Status> {
        answer(request, |call| self.list_expirations(call)).await
    }
}
