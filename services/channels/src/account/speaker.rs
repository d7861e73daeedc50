//! An account's way of speaking: from what is stored of it to the protocol, and what the protocol makes of requests.

use channel_protocols::webhook::{
    EvidenceDraft, FieldDraft, FieldKind, Mapping, MappingDraft, RuleDraft, Scheme, standard_secret,
};
use channel_protocols::{
    EvidenceKind, Meaning, Message, NotUnderstood, Outcome, Received, Refusal, Reply, Request, douyin, envelope, tmall,
    webhook, wechat, wechat_pay, wecom,
};
use contracts_channels::v1::{ChannelSecretValue, MappedEvidenceKind, MappedFieldKind, MappingRule, MessageMapping};
use fault::{Fault, Violations};
use kernel::Time;

use super::{Account, Protocol};

/// Everything that is wrong with a new account and its secret.
pub(crate) fn check(account: &Account, secret: &ChannelSecretValue, violations: &mut Violations) {
    check_account(account, violations);
    check_secret(account, secret, violations);
}

/// What is wrong with an account.
pub(crate) fn check_account(account: &Account, violations: &mut Violations) {
    violations.check(
        !account.display_name.is_empty(),
        "account.display_name",
        "must not be empty",
    );
    let needs_receiver = matches!(account.protocol, Protocol::WeCom | Protocol::WeChat);
    violations.check(
        !(needs_receiver && account.platform_account_id.is_empty()),
        "account.platform_account_id",
        "must not be empty: messages are encrypted for it",
    );
    violations.check(
        account.protocol != Protocol::Tmall || !account.points_asset_code.is_empty(),
        "account.points_asset_code",
        "must name the asset of which Tmall shows what a member has",
    );
    if account.protocol == Protocol::Webhook
        && let Err(mistakes) = Mapping::compile(draft(&account.mapping))
    {
        for mistake in mistakes {
            violations.add(format!("account.mapping.{}", mistake.path), mistake.message);
        }
    }
}

/// What is wrong with a secret: that it lacks a part which the protocol needs.
pub(crate) fn check_secret(account: &Account, secret: &ChannelSecretValue, violations: &mut Violations) {
    match account.protocol {
        Protocol::WeCom | Protocol::WeChat => {
            violations.check(!secret.token.is_empty(), "secret.token", "must not be empty");
            let may_lack_key = account.protocol == Protocol::WeChat && account.plain_allowed;
            let has_key = match secret.encoding_aes_key.as_str() {
                "" => may_lack_key,
                key => envelope::Secret::new(&secret.token, key).is_some(),
            };
            violations.check(
                has_key,
                "secret.encoding_aes_key",
                "must be the 43 characters that the platform shows as EncodingAESKey",
            );
        }
        Protocol::Webhook if account.signature.header.is_empty() => violations.check(
            standard_secret(&secret.signing_secret).is_some(),
            "secret.signing_secret",
            "must be \"whsec_\" and 24 to 64 bytes in base64",
        ),
        Protocol::Webhook | Protocol::Tmall | Protocol::Douyin => violations.check(
            !secret.signing_secret.is_empty(),
            "secret.signing_secret",
            "must not be empty",
        ),
        Protocol::WeChatPay => {
            violations.check(
                secret.api_v3_key.len() == 32,
                "secret.api_v3_key",
                "must have 32 characters",
            );
            violations.check(
                !secret.platform_serial.is_empty(),
                "secret.platform_serial",
                "must not be empty",
            );
            let key = wechat_pay::PlatformKey::new(&secret.platform_serial, &secret.platform_key_pem);
            violations.check(
                key.is_some(),
                "secret.platform_key_pem",
                "must be a certificate or a public key in PEM",
            );
        }
    }
}

/// What the account's protocol makes of a request.
pub(crate) fn receive(
    account: &Account,
    secrets: &[ChannelSecretValue],
    request: &Request<'_>,
    now: Time,
) -> Result<Received, Refusal> {
    let own = account.platform_account_id.clone();
    let texts = || secrets.iter().map(|secret| secret.signing_secret.clone()).collect();
    let enveloped = || {
        let enveloped = |secret: &ChannelSecretValue| envelope::Secret::new(&secret.token, &secret.encoding_aes_key);
        secrets.iter().filter_map(enveloped).collect()
    };
    match account.protocol {
        Protocol::WeCom => {
            let secrets = enveloped();
            let receive_id = own;
            wecom::receive(&wecom::Account { receive_id, secrets }, request, now)
        }
        Protocol::WeChat => {
            let account = wechat::Account {
                app_id: own,
                secrets: enveloped(),
                plain_allowed: account.plain_allowed,
            };
            wechat::receive(&account, request, now)
        }
        Protocol::Webhook => webhook::receive(&sender(account, secrets), request, now),
        Protocol::WeChatPay => {
            let key = |secret: &ChannelSecretValue| {
                wechat_pay::PlatformKey::new(&secret.platform_serial, &secret.platform_key_pem)
            };
            let account = wechat_pay::Account {
                platform_keys: secrets.iter().filter_map(key).collect(),
                api_v3_keys: secrets
                    .iter()
                    .filter_map(|secret| secret.api_v3_key.as_bytes().try_into().ok())
                    .collect(),
            };
            wechat_pay::receive(&account, request, now)
        }
        Protocol::Tmall => {
            let (seller_name, secrets) = (own, texts());
            tmall::receive(&tmall::Account { seller_name, secrets }, request, now)
        }
        Protocol::Douyin => {
            let (account_id, secrets) = (own, texts());
            douyin::receive(&douyin::Account { account_id, secrets }, request, now)
        }
    }
}

