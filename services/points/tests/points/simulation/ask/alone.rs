//! What the simulation posts by its own method alone.

use contracts_points::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::pending_service_client::PendingServiceClient;
use contracts_points::v1::transfer_service_client::TransferServiceClient;
use contracts_points::v1::*;
use rpc::Channel;
use tonic::Status;

use super::Ask;
use crate::simulation::answer::Answer;
use crate::simulation::brand::Members;

impl Ask {
    pub(super) async fn send_alone(&self, id: &str, members: &Members, channel: Channel) -> Result<Answer, Status> {
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
            Self::Place { .. } | Self::Dissolve { .. } => self.change_pool(request_id, members, channel).await?,
            Self::Earn { .. }
            | Self::Redeem { .. }
            | Self::Reverse { .. }
            | Self::Contribute { .. }
            | Self::Spend { .. }
            | Self::GiveBack { .. }
            | Self::HoldPool { .. } => panic!("{self:?} is a posting"),
        })
    }
}
