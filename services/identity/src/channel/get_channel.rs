use contracts_identity::v1::{GetChannelRequest, GetChannelResponse};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn get_channel(&self, call: Call<GetChannelRequest>) -> Result<GetChannelResponse, Fault> {
        let channels = rows::all(self.db.read(), call.tenant()).await?;
        let channel = channels.get(&call.channel_code);
        let channel = channel.ok_or_else(|| Fault::not_found("channel", &call.channel_code))?;
        Ok(GetChannelResponse {
            channel: Some(wire::channel(channel)),
        })
    }
}
