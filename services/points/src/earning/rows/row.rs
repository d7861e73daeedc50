//! A version of a rule as the table keeps it: an amount is its kind, its numbers and its condition.

use fault::Fault;
use kernel::{Tenant, Time};
use ledger::{Amount, EarningRule, ItemWorth, MemberCaps, Multiplier, Rate, Rounding, RuleState};
use sea_orm::{QueryResult, Value};
use store::{Columns, Tx, insert_rows, unreadable};

use super::RuleRow;

/// In the order in which [`rule_row`] reads them.
pub(crate) const COLUMNS: &str = "v.code, v.version, v.state, v.effect_time, v.asset_code, v.activity_types, \
     v.channel_codes, v.condition, v.amount_kind, v.amount_formula, v.amount_points, v.amount_per, v.rounding, \
     v.whole_steps, v.compounds, v.item_condition, v.base_rule_codes, v.amount_max, v.member_day_max, v.member_month_max, \
     v.member_total_max, v.budget, v.priority, v.stop, v.exclusion_group, v.start_time, v.end_time, v.currency_code, \
     v.display_name, r.create_time, v.update_time, COALESCE(b.used, 0)";

/// The columns of a version, in the order in which [`version_values`] gives them.
pub(crate) const VERSION: &str = "tenant_id, code, version, state, effect_time, asset_code, activity_types, channel_codes, \
     condition, amount_kind, amount_formula, amount_points, amount_per, rounding, whole_steps, compounds, item_condition, \
     base_rule_codes, amount_max, member_day_max, member_month_max, member_total_max, budget, priority, stop, \
     exclusion_group, start_time, end_time, currency_code, display_name, update_time";

const FORMULA: i32 = 1;
const FIXED: i32 = 2;
const RATE: i32 = 3;
const PER_PIECE: i32 = 4;
const ITEM_RATE: i32 = 5;
const MULTIPLIER: i32 = 6;

/// An amount, spread over the columns.
struct AmountColumns {
    kind: i32,
    formula: String,
    points: i64,
    per: i64,
    rounding: Rounding,
    whole_steps: bool,
    compounds: bool,
    item_condition: String,
    base_rules: Vec<String>,
}

pub(crate) async fn insert_version(tx: &Tx, tenant: Tenant, row: &RuleRow) -> Result<(), Fault> {
    let insert = format!("INSERT INTO earning_rule_version ({VERSION})");
    insert_rows(&**tx, &insert, vec![version_values(tenant, row)], "").await?;
    Ok(())
}

pub(crate) fn version_values(tenant: Tenant, row: &RuleRow) -> Vec<Value> {
    let rule = &row.rule;
    let amount = AmountColumns::of(&rule.amount);
    vec![
        tenant.uuid().into(),
        rule.code.clone().into(),
        rule.version.into(),
        rule.state.number().into(),
        rule.effect.micros().into(),
        (*rule.asset).into(),
        rule.activity_types.join(" ").into(),
        rule.channels.join(" ").into(),
        rule.condition.clone().into(),
        amount.kind.into(),
        amount.formula.into(),
        amount.points.into(),
        amount.per.into(),
        amount.rounding.number().into(),
        amount.whole_steps.into(),
        amount.compounds.into(),
        amount.item_condition.into(),
        amount.base_rules.join(" ").into(),
        rule.amount_max.into(),
        rule.caps.day.into(),
        rule.caps.month.into(),
        rule.caps.total.into(),
        rule.budget.into(),
        rule.priority.into(),
        rule.stop.into(),
        rule.exclusion_group.clone().into(),
        rule.start.map(Time::micros).into(),
        rule.end.map(Time::micros).into(),
        rule.currency.clone().into(),
        row.display_name.clone().into(),
        row.update_time.micros().into(),
    ]
}

pub(crate) fn rule_row(row: &QueryResult) -> Result<RuleRow, Fault> {
    rule_columns(&mut Columns::of(row))
}

