use contracts_channels::v1::{GetChannelAccountRequest, GetChannelAccountResponse};
use fault::Fault;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

impl ChannelsApi {
    pub(crate) async fn get_channel_account(
        &self,
        call: Call<GetChannelAccountRequest>,
    ) -> Result<GetChannelAccountResponse, Fault> {
        let id = wire::account_id(&call.account_id)?;
        let found = rows::find(self.db.read(), call.tenant(), id).await?;
        let found = found.ok_or_else(|| wire::not_found(id))?;
        let secrets = rows::secrets(self.db.read(), call.tenant(), id, self.clock.now()).await?;
        Ok(GetChannelAccountResponse {
            account: Some(wire::account(call.tenant(), &found, &secrets)),
        })
    }
}
