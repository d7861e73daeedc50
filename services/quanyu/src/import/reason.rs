//! Reasons for which rows are rejected: "line 3: column: what is wrong".

use fault::{Common, Reason};

/// Whether what is wrong with a reason's column, or with a part of it, was told by others.
pub(super) fn is_told(reasons: &[String], reason: &str) -> bool {
    let column = column(reason);
    reasons.iter().any(|told| {
        let told = self::column(told);
        covers(told, column) || covers(column, told)
    })
}

/// Notes a reason, unless something was told of the same column of the same line.
pub(super) fn note(reasons: &mut Vec<String>, reason: String) {
    let is_new = reasons.iter().all(|told| place(told) != place(&reason));
    if is_new {
        reasons.push(reason);
    }
}

/// Adds the platform's own name of a refusal, by which its documents have it. That a field is wrong needs no name.
pub(super) fn name(reasons: &mut [String], reason: &str) {
    if let Some(first) = reasons
        .first_mut()
        .filter(|_| !reason.is_empty() && reason != Common::InvalidField.name())
    {
        *first = format!("{first} ({reason})");
    }
}

/// The column, with its line where there are several.
fn place(reason: &str) -> &str {
    let column = column(reason);
    let begin = reason.find(column).unwrap_or_default();
    reason.get(..begin.saturating_add(column.len())).unwrap_or(reason)
}

fn column(reason: &str) -> &str {
    let rest = reason.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    let is_number = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
    let reason = rest
        .filter(|(number, _)| is_number(number))
        .map_or(reason, |(_, rest)| rest);
    reason.split_once(": ").map_or(reason, |(column, _)| column)
}

/// Whether a path is another one, or leads into it: what is wrong with a part of a field makes the whole wrong.
fn covers(path: &str, other: &str) -> bool {
    let rest = other.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_told_once_for_each_line() {
        let mut reasons = Vec::new();
        for reason in [
            "line 2: Paid (amount): must not hold U+0000",
            "line 2: Paid (amount): must be an amount",
            "line 3: Paid (amount): must be an amount",
            "sku: is needed",
        ] {
            note(&mut reasons, reason.to_owned());
        }
        assert_eq!(reasons.len(), 3, "{reasons:?}");
        assert!(is_told(&reasons, "Paid (amount): must be given"));
        assert!(!is_told(&reasons, "occur_time: must be given"));
        assert!(is_told(&["amount.minorUnits: x".to_owned()], "amount: y"));
        assert!(!is_told(&["amount: x".to_owned()], "amounts: y"));
    }
}
