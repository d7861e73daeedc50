use kernel::text::{self, TextError};

use super::key::Kind;

/// An id's value as it is kept, and whether it may count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: String,
    /// It can stand for nobody: a placeholder, a test address, a carrier's service number. One such value let through
    /// merges thousands.
    pub(crate) blocked: bool,
}

/// Why a text is no value of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("must not be blank")]
    Blank,
    #[error("must be a Chinese mobile number, or begin with + and a country code")]
    Phone,
    #[error("must be one email address alone, as in li@brand.cn")]
    Email,
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Values in place of a device's id where there is none, or that very many devices share: the address that Android gives
/// every app (02:00:00:00:00:00), the id that a whole series of Android phones shares.
const SHARED_DEVICES: [&str; 3] = ["02:00:00:00:00:00", "9774d56d682e549c", "ff:ff:ff:ff:ff:ff"];
/// So many digits in their order are no chance any more.
const COUNTED_UP_MIN: usize = 6;
/// Addresses that many people give and nobody owns.
const SHARED_MAILBOXES: [&str; 10] = [
    "a", "admin", "info", "no-reply", "none", "noreply", "null", "test", "unknown", "user",
];
/// Domains that are reserved for examples (RFC 2606), and those that people type to get past a form.
const EXAMPLE_DOMAINS: [&str; 5] = ["example.com", "example.net", "example.org", "test.com", "localhost"];
/// The scheme of a link to an address.
const MAILTO: &str = "mailto:";
/// E.164: at most fifteen digits; no country has subscriber numbers that make up fewer than eight.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// A Chinese mobile number without its country code.
const CN_MOBILE_DIGITS: usize = 11;

impl Value {
    /// Brings a value into its one form: that of every identifier, phones to E.164 (China where no country is named),
    /// addresses to lower case.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, ValueError> {
        let text = &*text::identifier(text)?;
        if text.is_empty() {
            return Err(ValueError::Blank);
        }
        if is_placeholder(kind, text) {
            return Ok(Self {
                text: text.to_owned(),
                blocked: true,
            });
        }
        match kind {
            Kind::ExternalId | Kind::UnionId | Kind::CardNumber | Kind::Device => Ok(Self {
                text: text.to_owned(),
                blocked: false,
            }),
            Kind::Phone => {
                let text = e164(text).ok_or(ValueError::Phone)?;
                Ok(Self {
                    blocked: is_service_number(&text),
                    text,
                })
            }
            Kind::Email => {
                let text = bare_address(text).to_lowercase();
                let (mailbox, domain) = email_parts(&text).ok_or(ValueError::Email)?;
                let blocked = SHARED_MAILBOXES.contains(&mailbox) || EXAMPLE_DOMAINS.contains(&domain);
                Ok(Self { text, blocked })
            }
        }
    }
}

fn is_placeholder(kind: Kind, text: &str) -> bool {
    text::is_placeholder(text)
        || is_masked(text)
        || (is_number(kind) && (is_one_digit_repeated(text) || is_counted_up(text)))
        || (kind == Kind::Device && SHARED_DEVICES.contains(&&*text.to_lowercase()))
}

/// "张**", "138****5678": channels show no more of a person to some readers, and of many people the same.
fn is_masked(text: &str) -> bool {
    text.contains("**") || text.contains("••")
}

/// Kinds whose numbers nobody counts up: an external id of "77" or "123456" is somebody, a card number of 7777777 or a
/// union id of 123456 nobody.
fn is_number(kind: Kind) -> bool {
    match kind {
        Kind::CardNumber | Kind::Phone | Kind::UnionId => true,
        Kind::ExternalId | Kind::Email | Kind::Device => false,
    }
}

/// "123456", "1234567890", "0123456789012": what is typed to get past a form.
fn is_counted_up(text: &str) -> bool {
    let digits = text.as_bytes();
    text.len() >= COUNTED_UP_MIN
        && matches!(digits, [b'0' | b'1', ..])
        && digits.iter().all(u8::is_ascii_digit)
        && digits.windows(2).all(|pair| match pair {
            [b'9', next] => *next == b'0',
            [digit, next] => digit.checked_add(1) == Some(*next),
            _ => false,
        })
}

fn is_one_digit_repeated(text: &str) -> bool {
    let mut digits = text.chars().filter(char::is_ascii_digit);
    let first = digits.next();
    text.len() > 1 && text.chars().all(|c| c.is_ascii_digit()) && digits.all(|digit| Some(digit) == first)
}

