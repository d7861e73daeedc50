//! What tagging does without being called. Each worker takes no input: what to do follows from the tables and the clock.

use std::time::Duration;

use kernel::Tenant;
use runtime::{Deps, Queue, Timer, Worker};

use crate::member::revision::Revisions;

/// The queue of tags that are backfilled, by their codes.
pub(crate) const BACKFILLS: &str = "tagging.backfill_tags";
/// The queue of segments that are evaluated, by their codes.
pub(crate) const EVALUATIONS: &str = "tagging.evaluate_segments";
/// The queue of members with a tag whose time has come, by their ids.
pub(crate) const LOOKS: &str = "tagging.look_at_due";

/// How many members are revised in one transaction.
pub(crate) const MEMBERS_MAX: usize = 500;
/// How often an idle worker looks whether there is something to do.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// All workers.
pub(crate) fn all(deps: &Deps, revisions: &Revisions) -> Vec<Box<dyn Worker>> {
    let (clock, db, revisions) = (deps.clock.clone(), deps.db.clone(), revisions.clone());
    // Brands take turns; whose turn it is matters to nobody else, so it is not kept.
    let turn = Tenant::PLATFORM;
    vec![
        Box::new(crate::tag::due::LookAtDue {
            timer: Timer::new(LOOKS, deps),
            db: db.clone(),
            revisions: revisions.clone(),
            queue: Queue::new(LOOKS, deps),
        }),
        Box::new(crate::tag::backfill::BackfillTags {
            clock: clock.clone(),
            db: db.clone(),
            revisions: revisions.clone(),
            queue: Queue::new(BACKFILLS, deps),
            turn,
        }),
        Box::new(crate::segment::evaluate::EvaluateSegments {
            clock,
            db,
            revisions,
            queue: Queue::new(EVALUATIONS, deps),
            turn,
        }),
    ]
}
