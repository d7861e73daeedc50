//! What the undo of a merge does to tags, segments and activities.

use std::collections::BTreeSet;

use contracts::identity::v1::MergeUndone;
use events::Envelope;
use fault::Fault;
use kernel::{Tenant, Time, uuid_of_any};
use store::{Tx, redirects};
use uuid::Uuid;

use super::MemberId;
use super::absorptions;
use super::follow_members::{Merge, parse, read_profile};
use super::revision::Revisions;
use crate::activity;
use crate::tag::catalogs::Hold;

/// A merge's id, which identity gives; none in facts of a time when merges had none.
pub(crate) fn cause(merge_id: &str) -> Result<Option<Uuid>, Fault> {
    uuid_of_any(merge_id).map_err(Fault::internal)
}

/// Leaves out merges that have been undone: told again after its undo, a merge is nothing any more.
pub(crate) async fn forget_undone(tx: &Tx, tenant: Tenant, merges: &mut Vec<Merge>) -> Result<(), Fault> {
    let causes: Vec<(Tenant, Uuid)> = merges.iter().filter_map(|merge| Some((tenant, merge.cause?))).collect();
    let undone = redirects::ended(&**tx, &causes).await?;
    merges.retain(|merge| merge.cause.is_none_or(|cause| !undone.contains(&(tenant, cause))));
    Ok(())
}

/// Makes the restored member itself again: with its activities of the time before the merge, what is computed from them, its
/// assigned tags, its tier and its profile of that time. What was done and assigned since stays with the survivor. Both are
/// judged anew by every segment, and whom a segment takes in is told. Told again, an undo does nothing.
pub(crate) async fn undo(revisions: &Revisions, tx: &Tx, fact: &Envelope) -> Result<(), Fault> {
    let undone: MergeUndone = fact.decode()?;
    let restored = parse(&undone.restored_member_id)?;
    let survivor = parse(&undone.surviving_member_id)?;
    let led = undone
        .led_member_ids
        .iter()
        .map(|id| parse(id))
        .collect::<Result<Vec<MemberId>, Fault>>()?;
    let merge = cause(&undone.merge_id)?.ok_or_else(|| Fault::internal("an undone merge without an id"))?;
    let time = undone
        .undo_time
        .as_ref()
        .and_then(Time::from_wire)
        .unwrap_or(fact.occur_time);

    let revision = revisions.begin(tx, fact.tenant, Hold::Alone).await?;
    let led_ids: Vec<Uuid> = led.iter().map(|member| member.uuid()).collect();
    if !redirects::end(&**tx, fact.tenant, merge, restored.uuid(), &led_ids).await? {
        return Ok(());
    }
    activity::rows::give_back(tx, fact.tenant, restored, survivor, &led).await?;
    let absorption = absorptions::take(tx, fact.tenant, restored).await?;
    let mut subjects = revision.subjects(&BTreeSet::from([restored, survivor])).await?;
    for (member, profile) in [
        (restored, undone.restored_profile),
        (survivor, undone.surviving_profile),
    ] {
        let Some(subject) = subjects.get_mut(&member) else {
            continue;
        };
        subject
            .member
            .learn_profile(read_profile(profile.unwrap_or_default()), time);
        subject.member.active_channels = activity::rows::channels(tx, fact.tenant, member).await?;
        if member == restored {
            subject.restore(&absorption, &revision.catalog, revision.now);
        } else {
            subject.part(&absorption, &revision.catalog, revision.now);
        }
    }
    revision.settle(subjects, None, Vec::new()).await
}
