//! Messages of WeChat official accounts and mini programs:
//! <https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html>,
//! <https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>.
//!
//! In the safe and the compatible mode the body is encrypted and signed. In the plain mode the signature covers the token,
//! the time and the nonce **and nothing of the body**: whoever sees one such request can send any body with it while the
//! time is good. So an account takes plain messages only where it says so. WeChat asks for an answer within five seconds and
//! repeats three times; `success` ends it. A message is known by `MsgId`, an event by who caused it and when; what kind of event
//! counts too, since one person can cause two in a second. How long a signed time is good for is not documented:
//! [`crate::WINDOW`] holds.

use kernel::Time;
use serde_json::Value;

use crate::envelope::{Sealed, Secret, open};
use crate::fields::{code_of, json, seconds, text};
use crate::request::{fresh, once, optional};
use crate::signature::sha256;
use crate::{
    Activity, Arrival, Evidence, EvidenceKind, Meaning, Message, Method, NotUnderstood, Received, Refusal, Reply,
    Request, xml,
};

/// An official account or a mini program.
#[derive(Clone)]
pub struct Account {
    /// Its app id, for which encrypted messages are.
    pub app_id: String,
    /// The secrets that are valid.
    pub secrets: Vec<Secret>,
    /// Whether messages that are not encrypted are taken.
    pub plain_allowed: bool,
}

/// Takes a request of WeChat.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let parameters = request.parameters();
    let timestamp = once(&parameters, "timestamp")?;
    let nonce = once(&parameters, "nonce")?;
    fresh(timestamp, now)?;
    if let Method::Get = request.method {
        signed_plainly(account, once(&parameters, "signature")?, timestamp, nonce)?;
        return Ok(Received::Greeting(Reply::text(once(&parameters, "echostr")?)));
    }
    let content = match optional(&parameters, "encrypt_type")? {
        Some("aes") => {
            let body = read(request.body)?;
            let sealed = Sealed {
                signature: once(&parameters, "msg_signature")?,
                timestamp,
                nonce,
                text: body.get("Encrypt").and_then(Value::as_str).ok_or(Refusal::Unsigned)?,
            };
            read(&open(&account.secrets, &sealed, &account.app_id)?)?
        }
        Some("raw") | None => {
            signed_plainly(account, once(&parameters, "signature")?, timestamp, nonce)?;
            match account.plain_allowed {
                true => read(request.body)?,
                false => return Err(Refusal::NotAllowed),
            }
        }
        Some(_) => return Err(Refusal::NotAllowed),
    };
    Ok(Received::Message(message(content), Reply::text("success")))
}

fn signed_plainly(account: &Account, signature: &str, timestamp: &str, nonce: &str) -> Result<(), Refusal> {
    let signed = account
        .secrets
        .iter()
        .any(|secret| secret.signs(signature, timestamp, nonce));
    signed.then_some(()).ok_or(Refusal::BadSignature)
}

/// Mini programs choose between XML and JSON.
fn read(body: &[u8]) -> Result<Value, Refusal> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => json(body),
        Some(_) | None => xml::read(body),
    }
}

fn message(content: Value) -> Message {
    let (kind, source_id) = match (text(&content, "MsgType").as_str(), text(&content, "MsgId").as_str()) {
        ("event", _) => (
            format!("event.{}", code_of(&text(&content, "Event"))),
            event_id(&content),
        ),
        (kind, "") => (code_of(kind), event_id(&content)),
        (kind, id) => (code_of(kind), format!("msg_{id}")),
    };
    Message {
        source_id,
        kind,
        event_time: seconds(&content, "CreateTime"),
        content,
    }
}

fn event_id(content: &Value) -> String {
    let names = ["FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "MsgID"];
    let parts: Vec<String> = names.iter().map(|name| format!("{}\n", text(content, name))).collect();
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    format!("evt_{}", hex::encode(sha256(&parts)))
}

/// What a message means: who wrote or did it, by the openid, and what it was.
pub fn meaning(message: &Message) -> Result<Meaning, NotUnderstood> {
    let content = &message.content;
    let activity_type = match message.kind.as_str() {
        "event.subscribe" => "wechat_subscribed",
        "event.unsubscribe" => "wechat_unsubscribed",
        "event.scan" => "scanned",
        "event.click" => "wechat_menu_clicked",
        "event.view" | "event.view_miniprogram" => "wechat_menu_opened",
        "event.user_enter_tempsession" => "wechat_session_entered",
        "text" | "image" | "voice" | "video" | "shortvideo" | "location" | "link" | "miniprogrampage" => {
            "wechat_message_sent"
        }
        // Whether a template or a broadcast arrived is the brand's to know, and nothing that the person did.
        "event.templatesendjobfinish" | "event.masssendjobfinish" => return Ok(Meaning::default()),
        kind => {
            return Err(NotUnderstood(format!(
                "{kind}: no meaning is known for this kind of message"
            )));
        }
    };
    let openid = text(content, "FromUserName");
    if openid.is_empty() {
        return Err(NotUnderstood(format!("{}: it has no FromUserName", message.kind)));
    }
    let unionid = [text(content, "UnionID"), text(content, "unionid")]
        .into_iter()
        .find(|id| !id.is_empty());
    let attributes = [
        ("msg_type", "MsgType"),
        ("event_key", "EventKey"),
        ("content", "Content"),
        ("ticket", "Ticket"),
    ]
    .map(|(name, field)| {
        (
            name.to_owned(),
            text(content, field).chars().take(512).collect::<String>(),
        )
    });
    Ok(Meaning {
        arrival: Some(Arrival {
            external_id: openid,
            evidence: unionid.map(union).into_iter().collect(),
        }),
        activity: Some(Activity {
            activity_type: activity_type.to_owned(),
            source_id: message.source_id.clone(),
            occur_time: message.event_time,
            amount: None,
            refunded_source_id: String::new(),
            attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        }),
        membership: None,
    })
}

fn union(value: String) -> Evidence {
    Evidence {
        kind: EvidenceKind::UnionId,
        value,
        proven: true,
    }
}
