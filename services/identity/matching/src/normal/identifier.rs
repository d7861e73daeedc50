//! Ids, codes and mail addresses.

use super::Value;

/// Letters and digits alone.
pub(super) fn code(folded: &str) -> Option<Value> {
    let code: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_filler = code.len() > 3 && code.bytes().all(|byte| Some(byte) == code.bytes().next()) && !code.is_empty();
    Some(code).filter(|_| !is_filler).and_then(Value::plain)
}

/// The mailbox and its host, without the tag that many hosts ignore.
pub(super) fn email(folded: &str) -> Option<Value> {
    let Some((mailbox, host)) = folded.trim().rsplit_once('@') else {
        return code(folded);
    };
    let mailbox = mailbox.split('+').next().unwrap_or_default();
    let mailbox = match host {
        // Dots mean nothing there.
        "gmail.com" | "googlemail.com" => mailbox.replace('.', ""),
        _ => mailbox.to_owned(),
    };
    (!mailbox.is_empty() && !host.is_empty())
        .then(|| format!("{mailbox}@{host}"))
        .and_then(Value::plain)
}
