//! What the expressions of the language mean.

use crate::shop::{environment, item, order};
use rules::{Condition, Environment, EvalErrorCause, Facts, Formula, Object, Type, Value};

#[track_caller]
fn holds(source: &str) {
    let condition = Condition::compile(&environment(), source).unwrap();
    assert_eq!(
        condition.eval(&order()),
        Ok(true),
        "{source}\n{}",
        condition.explain(&order())
    );
}

#[track_caller]
fn makes(source: &str, wanted: i64) {
    let formula = Formula::compile(&environment(), source).unwrap();
    assert_eq!(
        formula.eval(&order()),
        Ok(wanted),
        "{source}\n{}",
        formula.explain(&order())
    );
}

#[track_caller]
fn fails(source: &str, wanted: EvalErrorCause) {
    let failed = Formula::compile(&environment(), source)
        .unwrap()
        .eval(&order())
        .unwrap_err();
    assert_eq!(failed.cause, wanted, "{source}");
}

#[test]
fn operators_have_the_precedence_of_cel() {
    makes("2 + 3 * 4 - 10 / 3 % 2", 13);
    makes("-2 - -3", 1);
    makes("(2 + 3) * 4", 20);
    makes("true ? 1 : false ? 2 : 3", 1);
    makes("--5", 5);
    makes("0x1F + 1", 32);
    makes("-9223372036854775808 + 0", i64::MIN);
    holds("true || false && false");
    holds("!!true && !false");
    holds("1 < 2 == true");
    holds("1 + 1 == 2 // whatever follows is a remark");
    holds("'a' < \"b\" && '' == r\"\" && 'tab\\t' == \"tab\\x09\" && '''it's''' == \"it's\" && '\\u5168域' == '全域'");
}

#[test]
fn division_goes_towards_zero_and_floor_div_downwards() {
    makes("-7 / 2", -3);
    makes("-7 % 2", -1);
    makes("floor_div(-7, 2)", -4);
    makes("floor_div(7, -2)", -4);
    makes("floor_div(-8, 2)", -4);
    makes("floor_div(7, 2)", 3);
}

#[test]
fn formulas_earn_by_amounts() {
    makes("activity.amount.minor_units / 100", 1_250);
    makes("percent(activity.amount.minor_units, 15)", 18_750);
    makes("percent(-1, 1)", -1);
    makes("percent(9223372036854775807, 100)", i64::MAX);
    makes("min(activity.amount.minor_units / 100, 500, 900) + max(1, 2)", 502);
    makes(
        "activity.items.filter(i, i.category == \"shoes\").map(i, i.amount.minor_units).sum()",
        80_000,
    );
    makes("sum(activity.items.map(i, i.category != 'shoes', i.quantity * 10))", 10);
    makes("size(activity.items) + member.tags.size() + size('全域')", 6);
    makes("activity.items[1].quantity + [7, 8][0]", 8);
    makes("member.tier == 'gold' ? 2 : 1", 2);
}

#[test]
fn conditions_ask_about_lists_strings_and_maps() {
    holds("member.tier in ['gold', 'black'] && !(member.tier in ['silver'])");
    holds("'vip' in member.tags");
    holds("activity.items.exists(i, i.category == 'bags' && i.quantity == 1)");
    holds("activity.items.all(i, i.quantity > 0)");
    holds("activity.items.exists_one(i, i.category == 'shoes')");
    holds("activity.items.exists(i, member.tags.exists(t, t == 'vip' && i.sku.startsWith('shoes')))");
    holds("activity.attributes['store'].startsWith('Shang') && activity.attributes.store.endsWith(' 3')");
    holds("'store' in activity.attributes && !('till' in activity.attributes)");
    holds("activity.type.contains('paid') && member.tier + '!' == 'gold!'");
}

#[test]
fn moments_are_read_at_an_offset() {
    makes("activity.occur_time.getDayOfWeek('UTC')", 6);
    makes("activity.occur_time.getDayOfWeek('+08:00')", 0);
    makes(
        "activity.occur_time.getDate('+08:00') * 100 + activity.occur_time.getMonth('+08:00')",
        101,
    );
    makes("activity.occur_time.getHours('-01:30')", 16);
    holds("activity.occur_time >= timestamp('2026-02-01T00:00:00+08:00')");
    holds("activity.occur_time - timestamp('2026-01-31T00:00:00Z') == duration('17h30m')");
    makes(
        "(activity.occur_time - timestamp('2026-01-30T00:00:00Z')).getHours()",
        41,
    );
    holds("timestamp('2026-01-31T17:30:00Z') + duration('720h') > activity.occur_time + duration('719h')");
}

