pub(crate) mod allowances;
pub(crate) mod due;
mod due_rows;
mod facts;
mod get_coupon;
mod issue_coupons;
pub(crate) mod issuing;
mod list_member_coupons;
mod lock_coupon;
mod redeem_coupon;
mod refusals;
mod release_coupon;
mod return_coupon;
pub(crate) mod rows;
mod service;
pub(crate) mod validity;
mod wire;

use kernel::{Id, Kind, Money, Time};

use crate::benefit::{Price, Terms, TermsRefusal};
use crate::member::MemberId;
use validity::Period;

/// The kind of a coupon's id.
#[derive(Debug)]
pub(crate) enum CouponKind {}

impl Kind for CouponKind {
    const PREFIX: &'static str = "cpn";
    const NOUN: &'static str = "coupon";
}

/// A coupon's id.
pub(crate) type CouponId = Id<CouponKind>;

/// A coupon that a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coupon {
    /// Its id.
    pub(crate) id: CouponId,
    /// The template that it was made from.
    pub(crate) template_code: String,
    /// The member that holds it.
    pub(crate) member: MemberId,
    /// When it was issued.
    pub(crate) issue_time: Time,
    /// When it can be redeemed.
    pub(crate) period: Period,
    /// Where it is in its life, as it was stored: see [`Coupon::state_at`].
    pub(crate) state: CouponState,
    /// Grows with every change of the state.
    pub(crate) version: i64,
}

/// Where a coupon is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CouponState {
    /// Free.
    Issued,
    /// Kept for one order.
    Locked(Lock),
    /// Used.
    Redeemed(Redemption),
    /// Over, unused.
    Expired,
}

/// The keeping of a coupon for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The order.
    pub(crate) order_id: String,
    /// Until when, not including this moment.
    pub(crate) expire_time: Time,
}

/// The use of a coupon by an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redemption {
    /// The order.
    pub(crate) order_id: String,
    /// When.
    pub(crate) time: Time,
    /// The order's amount before the coupon.
    pub(crate) order_amount: Money,
    /// The amount that the coupon took off.
    pub(crate) discount: Money,
}

/// Why nothing is done with a coupon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CouponRefusal {
    /// Another order has it locked.
    #[error("the coupon is locked for the order {} until {}", .0.order_id, .0.expire_time)]
    Locked(Lock),
    /// An order has used it.
    #[error("the coupon has been redeemed by the order {order_id}")]
    Redeemed {
        /// The order.
        order_id: String,
    },
    /// Its validity has ended.
    #[error("the coupon expired at {expire_time}")]
    Expired {
        /// When.
        expire_time: Time,
    },
    /// Its validity has not begun.
    #[error("the coupon can be used from {start_time} on")]
    NotYetValid {
        /// When it does.
        start_time: Time,
    },
    /// There is no lock to release.
    #[error("the coupon is {state}: there is no lock to release")]
    NotLocked {
        /// The state's name.
        state: &'static str,
    },
    /// There is no redemption to undo.
    #[error("the coupon is {state}: there is no redemption to return")]
    NotRedeemed {
        /// The state's name.
        state: &'static str,
    },
    /// The order gets nothing.
    #[error(transparent)]
    Terms(#[from] TermsRefusal),
}

impl CouponState {
    /// The state's name, as it is stored and told.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Locked(_) => "locked",
            Self::Redeemed(_) => "redeemed",
            Self::Expired => "expired",
        }
    }
}

impl Coupon {
    /// Where the coupon is now: a lock lapses and a validity ends by themselves, whether or not a worker has come by. A
    /// locked coupon does not expire.
    pub(crate) fn state_at(&self, now: Time) -> CouponState {
        match &self.state {
            CouponState::Locked(lock) if now < lock.expire_time => CouponState::Locked(lock.clone()),
            CouponState::Issued | CouponState::Locked(_) => self.free_at(now),
            CouponState::Redeemed(redemption) => CouponState::Redeemed(redemption.clone()),
            CouponState::Expired => CouponState::Expired,
        }
    }

    /// What the clock alone has made of the coupon since it was stored; none where it is as it was.
    pub(crate) fn overdue(&self, now: Time) -> Option<CouponState> {
        Some(self.state_at(now)).filter(|state| *state != self.state)
    }

    /// Decides whether the coupon is locked for an order until a moment. The order that has it locked may do so again.
    pub(crate) fn lock(&self, order_id: &str, until: Time, now: Time) -> Result<CouponState, CouponRefusal> {
        self.refuse_unusable(order_id, now)?;
        Ok(CouponState::Locked(Lock {
            order_id: order_id.to_owned(),
            expire_time: until,
        }))
    }

    /// Decides whether an order redeems the coupon, and prices the order.
    pub(crate) fn redeem(
        &self,
        order_id: &str,
        order_amount: Money,
        terms: &Terms,
        now: Time,
    ) -> Result<(CouponState, Price), CouponRefusal> {
        self.refuse_unusable(order_id, now)?;
        let price = terms.price(order_amount)?;
        let redemption = Redemption {
            order_id: order_id.to_owned(),
            time: now,
            order_amount,
            discount: price.discount,
        };
        Ok((CouponState::Redeemed(redemption), price))
    }

    /// Decides whether an order's lock is released.
    pub(crate) fn release(&self, order_id: &str, now: Time) -> Result<CouponState, CouponRefusal> {
        match self.state_at(now) {
            CouponState::Locked(lock) if lock.order_id == order_id => Ok(self.free_at(now)),
            CouponState::Locked(lock) => Err(CouponRefusal::Locked(lock)),
            state @ (CouponState::Issued | CouponState::Redeemed(_) | CouponState::Expired) => {
                Err(CouponRefusal::NotLocked { state: state.name() })
            }
        }
    }

    /// Decides whether an order's redemption is undone. The coupon keeps the validity that it had.
    pub(crate) fn give_back(&self, order_id: &str, now: Time) -> Result<CouponState, CouponRefusal> {
        match self.state_at(now) {
            CouponState::Redeemed(redemption) if redemption.order_id == order_id => Ok(self.free_at(now)),
            CouponState::Redeemed(redemption) => Err(CouponRefusal::Redeemed {
                order_id: redemption.order_id,
            }),
            state @ (CouponState::Issued | CouponState::Locked(_) | CouponState::Expired) => {
                Err(CouponRefusal::NotRedeemed { state: state.name() })
            }
        }
    }

    /// Where the coupon is when nothing keeps it.
    fn free_at(&self, now: Time) -> CouponState {
        if now < self.period.end() {
            CouponState::Issued
        } else {
            CouponState::Expired
        }
    }

    /// Refuses unless the order may use the coupon now.
    fn refuse_unusable(&self, order_id: &str, now: Time) -> Result<(), CouponRefusal> {
        match self.state_at(now) {
            CouponState::Locked(lock) if lock.order_id != order_id => Err(CouponRefusal::Locked(lock)),
            CouponState::Redeemed(redemption) => Err(CouponRefusal::Redeemed {
                order_id: redemption.order_id,
            }),
            CouponState::Expired => Err(CouponRefusal::Expired {
                expire_time: self.period.end(),
            }),
            CouponState::Issued | CouponState::Locked(_) if now < self.period.start() => {
                Err(CouponRefusal::NotYetValid {
                    start_time: self.period.start(),
                })
            }
            CouponState::Issued | CouponState::Locked(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
