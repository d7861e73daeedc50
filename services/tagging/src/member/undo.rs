//! The undo of a merge, for tags, segments and activities.

use std::collections::BTreeSet;

use fault::Fault;
use lineage::Undo;
use store::Tx;

use super::MemberKind;
use super::absorptions;
use super::follow_members::read_profile;
use super::revision::Revisions;
use crate::activity;
use crate::tag::catalogs::Hold;

/// Makes the restored member itself again: with its activities of the time before the merge, what is computed from them, its
/// assigned tags, its tier and its profile of that time. Later activities and tags stay with the survivor. Every
/// segment judges both anew, and tells whom it takes in. Told again, an undo does nothing.
pub(crate) async fn undo(revisions: &Revisions, tx: &Tx, undo: Undo<MemberKind>) -> Result<(), Fault> {
    let revision = revisions.begin(tx, undo.tenant, Hold::Alone).await?;
    if !undo.end(&**tx).await? {
        return Ok(());
    }
    let Undo {
        tenant,
        survivor,
        restored,
        led,
        surviving_profile,
        restored_profile,
        ..
    } = undo;
    let time = undo.undo_time.unwrap_or(undo.occur_time);
    activity::rows::give_back(tx, tenant, restored, survivor, &led).await?;
    let absorption = absorptions::take(tx, tenant, restored).await?;
    let mut subjects = revision.subjects(&BTreeSet::from([restored, survivor])).await?;
    for (member, profile) in [(restored, restored_profile), (survivor, surviving_profile)] {
        let Some(subject) = subjects.get_mut(&member) else {
            continue;
        };
        subject.member.learn_profile(read_profile(profile), time);
        subject.member.active_channels = activity::rows::channels(tx, tenant, member).await?;
        if member == restored {
            subject.restore(&absorption, &revision.catalog, revision.now);
        } else {
            subject.part(&absorption, &revision.catalog, revision.now);
        }
    }
    revision.settle(subjects, None, Vec::new()).await
}
