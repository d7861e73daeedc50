//! A mapping that fits together, and what it makes of messages.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Currency, Time};
use rules::{Condition, Environment, EvalError, Facts, Formula, RuleError, Text, Type, Value as Fact};
use serde_json::Value;

use super::draft::{EvidenceDraft, FieldDraft, FieldKind, MappingDraft, Mistake, RuleDraft};
use crate::{Activity, Arrival, Evidence, EvidenceKind, Meaning, Message, NotUnderstood};

/// How many fields a mapping may have.
const FIELDS_MAX: usize = 50;

/// How many rules a mapping may have.
const RULES_MAX: usize = 50;

/// How many further ids, and how many details, a rule may tell.
const PARTS_MAX: usize = 10;

/// What messages mean.
#[derive(Clone)]
pub struct Mapping {
    fields: Vec<FieldDraft>,
    rules: Vec<Rule>,
}

#[derive(Clone)]
struct Rule {
    condition: Option<Condition>,
    external_id: Text,
    evidence: Vec<(EvidenceKind, Text, bool)>,
    activity_type: String,
    source_id: Option<Text>,
    occur_time: Option<FieldDraft>,
    amount: Option<(Formula, Text)>,
    refunded_source_id: Option<Text>,
    attributes: Vec<(String, Text)>,
}

impl Mapping {
    /// Makes a mapping of a draft, or says all that is wrong with it.
    pub fn compile(draft: MappingDraft) -> Result<Self, Vec<Mistake>> {
        let mut compiling = Compiling {
            env: Environment::new(),
            mistakes: Vec::new(),
        };
        compiling.declare(&draft.fields);
        if draft.rules.len() > RULES_MAX {
            compiling.refuse("rules", &format!("a mapping has at most {RULES_MAX} rules"));
        }
        let rules: Vec<Rule> = draft
            .rules
            .iter()
            .take(RULES_MAX)
            .enumerate()
            .filter_map(|(index, rule)| compiling.rule(&format!("rules[{index}]"), rule, &draft.fields))
            .collect();
        match compiling.mistakes.is_empty() {
            true => Ok(Self {
                fields: draft.fields,
                rules,
            }),
            false => Err(compiling.mistakes),
        }
    }

    /// What a message means: what the first rule says whose condition holds.
    pub fn meaning(&self, message: &Message) -> Result<Meaning, NotUnderstood> {
        let facts = self.facts(&message.content)?;
        for (index, rule) in self.rules.iter().enumerate() {
            let holds = match &rule.condition {
                Some(condition) => condition
                    .eval(&facts)
                    .map_err(|error| failed(index, "condition", &error))?,
                None => true,
            };
            if holds {
                return rule.meaning(index, &facts, message);
            }
        }
        Err(NotUnderstood(
            "no rule of the mapping holds for this message: add one".to_owned(),
        ))
    }

    fn facts(&self, content: &Value) -> Result<Facts, NotUnderstood> {
        let mut facts = Vec::new();
        for field in &self.fields {
            let Some(value) = content.pointer(&field.pointer).filter(|value| !value.is_null()) else {
                continue;
            };
            let fact = fact_of(field.kind, value).ok_or_else(|| {
                NotUnderstood(format!(
                    "field {}: {} holds {value}, which is no {}",
                    field.name,
                    field.pointer,
                    name_of(field.kind)
                ))
            })?;
            facts.push((field.name.clone(), fact));
        }
        Ok(facts.into_iter().collect())
    }
}

struct Compiling {
    env: Environment,
    mistakes: Vec<Mistake>,
}

impl Compiling {
    fn refuse(&mut self, path: &str, message: &str) {
        self.mistakes.push(Mistake {
            path: path.to_owned(),
            message: message.to_owned(),
        });
    }

    fn declare(&mut self, fields: &[FieldDraft]) {
        if fields.len() > FIELDS_MAX {
            self.refuse("fields", &format!("a mapping has at most {FIELDS_MAX} fields"));
        }
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate() {
            if !is_code(&field.name) {
                self.refuse(
                    &format!("fields[{index}].name"),
                    "expected letters, digits and _, a letter first",
                );
            } else if !names.insert(field.name.as_str()) {
                self.refuse(&format!("fields[{index}].name"), "another field has this name already");
            } else {
                self.env = std::mem::take(&mut self.env).with(&field.name, type_of(field.kind));
            }
            if !field.pointer.starts_with('/') {
                self.refuse(
                    &format!("fields[{index}].pointer"),
                    "expected a JSON pointer, such as \"/order/amount\"",
                );
            }
        }
    }

