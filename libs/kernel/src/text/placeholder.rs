use super::tidy;

/// What programs, forms and people write where they know nothing, in small letters; several of them are one, too
/// ("null-null").
const WORDS: [&str; 70] = [
    "anon",
    "anonymous",
    "anonymous user",
    "blank",
    "default",
    "deleted",
    "dummy",
    "empty",
    "false",
    "guest",
    "inf",
    "infinity",
    "invalid",
    "masked",
    "missing",
    "n/a",
    "n/a n/a",
    "na",
    "nan",
    "nil",
    "no data",
    "no name",
    "nobody",
    "none",
    "not applicable",
    "not available",
    "not provided",
    "not set",
    "notset",
    "null",
    "object object",
    "placeholder",
    "redacted",
    "removed",
    "string",
    "tba",
    "tbc",
    "tbd",
    "test",
    "todo",
    "true",
    "undefined",
    "unknown",
    "unset",
    "unspecified",
    "visitor",
    "void",
    "不明",
    "不详",
    "保密",
    "匿名",
    "匿名用户",
    "已删除",
    "已注销",
    "待定",
    "微信用户",
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
    "空",
    "空值",
    "访客",
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

/// Whether a text stands for nothing and nobody, in whatever case, width and brackets; the empty text does.
pub fn is_placeholder(text: &str) -> bool {
    let text = tidy(text).to_lowercase();
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    is_nothing_but_zeros(&text)
        || text == "\\n"
        || text == "-1"
        || text.chars().all(|c| c == 'x')
        || (text.starts_with('#') && FORMULA_ERRORS.contains(&bare))
        || is_first_day(&text)
        || WORDS.contains(&bare)
        || words(bare).all(|word| WORDS.contains(&word))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Punctuation, zeros or nothing at all: "-", "{}", "########", "00000000-0000-0000-0000-000000000000".
fn is_nothing_but_zeros(text: &str) -> bool {
    text.chars().all(|c| c == '0' || !c.is_alphanumeric())
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
        ] {
            assert!(is_placeholder(text), "{text:?}");
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
        ] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_in_the_form_that_is_looked_for() {
        for list in [&WORDS[..], &FORMULA_ERRORS, &FIRST_DAYS] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|word| tidy(word).to_lowercase() == *word));
        }
    }
}
