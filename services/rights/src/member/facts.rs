//! The facts of identity: registrations, merges and their undoing.

use async_trait::async_trait;
use contracts_identity::v1::{MemberRegistered, MembersMerged, MergeUndone};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact};
use lineage::{Merge, Part};
use store::Tx;

use super::Member;
use crate::tier::play;
use crate::tier::roster::{Change, Event};

/// Members get their first tier when they register. When two turn out to be one person, everything goes to the survivor;
/// when that is undone, the absorbed member gets back what came with it.
pub(crate) struct FollowMembers {
    pub(crate) clock: Clock,
}

#[async_trait]
impl Consumer for FollowMembers {
    fn name(&self) -> &'static str {
        "rights.follow_members"
    }

    fn stream(&self) -> &'static str {
        "identity"
    }

    fn types(&self) -> &'static [&'static str] {
        &[MemberRegistered::TYPE, MembersMerged::TYPE, MergeUndone::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut events = Vec::with_capacity(facts.len());
        for part in lineage::parts::<Member>(facts)? {
            match part {
                Part::Others(facts) => {
                    for fact in facts {
                        events.push(registered(fact)?);
                    }
                }
                Part::Merges(merges) => {
                    events.extend(lineage::standing(&**tx, merges).await?.iter().map(merged));
                }
                // The merges before an undo are written before it, and those after it are checked after it.
                Part::Undo(undo) => {
                    play::play(tx, &self.clock, std::mem::take(&mut events)).await?;
                    play::undo(tx, &self.clock, &undo).await?;
                }
            }
        }
        play::play(tx, &self.clock, events).await
    }
}

fn registered(fact: &Envelope) -> Result<Event, Fault> {
    let registered: MemberRegistered = fact.decode()?;
    Ok(Event {
        change: Change::Registered((fact.tenant, lineage::parse_id(&registered.member_id)?)),
        time: fact.occur_time,
    })
}

fn merged(merge: &Merge<Member>) -> Event {
    Event {
        change: Change::Merged {
            surviving: (merge.tenant, merge.survivor),
            absorbed: (merge.tenant, merge.absorbed),
        },
        time: merge.occur_time,
    }
}
