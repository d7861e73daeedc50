use std::time::Duration;

use async_trait::async_trait;
use fault::Fault;
use runtime::Worker;
use store::{Db, Emissions};

/// How often a sequencer looks, besides being woken: another replica may have crashed before it gave positions.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Gives facts their positions once they are visible to every reader. As many replicas as there are may run one.
pub fn sequencer(db: Db) -> Box<dyn Worker> {
    let emissions = db.emissions(None);
    Box::new(Sequencer { db, emissions })
}

struct Sequencer {
    db: Db,
    emissions: Emissions,
}

#[async_trait]
impl Worker for Sequencer {
    fn name(&self) -> &'static str {
        "events.sequence"
    }

    async fn tick(&mut self) -> Result<usize, Fault> {
        self.emissions.see();
        self.db.sequence().await
    }

    async fn rest(&mut self) {
        let _ = tokio::time::timeout(LOOK_AGAIN, self.emissions.news()).await;
    }

    fn is_of_every_replica(&self) -> bool {
        true
    }
}
