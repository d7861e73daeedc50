use kernel::Time;

use crate::domain::AssetCode;

/// How activities earn an asset, in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarningRule {
    pub(crate) code: String,
    pub(crate) version: i32,
    pub(crate) state: RuleState,
    /// From when this version is in force.
    pub(crate) effect: Time,
    pub(crate) asset: AssetCode,
    pub(crate) activity_types: Vec<String>,
    /// Empty: all.
    pub(crate) channels: Vec<String>,
    /// Empty: always.
    pub(crate) condition: String,
    pub(crate) amount: Amount,
    /// 0: no limit.
    pub(crate) amount_max: i64,
    pub(crate) caps: MemberCaps,
    /// 0: no limit.
    pub(crate) budget: i64,
    pub(crate) priority: i32,
    pub(crate) stop: bool,
    /// Empty: none.
    pub(crate) exclusion_group: String,
    /// Of the money that it speaks of. Empty: whichever an activity has.
    pub(crate) currency: String,
    pub(crate) start: Option<Time>,
    pub(crate) end: Option<Time>,
}

/// Whether a rule is in force; its numbers are the contract's and the table's. That a version waits for its time is not a
/// state of its own: it is active, and its effect lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleState {
    Draft,
    Active,
    Archived,
}

/// How much a rule earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Formula(String),
    Fixed(i64),
    Rate(Rate),
    PerItem {
        /// Which items count. Empty: all.
        condition: String,
        worth: ItemWorth,
    },
    Multiplier(Multiplier),
}

/// What the items that fit earn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemWorth {
    PerPiece(i64),
    Rate(Rate),
}

/// So many points for so much money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) points: i64,
    pub(crate) per: i64,
    pub(crate) rounding: Rounding,
    /// The steps are rounded, not the points.
    pub(crate) whole_steps: bool,
}

/// Multiplies what rules with an amount have earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Multiplier {
    pub(crate) numerator: i64,
    pub(crate) denominator: i64,
    pub(crate) rounding: Rounding,
    /// It is counted on what the multipliers before it have added, too.
    pub(crate) compounds: bool,
    /// Whose amounts it multiplies. Empty: all of the asset.
    pub(crate) base_rules: Vec<String>,
}

/// How a fraction becomes an integer; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    HalfUp,
    Up,
}

/// The most that one member earns by a rule; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberCaps {
    pub(crate) day: i64,
    pub(crate) month: i64,
    pub(crate) total: i64,
}

impl EarningRule {
    pub(crate) fn is_multiplier(&self) -> bool {
        matches!(self.amount, Amount::Multiplier(_))
    }
}

impl RuleState {
    /// The state of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        [Self::Draft, Self::Active, Self::Archived]
            .into_iter()
            .find(|state| state.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Draft => 1,
            Self::Active => 2,
            Self::Archived => 3,
        }
    }

    /// Whether a rule may go from this state to another. What has been archived stays as it is, so that a code never
    /// means two things; a rule that has earned does not become a draft.
    pub(crate) fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Archived, _) | (Self::Active, Self::Draft) => false,
            (Self::Draft, _) | (Self::Active, Self::Active | Self::Archived) => true,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl Rounding {
    /// The rounding of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        [Self::Down, Self::HalfUp, Self::Up]
            .into_iter()
            .find(|rounding| rounding.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Down => 1,
            Self::HalfUp => 2,
            Self::Up => 3,
        }
    }

    /// `value` x `by` / `per`; none where the result does not fit. All are 0 or more, `per` is more than 0.
    pub(crate) fn share(self, value: i64, by: i64, per: i64) -> Option<i64> {
        assert!(value >= 0 && by >= 0 && per > 0, "{value} x {by} / {per}");
        let per = i128::from(per);
        let product = i128::from(value).checked_mul(i128::from(by))?;
        let added = match self {
            Self::Down => 0,
            Self::HalfUp => per.checked_div(2)?,
            Self::Up => per.checked_sub(1)?,
        };
        // Half of an odd divisor is cut: the nearest integer is never exactly between two then.
        let rounded = product.checked_add(added)?.checked_div(per)?;
        i64::try_from(rounded).ok()
    }
}

impl Rate {
    /// What so much money earns; none where it does not fit.
    pub(crate) fn points_for(&self, money: i64) -> Option<i64> {
        let money = money.max(0);
        if self.whole_steps {
            self.rounding.share(money, 1, self.per)?.checked_mul(self.points)
        } else {
            self.rounding.share(money, self.points, self.per)
        }
    }
}

impl Multiplier {
    /// What it adds to a base; none where it does not fit.
    pub(crate) fn bonus(&self, base: i64) -> Option<i64> {
        let more = self.numerator.checked_sub(self.denominator)?;
        self.rounding.share(base, more, self.denominator)
    }
}
