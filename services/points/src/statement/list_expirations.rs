use contracts_points::v1::{ExpirationMonth, ListExpirationsRequest, ListExpirationsResponse};
use fault::Fault;
use kernel::Exact;
use ledger::{AccountKey, CalendarMonth};
use rpc::Call;

use super::rows::expirations;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::wire::parse_id;

/// How many months are listed where the caller names no number.
const MONTHS_DEFAULT: i32 = 12;

impl PointsApi {
    pub(crate) async fn list_expirations(
        &self,
        call: Call<ListExpirationsRequest>,
    ) -> Result<ListExpirationsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let (tenant, now) = (call.tenant(), self.clock.now());
        let member = self.read_member(tenant, member).await?;
        let asset = asset(self.db.read(), tenant, &call.asset_code).await?.asset;
        let key = AccountKey {
            tenant,
            member,
            asset: asset.code.clone(),
        };
        let offset = asset.utc_offset_minutes;
        let first = CalendarMonth::of(now, offset);
        let months = if call.months == 0 { MONTHS_DEFAULT } else { call.months };
        let end = first.plus(months);
        let mut answer = ListExpirationsResponse {
            member_id: member.to_string(),
            months: (0..months).map(|months| empty(first.plus(months), offset)).collect(),
            ..ListExpirationsResponse::default()
        };
        for (expire_time, amount) in expirations(self.db.read(), &key, now).await? {
            let month = CalendarMonth::of_expiry(expire_time, offset);
            let place = usize::try_from(month.number().saturating_sub(first.number())).map_err(Fault::internal)?;
            let sum = match answer.months.get_mut(place) {
                Some(listed) => &mut listed.amount,
                None if month >= end && month < CalendarMonth::NEVER => &mut answer.later_amount,
                None => &mut answer.never_amount,
            };
            *sum = sum.exact_add(amount);
        }
        Ok(answer)
    }
}

fn empty(month: CalendarMonth, utc_offset_minutes: i32) -> ExpirationMonth {
    ExpirationMonth {
        month: month.to_string(),
        end_time: Some(month.plus(1).start(utc_offset_minutes).to_wire()),
        amount: 0,
    }
}
