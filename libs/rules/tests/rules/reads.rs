//! Which facts a rule looks at.

use rules::{Condition, Environment, Formula, Type};

use crate::shop::environment;

#[track_caller]
fn reads(source: &str, wanted: &[&str]) {
    let read = Condition::compile(&environment(), source).unwrap().reads();
    assert_eq!(read.iter().collect::<Vec<_>>(), wanted, "{source}");
}

#[test]
fn what_is_compared_and_counted_with_is_read_by_its_path() {
    reads("true", &[]);
    reads("1 < 2 && \"activity.amount\" != \"\"", &[]);
    reads(
        "activity.amount.minor_units > 100 && (member.tier == \"gold\" || !member.staff)",
        &["activity.amount.minor_units", "member.staff", "member.tier"],
    );
    reads(
        "-max(activity.amount.minor_units, 5) % 2 == 0 && activity.type.startsWith(\"order\")",
        &["activity.amount.minor_units", "activity.type"],
    );
    reads("member.join_time.getMonth(\"+08:00\") == 1", &["member.join_time"]);
    reads(
        "member.tags[member.growth] == \"vip\"",
        &["member.growth", "member.tags"],
    );
    let formula = Formula::compile(&environment(), "percent(activity.amount.minor_units, member.growth)").unwrap();
    assert_eq!(
        formula.reads().into_iter().collect::<Vec<_>>(),
        ["activity.amount.minor_units", "member.growth"]
    );
}

#[test]
fn what_is_only_gone_through_or_asked_for_is_not_read() {
    reads("has(activity.amount.minor_units) && has(member)", &[]);
    reads("size(activity.items) > 2", &[]);
    reads("activity.items.exists(i, true)", &[]);
    reads(
        "activity.items[member.growth].quantity > 1",
        &["activity.items.quantity", "member.growth"],
    );
}

#[test]
fn lists_and_maps_are_read_as_wholes() {
    reads("\"vip\" in member.tags", &["member.tags"]);
    reads("\"store\" in activity.attributes", &["activity.attributes"]);
    reads(
        "activity.attributes[member.tier] == \"\"",
        &["activity.attributes", "member.tier"],
    );
    reads(
        "activity.attributes.store == \"\"",
        &["activity.attributes", "activity.attributes.store"],
    );
}

/// Whatever way a rule takes to an element, what it reads of it is the list's.
#[test]
fn elements_are_read_by_the_path_of_their_list() {
    const AMOUNT: &str = "activity.items.amount.minor_units";
    for source in [
        "activity.items[0].amount.minor_units > 1",
        "activity.items.exists(i, i.amount.minor_units > 1)",
        "activity.items.all(i, i.amount.minor_units > 1)",
        "activity.items.exists_one(i, i.amount.minor_units > 1)",
        "activity.items.filter(i, i.amount.minor_units > 1).size() > 1",
        "activity.items.filter(i, true)[0].amount.minor_units > 1",
        "sum(activity.items.map(i, i.amount.minor_units)) > 1",
        "sum(activity.items.map(i, i.amount.minor_units > 1, 1)) > 1",
        "activity.items.map(i, i.amount).exists(a, a.minor_units > 1)",
        "activity.items.map(i, [i, i])[0][1].amount.minor_units > 1",
        "[activity.items][0].exists(i, i.amount.minor_units > 1)",
        "activity.items.exists(i, [1].exists(n, i.amount.minor_units > n))",
        "(true ? activity.items[0] : activity.items[1]).amount.minor_units > 1",
    ] {
        reads(source, &[AMOUNT]);
    }
    reads(
        "activity.items.filter(i, i.category == \"gift\").map(i, i.quantity).sum() > 1",
        &["activity.items.category", "activity.items.quantity"],
    );
}

/// A rule that chooses between two objects reads both.
#[test]
fn a_choice_reads_of_all_that_it_may_choose() {
    let fact = || Type::object([("amount", Type::Int), ("name", Type::String)]);
    let environment = Environment::new().with("first", fact()).with("second", fact());
    for source in [
        "(first.name == \"x\" ? first : second).amount > 1 && second.name == \"\"",
        "[first, second].exists(f, f.amount > 1 && f.name == \"\")",
    ] {
        let read = Condition::compile(&environment, source).unwrap().reads();
        let wanted = ["first.amount", "first.name", "second.amount", "second.name"];
        assert_eq!(read.into_iter().collect::<Vec<_>>(), wanted, "{source}");
    }
}
