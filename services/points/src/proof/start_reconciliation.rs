use contracts_points::v1::{StartReconciliationRequest, StartReconciliationResponse};
use fault::Fault;
use rpc::Call;

use super::miscounts::sums_standing;
use super::reconciliations::{begin_reconciliation, save_reconciliation};
use super::sum_walk::{forget_sums, save_walk, walk};
use super::wire::reconciliation_to_wire;
use crate::account::freezes::count_frozen;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn start_reconciliation(
        &self,
        call: Call<StartReconciliationRequest>,
    ) -> Result<StartReconciliationResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let now = self.clock.now();
        let mut row = begin_reconciliation(&tx, call.tenant(), now).await?;
        row.begin(now, true);
        if !save_reconciliation(&tx, call.tenant(), &row).await? {
            return Err(Fault::Contended);
        }
        if let Some(mut walk) = walk(&**tx, call.tenant()).await? {
            walk.restart();
            forget_sums(&tx, call.tenant()).await?;
            if !save_walk(&tx, call.tenant(), &mut walk).await? {
                return Err(Fault::Contended);
            }
        }
        let sums = sums_standing(&**tx, call.tenant()).await?;
        let counts = count_frozen(&**tx, Some(call.tenant())).await?;
        tx.commit(StartReconciliationResponse {
            reconciliation: Some(reconciliation_to_wire(Some(&row), sums, counts)),
        })
        .await
    }
}
