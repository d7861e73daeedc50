use kernel::Time;

use crate::AssetCode;

/// How activities earn an asset, in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarningRule {
    /// Its code.
    pub code: String,
    /// Its version, counted from 1.
    pub version: i32,
    /// Whether it is in force.
    pub state: RuleState,
    /// From when this version is in force.
    pub effect: Time,
    /// What it earns.
    pub asset: AssetCode,
    /// The types of the activities that it is for.
    pub activity_types: Vec<String>,
    /// Empty: all.
    pub channels: Vec<String>,
    /// Empty: always.
    pub condition: String,
    /// How much it earns.
    pub amount: Amount,
    /// 0: no limit.
    pub amount_max: i64,
    /// How much a member earns by it.
    pub caps: MemberCaps,
    /// 0: no limit.
    pub budget: i64,
    /// Rules of a higher priority are judged first.
    pub priority: i32,
    /// Where it earns, no rule after it of its asset and kind does.
    pub stop: bool,
    /// Empty: none.
    pub exclusion_group: String,
    /// Of the money that it speaks of. Empty: whichever an activity has.
    pub currency: String,
    /// It is for what happens from then on.
    pub start: Option<Time>,
    /// It is for what happens before then.
    pub end: Option<Time>,
}

/// Whether a rule is in force; its numbers are the contract's and the table's. That a version waits for its time is not a
/// state of its own: it is active, and its effect lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleState {
    /// It is written, and not in force.
    Draft,
    /// It is in force, or will be.
    Active,
    /// It is not in force any more.
    Archived,
}

/// How much a rule earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// What an expression comes to.
    Formula(String),
    /// Always the same.
    Fixed(i64),
    /// So much for the money of the activity.
    Rate(Rate),
    /// What the items that fit earn together.
    PerItem {
        /// Which items count. Empty: all.
        condition: String,
        /// What they earn.
        worth: ItemWorth,
    },
    /// A multiple of what other rules have earned.
    Multiplier(Multiplier),
}

/// What the items that fit earn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemWorth {
    /// So much for each piece.
    PerPiece(i64),
    /// So much for their money.
    Rate(Rate),
}

/// So many points for so much money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So much is earned,
    pub points: i64,
    /// for so much money, in minor units.
    pub per: i64,
    /// How a fraction becomes an integer.
    pub rounding: Rounding,
    /// The steps are rounded, not the points.
    pub whole_steps: bool,
}

/// Multiplies what rules with an amount have earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// The factor is this,
    pub numerator: i64,
    /// divided by this.
    pub denominator: i64,
    /// How a fraction becomes an integer.
    pub rounding: Rounding,
    /// It is counted on what the multipliers before it have added, too.
    pub compounds: bool,
    /// Whose amounts it multiplies. Empty: all of the asset.
    pub base_rules: Vec<String>,
}

/// How a fraction becomes an integer; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Downwards.
    Down,
    /// To the nearest, and from a half on upwards.
    HalfUp,
    /// Upwards.
    Up,
}

/// The most that one member earns by a rule; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberCaps {
    /// In a day of the asset's calendar.
    pub day: i64,
    /// In a month of the asset's calendar.
    pub month: i64,
    /// For ever.
    pub total: i64,
}

impl EarningRule {
    /// Whether it multiplies what other rules have earned.
    pub fn is_multiplier(&self) -> bool {
        matches!(self.amount, Amount::Multiplier(_))
    }
}

impl RuleState {
    /// The state of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Draft, Self::Active, Self::Archived]
            .into_iter()
            .find(|state| state.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Draft => 1,
            Self::Active => 2,
            Self::Archived => 3,
        }
    }

    /// Whether a rule may go from this state to another. What has been archived stays as it is, so that a code never
    /// means two things; a rule that has earned does not become a draft.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Archived, _) | (Self::Active, Self::Draft) => false,
            (Self::Draft, _) | (Self::Active, Self::Active | Self::Archived) => true,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl Rounding {
    /// The rounding of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Down, Self::HalfUp, Self::Up]
            .into_iter()
            .find(|rounding| rounding.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Down => 1,
            Self::HalfUp => 2,
            Self::Up => 3,
        }
    }

    /// `value` x `by` / `per`; none where the result does not fit. All are 0 or more, `per` is more than 0.
    pub fn share(self, value: i64, by: i64, per: i64) -> Option<i64> {
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
    pub fn points_for(&self, money: i64) -> Option<i64> {
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
    pub fn bonus(&self, base: i64) -> Option<i64> {
        let more = self.numerator.checked_sub(self.denominator)?;
        self.rounding.share(base, more, self.denominator)
    }
}
