use super::tidy;

/// What programs, forms and people write where they know nothing, and the heads of the columns themselves, in small
/// letters without what stands between words ("Not found" is one); several of them are one, too ("null-null").
const WORDS: [&str; 123] = [
    "anon",
    "anonymous",
    "anonymoususer",
    "blank",
    "buyerid",
    "card",
    "cardno",
    "cardnumber",
    "channelcode",
    "customerid",
    "default",
    "deleted",
    "device",
    "deviceid",
    "dummy",
    "email",
    "empty",
    "externalid",
    "externaluserid",
    "false",
    "function",
    "guest",
    "guid",
    "id",
    "inf",
    "infinity",
    "int",
    "invalid",
    "masked",
    "membercard",
    "membercode",
    "memberid",
    "missing",
    "mobile",
    "na",
    "nan",
    "nil",
    "nobody",
    "nodata",
    "noname",
    "none",
    "noone",
    "noresult",
    "noresults",
    "notapplicable",
    "notavailable",
    "notfound",
    "notprovided",
    "notset",
    "null",
    "null-null",
    "nullnull",
    "nullptr",
    "object",
    "objectobject",
    "openid",
    "optionalempty",
    "orderid",
    "orderno",
    "ordernumber",
    "phone",
    "placeholder",
    "redacted",
    "removed",
    "requestid",
    "sourceid",
    "string",
    "tba",
    "tbc",
    "tbd",
    "test",
    "todo",
    "true",
    "unavailable",
    "undefined",
    "unionid",
    "unknown",
    "unset",
    "unspecified",
    "user",
    "usercode",
    "userid",
    "username",
    "uuid",
    "vip",
    "visitor",
    "void",
    "yourid",
    "不明",
    "不详",
    "会员卡号",
    "会员号",
    "会员编号",
    "保密",
    "匿名",
    "匿名用户",
    "卡号",
    "已删除",
    "已注销",
    "待定",
    "微信用户",
    "手机号",
    "无",
    "暂无",
    "未填",
    "未填写",
    "未提供",
    "未登记",
    "未知",
    "未设置",
    "没有",
    "测试",
    "游客",
    "烫烫烫",
    "用户id",
    "用户编号",
    "空",
    "空值",
    "订单号",
    "订单编号",
    "访客",
    "锟斤拷",
    "默认",
];
/// What a spreadsheet shows where a formula has no value, without its number sign.
const FORMULA_ERRORS: [&str; 12] = [
    "blocked", "busy", "calc", "connect", "div/0", "error", "field", "name", "num", "ref", "spill", "value",
];
/// The first day of somebody's calendar, which stands for no day.
const FIRST_DAYS: [&str; 8] = [
    "0001-01-01",
    "1/1/1970",
    "1899-12-30",
    "1900-01-00",
    "1900-01-01",
    "1970-01-01",
    "1970/01/01",
    "1970/1/1",
];

/// How a program begins that writes out an object in place of its content.
const OBJECTS: [&str; 7] = [
    "#<object",
    "<function",
    "[ljava.",
    "[object",
    "java.lang.",
    "java.util.",
    "system.",
];
/// So many digits that are all the same are no chance any more, nor ones in every bit of so many.
const SAME_DIGITS_MIN: usize = 16;
/// What people type for a UUID.
const TYPED_UUID: &str = "12345678-1234-1234-1234-123456789012";

/// A longer number is no count.
const COUNT_LENGTH_MAX: usize = 16;

/// Whether a text may count something from 0, such as "0", "00" and "0-0", which stand for nothing elsewhere. Of a UUID of
/// zeros nobody has counted anything.
pub fn is_count(text: &str) -> bool {
    text.len() < COUNT_LENGTH_MAX
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation())
}

/// Whether a text stands for nothing and nobody, in whatever case, width and brackets; the empty text does.
pub fn is_placeholder(text: &str) -> bool {
    let tidy = tidy(text);
    let text = tidy.to_lowercase();
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    is_nothing_but_zeros(&text)
        || text == "\\n"
        || text == "-1"
        // Of a time in pandas; in small letters it is a person's name.
        || tidy == "NaT"
        || text.chars().all(|c| c == 'x')
        || is_one_digit(&text)
        || text == TYPED_UUID
        || (text.starts_with('#') && FORMULA_ERRORS.contains(&bare))
        || is_first_day(&text)
        || is_unfilled(&text)
        || is_object(&text)
        || is_of_words(bare)
}

