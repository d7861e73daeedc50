//! What is asked of the ledger, and what it may answer.

use std::collections::BTreeMap;

use contracts::points::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts::points::v1::hold_service_client::HoldServiceClient;
use contracts::points::v1::pending_service_client::PendingServiceClient;
use contracts::points::v1::points_service_client::PointsServiceClient;
use contracts::points::v1::posting::Request;
use contracts::points::v1::posting_result::Outcome as Told;
use contracts::points::v1::transfer_service_client::TransferServiceClient;
use contracts::points::v1::*;
use kernel::Time;
use rpc::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use super::brand::{Account, Members};

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
}

/// When what is earned becomes available.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    No,
    Until(Time),
    ForConfirmation,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Earn(EarnPointsResponse),
    Redeem(RedeemPointsResponse),
    Reverse(ReversePointsResponse),
    Hold(HoldPointsResponse),
    Capture(CaptureHoldResponse),
    Release(ReleaseHoldResponse),
    Transfer(TransferPointsResponse),
    Adjust(CreateAdjustmentResponse),
    Confirm(ConfirmPendingResponse),
    Cancel(CancelPendingResponse),
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What somebody learns who asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Done(Box<Answer>),
    Refused(Refused),
    /// Nobody knows: to be asked again with the same id.
    Unknown,
    /// Neither done nor refused with a reason, and nobody was killed: a fault of the service.
    Broken(String),
}

impl Ask {
    /// The account that it names; of a transfer, the giver's.
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
            | Self::Cancel { account, .. } => *account,
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
            Self::Hold { .. }
            | Self::Capture { .. }
            | Self::Release { .. }
            | Self::Transfer { .. }
            | Self::Adjust { .. }
            | Self::Confirm { .. }
            | Self::Cancel { .. } => return None,
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

    async fn send_alone(&self, id: &str, members: &Members, channel: Channel) -> Result<Answer, Status> {
        let request_id = id.to_owned();
        let account = self.account();
        let (member_id, asset_code) = (members.id(account.member), account.asset().code.to_owned());
        let (mut holds, mut pending) = (
            HoldServiceClient::new(channel.clone()),
            PendingServiceClient::new(channel.clone()),
        );
        Ok(match self.clone() {
            Self::Hold {
                amount, ttl_seconds, ..
            } => {
                let request = HoldPointsRequest {
                    reference: request_id.clone(),
                    request_id,
                    member_id,
                    asset_code,
                    amount,
                    ttl_seconds,
                    cost_centre: String::new(),
                };
                Answer::Hold(holds.hold_points(request).await?.into_inner())
            }
            Self::Capture { hold, amount, .. } => {
                let request = CaptureHoldRequest {
                    reference: request_id.clone(),
                    request_id,
                    hold_id: hold,
                    amount,
                    cost_centre: String::new(),
                };
                Answer::Capture(holds.capture_hold(request).await?.into_inner())
            }
            Self::Release { hold, .. } => {
                let request = ReleaseHoldRequest {
                    request_id,
                    hold_id: hold,
                };
                Answer::Release(holds.release_hold(request).await?.into_inner())
            }
            Self::Transfer { to, amount, .. } => {
                let request = TransferPointsRequest {
                    reference: request_id.clone(),
                    request_id,
                    member_id,
                    to_member_id: members.id(to),
                    asset_code,
                    amount,
                };
                let mut transfers = TransferServiceClient::new(channel);
                Answer::Transfer(transfers.transfer_points(request).await?.into_inner())
            }
            Self::Adjust { amount, .. } => {
                let request = CreateAdjustmentRequest {
                    reason_code: request_id.clone(),
                    request_id,
                    member_id,
                    asset_code,
                    amount,
                    note: String::new(),
                    cost_centre: String::new(),
                };
                let mut adjustments = AdjustmentServiceClient::new(channel);
                Answer::Adjust(adjustments.create_adjustment(request).await?.into_inner())
            }
            Self::Confirm { entry, .. } => {
                let request = ConfirmPendingRequest {
                    request_id,
                    member_id,
                    asset_code,
                    entry_id: entry,
                    reference: String::new(),
                };
                Answer::Confirm(pending.confirm_pending(request).await?.into_inner())
            }
            Self::Cancel { entry, .. } => {
                let request = CancelPendingRequest {
                    request_id,
                    member_id,
                    asset_code,
                    entry_id: entry,
                    reference: String::new(),
                };
                Answer::Cancel(pending.cancel_pending(request).await?.into_inner())
            }
            Self::Earn { .. } | Self::Redeem { .. } | Self::Reverse { .. } => panic!("{self:?} is a posting"),
        })
    }
}

async fn post(request: Request, channel: Channel) -> Result<Answer, Status> {
    let mut points = PointsServiceClient::new(channel);
    Ok(match request {
        Request::Earn(request) => points
            .earn_points(request)
            .await
            .map(Response::into_inner)
            .map(Answer::Earn)?,
        Request::Redeem(request) => Answer::Redeem(points.redeem_points(request).await?.into_inner()),
        Request::Reverse(request) => Answer::Reverse(points.reverse_points(request).await?.into_inner()),
        other => panic!("{other:?} is sent by its own method"),
    })
}

impl Outcome {
    pub(super) fn of_result(result: PostingResult) -> Self {
        match result.outcome {
            Some(Told::Earn(answer)) => Self::Done(Box::new(Answer::Earn(answer))),
            Some(Told::Redeem(answer)) => Self::Done(Box::new(Answer::Redeem(answer))),
            Some(Told::Reverse(answer)) => Self::Done(Box::new(Answer::Reverse(answer))),
            Some(Told::Refusal(refusal)) => {
                let metadata = refusal.metadata.into_iter().collect();
                Self::of_code(Code::from_i32(refusal.code), refusal.reason, metadata, refusal.message)
            }
            Some(other) => Self::Broken(format!("{other:?} was not asked for")),
            None => Self::Broken("a result without an outcome".to_owned()),
        }
    }

    pub(super) fn of_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = info.map(|info| info.reason.clone()).unwrap_or_default();
        let metadata = info.map(|info| info.metadata.clone().into_iter().collect());
        Self::of_code(
            status.code(),
            reason,
            metadata.unwrap_or_default(),
            status.message().to_owned(),
        )
    }

    /// Who lost a race, or found nobody there, or too many, asks again. Whoever is refused learns a reason; anything else
    /// should not happen.
    fn of_code(code: Code, reason: String, metadata: BTreeMap<String, String>, message: String) -> Self {
        match code {
            Code::Aborted | Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => {
                Self::Unknown
            }
            Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound => {
                Self::Refused(Refused { reason, metadata })
            }
            other => Self::Broken(format!("{other:?} {reason}: {message}")),
        }
    }
}

impl Refused {
    pub(super) fn number(&self, name: &str) -> i64 {
        let text = self
            .metadata
            .get(name)
            .unwrap_or_else(|| panic!("{self:?} has no {name}"));
        text.parse().unwrap()
    }
}
