use contracts_identity::v1::{CreateChannelRequest, CreateChannelResponse, ErrorReason};
use fault::{Fault, Violations};
use kernel::Time;
use rpc::Call;

use super::CHANNELS_MAX;
use super::Channel;
use super::rows;
use super::wire;
use crate::api::IdentityApi;
use crate::profile::SOURCE_WORDS;

impl IdentityApi {
    pub(crate) async fn create_channel(
        &self,
        call: Call<CreateChannelRequest>,
    ) -> Result<CreateChannelResponse, Fault> {
        let channel = parse(&call, self.clock.now())?;
        let tx = store::begin_or_replay!(self.db, call);
        if rows::all(&**tx, call.tenant()).await?.len() >= CHANNELS_MAX {
            let message = format!("a brand has at most {CHANNELS_MAX} channels: use one of those that exist");
            return Err(Fault::refused(ErrorReason::ChannelLimitReached, message).with("limit", CHANNELS_MAX));
        }
        if !rows::insert(&**tx, call.tenant(), &channel).await? {
            let message = format!("there is a channel {} already: choose another code", channel.code);
            let refusal = Fault::refused(ErrorReason::ChannelAlreadyExists, message);
            return Err(refusal.with("channel_code", channel.code));
        }
        tx.commit(CreateChannelResponse {
            channel: Some(wire::channel(&channel)),
        })
        .await
    }
}

fn parse(request: &CreateChannelRequest, now: Time) -> Result<Channel, Fault> {
    let channel = request.channel.clone().unwrap_or_default();
    let mut violations = Violations::new();
    let is_reserved = SOURCE_WORDS.contains(&&*channel.channel_code);
    violations.check(
        !is_reserved,
        "channel.channel_code",
        "is a reserved word: choose another code",
    );
    violations.finish()?;
    Ok(Channel {
        code: channel.channel_code,
        kind: channel.kind,
        display_name: channel.display_name,
        account: channel.account,
        union_code: Some(channel.union_code).filter(|code| !code.is_empty()),
        trust_rank: channel.trust_rank,
        create_time: now,
        version: 1,
    })
}
