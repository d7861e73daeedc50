//! How much room an activity and a posting take in their databases, with indexes, facts and all that follows from them.

use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::{PostBatchRequest, Posting};
use contracts_tagging::v1::RecordActivitiesRequest;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use fault::Fault;
use kernel::Clock;
use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, statement};

use crate::cases::browsed;
use crate::fleet::Fleet;
use crate::say;
use crate::world::{World, earn, request_ids};

/// How many of either are written.
const WRITTEN: u64 = 50_000;
/// How many by one call.
const BATCH: u64 = 500;

/// The bytes of all pages in use. The write-ahead log of SQLite is folded into them in time.
const OF_SQLITE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
const OF_POSTGRES: &str = "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'";

/// Writes both, and prints what each takes.
pub(crate) async fn run(fleet: &Fleet, members: usize) -> Result<(), Fault> {
    let world = World::build(fleet, members).await?;
    let tagging = Db::open(&fleet.database_of(tagging::NAME), tagging::NAME, tagging::migrations()).await?;
    let points = Db::open(&fleet.database_of(points::NAME), points::NAME, points::migrations()).await?;
    let before = room(&tagging).await?;
    record(fleet, &world).await?;
    tell("an activity", fleet, room(&tagging).await?.saturating_sub(before));
    let before = room(&points).await?;
    post(fleet, &world).await?;
    tell("a posting", fleet, room(&points).await?.saturating_sub(before));
    Ok(())
}

fn tell(name: &str, fleet: &Fleet, bytes: i64) {
    let each = bytes.checked_div(i64::try_from(WRITTEN).unwrap_or(1)).unwrap_or(0);
    say(&format!(
        "{name}: {each} bytes, {}, {WRITTEN} in batches of {BATCH}",
        fleet.database()
    ));
}

async fn room(db: &Db) -> Result<i64, Fault> {
    let sql = match db.backend() {
        DbBackend::Sqlite => OF_SQLITE,
        _ => OF_POSTGRES,
    };
    let row = db.read().query_one_raw(statement(db.read(), sql, [])).await?;
    let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
    Ok(row.try_get_by_index(0)?)
}

async fn record(fleet: &Fleet, world: &World) -> Result<(), Fault> {
    let (route, now) = (fleet.direct(tagging::NAME)?, Clock::system().now());
    let (request_id, member) = (request_ids("bytes"), world.member());
    for first in (0..WRITTEN).step_by(usize::try_from(BATCH).map_err(Fault::internal)?) {
        let of_batch = first..first.saturating_add(BATCH);
        let request = RecordActivitiesRequest {
            request_id: request_id(first),
            activities: of_batch.map(|n| browsed(request_id(n), member(n), now)).collect(),
            ..RecordActivitiesRequest::default()
        };
        let mut client = ActivityServiceClient::new(route.channel());
        let recorded = client.record_activities(route.request(request)).await;
        let recorded = recorded.map_err(Fault::from_peer)?.into_inner();
        if u64::try_from(recorded.recorded_count).ok() != Some(BATCH) {
            return Err(Fault::internal("an activity was not recorded"));
        }
    }
    Ok(())
}

async fn post(fleet: &Fleet, world: &World) -> Result<(), Fault> {
    let route = fleet.direct(points::NAME)?;
    let (request_id, member) = (request_ids("bytes"), world.member());
    for first in (0..WRITTEN).step_by(usize::try_from(BATCH).map_err(Fault::internal)?) {
        let posting = |n: u64| Posting {
            request: Some(Request::Earn(earn(request_id(n), member(n), 10))),
        };
        let request = PostBatchRequest {
            postings: (first..first.saturating_add(BATCH)).map(posting).collect(),
            ..PostBatchRequest::default()
        };
        let mut client = PostingServiceClient::new(route.channel());
        let posted = client.post_batch(route.request(request)).await;
        if posted.map_err(Fault::from_peer)?.into_inner().refused_count > 0 {
            return Err(Fault::internal("a posting was refused"));
        }
    }
    Ok(())
}
