use std::pin::Pin;
use std::time::Duration;

use contracts_channels::v1::{StreamFactsRequest, StreamFactsResponse};
use events::OutboxSource;
use fault::{Fault, Violations};
use futures::future::select_all;
use futures::{Stream, TryStreamExt, stream};
use kernel::{Tenant, Time};
use rpc::Call;
use runtime::Source;
use tonic::Status;

use super::cursor::{self, Positions};
use super::places::Place;
use crate::NAME;
use crate::api::ChannelsApi;
use crate::delivery::{HEARD, HEARD_OF_ONESELF};
use crate::fact;
use crate::fact::telling::Telling;
use crate::fact::wishes::Wishes;

/// How many facts of a service are read at a time.
const FACTS_MAX: u32 = 256;
/// After how long of silence a message tells the place.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How far the time of a fact may lie before that of one with a lower position: clocks of replicas differ, and transactions
/// last.
const SKEW_MAX: Duration = Duration::from_mins(5);
/// How often a stretch of positions is halved in search of a time: 2^63 of them are found.
const HALVINGS_MAX: usize = 64;

/// Facts, as their reader takes them.
pub(crate) type Told = Pin<Box<dyn Stream<Item = Result<StreamFactsResponse, Status>> + Send>>;

/// One service's facts, and how far they were read.
struct Reading {
    stream: &'static str,
    source: Box<dyn Source>,
    position: i64,
    has_more: bool,
}

struct Reader {
    _place: Place,
    tenant: Tenant,
    wishes: Wishes,
    readings: Vec<Reading>,
    until_now: bool,
    ended: bool,
}

impl ChannelsApi {
    pub(crate) async fn stream_facts(&self, call: Call<StreamFactsRequest>) -> Result<Told, Fault> {
        let tenant = call.tenant();
        let start = parse(&call)?;
        let from = cursor::read(tenant, &call.cursor)?;
        let place = self.places.take(tenant)?;
        let since = match (&from, start) {
            (Some(_), _) => Time::EPOCH,
            (None, Some(start)) => start,
            (None, None) => self.clock.now(),
        };
        let types = match call.fact_types.is_empty() {
            true => fact::all_types(),
            false => call.fact_types.clone(),
        };
        let mut readings = self.readings(&place.reader());
        match from {
            Some(positions) => {
                for reading in &mut readings {
                    // A service that had told nothing yet.
                    reading.position = positions.get(reading.stream).copied().unwrap_or(0);
                }
            }
            None => self.begin(&mut readings, start).await?,
        }
        let reader = Reader {
            _place: place,
            tenant,
            wishes: Wishes::new(&types, &call.filter, since),
            readings,
            until_now: call.until_now,
            ended: false,
        };
        let batches = stream::try_unfold(reader, |mut reader| async move {
            if reader.ended {
                return Ok::<_, Fault>(None);
            }
            let batch = reader.next().await?;
            Ok(Some((stream::iter(batch.into_iter().map(Ok::<_, Fault>)), reader)))
        });
        Ok(Box::pin(batches.try_flatten().map_err(Status::from)))
    }

    /// All services' facts, from their beginning.
    fn readings(&self, reader: &str) -> Vec<Reading> {
        let others = HEARD.into_iter().map(|(stream, _)| {
            let source = self.facts.source(reader, stream, fact::types_of(stream));
            (stream, source)
        });
        let own: Box<dyn Source> = Box::new(OutboxSource::new(&self.db, fact::types_of(NAME)));
        let all = others.chain([(NAME, own)]);
        let reading = |(stream, source)| Reading {
            stream,
            source,
            position: 0,
            has_more: true,
        };
        all.map(reading).collect()
    }

