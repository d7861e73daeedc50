//! Names: Latin and Chinese ones, in whatever order.

use pinyin::ToPinyin;

use super::nickname::long_form;
use super::{Forms, Value, is_han, words};
use crate::sound::sound;

/// What is said before or after a name, and is none.
const TITLES: [&str; 14] = [
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "mme", "mlle", "sr", "sra",
];
const CHINESE_TITLES: [&str; 6] = ["先生", "女士", "小姐", "太太", "老师", "同学"];
/// Surnames of two characters; all others have one.
const DOUBLE_SURNAMES: [&str; 20] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "长孙", "宇文",
    "轩辕", "南宫", "端木", "独孤", "百里", "呼延",
];
/// Surnames that are read otherwise than the same character elsewhere.
const SURNAME_READINGS: [(char, &str); 12] = [
    ('单', "shan"),
    ('曾', "zeng"),
    ('解', "xie"),
    ('仇', "qiu"),
    ('查', "zha"),
    ('区', "ou"),
    ('朴', "piao"),
    ('盖', "ge"),
    ('任', "ren"),
    ('覃', "qin"),
    ('缪', "miao"),
    ('乐', "yue"),
];

/// One part of a name: given or family.
pub(super) fn part(folded: &str) -> Option<Value> {
    let words = without_titles(words(without_chinese_title(folded)).collect());
    value(&words, false)
}

/// A whole name. "Smith, John" is "John Smith".
pub(super) fn full(folded: &str) -> Option<Value> {
    let folded = without_chinese_title(folded);
    let words = match folded.split_once([',', '，']) {
        Some((surname, given)) => words(given).chain(words(surname)).collect(),
        None => words(folded).collect(),
    };
    value(&without_titles(words), true)
}

fn without_chinese_title(folded: &str) -> &str {
    let folded = folded.trim();
    let bare = CHINESE_TITLES.iter().find_map(|title| folded.strip_suffix(title));
    // 王先生 is somebody's name without the given one; 先生 alone is nobody's.
    bare.unwrap_or(folded)
}

fn without_titles(words: Vec<String>) -> Vec<String> {
    let is_title = |word: &String| TITLES.contains(&word.as_str());
    if words.iter().all(is_title) {
        return words;
    }
    words.into_iter().filter(|word| !is_title(word)).collect()
}

fn value(words: &[String], is_full: bool) -> Option<Value> {
    if words.is_empty() {
        return None;
    }
    let text = text(words);
    let spoken: Vec<String> = words.iter().flat_map(|word| read_aloud(word, is_full)).collect();
    let latin = spoken.concat();
    let turned = match spoken.as_slice() {
        [rest @ .., last] if is_full && !rest.is_empty() => format!("{last}{}", rest.concat()),
        _ => String::new(),
    };
    let long = words.first().and_then(|word| long_form(word)).unwrap_or_default();
    let long = if is_full && !long.is_empty() {
        let rest = words.iter().skip(1).map(String::as_str);
        std::iter::once(long).chain(rest).collect::<String>()
    } else {
        long.to_owned()
    };
    let sound = sound(&latin);
    let forms = Forms {
        latin: if latin == text { String::new() } else { latin }.into(),
        turned: turned.into(),
        long: long.into(),
        words: Box::default(),
    };
    Some(Value {
        sound,
        text: text.into(),
        forms: (forms != Forms::default()).then(|| forms.into()),
        ..Value::default()
    })
}

/// Words with a blank between them; Chinese ones are written without.
fn text(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        let is_chinese = word.starts_with(is_han) && text.ends_with(is_han);
        if !text.is_empty() && !is_chinese {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The words of a name in Latin letters: of a Chinese one its surname, where it has one, and the given name.
fn read_aloud(word: &str, is_full: bool) -> Vec<String> {
    if !word.contains(is_han) {
        return vec![word.to_owned()];
    }
    let surname = match (is_full, DOUBLE_SURNAMES.iter().any(|surname| word.starts_with(surname))) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    };
    let parts = [
        word.chars().take(surname).collect::<String>(),
        word.chars().skip(surname).collect(),
    ];
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.map(|part| pinyin(part)).collect()
}

/// A text with the reading of each Chinese character in its place.
fn pinyin(text: &str) -> String {
    let mut latin = String::new();
    let is_surname = text.chars().count() == 1;
    for c in text.chars() {
        let reading = SURNAME_READINGS.iter().find(|(surname, _)| is_surname && *surname == c);
        match (reading, c.to_pinyin()) {
            (Some((_, reading)), _) => latin.push_str(reading),
            (None, Some(reading)) => latin.push_str(&reading.plain().replace('ü', "v")),
            (None, None) => latin.push(c),
        }
    }
    latin
}
