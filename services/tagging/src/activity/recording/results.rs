//! What became of activities, in the words of the contract.

use contracts_tagging::v1::{
    ActivityDifference, ActivityOutcome, ActivityRefusal, ActivityResult, ActivityViolation, ErrorReason,
};
use fault::{Common, Reason, Violation};

use crate::activity::wire::Who;
use crate::activity::{ActivityId, Difference, SourceKey};
use crate::member::MemberId;

pub(crate) fn recorded(id: ActivityId, member: MemberId) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Recorded.into(),
        activity_id: id.to_string(),
        member_id: member.to_string(),
        refusal: None,
    }
}

pub(crate) fn duplicate(id: ActivityId) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Duplicate.into(),
        activity_id: id.to_string(),
        member_id: String::new(),
        refusal: None,
    }
}

pub(crate) fn refused(refusal: ActivityRefusal) -> ActivityResult {
    ActivityResult {
        outcome: ActivityOutcome::Refused.into(),
        activity_id: String::new(),
        member_id: String::new(),
        refusal: Some(refusal),
    }
}

/// The key is another activity's, which stays as it is.
pub(crate) fn conflict(id: ActivityId, key: &SourceKey, differences: Vec<Difference>) -> ActivityResult {
    let SourceKey {
        channel_code,
        activity_type,
        source_id,
    } = key;
    let place = if channel_code.is_empty() {
        String::new()
    } else {
        format!(" in {channel_code}")
    };
    let told: Vec<String> = differences.iter().map(tell).collect();
    let message = format!(
        "{activity_type} {source_id}{place} is recorded with another content, which stays: {}. Rows of one order belong into \
         one activity with all of its items; a refund or a correction has a source_id of its own",
        told.join("; ")
    );
    let differences = differences.into_iter().map(|it| ActivityDifference {
        path: it.path,
        recorded: it.recorded,
        sent: it.sent,
    });
    ActivityResult {
        activity_id: id.to_string(),
        ..refused(ActivityRefusal {
            reason: ErrorReason::ActivityConflict.name().to_owned(),
            message,
            violations: Vec::new(),
            differences: differences.collect(),
        })
    }
}

fn tell(difference: &Difference) -> String {
    let or_none = |value: &str| {
        if value.is_empty() {
            "none".to_owned()
        } else {
            value.to_owned()
        }
    };
    let (recorded, sent) = (or_none(&difference.recorded), or_none(&difference.sent));
    format!("{} is {recorded}, and {sent} was sent", difference.path)
}

pub(crate) fn invalid(violations: Vec<Violation>) -> ActivityRefusal {
    let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let violations = violations
        .into_iter()
        .map(|Violation { path, message }| ActivityViolation { path, message });
    ActivityRefusal {
        reason: Common::InvalidField.name().to_owned(),
        message: words.join("; "),
        violations: violations.collect(),
        differences: Vec::new(),
    }
}

pub(crate) fn unknown(who: &Who) -> ActivityRefusal {
    let missing = missing(who);
    ActivityRefusal {
        message: missing.message.clone(),
        reason: ErrorReason::MemberNotFound.name().to_owned(),
        ..invalid(vec![missing])
    }
}

/// The field that tells whose an activity is.
fn path(who: &Who) -> &'static str {
    match who {
        Who::Member(_) => "member_id",
        Who::External { .. } => "external_id",
    }
}

/// Nobody is known by this id yet.
pub(crate) fn missing(who: &Who) -> Violation {
    let told = told(who);
    Violation {
        path: path(who).to_owned(),
        message: format!("{told} leads to no member: register the member with identity first"),
    }
}

/// Nobody is known by this id, and nobody ever can be.
pub(crate) fn nobody(who: &Who) -> Violation {
    let told = told(who);
    Violation {
        path: path(who).to_owned(),
        message: format!(
            "{told} can stand for nobody (a placeholder, or a value that the brand has blocked): send the person's own, or \
             leave the activity out"
        ),
    }
}

fn told(who: &Who) -> String {
    match who {
        Who::Member(member) => format!("{member}"),
        Who::External {
            channel_code,
            external_id,
        } => format!("the external id {external_id} in {channel_code}"),
    }
}