/// A word, or several. Every request is asked for its number's sake: no word has a digit, and nearly every number has one.
fn is_of_words(bare: &str) -> bool {
    !bare.bytes().any(|byte| byte.is_ascii_digit())
        && (is_word(bare) || bare.split_whitespace().all(is_word) || words(bare).all(is_word))
}

fn is_word(text: &str) -> bool {
    WORDS.binary_search(&&*words(text).collect::<String>()).is_ok()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Punctuation, zeros or nothing at all: "-", "{}", "########", "0x0", "00000000-0000-0000-0000-000000000000".
fn is_nothing_but_zeros(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.chars().all(|c| c == '0' || !c.is_alphanumeric())
}

/// "ffffffff-ffff-ffff-ffff-ffffffffffff", "11111111-1111-1111-1111-111111111111".
fn is_one_digit(text: &str) -> bool {
    let mut digits = text.chars().filter(|c| c.is_alphanumeric());
    let first = digits.next();
    text.len() >= SAME_DIGITS_MIN
        && first.is_some_and(|first| first.is_ascii_hexdigit())
        && digits.all(|digit| Some(digit) == first)
}

/// The name of a variable that a template was to fill in: "${openid}", "{{ openid }}", "{openid}", "$openid", "%s", or a
/// formula that a spreadsheet was to: "=VLOOKUP(A1)".
fn is_unfilled(text: &str) -> bool {
    let within = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphabetic() || "_. ".contains(c));
    let is_marked = [
        ("${", "}"),
        ("#{", "}"),
        ("%{", "}"),
        ("{{", "}}"),
        ("<%", "%>"),
        ("%7b", "%7d"),
    ]
    .into_iter()
    .any(|(open, close)| within(open, close).is_some());
    // An id may stand in braces, as programs of Windows write theirs.
    let is_braced = within("{", "}").is_some_and(is_name) || text.strip_prefix('$').is_some_and(is_name);
    // "%s", and "%1$s" with its place.
    let of_format = text.strip_prefix('%').map(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start_matches('$')
    });
    let is_format = of_format.is_some_and(|kind| ["s", "d", "i", "u", "v", "f", "@"].contains(&kind));
    let is_formula = text.strip_prefix('=').is_some_and(|formula| {
        formula.split_once('(').is_some_and(|(function, _)| is_name(function)) && formula.ends_with(')')
    });
    is_marked || is_braced || is_format || is_formula
}

/// What a program writes of an object that cannot be written: "[object Window]", "System.String[]", "org.shop.Id@1b2c",
/// "<Id object at 0x7f00>".
fn is_object(text: &str) -> bool {
    let has_address = text.split_once('@').is_some_and(|(class, address)| {
        class.contains('.')
            && class.chars().all(|c| c.is_ascii_alphanumeric() || "._$[;".contains(c))
            && !address.is_empty()
            && address.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let is_written_out = OBJECTS.iter().any(|begin| {
        let rest = text.strip_prefix(begin);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || " :(>]".contains(c)))
    });
    // Of Ruby "#<Id:0x0007>", of Python "<Id object at 0x7f00>".
    let is_inspected = text.contains("object at 0x") || (text.starts_with("#<") && text.contains(":0x"));
    has_address || is_written_out || is_inspected
}

