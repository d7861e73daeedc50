use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rules::{Condition, Environment, EvalError, Facts, Object, RuleError, Type, Value};

use crate::fact::{Fact, FactType, FieldType, FieldValue, Fields, HAPPEN_TIME};
use crate::run::{KnownFact, Run};

/// A condition on one fact, which it calls `fact`.
#[derive(Debug)]
pub(crate) struct FactCondition(Condition);

/// A condition on what a run knows: `trigger`, `run`, and the facts that ended its `waits`.
#[derive(Debug)]
pub(crate) struct RunCondition(Condition);

/// All that is wrong with an expression.
#[derive(Debug)]
pub(crate) struct Mistakes(Vec<RuleError>);

impl FactCondition {
    pub(crate) fn compile(source: &str, fact_type: FactType) -> Result<Self, Mistakes> {
        let environment = Environment::new().with("fact", fact_object(fact_type));
        Condition::compile(&environment, source).map(Self).map_err(Mistakes)
    }

    pub(crate) fn holds(&self, fact: &Fact) -> Result<bool, EvalError> {
        self.0.eval(&Facts::new().with("fact", object(&KnownFact::of(fact))))
    }

    /// The paths of what it reads: `fact.amount`.
    pub(crate) fn reads(&self) -> BTreeSet<String> {
        self.0.reads()
    }
}

impl RunCondition {
    /// Compiles a condition of a journey with this trigger and these waits, by the ids of their nodes.
    pub(crate) fn compile(
        source: &str,
        trigger: FactType,
        waits: &BTreeMap<String, FactType>,
    ) -> Result<Self, Mistakes> {
        let run = Type::object([
            ("start_time", Type::Timestamp),
            ("now", Type::Timestamp),
            ("visit", Type::Int),
        ]);
        let waits: Vec<(&str, Type)> = waits
            .iter()
            .map(|(node_id, fact_type)| (node_id.as_str(), fact_object(*fact_type)))
            .collect();
        let environment = Environment::new()
            .with("trigger", fact_object(trigger))
            .with("run", run)
            .with("waits", Type::object(waits));
        Condition::compile(&environment, source).map(Self).map_err(Mistakes)
    }

    pub(crate) fn holds(&self, run: &Run) -> Result<bool, EvalError> {
        let about = Object::new()
            .with("start_time", Value::Timestamp(run.start_time.micros()))
            .with("now", Value::Timestamp(run.clock.micros()))
            .with("visit", i64::from(run.visit));
        let waits = run
            .memory
            .waits
            .iter()
            .map(|(node_id, fact)| (node_id.clone(), Value::Object(object(fact))));
        let facts = Facts::new()
            .with("trigger", object(&run.memory.trigger))
            .with("run", about)
            .with("waits", waits.collect::<Object>());
        self.0.eval(&facts)
    }

    /// The paths of what it reads: `trigger.amount`, `waits.first_order.amount`.
    pub(crate) fn reads(&self) -> BTreeSet<String> {
        self.0.reads()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mistakes: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&mistakes.join("; "))
    }
}

fn fact_object(fact_type: FactType) -> Type {
    let fields = fact_type.fields().iter().map(|(name, of)| (*name, field_type(*of)));
    Type::object(fields.chain([(HAPPEN_TIME, Type::Timestamp)]))
}

fn field_type(of: FieldType) -> Type {
    match of {
        FieldType::Text => Type::String,
        FieldType::Int => Type::Int,
        FieldType::Bool => Type::Bool,
        FieldType::Time => Type::Timestamp,
        FieldType::TextMap => Type::StringMap,
    }
}

fn object(fact: &KnownFact) -> Object {
    let happen_time = (HAPPEN_TIME.to_owned(), Value::Timestamp(fact.happen_time));
    values(&fact.fields).chain([happen_time]).collect()
}

fn values(fields: &Fields) -> impl Iterator<Item = (String, Value)> {
    fields.iter().map(|(name, value)| {
        let value = match value {
            FieldValue::Text(text) => Value::String(text.clone()),
            FieldValue::Int(number) => Value::Int(*number),
            FieldValue::Bool(truth) => Value::Bool(*truth),
            FieldValue::Time(micros) => Value::Timestamp(*micros),
            FieldValue::TextMap(map) => Value::Map(map.clone()),
        };
        (name.clone(), value)
    })
}
