//! How the contracts' names are spelt in Rust.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// The nouns that count nothing, and keep their names.
const UNCOUNTED: [&str; 4] = ["audit", "ledger", "pending", "points"];

/// `points` of the package `quanyu.points.v1`; `types` of `quanyu.type.v1`, for `type` is a word of the language.
pub(crate) fn module(package: &str) -> String {
    match package.split('.').nth(1).unwrap_or_default() {
        "type" => "types".to_owned(),
        other => other.to_owned(),
    }
}

/// The path of a message by its full name: `crate::points::Entry` of `.quanyu.points.v1.Entry`.
pub(crate) fn message(full: &str) -> String {
    let mut parts: Vec<&str> = full.trim_start_matches('.').split('.').collect();
    let name = parts.pop().unwrap_or_default().to_upper_camel_case();
    if full.starts_with(".google.protobuf.") {
        return format!("::prost_types::{name}");
    }
    // quanyu, the package, v1; and then the messages around it, whose modules are of their names.
    let around: Vec<_> = parts.iter().skip(3).map(|part| part.to_snake_case() + "::").collect();
    let around = around.concat();
    format!("crate::{}::{around}{name}", module(&parts.join(".")))
}

/// `points` of `PointsService`, `earning_rules` of `EarningRuleService`.
pub(crate) fn accessor(service: &str) -> String {
    let noun = service.trim_end_matches("Service").to_snake_case();
    match noun.strip_suffix('y') {
        _ if UNCOUNTED.contains(&noun.as_str()) => noun,
        Some(stem) if !stem.ends_with('e') => format!("{stem}ies"),
        Some(_) | None => format!("{noun}s"),
    }
}

/// `get_balance` of `GetBalance`.
pub(crate) fn method(name: &str) -> String {
    name.to_snake_case()
}

/// A comment of the contracts as documentation.
pub(crate) fn doc(comment: &str, pad: &str) -> String {
    let lines = comment
        .trim()
        .lines()
        .map(|line| line.trim_end().replace('[', "\\[").replace(']', "\\]"));
    lines.fold(String::new(), |text, line| text + pad + "///" + &line + "\n")
}
