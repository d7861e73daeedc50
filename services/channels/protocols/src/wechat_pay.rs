//! Notifications of WeChat Pay, API v3: <https://pay.weixin.qq.com/doc/v3/merchant/4012071382> and the pages beside it.
//!
//! SHA256-RSA over `timestamp\nnonce\nbody\n`, with the platform's certificate or public key that `Wechatpay-Serial` names;
//! within, AES-256-GCM with the merchant's `APIv3` key. WeChat Pay tests merchants with signatures that are wrong on purpose and begin
//! with `WECHATPAY/SIGNTEST/`: they are refused as all wrong ones, and counted apart, so that nobody is alarmed. It
//! repeats a notification until it is answered with 200 or 204, up to fifteen times within a day, under one id.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::fields::{json, text};
use crate::request::fresh;
use crate::{Activity, Arrival, Meaning, Message, Method, NotUnderstood, Received, Refusal, Reply, Request};

/// What every signature begins with that is wrong on purpose.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// A merchant.
#[derive(Clone)]
pub struct Account {
    /// The platform's keys that are valid.
    pub platform_keys: Vec<PlatformKey>,
    /// The `APIv3` keys that are valid, 32 bytes each.
    pub api_v3_keys: Vec<[u8; 32]>,
}

/// A key with which WeChat Pay signs.
#[derive(Clone)]
pub struct PlatformKey {
    serial: String,
    /// As PKCS#1 writes it.
    key: Vec<u8>,
}

impl PlatformKey {
    /// Takes a certificate or a public key in PEM, and what `Wechatpay-Serial` calls it. Nothing where it is neither.
    pub fn new(serial: &str, pem: &str) -> Option<Self> {
        let spki = match CertificateDer::from_pem_slice(pem.as_bytes()) {
            Ok(certificate) => Certificate::from_der(&certificate)
                .ok()?
                .tbs_certificate
                .subject_public_key_info
                .to_der()
                .ok()?,
            Err(_) => SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())
                .ok()?
                .as_ref()
                .to_vec(),
        };
        let key = SubjectPublicKeyInfoRef::from_der(&spki)
            .ok()?
            .subject_public_key
            .raw_bytes()
            .to_vec();
        Some(Self {
            serial: serial.to_owned(),
            key,
        })
    }
}

/// Takes a notification.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let Method::Post = request.method else {
        return Err(Refusal::NotAllowed);
    };
    let signature = request.header("wechatpay-signature")?;
    if signature.starts_with(PROBE) {
        return Err(Refusal::Probe);
    }
    let timestamp = request.header("wechatpay-timestamp")?;
    fresh(timestamp, now)?;
    signed(account, request, timestamp, signature)?;
    let mut content = json(request.body)?;
    let plain = opened(account, &content)?;
    let (id, kind) = (text(&content, "id"), text(&content, "event_type").to_ascii_lowercase());
    if id.is_empty() || id.len() > 128 {
        return Err(Refusal::Unreadable);
    }
    if let Some(fields) = content.as_object_mut() {
        fields.insert("resource".to_owned(), plain);
    }
    let message = Message {
        source_id: id,
        kind,
        event_time: Time::parse_rfc3339(&text(&content, "create_time")),
        content,
    };
    Ok(Received::Message(message, Reply::text("")))
}

fn signed(account: &Account, request: &Request<'_>, timestamp: &str, signature: &str) -> Result<(), Refusal> {
    let nonce = request.header("wechatpay-nonce")?;
    let serial = request.header("wechatpay-serial")?;
    let signature = STANDARD.decode(signature).map_err(|_| Refusal::BadSignature)?;
    let mut said = format!("{timestamp}\n{nonce}\n").into_bytes();
    said.extend_from_slice(request.body);
    said.push(b'\n');
    let right = account
        .platform_keys
        .iter()
        .filter(|key| key.serial == serial)
        .any(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.key)
                .verify(&said, &signature)
                .is_ok()
        });
    right.then_some(()).ok_or(Refusal::BadSignature)
}

/// What was encrypted. The signature was right, so a key that does not open it is one that the account lacks.
fn opened(account: &Account, content: &Value) -> Result<Value, Refusal> {
    let resource = content.get("resource").ok_or(Refusal::Unreadable)?;
    if text(resource, "algorithm") != "AEAD_AES_256_GCM" {
        return Err(Refusal::Unreadable);
    }
    let sealed = STANDARD
        .decode(text(resource, "ciphertext"))
        .map_err(|_| Refusal::Unreadable)?;
    let (nonce, said) = (text(resource, "nonce"), text(resource, "associated_data"));
    for key in &account.api_v3_keys {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| Refusal::Unreadable)?;
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Refusal::Unreadable)?;
        let mut bytes = sealed.clone();
        if let Ok(plain) = LessSafeKey::new(key).open_in_place(nonce, Aad::from(said.as_bytes()), &mut bytes) {
            return json(plain);
        }
    }
    Err(Refusal::BadSignature)
}

/// What a notification means: that a payment succeeded, with the payer's openid.
///
/// A refund's notification names the transaction and not the payer, and so means nothing by itself; it is kept.
pub fn meaning(message: &Message) -> Result<Meaning, NotUnderstood> {
    let resource = message.content.get("resource").unwrap_or(&Value::Null);
    match message.kind.as_str() {
        "transaction.success" => {}
        kind if kind.starts_with("refund.") => {
            return Err(NotUnderstood(format!(
                "{kind}: a refund's notification does not tell who paid"
            )));
        }
        kind => {
            return Err(NotUnderstood(format!(
                "{kind}: no meaning is known for this kind of notification"
            )));
        }
    }
    let openid = text(resource.get("payer").unwrap_or(&Value::Null), "openid");
    let transaction_id = text(resource, "transaction_id");
    if openid.is_empty() || transaction_id.is_empty() {
        return Err(NotUnderstood(
            "the transaction has no payer.openid or no transaction_id".to_owned(),
        ));
    }
    let amount = resource.get("amount").unwrap_or(&Value::Null);
    let total = amount.get("total").and_then(Value::as_i64);
    let currency = match text(amount, "currency").as_str() {
        "" => "CNY".to_owned(),
        code => code.to_owned(),
    };
    let attributes = ["out_trade_no", "trade_type", "attach", "mchid", "appid"].map(|name| {
        (
            name.to_owned(),
            text(resource, name).chars().take(512).collect::<String>(),
        )
    });
    Ok(Meaning {
        arrival: Some(Arrival {
            external_id: openid,
            evidence: Vec::new(),
        }),
        activity: Some(Activity {
            activity_type: "payment_succeeded".to_owned(),
            source_id: transaction_id,
            occur_time: Time::parse_rfc3339(&text(resource, "success_time")).or(message.event_time),
            amount: total.map(|total| (total, currency)),
            refunded_source_id: String::new(),
            attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        }),
        membership: None,
    })
}
