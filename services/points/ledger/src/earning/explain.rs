use rules::Facts;

use super::compiled::{CompiledAmount, TOO_LARGE, fitting_items, total};
use super::{ActivityFacts, CapUse, ItemWorth, Outcome, Rate, Rounding, Verdict};
use crate::written;

/// The verdict in words, with the values that decided it.
pub fn explain(outcome: &Outcome, activity: &ActivityFacts) -> String {
    let rule = &outcome.rule.rule;
    let facts = activity.in_calendar(outcome.utc_offset_minutes);
    let condition = || {
        let condition = outcome.rule.condition.as_ref();
        condition.map_or(String::new(), |it| format!("\n{}", it.explain(&facts)))
    };
    let amount = || explain_amount(outcome, activity, &facts);
    let caps = || outcome.caps.iter().map(explain_cap).collect::<String>();
    match &outcome.verdict {
        Verdict::Earns(earned) => format!(
            "earns {earned} of {}{}\n{}{}",
            rule.asset,
            condition(),
            amount(),
            caps()
        ),
        Verdict::OutOfTime => {
            let start = rule.start.map_or("ever".to_owned(), |start| start.to_string());
            let end = rule.end.map_or("ever".to_owned(), |end| end.to_string());
            let occurred = activity.occur_time;
            format!("the activity occurred at {occurred}, the rule holds from {start} to {end}")
        }
        Verdict::OtherCurrency => {
            let (own, of_rule) = (&activity.currency, &rule.currency);
            format!("the activity's amounts are in {own}, and the rule is for {of_rule}")
        }
        Verdict::ConditionFalse => format!("the condition is false{}", condition()),
        Verdict::Stopped(by) => format!(
            "the rule {by} has earned, and stops the rules of {} after it",
            rule.asset
        ),
        Verdict::Excluded(by) => {
            let group = &rule.exclusion_group;
            format!("the rule {by} has earned, and excludes the others of the group {group}")
        }
        Verdict::Nothing(amount_was) => format!("the amount is {amount_was}{}\n{}", condition(), amount()),
        Verdict::CapReached => format!("a cap is reached\n{}{}", amount(), caps()),
        Verdict::BudgetSpent => format!("the budget is spent\n{}{}", amount(), caps()),
        Verdict::Failed(error) => error.clone(),
        Verdict::Refused(why) => format!("the ledger refused {}: {why}", outcome.uncapped),
    }
}

fn explain_amount(outcome: &Outcome, activity: &ActivityFacts, facts: &Facts) -> String {
    match &outcome.rule.amount {
        CompiledAmount::Formula(formula) => formula.explain(facts).to_string(),
        CompiledAmount::Fixed(points) => format!("{points} for each activity"),
        CompiledAmount::Rate(rate) => explain_rate(rate, activity.money, &activity.currency),
        CompiledAmount::PerItem { condition, worth } => match fitting_items(condition.as_ref(), activity, facts) {
            Err(error) => error,
            Ok(items) => {
                let (count, of) = (items.len(), activity.items.len());
                let worth = match worth {
                    ItemWorth::PerPiece(points) => {
                        total(&items, |item| item.quantity).map(|sum| format!("{sum} pieces, {points} for each"))
                    }
                    ItemWorth::Rate(rate) => {
                        total(&items, |item| item.money).map(|sum| explain_rate(rate, sum, &activity.currency))
                    }
                };
                let worth = worth.unwrap_or_else(|| TOO_LARGE.to_owned());
                format!("{count} of {of} items count: {worth}")
            }
        },
        CompiledAmount::Multiplier(it) => {
            let (base, rounding) = (outcome.base, explain_rounding(it.rounding));
            let (numerator, denominator) = (it.numerator, it.denominator);
            format!("adds to {base}, to make it {numerator}/{denominator} times as much, {rounding}")
        }
    }
}

fn explain_rate(rate: &Rate, money: i64, currency: &str) -> String {
    let rounding = explain_rounding(rate.rounding);
    let what = if rate.whole_steps { "steps" } else { "points" };
    let [per, money] = [rate.per, money].map(|minor_units| written(currency, minor_units));
    format!("{} for each {per} of {money}, {what} {rounding}", rate.points)
}

fn explain_rounding(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Down => "rounded down",
        Rounding::HalfUp => "rounded to the nearest",
        Rounding::Up => "rounded up",
    }
}

fn explain_cap(cap: &CapUse) -> String {
    let CapUse {
        kind,
        period,
        limit,
        used,
        taken,
    } = cap;
    let space = if period.is_empty() { "" } else { " " };
    format!(
        "\nat most {limit} {}{space}{period}: {used} were used, {taken} more are",
        kind.words()
    )
}
