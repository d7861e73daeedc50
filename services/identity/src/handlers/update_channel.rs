use ::store::Begun;
use contracts::identity::v1::{UpdateChannelRequest, UpdateChannelResponse};
use fault::{Fault, Violations};
use rpc::Call;

use crate::api::IdentityApi;
use crate::domain::Channel;
use crate::{store, wire};

impl IdentityApi {
    pub(crate) async fn update_channel(
        &self,
        call: Call<UpdateChannelRequest>,
    ) -> Result<UpdateChannelResponse, Fault> {
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let channels = store::channels::all(&**tx, call.tenant()).await?;
        let channel = channels.get(&call.channel_code);
        let channel = channel.ok_or_else(|| Fault::not_found("channel", &call.channel_code))?;
        wire::check_etag(&call.etag, channel.version)?;
        let channel = changed(channel, &call)?;
        store::channels::update(&**tx, call.tenant(), &channel).await?;
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
    let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
    let mut violations = Violations::new();
    violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
    for path in paths {
        match &**path {
            "display_name" => {
                violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                channel.display_name.clone_from(&request.display_name);
            }
            "account" => channel.account.clone_from(&request.account),
            "trust_rank" => {
                violations.check(request.trust_rank >= 1, "trust_rank", "must be 1 to 1000");
                channel.trust_rank = request.trust_rank;
            }
            other => violations.add(
                "update_mask",
                format!("names {other}, but only display_name, account and trust_rank of a channel may change"),
            ),
        }
    }
    violations.finish()?;
    Ok(channel)
}
