//! A brand's account at a platform that sends messages by a protocol of its own, with its secrets.

mod create_channel_account;
mod get_channel_account;
mod list_channel_accounts;
mod refusals;
mod rotate_channel_secret;
pub(crate) mod rows;
mod service;
pub(crate) mod speaker;
mod update_channel_account;
pub(crate) mod wire;

use std::time::Duration;

use contracts_channels::v1::{MessageMapping, WebhookSignature};
use kernel::{Id, Kind, Time};

/// How many accounts a tenant may have.
pub(crate) const ACCOUNTS_MAX: i64 = 100;

/// The kind of an account's id.
#[derive(Debug)]
pub(crate) enum AccountKind {}

impl Kind for AccountKind {
    const PREFIX: &'static str = "cha";
    const NOUN: &'static str = "channel account";
}

pub(crate) type AccountId = Id<AccountKind>;

/// An account at a platform.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) display_name: String,
    pub(crate) protocol: Protocol,
    pub(crate) channel_code: String,
    pub(crate) platform_account_id: String,
    pub(crate) points_asset_code: String,
    pub(crate) plain_allowed: bool,
    pub(crate) signature: WebhookSignature,
    pub(crate) mapping: MessageMapping,
    pub(crate) is_active: bool,
    /// Counts the changes; its text is the etag.
    pub(crate) version: i64,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
}

/// By what an account speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    WeCom,
    WeChat,
    Webhook,
    WeChatPay,
    Tmall,
    Douyin,
}

impl Protocol {
    pub(crate) const ALL: [Self; 6] = [
        Self::WeCom,
        Self::WeChat,
        Self::Webhook,
        Self::WeChatPay,
        Self::Tmall,
        Self::Douyin,
    ];

    /// Its name in paths and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WeCom => "wecom",
            Self::WeChat => "wechat",
            Self::Webhook => "webhook",
            Self::WeChatPay => "wechat_pay",
            Self::Tmall => "tmall",
            Self::Douyin => "douyin",
        }
    }
}

/// What may be told of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptSecret {
    /// Its place among the secrets of its account: 1, 2, 3 and so on.
    pub(crate) ordinal: i64,
    pub(crate) create_time: Time,
    pub(crate) expire_time: Option<Time>,
}

impl Account {
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// What becomes of the secrets when there is a new one: the newest is taken for the overlap longer, unless it ends before.
pub(crate) fn succeeded(before: Vec<KeptSecret>, now: Time, overlap: Duration) -> Option<KeptSecret> {
    let newest = before.into_iter().next()?;
    let end = now.plus(overlap);
    let expire_time = Some(newest.expire_time.map_or(end, |time| time.min(end)));
    (!overlap.is_zero()).then_some(KeptSecret { expire_time, ..newest })
}
