//! What is refused when a rule is saved, and where it says the mistake is.

use crate::shop::environment;
use rules::limits::{COST_MAX, DEPTH_MAX, NODES_MAX, SOURCE_BYTES_MAX};
use rules::{Condition, Environment, Formula, RuleError, Type};

fn refused(source: &str) -> Vec<RuleError> {
    Condition::compile(&environment(), source).expect_err(source)
}

#[track_caller]
fn refuses(source: &str, line: usize, column: usize, text: &str, message: &str) {
    let errors = refused(source);
    let [error] = errors.as_slice() else {
        panic!("{source}: {errors:?}")
    };
    assert_eq!(
        (error.line, error.column, error.text.as_str()),
        (line, column, text),
        "{source}: {error}"
    );
    assert!(error.message.contains(message), "{source}: {error}");
}

#[test]
fn unknown_names_are_refused_with_what_was_expected() {
    refuses(
        "membr.tier == 'gold'",
        1,
        1,
        "membr",
        "unknown field `membr`: expected `activity` or `member`",
    );
    refuses(
        "member.teir == 'gold'",
        1,
        8,
        "teir",
        "expected `growth`, `join_time`, `staff`, `tags` or `tier`",
    );
    refuses("true &&\n  has(activity.kind)", 2, 16, "kind", "unknown field `kind`");
    refuses(
        "activity.items.exists(i, i.colour == 'red')",
        1,
        28,
        "colour",
        "unknown field `colour`",
    );
    refuses(
        "abs(1) == 1",
        1,
        1,
        "abs",
        "unknown function `abs`: expected `duration`, `floor_div`",
    );
    refuses("member.tier.lower() == ''", 1, 13, "lower", "unknown function `lower`");
    refuses("'全域' == member.域", 1, 16, "域", "unexpected character '域'");
}

#[test]
fn types_that_do_not_fit_are_refused() {
    refuses("member.tier", 1, 1, "member.tier", "expected bool, found string");
    refuses(
        "member.growth == '7'",
        1,
        1,
        "member.growth == '7'",
        "`==` expected two values of one simple type, found int and string",
    );
    refuses(
        "member.growth + 'x' == 8",
        1,
        1,
        "member.growth + 'x'",
        "`+` expected int and int, found int and string",
    );
    refuses("!member.growth", 1, 2, "member.growth", "expected bool, found int");
    refuses("member.staff < true", 1, 1, "member.staff < true", "`<` expected");
    refuses(
        "1 in member.tags",
        1,
        1,
        "1 in member.tags",
        "`in` expected a simple value and a list of its type",
    );
    refuses(
        "member.staff ? 1 : true",
        1,
        1,
        "member.staff ? 1 : true",
        "found int and bool",
    );
    refuses(
        "[1, 'a'].size() == 2",
        1,
        5,
        "'a'",
        "expected int like the first element, found string",
    );
    refuses("[].size() == 0", 1, 1, "[]", "an empty list has no type");
    refuses(
        "member.tier.tier == ''",
        1,
        13,
        "tier",
        "`tier` asked of string: only objects and maps have fields",
    );
    refuses(
        "member.tags.sum() == 0",
        1,
        1,
        "member.tags",
        "sum() expected list<int>, found list<string>",
    );
    refuses(
        "member.filter(m, true).size() == 0",
        1,
        1,
        "member",
        "filter() is a function of lists",
    );
    refuses(
        "member == member",
        1,
        1,
        "member == member",
        "expected two values of one simple type",
    );
    refuses(
        "member.tier[0] == ''",
        1,
        1,
        "member.tier[0]",
        "expected a list or a map before `[`, found string",
    );
    refuses("min(1) == 1", 1, 1, "min(1)", "expected 2 to 16 arguments, found 1");
    refuses(
        "percent(1, 2, 3) == 1",
        1,
        1,
        "percent",
        "percent() expected 2 arguments, found 3",
    );
}

#[test]
fn whatever_floats_is_refused() {
    for (source, text) in [
        ("1.5 > 1", "1.5"),
        ("1e3 > 1", "1e3"),
        (".5 > 1", ".5"),
        ("2.0e-3 > 1", "2.0e-3"),
    ] {
        let errors = refused(source);
        assert_eq!(
            errors.iter().map(|e| e.text.as_str()).collect::<Vec<_>>(),
            [text],
            "{source}"
        );
        assert!(
            errors
                .iter()
                .all(|e| e.message.starts_with("floating point is refused")),
            "{errors:?}"
        );
    }
    refuses("double(1) > 1", 1, 1, "double", "unknown function `double`");
}

