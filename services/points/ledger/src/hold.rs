use kernel::{Exact, Time};

use super::{AccountKey, CostCentre, EntryId, HoldId, LotId, LotKey, MemberId};

/// An amount set aside from an account's lots. It is changed only while its account is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The account that it sets aside from.
    pub account: AccountKey,
    /// The member whose it was when it was made, before any merge.
    pub maker: MemberId,
    /// For which member of a pool it was made, where a pool holds the account.
    pub acting: Option<MemberId>,
    /// How much was set aside.
    pub amount: i64,
    /// What has become of it.
    pub state: HoldState,
    /// The lots that it was taken from, in the order of spending.
    pub parts: Vec<HeldPart>,
    /// How much of it was spent.
    pub captured: i64,
    /// The entry by which it was captured.
    pub entry: Option<EntryId>,
    /// What the caller said it is for.
    pub reference: String,
    /// Where it is to be spent.
    pub cost_centre: Option<CostCentre>,
    /// When it was made.
    pub create_time: Time,
    /// Its deadline.
    pub expire_time: Time,
    /// When it was captured or given back.
    pub end_time: Option<Time>,
}

/// A lot's part in a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPart {
    /// The lot.
    pub lot: LotId,
    /// When the lot expires.
    pub expire_time: Time,
    /// How much of the lot is held.
    pub amount: i64,
}

/// What has become of a hold; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// It is open.
    Held,
    /// It was spent, or a part of it.
    Captured,
    /// It was given back by a call.
    Released,
    /// It was given back at its deadline.
    Expired,
}

/// Why a hold is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseCause {
    /// Somebody asks for it, which is refused where there is nothing to give back.
    Call,
    /// Its deadline has passed. Where it has ended before, or has not come yet, there is nothing to do.
    Deadline,
}

impl HoldState {
    const ALL: [Self; 4] = [Self::Held, Self::Captured, Self::Released, Self::Expired];

    /// The state of a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Held => 1,
            Self::Captured => 2,
            Self::Released => 3,
            Self::Expired => 4,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Captured => "CAPTURED",
            Self::Released => "RELEASED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl Hold {
    /// Whether it has not ended, whatever the time.
    pub fn is_open(&self) -> bool {
        self.state == HoldState::Held
    }

    /// Its state as far as a caller is concerned: from its deadline on it has expired, though nobody may have given it back.
    pub fn state_at(&self, now: Time) -> HoldState {
        if self.is_open() && self.expire_time <= now {
            HoldState::Expired
        } else {
            self.state
        }
    }

    /// The parts that pay `amount`, those first that expire first, and the parts that are left then.
    pub(super) fn split(&self, amount: i64) -> (Vec<HeldPart>, Vec<HeldPart>) {
        assert!(
            (1..=self.amount).contains(&amount),
            "hold {}: {amount} of {}",
            self.id,
            self.amount
        );
        let (mut paying, mut rest, mut left) = (Vec::new(), Vec::new(), amount);
        for part in &self.parts {
            let pays = left.min(part.amount);
            left = left.exact_sub(pays);
            paying.push(HeldPart { amount: pays, ..*part });
            rest.push(HeldPart {
                amount: part.amount.exact_sub(pays),
                ..*part
            });
        }
        assert!(left == 0, "hold {}: its lots lack {left}", self.id);
        paying.retain(|part| part.amount > 0);
        rest.retain(|part| part.amount > 0);
        (paying, rest)
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: HoldState, now: Time) {
        assert!(
            self.is_open() && state != HoldState::Held,
            "hold {} ends twice",
            self.id
        );
        self.state = state;
        self.end_time = Some(now);
    }
}

impl HeldPart {
    /// The lot's place in the order of spending.
    pub fn key(&self) -> LotKey {
        (self.expire_time, self.lot)
    }
}
