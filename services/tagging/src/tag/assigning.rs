//! The assigning of tags, which one call and a batch of them share.

use std::collections::BTreeSet;

use contracts::Unreadable;
use contracts::codec::{Incoming, check_texts};
use contracts_tagging::v1::{AssignTagsRequest, AssignTagsResponse, TagAssignment};
use fault::{Fault, Violations};
use kernel::{Clock, Principal, RequestKey, Time};
use prost::Message;
use store::{Answers, Db};

use super::catalog::Catalog;
use super::catalogs::Hold;
use super::refusals;
use super::value::{Value, ValueType};
use super::{value, wire};
use crate::activity::wire::Who;
use crate::member;
use crate::member::MemberId;
use crate::member::finding::Meant;
use crate::member::people::People;
use crate::member::revision::{Revisions, Subjects};
use crate::member::subject::Subject;

/// Under which request ids are remembered, whichever method they came by.
const METHOD: &str = "quanyu.tagging.v1.TagService/AssignTags";
/// How many tags are assigned at once.
const ASSIGNMENTS_MAX: usize = 50;

/// A tag to be assigned. A value that is absent means true.
struct Assignment {
    path: String,
    code: String,
    value: Option<Value>,
    expire_time: Option<Time>,
}

/// What one request asks for.
struct Asked {
    key: RequestKey,
    member: MemberId,
    assignments: Vec<Assignment>,
    source: String,
}

/// Assigns tags to members.
#[derive(Clone)]
pub(crate) struct Assigner {
    clock: Clock,
    db: Db,
    people: People,
    revisions: Revisions,
}

type Outcome = Result<AssignTagsResponse, Fault>;

impl Assigner {
    pub(crate) fn new(clock: Clock, db: Db, people: People, revisions: Revisions) -> Self {
        Self {
            clock,
            db,
            people,
            revisions,
        }
    }

    /// Does what the requests ask for, in their order and in one transaction; each has an outcome of its own.
    ///
    /// The members are locked before the answers are read that were given before: a copy that runs at the same time waits
    /// for them, and finds its answer.
    pub(crate) async fn assign(
        &self,
        principal: &Principal,
        requests: &[AssignTagsRequest],
        unreadable: &Unreadable,
    ) -> Result<Vec<Outcome>, Fault> {
        let asked = self.receive(principal, requests, unreadable).await?;
        let ready = || asked.iter().flatten();
        let tx = self.db.begin().await?;
        let revision = self.revisions.begin(&tx, principal.tenant, Hold::Shared).await?;
        let members: BTreeSet<MemberId> = ready().map(|it| it.member).collect();
        let redirects = revision.redirects(members).await?;
        let lead = |member: MemberId| redirects.follow(revision.tenant, member);
        let mut subjects = revision.subjects(&ready().map(|it| lead(it.member)).collect()).await?;
        let mut answers = Answers::to(&tx, ready().map(|it| &it.key)).await?;

        let mut outcomes = Vec::with_capacity(asked.len());
        for asked in asked {
            outcomes.push(match asked {
                Err(refused) => Err(refused),
                Ok(it) => match answers.get(&it.key) {
                    Err(reused) => Err(reused),
                    Ok(Some(before)) => AssignTagsResponse::decode(before).map_err(Fault::internal),
                    Ok(None) => {
                        let member = lead(it.member);
                        let answer = assign_all(&mut subjects, member, &it, &revision.catalog, revision.now);
                        if let Ok(answer) = &answer {
                            answers.give(&it.key, answer.encode_to_vec());
                        }
                        answer
                    }
                },
            });
        }
        // Past this line nothing is refused.
        revision.settle(subjects, None, Vec::new()).await?;
        answers.remember(&tx).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Reads requests and finds their members: all that has to be known before the transaction.
    async fn receive(
        &self,
        principal: &Principal,
        requests: &[AssignTagsRequest],
        unreadable: &Unreadable,
    ) -> Result<Vec<Result<Asked, Fault>>, Fault> {
        let now = self.clock.now();
        let parse = |(index, it): (usize, &AssignTagsRequest)| unreadable.judge(index, "", parse(it, principal, now));
        let parsed: Vec<Result<Asked, Fault>> = requests.iter().enumerate().map(parse).collect();
        let who: Vec<Who> = parsed.iter().flatten().map(|it| Who::Member(it.member)).collect();
        let mut found = self.people.find(principal.tenant, who).await?.into_iter();
        let mut known = |asked: Asked| match found.next().and_then(Meant::member) {
            Some(member) => Ok(Asked { member, ..asked }),
            None => Err(member::refusals::member_not_found(asked.member)),
        };
        Ok(parsed.into_iter().map(|asked| asked.and_then(&mut known)).collect())
    }
}

/// Assigns all tags of a request, or none.
fn assign_all(
    subjects: &mut Subjects,
    member: MemberId,
    asked: &Asked,
    catalog: &Catalog,
    now: Time,
) -> Result<AssignTagsResponse, Fault> {
    let subject = subjects
        .get_mut(&member)
        .ok_or_else(|| Fault::internal("every member was loaded"))?;
    let mut assigned = subject.clone();
    let mut tags = Vec::with_capacity(asked.assignments.len());
    for assignment in &asked.assignments {
        assign_one(&mut assigned, assignment, &asked.source, catalog, now)?;
        let tag = assigned.tag(&assignment.code);
        tags.extend(tag.map(|tag| wire::write_member_tag(assignment.code.clone(), tag, now)));
    }
    *subject = assigned;
    Ok(AssignTagsResponse { tags })
}

fn assign_one(
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
        .ok_or_else(|| refusals::tag_unknown(code, &format!("{path}.tag_code")))?;
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
    assigned.map_err(|error| refusals::not_assigned(error, code, path, tag.value_type))
}

fn parse(request: &AssignTagsRequest, principal: &Principal, now: Time) -> Result<Asked, Fault> {
    // Of a batch nobody has checked it yet.
    request.check()?;
    let source = match request.source.as_str() {
        "" => principal.subject.clone(),
        source => source.to_owned(),
    };
    let member = request.member_id.parse();
    let member = member.map_err(|error: kernel::IdError| Fault::invalid("member_id", error.to_string()))?;
    Ok(Asked {
        key: RequestKey::new(principal.tenant, METHOD, &request.request_id, &request.encode_to_vec()),
        member,
        assignments: parse_assignments(&request.assignments, now)?,
        source,
    })
}

fn parse_assignments(wire: &[TagAssignment], now: Time) -> Result<Vec<Assignment>, Fault> {
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
        violations.take(&path, check_texts(assignment))?;
        let is_new = codes.insert(assignment.tag_code.clone());
        violations.check(is_new, format!("{path}.tag_code"), "must be named once");
        let value = assignment
            .value
            .as_ref()
            .and_then(|value| violations.parse(format!("{path}.value"), value::wire::parse_assigned(value)));
        let expire_time = assignment.expire_time.as_ref().and_then(Time::from_wire);
        let is_right = assignment.expire_time.is_none() || expire_time.is_some_and(|expire_time| expire_time > now);
        violations.check(
            is_right,
            format!("{path}.expire_time"),
            "must be a time in the future, in the year 9999 at the latest",
        );
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
