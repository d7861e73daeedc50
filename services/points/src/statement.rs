//! Statements: what happened on an account, and what it was worth when.

mod export;
mod get_balance_as_of;
mod get_statement;
mod list_entries;
mod list_expirations;
mod list_settlements;
mod rows;

use contracts_points::v1::statement_service_server::StatementService;
use contracts_points::v1::{
    GetBalanceAsOfRequest, GetBalanceAsOfResponse, GetStatementRequest, GetStatementResponse, ListExpirationsRequest,
    ListExpirationsResponse,
};

use crate::api::PointsApi;

rpc::serve_methods! {
    impl StatementService for PointsApi {
        get_balance_as_of(GetBalanceAsOfRequest) -> GetBalanceAsOfResponse;
        get_statement(GetStatementRequest) -> GetStatementResponse;
        list_expirations(ListExpirationsRequest) -> ListExpirationsResponse;
    }
}
