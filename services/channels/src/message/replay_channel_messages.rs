use contracts_channels::v1::{ReplayChannelMessagesRequest, ReplayChannelMessagesResponse};
use fault::Fault;
use rpc::Call;

use super::{MessageId, State, rows, wire};
use crate::account;
use crate::api::ChannelsApi;

/// How many messages are taken up by one request.
const REPLAYED_MAX: i64 = 500;

impl ChannelsApi {
    pub(crate) async fn replay_channel_messages(
        &self,
        call: Call<ReplayChannelMessagesRequest>,
    ) -> Result<ReplayChannelMessagesResponse, Fault> {
        let tenant = call.tenant();
        let account_id = account::wire::account_id(&call.account_id)?;
        let named = call.message_ids.iter().map(|id| wire::message_id(id));
        let named: Vec<MessageId> = named.collect::<Result<_, _>>()?;
        let tx = store::begin_or_replay!(self.db, call);
        let account = account::rows::lock(&**tx, tenant, account_id).await?;
        account.ok_or_else(|| account::wire::not_found(account_id))?;
        let mut ids = named;
        if ids.is_empty() {
            for state in [State::NotUnderstood, State::Refused] {
                let found = rows::list(&**tx, (tenant, account_id), Some(state), None, REPLAYED_MAX).await?;
                ids.extend(found.iter().map(|kept| kept.id));
            }
            ids.truncate(usize::try_from(REPLAYED_MAX).map_err(Fault::internal)?);
        }
        let mut replayed_count = 0_i32;
        for id in ids {
            if rows::take_up(&**tx, (tenant, account_id), id).await? {
                replayed_count = replayed_count.saturating_add(1);
            }
        }
        tx.commit(ReplayChannelMessagesResponse { replayed_count }).await
    }
}
