//! Why a rule said what it said.

use rules::{Condition, Environment, EvalErrorCause, Facts, Formula, Type, Value, limits};

use crate::shop;
use crate::shop::{environment, order};

#[test]
fn the_part_that_was_false_is_shown_with_its_value() {
    let source = "activity.type == 'order_paid' && activity.amount.minor_units >= 200000 && member.tier == 'gold'";
    let explanation = Condition::compile(&environment(), source).unwrap().explain(&order());
    assert_eq!(explanation.outcome, Ok(Value::Bool(false)));
    let shown: Vec<_> = explanation
        .steps
        .iter()
        .map(|step| (step.depth, step.source.as_str(), step.value.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (0, source, "false"),
            (1, "activity.type == 'order_paid'", "true"),
            (2, "activity.type", "\"order_paid\""),
            (1, "activity.amount.minor_units >= 200000", "false"),
            (2, "activity.amount.minor_units", "125000"),
        ]
    );
    assert_eq!((explanation.steps[3].line, explanation.steps[3].column), (1, 34));
}

#[test]
fn every_element_of_a_list_is_shown() {
    let source = "activity.items.map(i,\n  i.quantity * 10).sum()";
    let explanation = Formula::compile(&environment(), source).unwrap().explain(&order());
    assert_eq!(
        explanation
            .to_string()
            .lines()
            .filter(|line| !line.contains("activity"))
            .collect::<Vec<_>>(),
        [
            "    i.quantity * 10 = 20",
            "      i.quantity = 2",
            "    i.quantity * 10 = 10",
            "      i.quantity = 1"
        ]
    );
    assert_eq!(explanation.outcome, Ok(Value::Int(30)));
    assert!(
        explanation
            .to_string()
            .contains("  activity.items.map(i, i.quantity * 10) = [20, 10]\n"),
        "{explanation}"
    );
}

#[test]
fn a_failure_is_shown_where_it_happened() {
    let explanation = Formula::compile(&environment(), "1 + 100 / (member.growth - 7)")
        .unwrap()
        .explain(&order());
    assert_eq!(explanation.outcome.unwrap_err().cause, EvalErrorCause::DivisionByZero);
    assert_eq!(explanation.steps[1].source, "100 / (member.growth - 7)");
    assert_eq!(explanation.steps[1].value, "error: division by zero");
}

#[test]
fn values_are_written_as_rules_write_them() {
    let env = Environment::new()
        .with("at", Type::Timestamp)
        .with("tags", Type::StringMap);
    let source = "at - timestamp('2026-01-31T17:30:00Z') == duration('-1h') && size(tags) == 0";
    let facts = Facts::new().with("at", Value::Timestamp(shop::OCCURRED - 3_600_000_000));
    let explanation = Condition::compile(&env, source).unwrap().explain(&facts);
    let shown: Vec<_> = explanation.steps.iter().map(|step| step.value.as_str()).collect();
    assert_eq!(
        shown,
        [
            "true",
            "true",
            "duration(\"-3600s\")",
            "timestamp(\"2026-01-31T16:30:00Z\")",
            "true",
            "0",
            "{}"
        ]
    );
}

#[test]
fn an_explanation_is_bounded() {
    let env = Environment::new().with("numbers", Type::list(Type::Int, 10_000));
    let formula = Formula::compile(&env, "sum(numbers.map(n, n + 1))").unwrap();
    let facts = Facts::new().with("numbers", vec![1_i64; 5_000]);
    let explanation = formula.explain(&facts);
    assert_eq!(explanation.outcome, Ok(Value::Int(10_000)));
    assert_eq!(explanation.steps.len(), limits::EXPLAINED_STEPS_MAX);
    assert_eq!(explanation.steps[0].value, "10000");
}

#[test]
fn facts_beyond_their_bounds_end_an_evaluation() {
    let env = Environment::new().with("numbers", Type::list(Type::Int, 100));
    let condition = Condition::compile(&env, "numbers.all(n, numbers.exists(m, n == m))").unwrap();
    let facts = |count: i64| Facts::new().with("numbers", (0..count).collect::<Vec<_>>());
    assert_eq!(condition.eval(&facts(100)), Ok(true));
    assert_eq!(
        condition.eval(&facts(10_000)).unwrap_err().cause,
        EvalErrorCause::TooManySteps
    );
}
