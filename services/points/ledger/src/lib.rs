//! What the ledger is and what it decides: values in, values out. No I/O, no clock, no ids of its own making.
//!
//! The service `points` reads what a decision rests on ([`Needs`] says what that is), lets [`decide`] move the [`State`]
//! on, and writes down the [`Effects`] and what of the state has changed. Beside it stand what activities earn by rules
//! ([`judge`]), what a merge does to a place in a pool ([`HandedPlace`]), and the proofs of accounts ([`prove`]) and of the
//! running sums ([`miscount`], [`wrong_sums`]).
//!
//! That nothing here waits, asks or stores is kept by its dependencies, of which a test of the platform has the list. The
//! decisions are held against a plain model, a map of lots, which the simulation of the whole service uses as well.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod account;
mod adjustment;
mod asset;
mod breakage;
mod calendar;
mod counter;
mod decide;
mod earning;
mod entry;
mod expiry;
mod handed_place;
mod hold;
mod ids;
mod needs;
mod order_money;
mod pending;
mod pool;
mod posting;
mod proof;
mod refusal;
mod reversal;
mod state;
mod sum_page;
mod tally;

pub use account::{Account, AccountKey, BALANCE_MAX, Frozen, Lot, LotKey, Standing};
pub use adjustment::{Adjustment, AdjustmentState, Correction};
pub use asset::{Asset, AssetCode, AssetKind, ClawbackPolicy};
pub use breakage::{Cohort, breakage};
pub use calendar::CalendarMonth;
pub use counter::{CostCentre, Count, Counts, SumKey, View, count};
pub use decide::{decide, receiver};
pub use earning::{
    ActivityFacts, Amount, Calendars, CapKind, CapUse, CompiledRule, CounterKey, Counters, EarningRule, Item,
    ItemWorth, MemberCaps, Multiplier, Outcome, Rate, Rounding, RuleBook, RuleMistake, RuleState, Subject, Verdict,
    counter_keys, counter_keys_of, environment, explain, judge,
};
pub use entry::{EarnedBy, Effects, Entry, EntryKind, LotAmount};
pub use expiry::{CalendarPeriod, ExpiryPolicy, parse_date};
pub use handed_place::{Fate, HandedPlace, PutBack};
pub use hold::{HeldPart, Hold, HoldState, ReleaseCause};
pub use ids::{ActivityId, AdjustmentId, EntryId, HoldId, LotId, Member, MemberId, PoolId, PoolTag};
pub use needs::{Begins, NamedLots, Needs, Open, Takes};
pub use order_money::{OrderMoney, Refunded, written};
pub use pending::{Availability, ConfirmCause, Confirmed, Earns};
pub use pool::{
    Absorbed, MEMBERS_MAX, Pool, PoolMember, PoolRefusal, RedeemPolicy, holder_of, is_pool, new_pool_id, pool_of,
};
pub use posting::{Act, Extent, POSTING_MAX, Posting};
pub use proof::{Books, Figures, Line, LotSums, Proven, prove};
pub use refusal::Refusal;
pub use reversal::{Part, Reversible};
pub use state::State;
pub use sum_page::{Compared, LotPart, PageSums, SumPage, WrongSum, wrong_sums};
pub use tally::{Tallies, miscount};
