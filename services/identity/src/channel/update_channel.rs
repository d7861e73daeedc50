use contracts_identity::v1::{UpdateChannelRequest, UpdateChannelResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::Channel;
use super::rows;
use super::wire;
use crate::api::IdentityApi;

/// What may change of a channel.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Account,
    TrustRank,
}

const FIELDS: [(&str, Field); 3] = [
    ("display_name", Field::DisplayName),
    ("account", Field::Account),
    ("trust_rank", Field::TrustRank),
];

impl IdentityApi {
    pub(crate) async fn update_channel(
        &self,
        call: Call<UpdateChannelRequest>,
    ) -> Result<UpdateChannelResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let channels = rows::all(&**tx, call.tenant()).await?;
        let channel = channels.get(&call.channel_code);
        let channel = channel.ok_or_else(|| Fault::not_found("channel", &call.channel_code))?;
        Fault::check_etag(&call.etag, channel.version)?;
        let channel = changed(channel, &call)?;
        rows::update(&**tx, call.tenant(), &channel).await?;
        tx.commit(UpdateChannelResponse {
            channel: Some(wire::channel(&channel)),
        })
        .await
    }
}

fn changed(channel: &Channel, request: &UpdateChannelRequest) -> Result<Channel, Fault> {
    let mut channel = Channel {
        version: channel.version.saturating_add(1),
        ..channel.clone()
    };
    let mut violations = Violations::new();
    for field in violations.mask(request.update_mask.as_ref(), &FIELDS) {
        match field {
            Field::DisplayName => {
                violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                channel.display_name.clone_from(&request.display_name);
            }
            Field::Account => channel.account.clone_from(&request.account),
            Field::TrustRank => {
                violations.check(request.trust_rank >= 1, "trust_rank", "must be 1 to 1000");
                channel.trust_rank = request.trust_rank;
            }
        }
    }
    violations.finish()?;
    Ok(channel)
}
