use kernel::Time;

use super::{AccountKey, AdjustmentId, CostCentre, EntryId, Refusal};

/// A correction by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjustment {
    pub(crate) id: AdjustmentId,
    pub(crate) account: AccountKey,
    /// The change, with its sign.
    pub(crate) amount: i64,
    pub(crate) reason_code: String,
    pub(crate) note: String,
    /// Who bears its cost.
    pub(crate) cost_centre: Option<CostCentre>,
    pub(crate) state: AdjustmentState,
    /// The principals who made it and who decided it.
    pub(crate) creator: String,
    pub(crate) decider: Option<String>,
    pub(crate) entry: Option<EntryId>,
    pub(crate) create_time: Time,
    pub(crate) decide_time: Option<Time>,
}

/// An adjustment that somebody wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    /// The change, with its sign.
    pub(crate) amount: i64,
    pub(crate) reason_code: String,
    pub(crate) note: String,
    pub(crate) cost_centre: Option<CostCentre>,
    pub(crate) creator: String,
}

/// How far an adjustment has come; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdjustmentState {
    Pending,
    Posted,
    Rejected,
}

impl AdjustmentState {
    /// The state of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        [Self::Pending, Self::Posted, Self::Rejected]
            .into_iter()
            .find(|state| state.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Pending => 1,
            Self::Posted => 2,
            Self::Rejected => 3,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Posted => "POSTED",
            Self::Rejected => "REJECTED",
        }
    }
}

impl Adjustment {
    /// A new one, which waits.
    pub(super) fn new(id: AdjustmentId, account: AccountKey, correction: &Correction, now: Time) -> Self {
        Self {
            id,
            account,
            amount: correction.amount,
            reason_code: correction.reason_code.clone(),
            note: correction.note.clone(),
            cost_centre: correction.cost_centre.clone(),
            state: AdjustmentState::Pending,
            creator: correction.creator.clone(),
            decider: None,
            entry: None,
            create_time: now,
            decide_time: None,
        }
    }

    /// Decides that `principal` approves or rejects it.
    pub(crate) fn decide(&mut self, principal: &str, state: AdjustmentState, now: Time) -> Result<(), Refusal> {
        if self.state != AdjustmentState::Pending {
            return Err(Refusal::AdjustmentNotPending {
                adjustment: self.id,
                state: self.state,
            });
        }
        if principal == self.creator {
            return Err(Refusal::AdjustmentNeedsAnother {
                adjustment: self.id,
                creator: self.creator.clone(),
            });
        }
        self.state = state;
        self.decider = Some(principal.to_owned());
        self.decide_time = Some(now);
        Ok(())
    }
}
