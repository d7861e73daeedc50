use contracts_identity::v1 as proto;

use super::Channel;

pub(crate) fn channel(channel: &Channel) -> proto::Channel {
    proto::Channel {
        channel_code: channel.code.clone(),
        kind: channel.kind,
        display_name: channel.display_name.clone(),
        account: channel.account.clone(),
        union_code: channel.union_code.clone().unwrap_or_default(),
        trust_rank: channel.trust_rank,
        create_time: Some(channel.create_time.to_wire()),
        etag: channel.version.to_string(),
    }
}