/// What a message means to the account.
pub(crate) fn meaning(account: &Account, message: &Message) -> Result<Meaning, NotUnderstood> {
    match account.protocol {
        Protocol::WeCom => wecom::meaning(message),
        Protocol::WeChat => wechat::meaning(message),
        Protocol::WeChatPay => wechat_pay::meaning(message),
        Protocol::Tmall => tmall::meaning(message),
        Protocol::Douyin => douyin::meaning(message),
        Protocol::Webhook => match Mapping::compile(draft(&account.mapping)) {
            Ok(mapping) => mapping.meaning(message),
            Err(_) => Err(NotUnderstood(
                "the account's mapping does not fit together any more: save it anew".to_owned(),
            )),
        },
    }
}

/// What a platform is answered that asks something; none of a protocol in which nothing is asked.
pub(crate) fn answer(account: &Account, question: &Message, outcome: &Outcome) -> Result<Reply, Fault> {
    match account.protocol {
        Protocol::Tmall => Ok(tmall::answer(question, outcome)),
        Protocol::Douyin => Ok(douyin::answer(question, outcome)),
        Protocol::WeCom | Protocol::WeChat | Protocol::Webhook | Protocol::WeChatPay => {
            Err(Fault::internal("nothing is asked in this protocol"))
        }
    }
}

fn sender(account: &Account, secrets: &[ChannelSecretValue]) -> webhook::Account {
    let signature = &account.signature;
    let is_standard = signature.header.is_empty();
    let scheme = match is_standard {
        true => Scheme::Standard,
        false => Scheme::Header {
            signature: signature.header.clone(),
            prefix: signature.prefix.clone(),
            timestamp: signature.timestamp_header.clone(),
            id: signature.message_header.clone(),
        },
    };
    let bytes = |secret: &ChannelSecretValue| match is_standard {
        true => standard_secret(&secret.signing_secret),
        false => Some(secret.signing_secret.clone().into_bytes()),
    };
    webhook::Account {
        scheme,
        secrets: secrets.iter().filter_map(bytes).collect(),
        kind_field: signature.kind_field.clone(),
    }
}

fn draft(mapping: &MessageMapping) -> MappingDraft {
    let field = |field: &contracts_channels::v1::MappedField| FieldDraft {
        name: field.name.clone(),
        pointer: field.pointer.clone(),
        kind: match field.kind() {
            MappedFieldKind::Unspecified | MappedFieldKind::Text => FieldKind::Text,
            MappedFieldKind::Integer => FieldKind::Integer,
            MappedFieldKind::Bool => FieldKind::Bool,
            MappedFieldKind::Time => FieldKind::Time,
            MappedFieldKind::Hundredths => FieldKind::Hundredths,
        },
    };
    MappingDraft {
        fields: mapping.fields.iter().map(field).collect(),
        rules: mapping.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &MappingRule) -> RuleDraft {
    let evidence = rule.evidence.iter().map(|evidence| EvidenceDraft {
        kind: match evidence.kind() {
            MappedEvidenceKind::Unspecified | MappedEvidenceKind::UnionId => EvidenceKind::UnionId,
            MappedEvidenceKind::Phone => EvidenceKind::Phone,
            MappedEvidenceKind::Email => EvidenceKind::Email,
            MappedEvidenceKind::CardNumber => EvidenceKind::CardNumber,
        },
        value: evidence.value.clone(),
        proven: evidence.proven,
    });
    let mut attributes: Vec<(String, String)> = rule.attributes.clone().into_iter().collect();
    attributes.sort();
    RuleDraft {
        condition: rule.condition.clone(),
        external_id: rule.external_id.clone(),
        evidence: evidence.collect(),
        activity_type: rule.activity_type.clone(),
        source_id: rule.source_id.clone(),
        occur_time_field: rule.occur_time_field.clone(),
        amount: rule.amount.clone(),
        currency_code: rule.currency_code.clone(),
        refunded_source_id: rule.refunded_source_id.clone(),
        attributes,
    }
}
