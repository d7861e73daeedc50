use std::pin::Pin;
use std::time::Duration;

use contracts_points::v1::{ExportEntriesRequest, ExportEntriesResponse};
use fault::Fault;
use futures::{Stream, TryStreamExt, stream};
use kernel::{Page, PageToken, Tenant, Time};
use ledger::{AccountKey, AssetCode, Entry, EntryId};
use rpc::Call;
use store::Db;
use tonic::Status;
use uuid::Builder;

use super::rows::{AssetPage, export_asset};
use crate::account::wire::entry_to_wire;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::pool::wire::parse_holder;
use crate::posting::entries::entries_between;
use crate::statement::rows::{head, last_before};
use crate::wire::{parse_cursor, parse_time};

/// How many entries are read at a time.
const ENTRIES_MAX: i64 = 500;
/// What was posted within this time is not exported yet. Entries get their ids before their transaction is committed, so one
/// that is not visible yet may lie before one that is; no transaction of a posting lasts as long as this.
const SETTLED_AFTER: Duration = Duration::from_mins(2);
/// How far an entry's id may lie from its time at the most: clocks of replicas differ.
const SKEW_MAX: Duration = Duration::from_hours(1);

/// The latest moment that an id can tell.
const MILLIS_MAX: u64 = (1 << 48) - 1;

/// An export under way.
pub(crate) type Export = Pin<Box<dyn Stream<Item = Result<ExportEntriesResponse, Status>> + Send>>;

/// What is exported, and from where on.
struct Reader {
    db: Db,
    filter: Vec<u8>,
    from: Place,
    ended: bool,
}

enum Place {
    /// After an entry and before one, those that were posted within a time.
    Asset {
        tenant: Tenant,
        asset: AssetCode,
        after: EntryId,
        before: EntryId,
        posted: (Time, Time),
    },
    /// After a number and up to one.
    Account { key: AccountKey, after: i64, until: i64 },
}

impl PointsApi {
    pub(crate) async fn export_entries(&self, call: Call<ExportEntriesRequest>) -> Result<Export, Fault> {
        let start = parse_time("start_time", call.start_time.as_ref())?.unwrap_or(Time::EPOCH);
        let end = parse_time("end_time", call.end_time.as_ref())?.unwrap_or(Time::MAX);
        if end <= start {
            return Err(Fault::invalid("end_time", "must lie after start_time"));
        }
        let (code, holder) = (&call.asset_code, &call.member_id);
        let filter = format!("export {code} {holder} {} {}", start.micros(), end.micros());
        let cursor = Page::of_size(filter.as_bytes(), 0, &call.resume_token)?.text()?;
        let asset = asset(self.db.read(), call.tenant(), code).await?.asset.code;
        let settled = self.clock.now().minus(SETTLED_AFTER);
        let from = if holder.is_empty() {
            let after = match cursor.as_deref() {
                None => first_id(start.minus(SKEW_MAX)),
                cursor => parse_cursor(cursor)?,
            };
            Place::Asset {
                tenant: call.tenant(),
                asset,
                after,
                before: first_id(settled.min(end.plus(SKEW_MAX))),
                posted: (start, end),
            }
        } else {
            let key = AccountKey {
                tenant: call.tenant(),
                member: parse_holder("member_id", holder)?,
                asset,
            };
            let after = cursor.as_deref().map(|cursor| parse_cursor(Some(cursor))).transpose()?;
            self.of_account(key, after, (start, end.min(settled))).await?
        };
        let reader = Reader {
            db: self.db.clone(),
            filter: filter.into_bytes(),
            from,
            ended: false,
        };
        let pages = stream::try_unfold(reader, |mut reader| async move {
            if reader.ended {
                return Ok::<_, Fault>(None);
            }
            let page = reader.next().await?;
            Ok(Some((page, reader)))
        });
        Ok(Box::pin(pages.map_err(Status::from)))
    }

    /// An account's entries that were posted within a time, after one of them.
    async fn of_account(
        &self,
        key: AccountKey,
        after: Option<i64>,
        (start, end): (Time, Time),
    ) -> Result<Place, Fault> {
        let db = self.db.read();
        let (mut first, mut until) = (0, 0);
        if let Some(head) = head(db, &key).await? {
            until = last_before(db, &key, head.sequence, end).await?.sequence;
            first = last_before(db, &key, until, start).await?.sequence;
        }
        let after = after.unwrap_or(first);
        Ok(Place::Account { key, after, until })
    }
}

impl Reader {
    /// Reads the next page that has entries, or the last one.
    async fn next(&mut self) -> Result<ExportEntriesResponse, Fault> {
        loop {
            let entries = self.read().await?;
            if self.ended || !entries.is_empty() {
                return Ok(ExportEntriesResponse {
                    entries: entries.iter().map(entry_to_wire).collect(),
                    resume_token: PageToken::encode(&self.filter, self.place().as_bytes()),
                });
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<Entry>, Fault> {
        let db = self.db.read();
        match &mut self.from {
            Place::Asset {
                tenant,
                asset,
                after,
                before,
                posted,
            } => {
                let range = (*after, *before);
                let AssetPage { entries, last } = export_asset(db, *tenant, asset, range, *posted, ENTRIES_MAX).await?;
                self.ended = last.is_none();
                *after = last.unwrap_or(*after);
                Ok(entries)
            }
            Place::Account { key, after, until } => {
                let entries = entries_between(db, key, *after, *until, ENTRIES_MAX).await?;
                self.ended = entries.is_empty();
                *after = entries.last().map_or(*after, |entry| entry.sequence);
                Ok(entries)
            }
        }
    }

    /// Where it goes on.
    fn place(&self) -> String {
        match &self.from {
            Place::Asset { after, .. } => after.to_string(),
            Place::Account { after, .. } => after.to_string(),
        }
    }
}

/// The least id of a moment: ids begin with the milliseconds since 1970.
fn first_id(time: Time) -> EntryId {
    let millis = u64::try_from(time.millis()).unwrap_or(0).min(MILLIS_MAX);
    EntryId::from_uuid(Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
}

#[cfg(test)]
mod tests {
    use kernel::Clock;

    use super::*;

    #[test]
    fn the_least_id_of_a_moment_parts_what_was_made_before_from_what_was_made_after() {
        let moment = Time::from_seconds(1_767_225_600);
        let clock = Clock::manual(moment.minus(Duration::from_millis(1)));
        let before = EntryId::generate(&clock);
        assert!(clock.turn_to(moment));
        let after = EntryId::generate(&clock);
        assert!(before < first_id(moment) && first_id(moment) <= after);
        assert!(first_id(Time::from_micros(i64::MIN)) < before && after < first_id(Time::MAX));
    }
}
