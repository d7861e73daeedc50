use std::collections::BTreeSet;

use contracts::tagging::v1::{AssignTagsRequest, AssignTagsResponse, TagAssignment};
use fault::{Fault, Violations};
use kernel::Time;
use rpc::Call;
use store::Begun;

use super::TaggingApi;
use crate::domain::catalog::Catalog;
use crate::domain::subject::Subject;
use crate::domain::value::{Value, ValueType};
use crate::store::catalogs::Hold;
use crate::{faults, wire};

/// How many tags are assigned at once.
const ASSIGNMENTS_MAX: usize = 50;

/// A tag to be assigned. A value that is absent means true.
struct Assignment {
    path: String,
    code: String,
    value: Option<Value>,
    expire_time: Option<Time>,
}

impl TaggingApi {
    pub(super) async fn assign_tags(&self, call: Call<AssignTagsRequest>) -> Result<AssignTagsResponse, Fault> {
        let assignments = parse(&call.assignments, self.clock.now())?;
        let member = self.member(call.tenant(), &call.member_id).await?;
        let source = match call.source.as_str() {
            "" => call.principal().subject.clone(),
            source => source.to_owned(),
        };

        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Shared).await?;
        let member = revision
            .redirects([member])
            .await?
            .get(&member)
            .copied()
            .unwrap_or(member);
        let mut subjects = revision.subjects(&BTreeSet::from([member])).await?;
        let mut tags = Vec::with_capacity(assignments.len());
        for subject in subjects.values_mut() {
            for assignment in &assignments {
                assign(subject, assignment, &source, &revision.catalog, revision.now)?;
                let tag = subject.tag(&assignment.code);
                tags.extend(tag.map(|tag| wire::tag::write_member_tag(assignment.code.clone(), tag)));
            }
        }
        // Past this line nothing may refuse the assignments.
        revision.settle(subjects, None, Vec::new()).await?;
        tx.commit(AssignTagsResponse { tags }).await
    }
}

fn assign(
    subject: &mut Subject,
    assignment: &Assignment,
    source: &str,
    catalog: &Catalog,
    now: Time,
) -> Result<(), Fault> {
    let Assignment {
        path,
        code,
        value,
        expire_time,
    } = assignment;
    let tag = catalog
        .tag(code)
        .ok_or_else(|| faults::tag_unknown(code, &format!("{path}.tag_code")))?;
    let value = match (value, tag.value_type) {
        (Some(value), _) => value.clone(),
        (None, ValueType::Bool) => Value::Bool(true),
        (None, ValueType::Int | ValueType::Text | ValueType::Time) => {
            return Err(Fault::invalid(
                format!("{path}.value"),
                "must be given, unless the tag is a BOOL",
            ));
        }
    };
    let assigned = subject.assign(code, |held| {
        tag.assign(held, value, source.to_owned(), *expire_time, now)
    });
    assigned.map_err(|error| faults::not_assigned(error, code, path, tag.value_type))
}

fn parse(wire: &[TagAssignment], now: Time) -> Result<Vec<Assignment>, Fault> {
    if !(1..=ASSIGNMENTS_MAX).contains(&wire.len()) {
        return Err(Fault::invalid(
            "assignments",
            format!("must hold 1 to {ASSIGNMENTS_MAX} assignments"),
        ));
    }
    let mut violations = Violations::new();
    let (mut assignments, mut codes) = (Vec::with_capacity(wire.len()), BTreeSet::new());
    for (i, assignment) in wire.iter().enumerate() {
        let path = format!("assignments[{i}]");
        let is_new = codes.insert(assignment.tag_code.clone());
        violations.check(is_new, format!("{path}.tag_code"), "must be named once");
        let value = assignment
            .value
            .as_ref()
            .and_then(|value| violations.parse(format!("{path}.value"), wire::value::parse(value)));
        let expire_time = assignment.expire_time.as_ref().and_then(Time::from_wire);
        let is_right = assignment.expire_time.is_none() || expire_time.is_some_and(|expire_time| expire_time > now);
        violations.check(is_right, format!("{path}.expire_time"), "must be a time in the future");
        assignments.push(Assignment {
            path,
            code: assignment.tag_code.clone(),
            value,
            expire_time,
        });
    }
    violations.finish()?;
    Ok(assignments)
}
