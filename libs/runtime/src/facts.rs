use async_trait::async_trait;
use fault::Fault;
use store::Stretch;

use crate::Envelope;

/// Where the facts of services come from. A transport of facts implements this and [`Source`]; consumers know no other door.
pub trait Facts: Send + Sync {
    /// For a consumer, by its name, the facts of these kinds of the service `stream`: "ledger". Where no kind is named it is all
    /// of them.
    fn source(&self, consumer: &str, stream: &str, kinds: &[&str]) -> Box<dyn Source>;
}

/// Where a consumer gets the facts of one service from.
#[async_trait]
pub trait Source: Send + Sync {
    /// The wanted facts after a position, in order, and not waiting for any. Fails where one was lost on the way.
    async fn pull(&mut self, after: i64, facts_max: u32) -> Result<Stretch<Envelope>, Fault>;

    /// Returns when there may be a fact after the position, or after a while.
    async fn wait(&mut self, after: i64);

    /// Another replica's consumer pulls from here on: what was told of this one's way holds no longer.
    fn leave(&mut self) {}

    /// Whether there may be a wanted fact that the last pull has not seen; wrong only by saying yes.
    fn has_news(&self) -> bool {
        true
    }
}

/// No facts, for those who build a service to ask it something and start none of its workers.
#[derive(Debug, Clone, Copy)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn source(&self, _: &str, _: &str, _: &[&str]) -> Box<dyn Source> {
        Box::new(Self)
    }
}

#[async_trait]
impl Source for NoFacts {
    async fn pull(&mut self, after: i64, _: u32) -> Result<Stretch<Envelope>, Fault> {
        Ok(Stretch {
            facts: Vec::new(),
            last_position: after,
            has_more: false,
        })
    }

    async fn wait(&mut self, _: i64) {
        std::future::pending::<()>().await;
    }
}
