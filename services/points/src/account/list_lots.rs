use contracts_points::v1::{ListLotsRequest, ListLotsResponse};
use fault::Fault;
use kernel::{Page, Time};
use ledger::{AccountKey, Lot, LotId, LotKey};
use rpc::Call;

use super::lots::list_lots;
use super::wire::lot_to_wire;
use crate::api::PointsApi;
use crate::wire::{parse_cursor, parse_id};

impl PointsApi {
    pub(crate) async fn list_lots(&self, call: Call<ListLotsRequest>) -> Result<ListLotsResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let filter = format!("lots {} {}", call.member_id, call.asset_code);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let after = page.text()?.as_deref().map(parse_key).transpose()?;
        let member = self.read_member(call.tenant(), member).await?;
        let key = AccountKey {
            tenant: call.tenant(),
            member,
            asset: call.asset_code.as_str().into(),
        };
        let mut lots = list_lots(self.db.read(), &key, self.clock.now(), after, page.rows_max()).await?;
        let next_page_token = page.cut(&mut lots, format_key);
        Ok(ListLotsResponse {
            lots: lots.iter().map(|lot| lot_to_wire(&key, lot)).collect(),
            next_page_token,
        })
    }
}

fn format_key(lot: &Lot) -> String {
    format!("{} {}", lot.expire_time.micros(), lot.id)
}

fn parse_key(cursor: &str) -> Result<LotKey, Fault> {
    let mut parts = cursor.split(' ');
    let expire_time = Time::from_micros(parse_cursor(parts.next())?);
    Ok((expire_time, parse_cursor::<LotId>(parts.next())?))
}
