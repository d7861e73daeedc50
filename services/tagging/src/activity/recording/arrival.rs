//! Activities that arrived, as far as each can be judged before a transaction.

use contracts_tagging::v1::ActivityRefusal;
use kernel::Clock;

use super::results::{invalid, missing, nobody, unknown};
use crate::activity::wire::{Parsed, Who};
use crate::activity::{Activity, ActivityId, Difference};
use crate::member::MemberId;
use crate::member::finding::Meant;

/// An activity that arrived.
#[derive(Clone)]
pub(crate) enum Arrival {
    /// It will not be recorded.
    Refused(ActivityRefusal),
    /// It will, unless it was before.
    Ready(Sent),
}

/// An activity as it was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    /// Under which it is recorded, unless it was before.
    pub(super) id: ActivityId,
    /// Whose it was when it arrived.
    pub(super) member: MemberId,
    /// The member was named by id, not by an id in the channel.
    by_id: bool,
    pub(super) activity: Activity,
}

impl Arrival {
    /// An activity with its member, or everything for which it is refused.
    pub(super) fn of(parsed: Parsed, meant: Meant, clock: &Clock) -> Self {
        let Parsed { who, activity } = parsed;
        match (activity, who, meant) {
            (Ok(activity), Some(who), Meant::Is(member)) => Self::Ready(Sent {
                id: ActivityId::generate(clock),
                member,
                by_id: matches!(who, Who::Member(_)),
                activity,
            }),
            (Ok(_), Some(who), Meant::Nobody) => Self::Refused(invalid(vec![nobody(&who)])),
            (Ok(_), Some(who), Meant::Unknown) => Self::Refused(unknown(&who)),
            (Err(violations), Some(who), Meant::Nobody) => {
                Self::Refused(invalid(violations.into_iter().chain([nobody(&who)]).collect()))
            }
            (Err(violations), Some(who), Meant::Unknown) => {
                Self::Refused(invalid(violations.into_iter().chain([missing(&who)]).collect()))
            }
            (Err(violations), Some(_), Meant::Is(_)) | (Err(violations), None, _) => Self::Refused(invalid(violations)),
            // An activity that was read tells whose it is.
            (Ok(_), None, _) => Self::Refused(invalid(Vec::new())),
        }
    }

    pub(super) fn sent(&self) -> Option<&Sent> {
        match self {
            Self::Ready(sent) => Some(sent),
            Self::Refused(_) => None,
        }
    }
}

impl Sent {
    /// In what it differs from what is recorded under its key, of a member; its own is `member` by now. A member is the same
    /// by whatever id; and so is an id in the channel, to whomever it leads by now.
    pub(super) fn differences(&self, member: MemberId, recorded: &Activity, of: MemberId) -> Vec<Difference> {
        let external_id = &self.activity.external_id;
        let same_external = !self.by_id && !external_id.is_empty() && *external_id == recorded.external_id;
        let of_member = (!same_external).then(|| Difference::of("member_id", of, member));
        let mut differences: Vec<Difference> = of_member.flatten().into_iter().collect();
        differences.extend(recorded.differences(&self.activity));
        differences
    }
}