    fn rule(&mut self, path: &str, draft: &RuleDraft, fields: &[FieldDraft]) -> Option<Rule> {
        let condition = match draft.condition.as_str() {
            "" => None,
            source => Some(self.take(&format!("{path}.condition"), Condition::compile(&self.env, source))?),
        };
        let external_id = self.text(&format!("{path}.external_id"), &draft.external_id);
        if draft.external_id.is_empty() {
            self.refuse(&format!("{path}.external_id"), "who it was must be told");
        }
        if draft.evidence.len() > PARTS_MAX || draft.attributes.len() > PARTS_MAX {
            self.refuse(
                path,
                &format!("a rule tells at most {PARTS_MAX} further ids and {PARTS_MAX} attributes"),
            );
        }
        let evidence = draft.evidence.iter().enumerate().filter_map(|(index, evidence)| {
            let EvidenceDraft { kind, value, proven } = evidence;
            let value = self.text(&format!("{path}.evidence[{index}].value"), value)?;
            Some((*kind, value, *proven))
        });
        let evidence = evidence.collect();
        if !draft.activity_type.is_empty() && !is_code(&draft.activity_type) {
            self.refuse(
                &format!("{path}.activity_type"),
                "expected lower case letters, digits and _, a letter first",
            );
        }
        let occur_time = fields
            .iter()
            .find(|field| field.name == draft.occur_time_field && field.kind == FieldKind::Time);
        if occur_time.is_none() && !draft.occur_time_field.is_empty() {
            self.refuse(
                &format!("{path}.occur_time_field"),
                "expected the name of a field that is a time",
            );
        }
        let amount = self.amount(path, draft);
        let attributes = draft.attributes.iter().filter_map(|(name, source)| {
            let text = self.text(&format!("{path}.attributes[{name}]"), source)?;
            Some((name.clone(), text))
        });
        let attributes = attributes.collect();
        Some(Rule {
            condition,
            external_id: external_id?,
            evidence,
            activity_type: draft.activity_type.clone(),
            source_id: self.text(&format!("{path}.source_id"), &draft.source_id),
            occur_time: occur_time.cloned(),
            amount,
            refunded_source_id: self.text(&format!("{path}.refunded_source_id"), &draft.refunded_source_id),
            attributes,
        })
    }

    fn amount(&mut self, path: &str, draft: &RuleDraft) -> Option<(Formula, Text)> {
        if draft.amount.is_empty() != draft.currency_code.is_empty() {
            self.refuse(
                &format!("{path}.currency_code"),
                "an amount and its currency are told together",
            );
        }
        let currency = self.text(&format!("{path}.currency_code"), &draft.currency_code)?;
        let amount = Formula::compile(&self.env, &draft.amount);
        Some((self.take(&format!("{path}.amount"), amount)?, currency))
    }

    fn text(&mut self, path: &str, source: &str) -> Option<Text> {
        match source {
            "" => None,
            source => self.take(path, Text::compile(&self.env, source)),
        }
    }

    fn take<T>(&mut self, path: &str, compiled: Result<T, Vec<RuleError>>) -> Option<T> {
        match compiled {
            Ok(rule) => Some(rule),
            Err(errors) => {
                for error in errors {
                    self.refuse(path, &error.to_string());
                }
                None
            }
        }
    }
}

