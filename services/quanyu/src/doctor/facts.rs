use std::collections::BTreeMap;

use fault::Fault;
use store::Db;

use super::behind::Wanted;
use super::{BEHIND_MAX, Report, good};
use crate::config::Config;

/// How many parked facts, and how many items of queues, are told of each service.
const PARKED_MAX: i64 = 20;

/// How far consumers have come, and what was put aside.
pub(super) async fn look(
    config: &Config,
    databases: &BTreeMap<&'static str, Db>,
    report: &mut Report,
) -> Result<(), Fault> {
    let wanted = Wanted::of(config, databases);
    for (name, db) in databases {
        let (mut behind, mut consumers) = (0, 0_u32);
        for consumer in db.consumer_positions().await? {
            consumers = consumers.saturating_add(1);
            let Some(producer) = databases.get(consumer.stream.as_str()) else {
                continue;
            };
            let last = producer.last_position().await?;
            if consumer.position > last {
                report.bad(
                    format_args!(
                        "{} has applied facts of {} up to {}, and those end with {last}",
                        consumer.name, consumer.stream, consumer.position
                    ),
                    "the two databases are of different moments: bring both to one, or see Recovery to a point in time in \
                     docs/operating.md",
                );
                continue;
            }
            behind = behind.max(wanted.behind(&consumer, producer).await?);
        }
        if behind > BEHIND_MAX {
            report.bad(
                format_args!("{name}: more than {BEHIND_MAX} facts behind"),
                "see that the service runs; while it catches up, this number falls",
            );
        } else {
            good(format_args!(
                "{name}: {consumers} consumers, at most {behind} facts behind"
            ));
        }
        for fact in db.parked_facts(PARKED_MAX).await? {
            report.bad(
                format_args!(
                    "{name}: {} has put aside {} {}: {}",
                    fact.consumer, fact.kind, fact.position, fact.reason
                ),
                &format!(
                    "mend the cause, then `quanyu parked replay {}/{}`",
                    fact.consumer, fact.position
                ),
            );
        }
        for stuck in db.stuck_items(PARKED_MAX).await? {
            let what = format!(
                "{}: {} of {} has failed {} times: {}",
                stuck.queue, stuck.item, stuck.tenant, stuck.tries, stuck.reason
            );
            match stuck.retry_time {
                Some(retry_time) => good(format_args!("{what}; it is tried again at {retry_time}")),
                None => report.bad(
                    format_args!("{what}; it is parked, and the others go on"),
                    &format!(
                        "mend the cause, then `quanyu parked replay {}/{}/{}`",
                        stuck.queue, stuck.tenant, stuck.item
                    ),
                ),
            }
        }
    }
    Ok(())
}