/// The number as E.164, with a leading plus.
fn e164(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !is_separator(*c)).collect();
    let international = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let digits = match international {
        Some(digits) => digits.to_owned(),
        None if is_cn_mobile(&text) => format!("86{text}"),
        None => text.clone(),
    };
    let is_e164 = PHONE_DIGITS.contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && match digits.strip_prefix("86") {
            Some(subscriber) => is_cn_mobile(subscriber),
            None => international.is_some(),
        };
    is_e164.then(|| format!("+{digits}"))
}

fn is_separator(c: char) -> bool {
    // Hyphens and dashes of every length, and the minus sign: programs make them of a hyphen.
    matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// 11 digits that begin with 13 to 19.
fn is_cn_mobile(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    digits.len() == CN_MOBILE_DIGITS
        && digits.bytes().all(|b| b.is_ascii_digit())
        && bytes.next() == Some(b'1')
        && bytes.next().is_some_and(|second| (b'3'..=b'9').contains(&second))
}

/// Numbers that clerks and developers type: a carrier's service number (13800138000, 13900139000 and so on), a run of
/// eight equal digits, 12345678.
fn is_service_number(e164: &str) -> bool {
    let Some(subscriber) = e164.strip_prefix("+86") else {
        return false;
    };
    let (Some(prefix), Some(rest)) = (subscriber.get(..3), subscriber.get(3..)) else {
        return false;
    };
    rest == format!("00{prefix}000") || rest == "12345678" || is_one_digit_repeated(rest)
}

/// An address without the signs that mail programs and links put around it: `<li@brand.cn>`, `mailto:li@brand.cn`.
fn bare_address(text: &str) -> &str {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let text = inner.unwrap_or(text);
    match text.get(..MAILTO.len()) {
        Some(start) if start.eq_ignore_ascii_case(MAILTO) => text.get(MAILTO.len()..).unwrap_or_default(),
        _ => text,
    }
}

/// Mailbox and domain, as far as a form may judge: something without what separates addresses, one @, and a domain of
/// labels between dots.
fn email_parts(text: &str) -> Option<(&str, &str)> {
    let (mailbox, domain) = text.split_once('@')?;
    let is_mailbox = |c: char| !c.is_whitespace() && !"<>()[],;:\\\"@。".contains(c);
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let domain_ok = domain == "localhost" || (domain.contains('.') && domain.split('.').all(is_label));
    let ok = !mailbox.is_empty() && mailbox.chars().all(is_mailbox) && domain_ok;
    ok.then_some((mailbox, domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phone(text: &str) -> Option<String> {
        Value::parse(Kind::Phone, text).ok().map(|value| value.text)
    }

    #[test]
    fn a_phone_has_one_form_however_it_is_written() {
        let forms = [
            "13712345670",
            "+8613712345670",
            "008613712345670",
            "8613712345670",
            "137-1234-5670",
            " 137 1234 5670 ",
        ];
        for form in forms.into_iter().chain([
            "１３７１２３４５６７０",
            "＋86 (137) 1234.5670",
            "137‐1234—5670",
            "\u{202a}13712345670\u{202c}",
        ]) {
            assert_eq!(phone(form).as_deref(), Some("+8613712345670"), "{form}");
        }
        assert_eq!(phone("+44 20 7946 0958").as_deref(), Some("+442079460958"));
    }

    #[test]
    fn what_is_no_phone_is_refused() {
        for text in [
            "12345",
            "010-12345678",
            "+86 10 12345678",
            "1371234567",
            "+0123456789",
            "no phone",
            "+1234567890123456",
        ] {
            assert_eq!(Value::parse(Kind::Phone, text), Err(ValueError::Phone), "{text}");
        }
        assert_eq!(Value::parse(Kind::Phone, "  "), Err(ValueError::Blank));
    }

    #[test]
    fn what_a_spreadsheet_has_rounded_is_no_value_of_any_kind() {
        for kind in Kind::ALL {
            let refused = Err(ValueError::Text(TextError::Rounded));
            assert_eq!(Value::parse(kind, "6.22203E+15"), refused, "{kind:?}");
            assert_eq!(Value::parse(kind, " ６.22203e+15"), refused, "{kind:?}");
        }
        assert!(Value::parse(Kind::ExternalId, "o\0").is_err());
    }

    #[test]
    fn an_id_that_looks_the_same_is_the_same() {
        for kind in [Kind::ExternalId, Kind::UnionId, Kind::CardNumber, Kind::Device] {
            for text in [
                "Zoë-1",
                "Zoe\u{308}-1 ",
                "\u{feff}Zoë\u{ad}-1",
                "Ｚｏë－１",
                "Zo\u{2060}ë-\u{200b}1",
            ] {
                assert_eq!(Value::parse(kind, text).unwrap().text, "Zoë-1", "{kind:?} {text:?}");
            }
            assert_eq!(Value::parse(kind, "A/b c").unwrap().text, "A/b c");
        }
    }

    #[test]
    fn addresses_are_lower_case() {
        assert_eq!(
            Value::parse(Kind::Email, " Li.Lei@Example.CN ").unwrap().text,
            "li.lei@example.cn"
        );
        for wrapped in [
            "<a@b.cn>",
            "mailto:a@b.cn",
            "<MAILTO:A@b.cn>",
            "ａ＠ｂ．ｃｎ",
            "a\u{200b}@b.cn",
        ] {
            assert_eq!(Value::parse(Kind::Email, wrapped).unwrap().text, "a@b.cn", "{wrapped}");
        }
        for text in [
            "li.lei",
            "@example.cn",
            "li@lei@example.cn",
            "li lei@example.cn",
            "li@example",
            "li@.cn",
            "li@b..cn",
            "li@b.cn.",
            "li@b.cn,",
            "li@b.cn;lei@b.cn",
            "li@b。cn",
            "Li <li@b.cn>",
            "\"li\"@b.cn",
            "<<li@b.cn>>",
        ] {
            assert_eq!(Value::parse(Kind::Email, text), Err(ValueError::Email), "{text}");
        }
    }

    #[test]
    fn blocked_values_never_count_as_evidence() {
        let blocked = [
            (Kind::Phone, "0000"),
            (Kind::Phone, "00000000000"),
            (Kind::Phone, "11111111111"),
            (Kind::Phone, "13800138000"),
            (Kind::Phone, "+86 139 0013 9000"),
            (Kind::Phone, "13888888888"),
            (Kind::Phone, "13812345678"),
            (Kind::Email, "test@qq.com"),
            (Kind::Email, "NoReply@brand.cn"),
            (Kind::Email, "someone@example.com"),
            (Kind::CardNumber, "9999999999"),
            (Kind::CardNumber, "NULL"),
            (Kind::UnionId, "undefined"),
            (Kind::CardNumber, "123456"),
            (Kind::CardNumber, "1234567890"),
            (Kind::CardNumber, "0123456789012"),
            (Kind::UnionId, "123456"),
            (Kind::ExternalId, "${openid}"),
            (Kind::ExternalId, "{{openid}}"),
            (Kind::UnionId, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            (Kind::ExternalId, "0"),
            (Kind::ExternalId, "000000"),
            (Kind::ExternalId, "无"),
            (Kind::ExternalId, "[object Object]"),
            (Kind::UnionId, "#N/A"),
            (Kind::CardNumber, "(null)"),
            (Kind::Email, "<null>"),
            (Kind::Phone, "NaN"),
            (Kind::ExternalId, "张**"),
            (Kind::CardNumber, "6222********1234"),
            (Kind::Email, "l***@qq.com"),
            (Kind::Device, "02:00:00:00:00:00"),
            (Kind::Device, "00000000-0000-0000-0000-000000000000"),
            (Kind::Device, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        ];
        for (kind, text) in blocked {
            assert!(Value::parse(kind, text).unwrap().blocked, "{kind:?} {text}");
        }
    }

    #[test]
    fn values_of_real_people_count() {
        let counted = [
            (Kind::Phone, "13712345670"),
            (Kind::Email, "tester@qq.com"),
            (Kind::CardNumber, "8800000001"),
            (Kind::ExternalId, "1"),
            (Kind::ExternalId, "77"),
            (Kind::UnionId, "oUnion"),
            (Kind::CardNumber, "12345"),
            (Kind::CardNumber, "123457"),
            (Kind::ExternalId, "123456"),
        ];
        for (kind, text) in counted {
            assert!(!Value::parse(kind, text).unwrap().blocked, "{kind:?} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_value_that_was_brought_into_its_form_stays_so(text in ".{0,40}", kind in 0_usize..6) {
            let kind = Kind::ALL[kind];
            if let Ok(value) = Value::parse(kind, &text) {
                prop_assert_eq!(Value::parse(kind, &value.text), Ok(value));
            }
        }

        #[test]
        fn every_chinese_mobile_number_is_one(number in "1[3-9][0-9]{9}") {
            prop_assert_eq!(phone(&number).is_some(), true);
        }
    }
}
