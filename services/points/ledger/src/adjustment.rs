use kernel::Time;

use super::{AccountKey, AdjustmentId, CostCentre, EntryId, Refusal};

/// A correction by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id.
    pub id: AdjustmentId,
    /// The account that it corrects.
    pub account: AccountKey,
    /// The change, with its sign.
    pub amount: i64,
    /// Why, by a code of the tenant's.
    pub reason_code: String,
    /// Why, in words.
    pub note: String,
    /// Who bears its cost.
    pub cost_centre: Option<CostCentre>,
    /// How far it has come.
    pub state: AdjustmentState,
    /// The principals who made it and who decided it.
    pub creator: String,
    /// The principal who decided it; none while it waits, and where it needed no decision.
    pub decider: Option<String>,
    /// The entry by which it was posted.
    pub entry: Option<EntryId>,
    /// When it was made.
    pub create_time: Time,
    /// When it was decided.
    pub decide_time: Option<Time>,
}

/// An adjustment that somebody wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The change, with its sign.
    pub amount: i64,
    /// Why, by a code of the tenant's.
    pub reason_code: String,
    /// Why, in words.
    pub note: String,
    /// Who bears its cost.
    pub cost_centre: Option<CostCentre>,
    /// The principal who makes it.
    pub creator: String,
}

/// How far an adjustment has come; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjustmentState {
    /// It waits for a second principal.
    Pending,
    /// It is done.
    Posted,
    /// A second principal has refused it.
    Rejected,
}

impl AdjustmentState {
    /// The state of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Pending, Self::Posted, Self::Rejected]
            .into_iter()
            .find(|state| state.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Pending => 1,
            Self::Posted => 2,
            Self::Rejected => 3,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub fn name(self) -> &'static str {
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
    pub fn decide(&mut self, principal: &str, state: AdjustmentState, now: Time) -> Result<(), Refusal> {
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
