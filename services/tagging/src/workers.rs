//! What tagging does without being called. Each worker takes no input: what to do follows from the tables and the clock.

mod backfill_tags;
mod evaluate_segments;
mod look_at_due;

use std::time::Duration;

use kernel::Clock;
use runtime::Worker;
use store::Db;

use crate::store::revision::Revisions;

/// How many members are revised in one transaction.
const MEMBERS_MAX: usize = 500;
/// How often an idle worker looks whether there is something to do.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// All workers.
pub(crate) fn all(clock: &Clock, db: &Db, revisions: &Revisions) -> Vec<Box<dyn Worker>> {
    let (clock, db, revisions) = (clock.clone(), db.clone(), revisions.clone());
    vec![
        Box::new(look_at_due::LookAtDue {
            clock: clock.clone(),
            db: db.clone(),
            revisions: revisions.clone(),
        }),
        Box::new(backfill_tags::BackfillTags {
            clock: clock.clone(),
            db: db.clone(),
            revisions: revisions.clone(),
        }),
        Box::new(evaluate_segments::EvaluateSegments { clock, db, revisions }),
    ]
}
