//! What is asked of the ledger.

mod alone;
mod pools;

use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::pool_service_client::PoolServiceClient;
use contracts_points::v1::posting::Request;
use contracts_points::v1::*;
use kernel::Time;
use rpc::Channel;
use tonic::{Response, Status};

use super::answer::{Answer, Outcome};
use super::brand::{Account, Members};
use super::pools::Pool;

/// One request. Sent again, it is the same to the last byte.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Earn {
        account: Account,
        amount: i64,
        expire_time: Option<Time>,
        waits: Waits,
    },
    Redeem {
        account: Account,
        amount: i64,
    },
    /// 0 is the rest.
    Reverse {
        account: Account,
        entry: String,
        amount: i64,
    },
    Hold {
        account: Account,
        amount: i64,
        ttl_seconds: i32,
    },
    /// 0 is all of it.
    Capture {
        account: Account,
        hold: String,
        amount: i64,
    },
    Release {
        account: Account,
        hold: String,
    },
    Transfer {
        account: Account,
        to: usize,
        amount: i64,
    },
    Adjust {
        account: Account,
        amount: i64,
    },
    Confirm {
        account: Account,
        entry: String,
    },
    Cancel {
        account: Account,
        entry: String,
    },
    /// By a member to a pool.
    Contribute {
        account: Account,
        pool: usize,
        amount: i64,
    },
    /// Of a pool, by a member.
    Spend {
        pool: usize,
        by: usize,
        amount: i64,
    },
    /// To a pool; 0 is the rest.
    GiveBack {
        pool: usize,
        entry: String,
        amount: i64,
    },
    /// Of a pool, by a member.
    HoldPool {
        pool: usize,
        by: usize,
        amount: i64,
        ttl_seconds: i32,
    },
    /// Of a member in a pool.
    Place {
        pool: usize,
        member: usize,
        change: Change,
    },
    Dissolve {
        pool: usize,
    },
}

/// What is done about a place in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Invite,
    Join,
    Leave,
}

/// When what is earned becomes available.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    No,
    Until(Time),
    ForConfirmation,
}

impl Ask {
    /// The account that it names; of a transfer or a contribution, the giver's.
    pub(super) fn account(&self) -> Account {
        match self {
            Self::Earn { account, .. }
            | Self::Redeem { account, .. }
            | Self::Reverse { account, .. }
            | Self::Hold { account, .. }
            | Self::Capture { account, .. }
            | Self::Release { account, .. }
            | Self::Transfer { account, .. }
            | Self::Adjust { account, .. }
            | Self::Confirm { account, .. }
            | Self::Cancel { account, .. }
            | Self::Contribute { account, .. } => *account,
            Self::Spend { pool, .. }
            | Self::GiveBack { pool, .. }
            | Self::HoldPool { pool, .. }
            | Self::Place { pool, .. }
            | Self::Dissolve { pool } => Pool::account(*pool),
        }
    }

    /// The same as a part of a batch or of a stream, if it can be one.
    pub(super) fn posting(&self, id: &str, members: &Members) -> Option<Posting> {
        let request = match self {
            Self::Earn { .. } => Request::Earn(self.earn(id, members)),
            Self::Redeem { account, amount } => Request::Redeem(RedeemPointsRequest {
                request_id: id.to_owned(),
                member_id: members.id(account.member),
                asset_code: account.asset().code.to_owned(),
                amount: *amount,
                reference: id.to_owned(),
                cost_centre: String::new(),
            }),
            Self::Reverse { account, entry, amount } => Request::Reverse(ReversePointsRequest {
                request_id: id.to_owned(),
                member_id: members.id(account.member),
                entry_id: entry.clone(),
                amount: *amount,
                reference: id.to_owned(),
            }),
            Self::Contribute { account, pool, amount } => Request::Contribute(ContributePointsRequest {
                request_id: id.to_owned(),
                pool_id: members.pools[*pool].clone(),
                member_id: members.id(account.member),
                amount: *amount,
                reference: id.to_owned(),
            }),
            Self::Spend { pool, by, amount } => Request::RedeemPool(RedeemPoolPointsRequest {
                request_id: id.to_owned(),
                pool_id: members.pools[*pool].clone(),
                member_id: members.id(*by),
                amount: *amount,
                reference: id.to_owned(),
                cost_centre: String::new(),
            }),
            Self::GiveBack { pool, entry, amount } => Request::ReversePool(ReversePoolPointsRequest {
                request_id: id.to_owned(),
                pool_id: members.pools[*pool].clone(),
                entry_id: entry.clone(),
                amount: *amount,
                reference: id.to_owned(),
            }),
            Self::HoldPool {
                pool,
                by,
                amount,
                ttl_seconds,
            } => Request::HoldPool(HoldPoolPointsRequest {
                request_id: id.to_owned(),
                pool_id: members.pools[*pool].clone(),
                member_id: members.id(*by),
                amount: *amount,
                ttl_seconds: *ttl_seconds,
                reference: id.to_owned(),
                cost_centre: String::new(),
            }),
            Self::Hold { .. }
            | Self::Capture { .. }
            | Self::Release { .. }
            | Self::Transfer { .. }
            | Self::Adjust { .. }
            | Self::Confirm { .. }
            | Self::Cancel { .. }
            | Self::Place { .. }
            | Self::Dissolve { .. } => return None,
        };
        Some(Posting { request: Some(request) })
    }

    fn earn(&self, id: &str, members: &Members) -> EarnPointsRequest {
        let Self::Earn {
            account,
            amount,
            expire_time,
            waits,
        } = self
        else {
            panic!("{self:?} is no earn")
        };
        EarnPointsRequest {
            request_id: id.to_owned(),
            member_id: members.id(account.member),
            asset_code: account.asset().code.to_owned(),
            amount: *amount,
            expire_time: expire_time.map(Time::to_wire),
            reference: id.to_owned(),
            cost_centre: String::new(),
            available_time: match waits {
                Waits::Until(time) => Some(time.to_wire()),
                Waits::No | Waits::ForConfirmation => None,
            },
            awaits_confirmation: matches!(waits, Waits::ForConfirmation),
        }
    }

    /// Asks for it by its own method.
    pub(super) async fn send(&self, id: &str, members: &Members, channel: Channel) -> Outcome {
        let answer = match self.posting(id, members).and_then(|posting| posting.request) {
            Some(request) => post(request, channel).await,
            None => self.send_alone(id, members, channel).await,
        };
        match answer {
            Ok(answer) => Outcome::Done(Box::new(answer)),
            Err(status) => Outcome::of_status(&status),
        }
    }
}

async fn post(request: Request, channel: Channel) -> Result<Answer, Status> {
    let mut pools = PoolServiceClient::new(channel.clone());
    let mut points = PointsServiceClient::new(channel);
    Ok(match request {
        Request::Earn(request) => points
            .earn_points(request)
            .await
            .map(Response::into_inner)
            .map(Answer::Earn)?,
        Request::Redeem(request) => Answer::Redeem(points.redeem_points(request).await?.into_inner()),
        Request::Reverse(request) => Answer::Reverse(points.reverse_points(request).await?.into_inner()),
        Request::Contribute(request) => Answer::Contribute(pools.contribute_points(request).await?.into_inner()),
        Request::RedeemPool(request) => Answer::Spend(pools.redeem_pool_points(request).await?.into_inner()),
        Request::ReversePool(request) => Answer::GiveBack(pools.reverse_pool_points(request).await?.into_inner()),
        Request::HoldPool(request) => Answer::HoldPool(pools.hold_pool_points(request).await?.into_inner()),
        other => panic!("{other:?} is sent by its own method"),
    })
}
