use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::events::internal::v1::feed_service_server::FeedService;
use contracts::events::internal::v1::{Fact, ReadFactsRequest, ReadFactsResponse};
use tonic::{Request, Response, Status};

/// The facts of all peers, as the test tells them.
#[derive(Clone, Default)]
pub(crate) struct PlayedFeed(Arc<Mutex<BTreeMap<String, Vec<Fact>>>>);

impl PlayedFeed {
    pub(crate) fn tell(&self, stream: &str, fact: Fact) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = streams.entry(stream.to_owned()).or_default();
        let position = i64::try_from(facts.len()).expect("few facts").saturating_add(1);
        facts.push(Fact { position, ..fact });
    }
}

#[tonic::async_trait]
impl FeedService for PlayedFeed {
    async fn read_facts(&self, request: Request<ReadFactsRequest>) -> Result<Response<ReadFactsResponse>, Status> {
        let request = request.into_inner();
        let (facts, last_position) = {
            let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let told = streams.get(&request.stream).map(Vec::as_slice).unwrap_or_default();
            let is_wanted =
                |fact: &&Fact| fact.position > request.after_position && request.types.contains(&fact.r#type);
            let facts_max = usize::try_from(request.facts_max).expect("validated");
            let facts: Vec<Fact> = told.iter().filter(is_wanted).take(facts_max).cloned().collect();
            let last = if facts.len() < facts_max {
                told.last()
            } else {
                facts.last()
            };
            let last_position = last.map_or(0, |fact| fact.position);
            (facts, last_position)
        };
        if facts.is_empty() && request.wait_ms > 0 {
            // Nobody waits for a played fact: the test settles. Until then the consumer rests here.
            std::future::pending::<()>().await;
        }
        Ok(Response::new(ReadFactsResponse {
            facts,
            last_position,
            has_more: false,
        }))
    }
}
