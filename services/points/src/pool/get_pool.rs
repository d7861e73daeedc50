use contracts_points::v1::{GetPoolRequest, GetPoolResponse};
use fault::Fault;
use rpc::Call;

use super::rows::pool;
use super::wire::parse_pool;
use super::with_balance;
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn get_pool(&self, call: Call<GetPoolRequest>) -> Result<GetPoolResponse, Fault> {
        let found = pool(self.db.read(), call.tenant(), parse_pool(&call.pool_id)?).await?;
        let pool = with_balance(self.db.read(), &found, self.clock.now()).await?;
        Ok(GetPoolResponse { pool: Some(pool) })
    }
}
