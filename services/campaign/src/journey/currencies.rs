use fault::Violations;

use super::definition::{Definition, NodeKind, Pattern};

/// Notes every condition that compares amounts of money of whatever currency a fact has: a journey that is saved or
/// published says which currency it means. Versions that were published before that was asked go on as they are.
pub(crate) fn check(definition: &Definition, path: &str, violations: &mut Violations) {
    check_pattern(&definition.trigger, &format!("{path}.trigger"), violations);
    let mut known = vec![("trigger".to_owned(), &definition.trigger)];
    for (number, node) in definition.nodes().iter().enumerate() {
        if let NodeKind::WaitUntil { fact, .. } = &node.kind {
            check_pattern(fact, &format!("{path}.nodes[{number}].wait_until.fact"), violations);
            known.push((format!("waits.{}", node.id), fact));
        }
    }
    for (number, node) in definition.nodes().iter().enumerate() {
        let NodeKind::Condition { condition, .. } = &node.kind else {
            continue;
        };
        let read = condition.reads();
        for (name, pattern) in &known {
            // Facts that were asked for by their currency are in it already.
            let mixed = pattern.key.kind.has_money()
                && !pattern.names_currency()
                && read.contains(&format!("{name}.amount"))
                && !read.contains(&format!("{name}.currency_code"));
            if mixed {
                violations.add(format!("{path}.nodes[{number}].condition.expression"), name_it(name));
            }
        }
    }
}

fn check_pattern(pattern: &Pattern, path: &str, violations: &mut Violations) {
    let mixed = pattern.key.kind.has_money() && pattern.reads("fact.amount") && !pattern.names_currency();
    if mixed {
        violations.add(format!("{path}.condition"), name_it("fact"));
    }
}

fn name_it(fact: &str) -> String {
    format!(
        "reads {fact}.amount: name the currency it is in, such as {fact}.currency_code == \"CNY\" && {fact}.amount >= 10000, \
         for 10000 is 100 yuan, but 10000 yen"
    )
}
