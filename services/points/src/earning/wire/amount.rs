use contracts_points::v1 as wire;
use contracts_points::v1::earning_amount::Kind;
use contracts_points::v1::earning_per_item::Worth;
use fault::Violations;
use ledger::{Amount, ItemWorth, Multiplier, Rate, Rounding};

/// How much a rule earns, of which it says one thing in one of three ways. None, if it says nothing, too much, or what has
/// no meaning; then there is a violation.
pub(crate) fn amount_from_wire(rule: &wire::EarningRule, violations: &mut Violations) -> Option<Amount> {
    let formula = Some(&rule.amount_formula).filter(|formula| !formula.trim().is_empty());
    match (formula, &rule.amount, &rule.multiplier) {
        (Some(formula), None, None) => Some(Amount::Formula(formula.clone())),
        (None, Some(amount), None) => plain_amount(amount, violations),
        (None, None, Some(multiplier)) => multiplier_from_wire(multiplier, violations),
        _ => {
            violations.add(
                "earning_rule.amount_formula",
                "must be given, or an amount, or a multiplier: one of the three",
            );
            None
        }
    }
}

fn plain_amount(amount: &wire::EarningAmount, violations: &mut Violations) -> Option<Amount> {
    let amount = match &amount.kind {
        Some(Kind::Fixed(points)) => Some(Amount::Fixed(*points)),
        Some(Kind::Rate(rate)) => rate_from_wire(rate).map(Amount::Rate),
        Some(Kind::PerItem(per_item)) => {
            let worth = match &per_item.worth {
                Some(Worth::PerPiece(points)) => Some(ItemWorth::PerPiece(*points)),
                Some(Worth::Rate(rate)) => rate_from_wire(rate).map(ItemWorth::Rate),
                None => None,
            };
            worth.map(|worth| Amount::PerItem {
                condition: per_item.item_condition.clone(),
                worth,
            })
        }
        None => None,
    };
    violations.check(
        amount.is_some(),
        "earning_rule.amount",
        "must be fixed, a rate or per item, with its rounding",
    );
    amount
}

fn rate_from_wire(rate: &wire::EarningRate) -> Option<Rate> {
    Some(Rate {
        points: rate.points,
        per: rate.per_minor_units,
        rounding: Rounding::from_number(rate.rounding)?,
        whole_steps: rate.whole_steps,
    })
}

fn multiplier_from_wire(it: &wire::EarningMultiplier, violations: &mut Violations) -> Option<Amount> {
    violations.check(
        it.numerator > it.denominator,
        "earning_rule.multiplier.numerator",
        "must be more than the denominator: a multiplier adds",
    );
    let rounding = Rounding::from_number(it.rounding);
    violations.check(
        rounding.is_some(),
        "earning_rule.multiplier.rounding",
        "must be DOWN, HALF_UP or UP",
    );
    Some(Amount::Multiplier(Multiplier {
        numerator: it.numerator,
        denominator: it.denominator,
        rounding: rounding?,
        compounds: it.compounds,
        base_rules: it.base_rule_codes.clone(),
    }))
}

/// The formula, the amount and the multiplier, of which one is there.
pub(crate) fn amount_to_wire(
    amount: &Amount,
) -> (String, Option<wire::EarningAmount>, Option<wire::EarningMultiplier>) {
    let plain = |kind| (String::new(), Some(wire::EarningAmount { kind: Some(kind) }), None);
    match amount {
        Amount::Formula(formula) => (formula.clone(), None, None),
        Amount::Fixed(points) => plain(Kind::Fixed(*points)),
        Amount::Rate(rate) => plain(Kind::Rate(rate_to_wire(rate))),
        Amount::PerItem { condition, worth } => plain(Kind::PerItem(wire::EarningPerItem {
            item_condition: condition.clone(),
            worth: Some(match worth {
                ItemWorth::PerPiece(points) => Worth::PerPiece(*points),
                ItemWorth::Rate(rate) => Worth::Rate(rate_to_wire(rate)),
            }),
        })),
        Amount::Multiplier(it) => {
            let multiplier = wire::EarningMultiplier {
                numerator: it.numerator,
                denominator: it.denominator,
                rounding: it.rounding.number(),
                compounds: it.compounds,
                base_rule_codes: it.base_rules.clone(),
            };
            (String::new(), None, Some(multiplier))
        }
    }
}

fn rate_to_wire(rate: &Rate) -> wire::EarningRate {
    wire::EarningRate {
        points: rate.points,
        per_minor_units: rate.per,
        rounding: rate.rounding.number(),
        whole_steps: rate.whole_steps,
    }
}
