//! The names of fields within sentences: services write them as the contract does, callers of REST read their own spelling.

use std::collections::HashSet;
use std::sync::OnceLock;

/// The names in the contracts that the two spellings write differently.
pub(super) fn is_name(word: &str) -> bool {
    static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let messages = contracts_all::CONTRACT.descriptors().all_messages();
        let ours = messages.filter(|message| message.full_name().starts_with("quanyu."));
        ours.flat_map(|message| message.fields().collect::<Vec<_>>())
            .filter(|field| field.name() != field.json_name())
            .map(|field| field.name().to_owned())
            .collect()
    });
    names.contains(word)
}

/// The names of fields that stand as texts in what a caller sent, in quotes and by themselves: codes of theirs that are
/// called so.
pub(super) fn names_in_quotes(json: &[u8]) -> impl Iterator<Item = &str> {
    let mut end = 0;
    memchr::memchr_iter(b'_', json).filter_map(move |at| {
        if at < end {
            return None;
        }
        let (before, after) = json.split_at_checked(at)?;
        let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let start = at.saturating_sub(before.iter().rev().take_while(is_of_name).count());
        end = at.saturating_add(after.iter().take_while(is_of_name).count());
        let is_quoted = json.get(start.checked_sub(1)?) == Some(&b'"') && json.get(end) == Some(&b'"');
        let word = std::str::from_utf8(json.get(start..end)?).ok()?;
        (is_quoted && is_name(word)).then_some(word)
    })
}

/// A sentence with each name of a field, by `is_name`, written as `respell` does. What stands in quotes is a value, or a name
/// of the language of rules, and stays.
pub(super) fn respelled(sentence: &str, is_name: impl Fn(&str) -> bool, respell: impl Fn(&str, &mut String)) -> String {
    let (mut out, mut word) = (String::with_capacity(sentence.len()), String::new());
    let (mut quote, mut is_escaped) = (None, false);
    let write = |word: &mut String, quote: Option<char>, out: &mut String| {
        match quote.is_none() && is_name(word) {
            true => respell(word, out),
            false => out.push_str(word),
        }
        word.clear();
    };
    for letter in sentence.chars() {
        // What is joined by these is no name: an address, a code with a hyphen.
        if letter.is_alphanumeric() || matches!(letter, '_' | '-' | '@' | '/') {
            word.push(letter);
            is_escaped = false;
            continue;
        }
        write(&mut word, quote, &mut out);
        out.push(letter);
        quote = match quote {
            None if matches!(letter, '"' | '`') => Some(letter),
            Some(open) if open == letter && !is_escaped => None,
            before => before,
        };
        is_escaped = letter == '\\' && !is_escaped;
    }
    write(&mut word, quote, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loud(sentence: &str) -> String {
        respelled(sentence, is_name, |word, out| out.push_str(&word.to_uppercase()))
    }

    #[test]
    fn names_of_fields_are_found_in_a_sentence_and_nothing_else_is() {
        for (sentence, expected) in [
            (
                "available_time is late: give an expire_time.",
                "AVAILABLE_TIME is late: give an EXPIRE_TIME.",
            ),
            (
                "earn.available_time; items[0].tag_code",
                "earn.AVAILABLE_TIME; items[0].TAG_CODE",
            ),
            (r#"there is no "channel_code""#, r#"there is no "channel_code""#),
            (
                r#""a\"channel_code" and channel_code"#,
                r#""a\"channel_code" and CHANNEL_CODE"#,
            ),
            (
                "unknown field `channel_code`: give asset_code",
                "unknown field `channel_code`: give ASSET_CODE",
            ),
            (
                "shop-channel_code, channel_code/a, xchannel_code",
                "shop-channel_code, channel_code/a, xchannel_code",
            ),
            ("no_such_name of mbr_1", "no_such_name of mbr_1"),
            ("", ""),
        ] {
            assert_eq!(loud(sentence), expected);
        }
    }

    #[test]
    fn a_caller_s_own_words_are_found_where_they_stand_alone() {
        let json = br#"{"tagCode": "channel_code", "note": "the asset_code of it", "request_id": "a_b"}"#;
        assert_eq!(
            names_in_quotes(json).collect::<Vec<_>>(),
            ["channel_code", "request_id"]
        );
        for no_text_alone in [
            "_",
            r#""an asset_code""#,
            r#""asset_code of it""#,
            r#""asset_code"#,
            r#"asset_code""#,
        ] {
            assert_eq!(names_in_quotes(no_text_alone.as_bytes()).count(), 0, "{no_text_alone}");
        }
    }
}
