use contracts_points::v1::{GetBalanceAsOfRequest, GetBalanceAsOfResponse};
use fault::Fault;
use kernel::Time;
use ledger::AccountKey;
use rpc::Call;

use super::rows::{HeadRow, LastEntry, head, last_before};
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::wire::{parse_id, parse_time};

/// How many merges an id may have to be led through.
const MERGES_MAX: usize = 32;

impl PointsApi {
    pub(crate) async fn get_balance_as_of(
        &self,
        call: Call<GetBalanceAsOfRequest>,
    ) -> Result<GetBalanceAsOfResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let as_of = parse_time("as_of_time", call.as_of_time.as_ref())?;
        let as_of = as_of.ok_or_else(|| Fault::invalid("as_of_time", "is required"))?;
        if as_of > self.clock.now() {
            let message = "must not lie in the future: ListExpirations tells what will expire";
            return Err(Fault::invalid("as_of_time", message));
        }
        let asked = AccountKey {
            tenant: call.tenant(),
            member,
            asset: call.asset_code.as_str().into(),
        };
        let (key, found) = self.account_at(asked, as_of).await?;
        // What was posted at the very instant counts.
        let end = Time::from_micros(as_of.micros().saturating_add(1));
        let last = if let Some(head) = found {
            last_before(self.db.read(), &key, head.sequence, end).await?
        } else {
            asset(self.db.read(), key.tenant, &key.asset).await?;
            LastEntry::default()
        };
        Ok(GetBalanceAsOfResponse {
            member_id: key.member.to_string(),
            asset_code: key.asset.to_string(),
            balance: last.balance,
            sequence: last.sequence,
        })
    }

    /// The account that an id led to at an instant: its own, until that was handed over to whom the member was merged into.
    async fn account_at(&self, asked: AccountKey, as_of: Time) -> Result<(AccountKey, Option<HeadRow>), Fault> {
        let mut key = asked;
        for _ in 0..MERGES_MAX {
            let found = head(self.db.read(), &key).await?;
            let led_to = if let Some(head) = &found {
                head.moved_to.filter(|_| head.change_time <= as_of)
            } else {
                let member = self.read_member(key.tenant, key.member).await?;
                Some(member).filter(|member| *member != key.member)
            };
            match led_to {
                Some(member) => key = AccountKey { member, ..key },
                None => return Ok((key, found)),
            }
        }
        Err(Fault::internal(format!(
            "the id {} leads through merges without end",
            key.member
        )))
    }
}
