use contracts_channels::v1 as wire;
use fault::Fault;
use kernel::{Tenant, Time};

use super::{Account, AccountId, KeptSecret, Protocol};

/// The id that a request names; one that is none is of no account.
pub(crate) fn account_id(text: &str) -> Result<AccountId, Fault> {
    text.parse().map_err(|_| not_found(text))
}

pub(crate) fn not_found(id: impl ToString) -> Fault {
    Fault::not_found("channel account", id)
}

/// An account as the contract shows it.
pub(crate) fn account(tenant: Tenant, account: &Account, secrets: &[KeptSecret]) -> wire::ChannelAccount {
    let is_webhook = account.protocol == Protocol::Webhook;
    let state = match account.is_active {
        true => wire::ChannelAccountState::Active,
        false => wire::ChannelAccountState::Disabled,
    };
    wire::ChannelAccount {
        account_id: account.id.to_string(),
        display_name: account.display_name.clone(),
        protocol: protocol_of(account.protocol).into(),
        channel_code: account.channel_code.clone(),
        platform_account_id: account.platform_account_id.clone(),
        plain_allowed: account.plain_allowed,
        points_asset_code: account.points_asset_code.clone(),
        signature: is_webhook.then(|| account.signature.clone()),
        mapping: is_webhook.then(|| account.mapping.clone()),
        state: state.into(),
        secrets: secrets.iter().map(secret).collect(),
        callback_path: format!("/callbacks/{}/{tenant}/{}", account.protocol.name(), account.id),
        etag: account.etag(),
        create_time: Some(account.create_time.to_wire()),
        update_time: Some(account.update_time.to_wire()),
    }
}

fn secret(secret: &KeptSecret) -> wire::ChannelSecret {
    wire::ChannelSecret {
        create_time: Some(secret.create_time.to_wire()),
        expire_time: secret.expire_time.map(Time::to_wire),
    }
}

pub(crate) fn protocol(protocol: wire::ChannelProtocol) -> Option<Protocol> {
    match protocol {
        wire::ChannelProtocol::Unspecified => None,
        wire::ChannelProtocol::Wecom => Some(Protocol::WeCom),
        wire::ChannelProtocol::Wechat => Some(Protocol::WeChat),
        wire::ChannelProtocol::Webhook => Some(Protocol::Webhook),
        wire::ChannelProtocol::WechatPay => Some(Protocol::WeChatPay),
        wire::ChannelProtocol::Tmall => Some(Protocol::Tmall),
        wire::ChannelProtocol::Douyin => Some(Protocol::Douyin),
    }
}

fn protocol_of(protocol: Protocol) -> wire::ChannelProtocol {
    match protocol {
        Protocol::WeCom => wire::ChannelProtocol::Wecom,
        Protocol::WeChat => wire::ChannelProtocol::Wechat,
        Protocol::Webhook => wire::ChannelProtocol::Webhook,
        Protocol::WeChatPay => wire::ChannelProtocol::WechatPay,
        Protocol::Tmall => wire::ChannelProtocol::Tmall,
        Protocol::Douyin => wire::ChannelProtocol::Douyin,
    }
}

/// Whether a state that somebody sets means that messages are taken.
pub(crate) fn is_active(state: wire::ChannelAccountState) -> bool {
    match state {
        wire::ChannelAccountState::Unspecified | wire::ChannelAccountState::Active => true,
        wire::ChannelAccountState::Disabled => false,
    }
}
