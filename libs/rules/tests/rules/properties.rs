//! What holds of every rule, and what the reference implementation says about rules that it shares with us.

use cel::{Context, Program};
use proptest::prelude::*;
use rules::{Condition, Environment, EvalErrorCause, Facts, Formula, Type};

use crate::shop;

/// An expression of integers over the names a, b and c.
fn ints() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        4 => (-20_i64..20).prop_map(|n| format!("({n})")),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN + 1), any::<i64>().prop_map(|n| n.max(i64::MIN + 1))]
            .prop_map(|n| format!("({n})")),
        4 => prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(str::to_owned),
    ];
    number.prop_recursive(5, 40, 3, |inner| {
        let operator = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("%")];
        let order = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, op, r)| format!("({l} {op} {r})")),
            // Not the unary minus: the reference panics on the one of the least integer.
            inner.clone().prop_map(|n| format!("(0 - {n})")),
            (inner.clone(), order, inner.clone(), inner.clone())
                .prop_map(|(l, op, r, other)| format!("({l} {op} {r} ? {l} : {other})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("size([{l}, {r}].filter(i, i > a))")),
            // A name of its own for each element: what contains another expression is longer than it.
            (inner.clone(), inner).prop_map(|(l, r)| {
                let element = format!("i{}", l.len() + r.len());
                format!("([{l}, b].exists({element}, {element} == {r}) ? 1 : 2)")
            }),
        ]
    })
}

fn abc() -> Environment {
    ["a", "b", "c"]
        .into_iter()
        .fold(Environment::new(), |env, name| env.with(name, Type::Int))
}

/// The same arithmetic in 128 bits.
fn exact(left: i64, operator: &str, right: i64) -> Result<i64, EvalErrorCause> {
    let (left, right) = (i128::from(left), i128::from(right));
    let made = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ if right == 0 => return Err(EvalErrorCause::DivisionByZero),
        "/" => left / right,
        // The remainder of the least integer by -1 is zero, but its quotient does not fit: CEL calls that overflow.
        "%" if i64::try_from(left / right).is_err() => return Err(EvalErrorCause::Overflow),
        "%" => left % right,
        "floor_div" => {
            left.div_euclid(right.abs()) * right.signum() - i128::from(right < 0 && left.rem_euclid(right.abs()) != 0)
        }
        other => unreachable!("{other}"),
    };
    i64::try_from(made).map_err(|_| EvalErrorCause::Overflow)
}

fn extreme() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -3_i64..3, Just(i64::MIN), Just(i64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_can_break_the_compiler(source in "\\PC{0,60}") {
        let _ = Condition::compile(&shop::environment(), &source);
    }

    #[test]
    fn no_heap_of_words_can_break_the_compiler_or_the_evaluator(words in prop::collection::vec(prop::sample::select(vec![
        "member", ".", "tier", "growth", "activity", "items", "(", ")", "[", "]", "'a'", "\"", "1", "-", "!", "&&", "||",
        "?", ":", "==", "<", "in", "exists", "i", ",", "has", "size", "sum", "+", "/", "%", "0", "1.5", "\\", "tags",
        "member.growth", "activity.items", ".map(i,", "getHours('UTC')", "{", "//", "\n", "b'", "r'", "0x", "9999999999999999999",
    ]), 0..24)) {
        let source = words.concat();
        if let Ok(condition) = Condition::compile(&shop::environment(), &source) {
            let explained = condition.explain(&shop::order()).outcome;
            prop_assert_eq!(condition.eval(&shop::order()).is_ok(), explained.is_ok());
        }
        let spaced = words.join(" ");
        if let Ok(formula) = Formula::compile(&shop::environment(), &spaced) {
            let _ = formula.eval(&Facts::new());
        }
    }

    #[test]
    fn every_position_lies_within_its_source(source in "[a-z. ()\\[\\]<>=&|!?:'\"0-9\n全]{0,40}") {
        for error in Condition::compile(&shop::environment(), &source).err().into_iter().flatten() {
            let line = source.split('\n').nth(error.line - 1).expect("the line exists");
            prop_assert!(error.column >= 1 && error.column <= line.chars().count() + 1, "{error} in {source:?}");
            let at_column: String = line.chars().skip(error.column - 1).collect();
            prop_assert!(at_column.starts_with(error.text.split('\n').next().unwrap()), "{error} in {source:?}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_an_error(
        left in extreme(),
        operator in prop::sample::select(vec!["+", "-", "*", "/", "%", "floor_div"]),
        right in extreme(),
    ) {
        let source = if operator == "floor_div" { "floor_div(a, b)".to_owned() } else { format!("a {operator} b") };
        let made = Formula::compile(&abc(), &source).unwrap().eval(&Facts::new().with("a", left).with("b", right));
        prop_assert_eq!(made.map_err(|failed| failed.cause), exact(left, operator, right));
    }

    #[test]
    fn percent_is_the_floor_of_the_exact_share(amount in extreme(), pct in extreme()) {
        let made = Formula::compile(&abc(), "percent(a, b)").unwrap().eval(&Facts::new().with("a", amount).with("b", pct));
        let wanted = i64::try_from((i128::from(amount) * i128::from(pct)).div_euclid(100));
        prop_assert_eq!(made.map_err(|failed| failed.cause), wanted.map_err(|_| EvalErrorCause::Overflow));
    }

    #[test]
    fn the_reference_implementation_agrees(source in ints(), a in -50_i64..50, b in extreme(), c in -3_i64..3) {
        let formula = match Formula::compile(&abc(), &source) {
            Ok(formula) => formula,
            // A division by the constant zero is refused, where CEL fails at each evaluation.
            Err(errors) => {
                prop_assert!(errors.iter().all(|e| e.message.contains("zero") || e.message.contains("deeper") || e.message.contains("parts")), "{errors:?}");
                return Ok(());
            }
        };
        let mut context = Context::default();
        for (name, value) in [("a", a), ("b", b), ("c", c)] {
            context.add_variable_from_value(name, value);
        }
        let theirs = Program::compile(&source).unwrap().execute(&context);
        let ours = formula.eval(&Facts::new().with("a", a).with("b", b).with("c", c));
        match theirs {
            Ok(cel::Value::Int(theirs)) => prop_assert_eq!(ours, Ok(theirs), "{}", source),
            Ok(other) => prop_assert!(false, "{source} is {other:?}"),
            Err(err) => prop_assert!(ours.is_err(), "{source}: {err} against {ours:?}"),
        }
    }
}