#[test]
fn an_absent_fact_reads_as_the_zero_of_its_type_and_has_tells() {
    holds("!has(member.join_time) && has(member.tier) && has(member) && has(activity.amount.minor_units)");
    holds("member.join_time == timestamp('1970-01-01T00:00:00Z') && !member.staff");
    holds("activity.attributes.till == '' && activity.attributes['till'] == '' && !has(activity.attributes.till)");
    let empty = |source| Condition::compile(&environment(), source).unwrap().eval(&Facts::new());
    assert_eq!(
        empty("activity.amount.minor_units == 0 && activity.type == '' && size(activity.items) == 0"),
        Ok(true)
    );
    assert_eq!(empty("has(activity)"), Ok(false));
    assert_eq!(
        empty("has(activity.amount.minor_units) || 'a' in activity.attributes"),
        Ok(false)
    );
}

#[test]
fn arithmetic_that_does_not_fit_is_an_error_with_its_place() {
    fails("9223372036854775807 + member.growth", EvalErrorCause::Overflow);
    fails("-9223372036854775808 - member.growth", EvalErrorCause::Overflow);
    fails("9223372036854775807 * member.growth", EvalErrorCause::Overflow);
    fails("-(-9223372036854775808 + member.growth - 7)", EvalErrorCause::Overflow);
    fails(
        "(-9223372036854775808 + member.growth - 7) / (member.growth - 8)",
        EvalErrorCause::Overflow,
    );
    fails(
        "floor_div(-9223372036854775808, member.growth - 8)",
        EvalErrorCause::Overflow,
    );
    fails("percent(9223372036854775807, 101)", EvalErrorCause::Overflow);
    fails("[9223372036854775807, member.growth].sum()", EvalErrorCause::Overflow);
    fails("1 % (member.growth - 7)", EvalErrorCause::DivisionByZero);
    fails("floor_div(1, member.growth - 7)", EvalErrorCause::DivisionByZero);
    fails("activity.items[2].quantity", EvalErrorCause::NoSuchIndex);
    fails("activity.items[-1].quantity", EvalErrorCause::NoSuchIndex);
    let failed = Formula::compile(&environment(), "1 +\n  10 / (member.growth - 7)")
        .unwrap()
        .eval(&order());
    let failed = failed.unwrap_err();
    assert_eq!(
        (failed.line, failed.column, failed.text.as_str()),
        (2, 3, "10 / (member.growth - 7)")
    );
    assert_eq!(
        failed.to_string(),
        "line 2, column 3: division by zero in `10 / (member.growth - 7)`"
    );
}

#[test]
fn a_term_that_decides_hides_one_that_fails() {
    holds("1 / (member.growth - 7) > 0 || true");
    holds("!(1 / (member.growth - 7) > 0 && false)");
    holds("[0, 1].exists(n, 1 / n == 1)");
    holds("![0, 1].all(n, 1 / n == 2)");
    let open = Condition::compile(&environment(), "1 / (member.growth - 7) > 0 || false")
        .unwrap()
        .eval(&order());
    assert_eq!(open.unwrap_err().cause, EvalErrorCause::DivisionByZero);
}

#[test]
fn a_fact_of_another_type_than_declared_is_an_error() {
    let condition = Condition::compile(&environment(), "member.tier == 'gold'").unwrap();
    let failed = condition.eval(&order().with("member.tier", 3)).unwrap_err();
    assert_eq!(
        (failed.cause, failed.text.as_str()),
        (EvalErrorCause::WrongFact, "member.tier")
    );
    let formula = Formula::compile(&environment(), "activity.items.map(i, i.quantity).sum()").unwrap();
    let items = vec![item("shoes", 1, 1), Value::from("a bag")];
    assert_eq!(
        formula.eval(&order().with("activity.items", items)).unwrap_err().cause,
        EvalErrorCause::WrongFact
    );
}

#[test]
fn facts_may_have_names_that_are_not_known_beforehand() {
    let env = Environment::new().with("waits", Type::object([("paid", Type::Int)]));
    let waits: Object = [
        ("paid".to_owned(), Value::Int(3)),
        ("unknown".to_owned(), Value::Int(4)),
    ]
    .into_iter()
    .collect();
    let formula = Formula::compile(&env, "waits.paid").unwrap();
    assert_eq!(formula.eval(&Facts::new().with("waits", waits)), Ok(3));
}