#[test]
fn what_is_not_in_the_language_is_refused_by_name() {
    refuses("1u == 1", 1, 1, "1u", "unsigned integers are refused");
    refuses("b'a' == 'a'", 1, 1, "b'a'", "bytes are refused");
    refuses("member.tier == null", 1, 16, "null", "null is refused: ask with has(x)");
    refuses(
        "member.tier.matches('^g')",
        1,
        13,
        "matches",
        "regular expressions are refused",
    );
    refuses(
        "{'a': 1}.size() == 1",
        1,
        1,
        "{",
        "maps and messages cannot be written in a rule",
    );
    refuses(
        "activity.occur_time.getHours() == 1",
        1,
        1,
        "activity.occur_time.getHours()",
        "expected the offset from UTC, such as \"+08:00\"",
    );
    refuses(
        "timestamp('yesterday') == activity.occur_time",
        1,
        1,
        "timestamp('yesterday')",
        "expected a string such as \"2026-01-31",
    );
    refuses("1 / 0 == 1", 1, 5, "0", "division by zero");
    refuses("floor_div(1, 0) == 1", 1, 14, "0", "division by zero");
    refuses(
        "member.tags.exists(member, true)",
        1,
        20,
        "member",
        "the name `member` is taken",
    );
    refuses("has(1)", 1, 5, "1", "has() expected a field");
}

#[test]
fn mistakes_of_syntax_are_refused_at_their_place() {
    refuses("", 1, 1, "", "the rule ends here: expected a value");
    refuses("1 ==", 1, 5, "", "the rule ends here: expected a value");
    refuses("(1 == 1", 1, 8, "", "expected `)`");
    refuses(
        "1 == 1 2",
        1,
        8,
        "2",
        "unexpected `2`: expected an operator or the end of the rule",
    );
    refuses("true &&\n\n  && true", 3, 3, "&&", "unexpected `&&`: expected a value");
    refuses(
        "member.'x' == 1",
        1,
        8,
        "'x'",
        "expected the name of a field or function",
    );
    refuses(
        "'gold == member.tier",
        1,
        1,
        "'gold == member.tier",
        "this string is not closed",
    );
    refuses("'\\q' == ''", 1, 2, "\\q", "unknown escape");
    refuses(
        "9223372036854775808 == 1",
        1,
        1,
        "9223372036854775808",
        "expected a whole number of at most",
    );
    refuses("12ab == 1", 1, 1, "12ab", "malformed number");
    refuses("member.in == 1", 1, 8, "in", "`in` is a reserved word");
    refuses("1 = 1", 1, 3, "=", "unexpected character '='");
}

#[test]
fn all_mistakes_are_reported_at_once_in_their_order() {
    let errors = refused(
        "membr.tier == 'gold' &&\n activity.amount.minor_units > 1.5 &&\n foo(member.x) && [1, bar].size() == 2",
    );
    let places: Vec<_> = errors.iter().map(|e| (e.line, e.column, e.text.as_str())).collect();
    assert_eq!(
        places,
        [
            (1, 1, "membr"),
            (2, 32, "1.5"),
            (3, 2, "foo"),
            (3, 13, "x"),
            (3, 23, "bar")
        ]
    );
    assert_eq!(
        errors[0].to_string(),
        "line 1, column 1: unknown field `membr`: expected `activity` or `member`"
    );
}

#[test]
fn a_formula_makes_an_integer() {
    let errors = Formula::compile(&environment(), "member.staff").unwrap_err();
    assert_eq!(errors[0].message, "expected int, found bool");
}

#[test]
fn rules_that_could_take_too_long_are_refused() {
    let within = "activity.items.all(a, activity.items.exists(b, a.sku == b.sku))";
    let errors = refused(within);
    assert!(
        errors[0].message.contains(&format!("expected at most {COST_MAX}")),
        "{errors:?}"
    );
    let short = Environment::new().with("items", Type::list(Type::Int, 20));
    let nested = "items.all(a, items.all(b, items.all(c, a + b + c > 0)))";
    Condition::compile(&short, nested).unwrap();
    Condition::compile(&short, &nested.replace("a + b + c > 0", "items.all(d, a > d)")).unwrap_err();
}

#[test]
fn rules_that_are_too_large_are_refused() {
    let deep = |levels: usize| format!("{}true{}", "(".repeat(levels), ")".repeat(levels));
    Condition::compile(&environment(), &deep(DEPTH_MAX - 1)).unwrap();
    assert!(refused(&deep(DEPTH_MAX))[0].message.contains("nested deeper"));
    assert!(refused(&deep(2_000))[0].message.contains("nested deeper"));
    assert!(
        refused(&format!("1{} == 1", " + 1".repeat(DEPTH_MAX)))[0]
            .message
            .contains("nested deeper")
    );
    assert!(
        refused(&format!("{}true", "!".repeat(4_000)))[0]
            .message
            .contains("nested deeper")
    );
    assert!(
        refused(&format!("member{} == 1", ".x".repeat(2_000)))[0]
            .message
            .contains("nested deeper")
    );
    let long = |terms: usize| vec!["true"; terms].join("||");
    Condition::compile(&environment(), &long(NODES_MAX - 1)).unwrap();
    assert!(refused(&long(NODES_MAX))[0].message.contains("parts"));
    assert!(refused(&" ".repeat(SOURCE_BYTES_MAX + 1))[0].message.contains("bytes"));
}
