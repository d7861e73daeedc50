//! What the ledger is and what it decides: values in, values out. No I/O, no clock, no ids of its own making.

mod account;
mod adjustment;
mod asset;
pub(crate) mod breakage;
mod calendar;
mod counter;
pub(crate) mod decide;
mod earning;
mod entry;
mod expiry;
mod handed_place;
mod hold;
mod ids;
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

pub(crate) use account::{Account, AccountKey, BALANCE_MAX, Frozen, Lot, LotKey, Standing};
pub(crate) use adjustment::{Adjustment, AdjustmentState, Correction};
pub(crate) use asset::{Asset, AssetCode, AssetKind, ClawbackPolicy};
pub(crate) use breakage::{Cohort, breakage};
pub(crate) use calendar::CalendarMonth;
pub(crate) use counter::{CostCentre, Count, Counts, SumKey, View, count};
#[cfg(test)]
pub(crate) use decide::model::plain as model;
pub(crate) use decide::{decide, receiver};
pub(crate) use earning::{
    ActivityFacts, Amount, Calendars, CapKind, CapUse, CompiledRule, CounterKey, Counters, EarningRule, Item,
    ItemWorth, MemberCaps, Multiplier, Outcome, Rate, Rounding, RuleBook, RuleMistake, RuleState, Subject, Verdict,
    counter_keys, counter_keys_of, environment, explain, judge,
};
pub(crate) use entry::{EarnedBy, Effects, Entry, EntryKind, LotAmount};
pub(crate) use expiry::{CalendarPeriod, ExpiryPolicy, parse_date};
pub(crate) use handed_place::{Fate, HandedPlace, PutBack};
pub(crate) use hold::{HeldPart, Hold, HoldState, ReleaseCause};
pub(crate) use ids::{ActivityId, AdjustmentId, EntryId, HoldId, LotId, Member, MemberId, PoolId, PoolTag};
pub(crate) use order_money::{OrderMoney, Refunded, written};
pub(crate) use pending::{Availability, ConfirmCause, Confirmed, Earns};
pub(crate) use pool::{
    Absorbed, MEMBERS_MAX, Pool, PoolMember, PoolRefusal, RedeemPolicy, holder_of, is_pool, new_pool_id, pool_of,
};
pub(crate) use posting::{Act, Extent, POSTING_MAX, Posting};
pub(crate) use proof::{Books, Figures, Line, LotSums, Proven, prove};
pub(crate) use refusal::Refusal;
pub(crate) use reversal::{Part, Reversible};
pub(crate) use state::State;
pub(crate) use sum_page::{Compared, LotPart, PageSums, SumPage, WrongSum, wrong_sums};
pub(crate) use tally::{Tallies, miscount};