impl Rule {
    fn meaning(&self, index: usize, facts: &Facts, message: &Message) -> Result<Meaning, NotUnderstood> {
        let text = |part: &'static str, rule: &Text| rule.eval(facts).map_err(|error| failed(index, part, &error));
        let optional = |part, rule: &Option<Text>| match rule {
            Some(rule) => text(part, rule),
            None => Ok(String::new()),
        };
        let external_id = text("external_id", &self.external_id)?;
        if external_id.is_empty() {
            return Err(NotUnderstood(format!(
                "rules[{index}].external_id: the message tells nobody's id there"
            )));
        }
        let mut evidence = Vec::new();
        for (kind, value, proven) in &self.evidence {
            let value = text("evidence", value)?;
            if !value.is_empty() {
                evidence.push(Evidence {
                    kind: *kind,
                    value,
                    proven: *proven,
                });
            }
        }
        let arrival = Some(Arrival { external_id, evidence });
        if self.activity_type.is_empty() {
            return Ok(Meaning {
                arrival,
                ..Meaning::default()
            });
        }
        let mut attributes = BTreeMap::new();
        for (name, value) in &self.attributes {
            let value: String = text("attributes", value)?.chars().take(512).collect();
            if !value.is_empty() {
                attributes.insert(name.clone(), value);
            }
        }
        let source_id = match optional("source_id", &self.source_id)?.as_str() {
            "" => message.source_id.clone(),
            id => id.to_owned(),
        };
        let occur_time = self
            .occur_time
            .as_ref()
            .and_then(|field| message.content.pointer(&field.pointer));
        Ok(Meaning {
            arrival,
            activity: Some(Activity {
                activity_type: self.activity_type.clone(),
                source_id,
                occur_time: occur_time.and_then(time_of).or(message.event_time),
                amount: self.money(index, facts)?,
                refunded_source_id: optional("refunded_source_id", &self.refunded_source_id)?,
                attributes,
            }),
            membership: None,
        })
    }

    fn money(&self, index: usize, facts: &Facts) -> Result<Option<(i64, String)>, NotUnderstood> {
        let Some((formula, currency)) = &self.amount else {
            return Ok(None);
        };
        let amount = formula.eval(facts).map_err(|error| failed(index, "amount", &error))?;
        let code = currency
            .eval(facts)
            .map_err(|error| failed(index, "currency_code", &error))?;
        match code.parse::<Currency>() {
            Ok(_) => Ok(Some((amount, code))),
            Err(_) => Err(NotUnderstood(format!(
                "rules[{index}].currency_code: {code:?} is no currency"
            ))),
        }
    }
}

fn failed(index: usize, part: &str, error: &EvalError) -> NotUnderstood {
    NotUnderstood(format!("rules[{index}].{part}: {error}"))
}

fn is_code(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && name.len() <= 64
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}

fn name_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Integer => "integer",
        FieldKind::Bool => "bool",
        FieldKind::Time => "time",
        FieldKind::Hundredths => "amount",
    }
}

fn type_of(kind: FieldKind) -> Type {
    match kind {
        FieldKind::Text => Type::String,
        FieldKind::Integer | FieldKind::Hundredths => Type::Int,
        FieldKind::Bool => Type::Bool,
        FieldKind::Time => Type::Timestamp,
    }
}

fn fact_of(kind: FieldKind, value: &Value) -> Option<Fact> {
    match kind {
        FieldKind::Text => written(value).map(Fact::String),
        FieldKind::Integer => written(value)?.parse().ok().map(Fact::Int),
        FieldKind::Bool => value.as_bool().map(Fact::Bool),
        FieldKind::Time => time_of(value).map(|time| Fact::Timestamp(time.micros())),
        FieldKind::Hundredths => hundredths(&written(value)?).map(Fact::Int),
    }
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// "12.5" is 1250. More than two decimals, unless they are zeros, and exponents are none.
fn hundredths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = decimals.trim_end_matches('0');
    let plain = !whole.is_empty() && whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit());
    if !plain || kept.len() > 2 {
        return None;
    }
    let cents: i64 = format!("{kept:0<2}").parse().ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)?
        .checked_mul(sign)
}

/// RFC 3339, or a number of seconds or milliseconds: what is beyond the year 5138 in seconds are milliseconds.
fn time_of(value: &Value) -> Option<Time> {
    let text = written(value)?;
    if let Some(time) = Time::parse_rfc3339(&text) {
        return Some(time);
    }
    let number: i64 = text.parse().ok()?;
    let micros = match number.checked_abs()? < 100_000_000_000 {
        true => number.checked_mul(kernel::MICROS_PER_SECOND)?,
        false => number.checked_mul(1_000)?,
    };
    Time::from_micros(micros).in_range()
}
