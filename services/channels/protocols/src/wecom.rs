//! Callbacks of WeCom (企业微信): <https://developer.work.weixin.qq.com/document/path/90238>, encrypted as
//! <https://developer.work.weixin.qq.com/document/path/91144> says.
//!
//! WeCom asks for an answer within five seconds and repeats a message three times; an empty answer with status 200 ends it.
//! Its documentation knows a message by `MsgId`, and an event, which has none, by who sent it and when; since one sender can
//! cause two events in a second, what kind of event it is counts here too. How long a signed time is good for is not
//! documented: [`crate::WINDOW`] holds.

use kernel::Time;
use serde_json::Value;

use crate::envelope::{Sealed, Secret, open};
use crate::fields::{code_of, seconds, text};
use crate::request::{fresh, once};
use crate::signature::sha256;
use crate::{Activity, Arrival, Meaning, Message, Method, NotUnderstood, Received, Refusal, Reply, Request, xml};

/// An account: a corporation's application, or a service provider's suite.
#[derive(Clone)]
pub struct Account {
    /// For whom messages are: the corporation's id, or for a suite's callbacks the suite's.
    pub receive_id: String,
    /// The secrets that are valid.
    pub secrets: Vec<Secret>,
}

/// Takes a request of WeCom.
pub fn receive(account: &Account, request: &Request<'_>, now: Time) -> Result<Received, Refusal> {
    request.bounded()?;
    let parameters = request.parameters();
    let timestamp = once(&parameters, "timestamp")?;
    let sealed = |text| {
        Ok(Sealed {
            signature: once(&parameters, "msg_signature")?,
            timestamp,
            nonce: once(&parameters, "nonce")?,
            text,
        })
    };
    fresh(timestamp, now)?;
    match request.method {
        Method::Get => {
            let echo = sealed(once(&parameters, "echostr")?)?;
            let plain = open(&account.secrets, &echo, &account.receive_id)?;
            let plain = String::from_utf8(plain).map_err(|_| Refusal::Unreadable)?;
            Ok(Received::Greeting(Reply::text(&plain)))
        }
        Method::Post => {
            let body = xml::read(request.body)?;
            let encrypted = body.get("Encrypt").and_then(Value::as_str).ok_or(Refusal::Unsigned)?;
            let plain = open(&account.secrets, &sealed(encrypted)?, &account.receive_id)?;
            Ok(Received::Message(message(xml::read(&plain)?), Reply::text("")))
        }
    }
}

fn message(content: Value) -> Message {
    let (kind, source_id) = match (text(&content, "MsgType").as_str(), text(&content, "MsgId").as_str()) {
        ("event", _) => {
            let kind = match text(&content, "ChangeType").as_str() {
                "" => format!("event.{}", code_of(&text(&content, "Event"))),
                change => format!("event.{}.{}", code_of(&text(&content, "Event")), code_of(change)),
            };
            (kind, event_id(&content))
        }
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

/// What an event is known by. Events about customers come all from the sender "sys", so whom they are about counts too.
fn event_id(content: &Value) -> String {
    let names = [
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Event",
        "EventKey",
        "ChangeType",
        "UserID",
        "ExternalUserID",
        "ChatId",
        "AgentID",
    ];
    let parts: Vec<String> = names.iter().map(|name| format!("{}\n", text(content, name))).collect();
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    format!("evt_{}", hex::encode(sha256(&parts)))
}

/// What a message means. Only events about customers (`change_external_contact`) are of members; employees who write to an
/// application are none.
pub fn meaning(message: &Message) -> Result<Meaning, NotUnderstood> {
    let content = &message.content;
    let change = text(content, "ChangeType");
    if text(content, "Event") != "change_external_contact" {
        return Ok(Meaning::default());
    }
    let external_id = text(content, "ExternalUserID");
    if external_id.is_empty() {
        return Err(NotUnderstood(format!("{change}: it has no ExternalUserID")));
    }
    let activity_type = match change.as_str() {
        "add_external_contact" => "wecom_contact_added",
        "add_half_external_contact" => "wecom_contact_half_added",
        "edit_external_contact" => "wecom_contact_edited",
        "del_external_contact" => "wecom_contact_removed_by_employee",
        "del_follow_user" => "wecom_contact_left",
        "transfer_fail" => "wecom_contact_transfer_failed",
        _ => return Err(NotUnderstood(format!("{change}: no meaning is known for this change"))),
    };
    let attributes = [
        ("user_id", "UserID"),
        ("state", "State"),
        ("source", "Source"),
        ("fail_reason", "FailReason"),
    ]
    .map(|(name, field)| {
        (
            name.to_owned(),
            text(content, field).chars().take(512).collect::<String>(),
        )
    });
    Ok(Meaning {
        arrival: Some(Arrival {
            external_id,
            evidence: Vec::new(),
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
