//! Proof: every balance is the sum of its entries, and every sum is counted again.

pub(crate) mod audit;
mod get_reconciliation;
mod miscounts;
mod pace;
pub(crate) mod prove_counters;
pub(crate) mod reconcile;
mod reconcile_accounts;
pub(crate) mod reconciliations;
pub(crate) mod rows;
mod start_reconciliation;
mod sum_pages;
pub(crate) mod sum_walk;
pub(crate) mod wire;

use contracts_points::v1::ledger_service_server::LedgerService;
use contracts_points::v1::{
    FreezeAccountRequest, FreezeAccountResponse, GetBreakageRequest, GetBreakageResponse, GetLiabilityRequest,
    GetLiabilityResponse, GetReconciliationRequest, GetReconciliationResponse, ListFrozenAccountsRequest,
    ListFrozenAccountsResponse, ListLiabilitiesRequest, ListLiabilitiesResponse, ListSettlementsRequest,
    ListSettlementsResponse, ReconcileAccountsRequest, ReconcileAccountsResponse, StartReconciliationRequest,
    StartReconciliationResponse, UnfreezeAccountRequest, UnfreezeAccountResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl LedgerService for PointsApi {
        reconcile_accounts(ReconcileAccountsRequest) -> ReconcileAccountsResponse;
        get_reconciliation(GetReconciliationRequest) -> GetReconciliationResponse;
        start_reconciliation(StartReconciliationRequest) -> StartReconciliationResponse;
        list_frozen_accounts(ListFrozenAccountsRequest) -> ListFrozenAccountsResponse;
        freeze_account(FreezeAccountRequest) -> FreezeAccountResponse;
        unfreeze_account(UnfreezeAccountRequest) -> UnfreezeAccountResponse;
        list_liabilities(ListLiabilitiesRequest) -> ListLiabilitiesResponse;
        list_settlements(ListSettlementsRequest) -> ListSettlementsResponse;
        get_breakage(GetBreakageRequest) -> GetBreakageResponse;
        get_liability(GetLiabilityRequest) -> GetLiabilityResponse;
    }
}
