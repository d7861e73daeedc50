//! The ledger, taken out of it.

mod export_entries;
mod rows;

use async_trait::async_trait;
use contracts_points::v1::ExportEntriesRequest;
use contracts_points::v1::export_service_server::ExportService;
use rpc::accept;
use tonic::{Request, Response, Status};

use crate::api::PointsApi;
use export_entries::Export;

#[async_trait]
impl ExportService for PointsApi {
    type ExportEntriesStream = Export;

    async fn export_entries(&self, request: Request<ExportEntriesRequest>) -> Result<Response<Export>, Status> {
        let call = accept(request)?;
        Ok(Response::new(self.export_entries(call).await?))
    }
}
