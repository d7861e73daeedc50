use kernel::{Exact, Time};

use super::{AccountKey, CostCentre, EntryId, HoldId, LotId, LotKey, MemberId};

/// An amount set aside from an account's lots. It is changed only while its account is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) id: HoldId,
    pub(crate) account: AccountKey,
    /// The member whose it was when it was made, before any merge.
    pub(crate) maker: MemberId,
    /// For which member of a pool it was made, where a pool holds the account.
    pub(crate) acting: Option<MemberId>,
    pub(crate) amount: i64,
    pub(crate) state: HoldState,
    /// The lots that it was taken from, in the order of spending.
    pub(crate) parts: Vec<HeldPart>,
    pub(crate) captured: i64,
    /// The entry by which it was captured.
    pub(crate) entry: Option<EntryId>,
    pub(crate) reference: String,
    /// Where it is to be spent.
    pub(crate) cost_centre: Option<CostCentre>,
    pub(crate) create_time: Time,
    /// Its deadline.
    pub(crate) expire_time: Time,
    pub(crate) end_time: Option<Time>,
}

/// A lot's part in a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldPart {
    pub(crate) lot: LotId,
    pub(crate) expire_time: Time,
    pub(crate) amount: i64,
}

/// What has become of a hold; its numbers are the contract's and the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldState {
    Held,
    Captured,
    Released,
    Expired,
}

/// Why a hold is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReleaseCause {
    /// Somebody asks for it, which is refused where there is nothing to give back.
    Call,
    /// Its deadline has passed. Where it has ended before, or has not come yet, there is nothing to do.
    Deadline,
}

impl HoldState {
    const ALL: [Self; 4] = [Self::Held, Self::Captured, Self::Released, Self::Expired];

    /// The state of a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Held => 1,
            Self::Captured => 2,
            Self::Released => 3,
            Self::Expired => 4,
        }
    }

    /// The value's name in the contract, without its prefix.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Captured => "CAPTURED",
            Self::Released => "RELEASED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl Hold {
    pub(crate) fn is_open(&self) -> bool {
        self.state == HoldState::Held
    }

    /// Its state as far as a caller is concerned: from its deadline on it has expired, though nobody may have given it back.
    pub(crate) fn state_at(&self, now: Time) -> HoldState {
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
    pub(crate) fn key(&self) -> LotKey {
        (self.expire_time, self.lot)
    }
}