    /// Puts the readings where this service has heard them to, which is before now, or before a time.
    async fn begin(&self, readings: &mut [Reading], start: Option<Time>) -> Result<(), Fault> {
        let heard = self.db.consumer_positions().await?;
        let names = HEARD.into_iter().chain([(NAME, HEARD_OF_ONESELF)]);
        for (reading, (_, name)) in readings.iter_mut().zip(names) {
            let heard = heard
                .iter()
                .find(|heard| heard.name == name)
                .map_or(0, |heard| heard.position);
            reading.position = match start {
                None => heard,
                Some(start) => reading.before(start.minus(SKEW_MAX), heard).await?,
            };
        }
        Ok(())
    }
}

/// Since when facts are wanted; or everything that is wrong with the request.
fn parse(request: &StreamFactsRequest) -> Result<Option<Time>, Fault> {
    let mut violations = Violations::new();
    let start = violations.optional_time("start_time", request.start_time.as_ref());
    violations.check(
        start.is_none() || request.cursor.is_empty(),
        "start_time",
        "must not be given with a cursor, which says where the stream goes on",
    );
    fact::check_types(&mut violations, "fact_types", &request.fact_types);
    fact::check_filter(&mut violations, "filter", &request.filter, &request.fact_types);
    violations.check(
        request.filter.is_empty() || !request.fact_types.is_empty(),
        "fact_types",
        "must name the facts that the filter speaks of",
    );
    violations.finish()?;
    Ok(start)
}

impl Reading {
    /// A position before every fact that happened at a time or later, up to one.
    async fn before(&mut self, time: Time, last: i64) -> Result<i64, Fault> {
        let (mut before, mut after) = (0, last);
        for _ in 0..HALVINGS_MAX {
            if after.saturating_sub(before) <= 1 {
                break;
            }
            let middle = before.midpoint(after);
            let stretch = self.source.pull(middle, 1).await?;
            match stretch.facts.first() {
                Some(fact) if fact.occur_time < time => before = middle,
                Some(_) | None => after = middle,
            }
        }
        Ok(before)
    }
}

impl Reader {
    /// The next messages: of facts, or of the place where there were none for a while.
    async fn next(&mut self) -> Result<Vec<StreamFactsResponse>, Fault> {
        loop {
            for index in 0..self.readings.len() {
                let told = self.pull(index).await?;
                if !told.is_empty() {
                    return Ok(told);
                }
            }
            if self.readings.iter().any(|reading| reading.has_more) {
                continue;
            }
            if self.until_now {
                self.ended = true;
                return Ok(vec![self.place()]);
            }
            let waits = self
                .readings
                .iter_mut()
                .map(|reading| Box::pin(reading.source.wait(reading.position)));
            if tokio::time::timeout(KEEP_ALIVE, select_all(waits)).await.is_err() {
                return Ok(vec![self.place()]);
            }
        }
    }

    /// Reads on in the facts of one service; answers with those that are wanted.
    async fn pull(&mut self, index: usize) -> Result<Vec<StreamFactsResponse>, Fault> {
        let Some(reading) = self.readings.get_mut(index) else {
            return Ok(Vec::new());
        };
        let stretch = reading.source.pull(reading.position, FACTS_MAX).await?;
        reading.has_more = stretch.has_more;
        let stream = reading.stream;
        let mut told = Vec::new();
        let mut positions = self.positions();
        for envelope in stretch.facts.iter().filter(|fact| fact.tenant == self.tenant) {
            let telling = Telling::of(envelope);
            if self.wishes.hears(&telling.kind) && self.wishes.want(&telling, &telling.message()?) {
                positions.insert(stream.to_owned(), envelope.position);
                told.push(StreamFactsResponse {
                    fact: Some(telling.wire()?),
                    cursor: cursor::write(self.tenant, &positions),
                });
            }
        }
        if let Some(reading) = self.readings.get_mut(index) {
            reading.position = stretch.last_position.max(reading.position);
        }
        Ok(told)
    }

    fn positions(&self) -> Positions {
        let positions = self
            .readings
            .iter()
            .map(|reading| (reading.stream.to_owned(), reading.position));
        positions.collect()
    }

    fn place(&self) -> StreamFactsResponse {
        StreamFactsResponse {
            fact: None,
            cursor: cursor::write(self.tenant, &self.positions()),
        }
    }
}
