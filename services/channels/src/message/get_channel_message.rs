use contracts_channels::v1::{GetChannelMessageRequest, GetChannelMessageResponse};
use fault::Fault;
use rpc::Call;

use super::{rows, wire};
use crate::api::ChannelsApi;

impl ChannelsApi {
    pub(crate) async fn get_channel_message(
        &self,
        call: Call<GetChannelMessageRequest>,
    ) -> Result<GetChannelMessageResponse, Fault> {
        let id = wire::message_id(&call.message_id)?;
        let found = rows::find(self.db.read(), call.tenant(), id).await?;
        let found = found.ok_or_else(|| wire::not_found(id))?;
        Ok(GetChannelMessageResponse {
            message: Some(wire::message(&found)),
        })
    }
}