/// With any way to write the day's beginning, in Beijing too.
fn is_first_day(text: &str) -> bool {
    let rest = FIRST_DAYS.iter().find_map(|day| text.strip_prefix(day));
    rest.is_some_and(|rest| {
        rest.chars()
            .all(|c| !c.is_alphanumeric() || matches!(c, '0' | '8' | 't' | 'z'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_write_where_they_know_nothing_is_a_placeholder() {
        for text in [
            "#N/A",
            "#N/A N/A",
            "NaN",
            "[object Object]",
            "(null)",
            "<null>",
            "[NULL]",
            "\"null\"",
            "undefined",
            "None",
            "nil",
            "N/A",
            "na",
            "#REF!",
            "#VALUE!",
            "#DIV/0!",
            "#NAME?",
            "#NULL!",
            "#NUM!",
            "\\N",
            "",
            " ",
            "\"\"",
            "''",
            "{}",
            "[]",
            "()",
            "<>",
            "true",
            "FALSE",
            "Unknown",
            "未知",
            "无",
            "暂无",
            "空",
            "匿名",
            "没有",
            "-",
            "--",
            "---",
            "—",
            "－",
            "_",
            "?",
            "??",
            "？",
            ".",
            "...",
            "*",
            "****",
            "/",
            "x",
            "xxx",
            "XXX",
            "ｘ",
            "TBD",
            "todo",
            "deleted",
            "1970-01-01",
            "1970-01-01T00:00:00Z",
            "1970-01-01 08:00:00",
            "1970/1/1",
            "1900-01-00",
            "0000-00-00",
            "00000000-0000-0000-0000-000000000000",
            "00:00:00:00:00:00",
            "0",
            "000",
            "0.0",
            "０００",
            "-1",
            "guest",
            "Anonymous",
            "null-null",
            "null_undefined",
            "null null",
            "ＮＵＬＬ",
            "nu\u{200b}ll",
            "(not set)",
            "string",
            "########",
            "微信用户",
            "（无）",
            "“无”",
            "N.A.",
            "n. a.",
            "NotFound",
            "not_found",
            "NaT",
            "0x0",
            "0x00000000",
            "openid",
            "OpenID",
            "user_id",
            "订单编号",
            "\u{2800}",
        ] {
            assert!(is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn what_programs_forgot_to_fill_in_is_a_placeholder() {
        for text in [
            "${openid}",
            "${user.openId}",
            "{{openid}}",
            "{{ openid }}",
            "{openid}",
            "$openid",
            "#{id}",
            "<%= id %>",
            "%s",
            "%@",
            "System.Object",
            "System.String[]",
            "Optional.empty",
            "org.foo.Bar@1b2c",
            "[Ljava.lang.String;@1b2c3d",
            "java.lang.Object@6d06d69c",
            "[object Window]",
            "<Order object at 0x7f3a>",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "#<Object:0x00007f>",
            "#<User:0x007>",
            "<object at 0x10>",
            "%1$s",
            "%7Bopenid%7D",
            "=VLOOKUP(A1)",
            "11111111-1111-1111-1111-111111111111",
            "12345678-1234-1234-1234-123456789012",
            "buyer_id",
            "memberCard",
            "用户ID",
            "锟斤拷",
        ] {
            assert!(is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_counted_from_0_is_told_from_an_id_of_zeros() {
        for text in ["0", "00", "0-0", "0.1", "17"] {
            assert!(is_count(text), "{text}");
        }
        for text in [
            "",
            "-",
            "-0",
            "0x0",
            "00000000-0000-0000-0000-000000000000",
            "0000000000000000",
        ] {
            assert!(!is_count(text), "{text}");
        }
    }

    #[test]
    fn ids_that_resemble_one_are_ids() {
        for text in [
            "1",
            "77",
            "nullius",
            "nan-17",
            "guest-12",
            "ref",
            "name",
            "value",
            "#17",
            "x1",
            "xy",
            "testa",
            "n",
            "1970-01-02",
            "1970-01-01-17",
            "00000000-0000-0000-0000-000000000001",
            "无锡",
            "空空如也",
            "张三",
            "none@x.cn",
            "\\n1",
            "o-x",
            "-12",
            "nat",
            "nana",
            "0x1f",
            "ffff",
            "{8B0F1C2D-0000-4000-8000-00000000000A}",
            "{17}",
            "$17",
            "%s1",
            "li.lei@b2b.cn",
            "systems",
            "system.1",
            "123456",
            "user-17",
            "1111111",
            "id-17",
            "=17",
        ] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_in_the_form_that_is_looked_for() {
        for list in [&WORDS[..], &FORMULA_ERRORS, &FIRST_DAYS, &OBJECTS] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|word| tidy(word).to_lowercase() == *word));
        }
        for word in WORDS {
            assert!(!word.contains(|c: char| c.is_ascii_digit()), "{word} is not looked for");
        }
    }
}