pub(crate) fn rule_columns(columns: &mut Columns<'_>) -> Result<RuleRow, Fault> {
    let code = columns.take()?;
    let version = columns.take()?;
    let state = columns.take()?;
    let rule = EarningRule {
        code,
        version,
        state: RuleState::from_number(state).ok_or_else(|| unreadable("earning_rule", format!("the state {state}")))?,
        effect: columns.time()?,
        asset: columns.take::<String>()?.into(),
        activity_types: codes(&columns.take::<String>()?),
        channels: codes(&columns.take::<String>()?),
        condition: columns.take()?,
        amount: AmountColumns::read(columns)?.amount()?,
        amount_max: columns.take()?,
        caps: MemberCaps {
            day: columns.take()?,
            month: columns.take()?,
            total: columns.take()?,
        },
        budget: columns.take()?,
        priority: columns.take()?,
        stop: columns.take()?,
        exclusion_group: columns.take()?,
        start: columns.optional_time()?,
        end: columns.optional_time()?,
        currency: columns.take()?,
    };
    Ok(RuleRow {
        rule,
        display_name: columns.take()?,
        create_time: columns.time()?,
        update_time: columns.time()?,
        budget_used: columns.take()?,
    })
}

impl AmountColumns {
    fn of(amount: &Amount) -> Self {
        let none = |kind| Self {
            kind,
            formula: String::new(),
            points: 0,
            per: 1,
            rounding: Rounding::Down,
            whole_steps: false,
            compounds: false,
            item_condition: String::new(),
            base_rules: Vec::new(),
        };
        let rated = |kind, rate: &Rate| Self {
            points: rate.points,
            per: rate.per,
            rounding: rate.rounding,
            whole_steps: rate.whole_steps,
            ..none(kind)
        };
        match amount {
            Amount::Formula(formula) => Self {
                formula: formula.clone(),
                ..none(FORMULA)
            },
            Amount::Fixed(points) => Self {
                points: *points,
                ..none(FIXED)
            },
            Amount::Rate(rate) => rated(RATE, rate),
            Amount::PerItem { condition, worth } => Self {
                item_condition: condition.clone(),
                ..match worth {
                    ItemWorth::PerPiece(points) => Self {
                        points: *points,
                        ..none(PER_PIECE)
                    },
                    ItemWorth::Rate(rate) => rated(ITEM_RATE, rate),
                }
            },
            Amount::Multiplier(it) => Self {
                points: it.numerator,
                per: it.denominator,
                rounding: it.rounding,
                compounds: it.compounds,
                base_rules: it.base_rules.clone(),
                ..none(MULTIPLIER)
            },
        }
    }

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
        let kind = columns.take()?;
        let formula = columns.take()?;
        let points = columns.take()?;
        let per = columns.take()?;
        let rounding = columns.take()?;
        Ok(Self {
            kind,
            formula,
            points,
            per,
            rounding: Rounding::from_number(rounding)
                .ok_or_else(|| unreadable("earning_rule", format!("the rounding {rounding}")))?,
            whole_steps: columns.take()?,
            compounds: columns.take()?,
            item_condition: columns.take()?,
            base_rules: codes(&columns.take::<String>()?),
        })
    }

    fn amount(self) -> Result<Amount, Fault> {
        let rate = Rate {
            points: self.points,
            per: self.per,
            rounding: self.rounding,
            whole_steps: self.whole_steps,
        };
        let per_item = |worth| Amount::PerItem {
            condition: self.item_condition.clone(),
            worth,
        };
        match self.kind {
            FORMULA => Ok(Amount::Formula(self.formula)),
            FIXED => Ok(Amount::Fixed(self.points)),
            RATE => Ok(Amount::Rate(rate)),
            PER_PIECE => Ok(per_item(ItemWorth::PerPiece(self.points))),
            ITEM_RATE => Ok(per_item(ItemWorth::Rate(rate))),
            MULTIPLIER => Ok(Amount::Multiplier(Multiplier {
                numerator: self.points,
                denominator: self.per,
                rounding: self.rounding,
                compounds: self.compounds,
                base_rules: self.base_rules,
            })),
            kind => Err(unreadable("earning_rule", format!("the kind of amount {kind}"))),
        }
    }
}

/// Codes have no space in them.
fn codes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
