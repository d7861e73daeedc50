use contracts_points::v1::{GetReconciliationRequest, GetReconciliationResponse};
use fault::Fault;
use rpc::Call;

use super::miscounts::sums_standing;
use super::reconciliations::reconciliation;
use super::wire::reconciliation_to_wire;
use crate::account::freezes::count_frozen;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn get_reconciliation(
        &self,
        call: Call<GetReconciliationRequest>,
    ) -> Result<GetReconciliationResponse, Fault> {
        let row = reconciliation(self.db.read(), call.tenant()).await?;
        let counts = count_frozen(self.db.read(), Some(call.tenant())).await?;
        let sums = sums_standing(self.db.read(), call.tenant()).await?;
        Ok(GetReconciliationResponse {
            reconciliation: Some(reconciliation_to_wire(row.as_ref(), sums, counts)),
        })
    }
}
