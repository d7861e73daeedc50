use std::collections::BTreeSet;

use kernel::Time;

use super::identity::{Identity, IdentityId};
use super::member::CLAIMS_MAX;
use super::member::{Member, MemberId};
use super::{Brought, Event, Graph, Learned, MergeId, Moment, Node};

/// A merge that has not been undone, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastMerge {
    pub(crate) id: MergeId,
    pub(crate) survivor: MemberId,
    pub(crate) absorbed: MemberId,
    pub(crate) brought: Brought,
    pub(crate) time: Time,
}

/// A merge was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undo {
    pub(crate) merge: MergeId,
    pub(crate) merge_time: Time,
    /// The member that is itself again.
    pub(crate) restored: Member,
    pub(crate) survivor: Member,
    /// The ids that lead to the restored member again.
    pub(crate) led: Vec<MemberId>,
    /// Later merges of the survivor, whose records no longer name values that this merge brought.
    pub(crate) corrected: Vec<PastMerge>,
    pub(crate) comment: String,
    pub(crate) time: Time,
}

/// Why a merge may not be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("the members were merged at {merge_time}, which could be undone until {end_time}")]
    WindowOver { merge_time: Time, end_time: Time },
    #[error("all verified identities of the member were unlinked since: resolve the person anew")]
    NothingToRestore,
    #[error("the survivor has no verified identity of its own any more: link another to it first")]
    NothingLeft { identity: IdentityId },
}

impl PastMerge {
    /// Whether it can still be undone at `now`: for so many days.
    pub(crate) fn check_window(&self, undo_days: u32, now: Time) -> Result<(), UndoError> {
        let end_time = self.time.plus_days(undo_days.into());
        if now > end_time {
            let merge_time = self.time;
            return Err(UndoError::WindowOver { merge_time, end_time });
        }
        Ok(())
    }
}

impl Graph {
    /// Undoes the merge of `absorbed`, which is as its row has it: without identities, with the profile of that time. The
    /// survivor is in the graph. `later` are the merges into the survivor since, `led` the members that led to `absorbed`
    /// before.
    pub(crate) fn undo(
        &mut self,
        merge: &PastMerge,
        absorbed: Member,
        later: Vec<PastMerge>,
        led: Vec<MemberId>,
        comment: &str,
        moment: &Moment<'_>,
    ) -> Result<Undo, UndoError> {
        let Some(survivor) = self.member(merge.survivor).cloned() else {
            unreachable!("an undo parts two members who were read for it");
        };
        let (back, stay) = part(&survivor, merge);
        if !back.iter().any(|identity| identity.verified) {
            return Err(UndoError::NothingToRestore);
        }
        if let Some(identity) = stay.iter().all(|edge| !edge.verified).then(|| back.first()).flatten() {
            return Err(UndoError::NothingLeft { identity: identity.id });
        }
        // Past this line nothing may refuse the undo.
        let corrected = correct(later, merge, absorbed.register_time);
        self.release(&survivor);
        let restored = self.restore(absorbed, back, moment);
        let survivor = self.take_back(survivor, stay, merge, restored.register_time, moment);
        self.set_apart(restored.id, survivor.id);
        let undo = Undo {
            merge: merge.id,
            merge_time: merge.time,
            restored,
            survivor,
            led,
            corrected,
            comment: comment.to_owned(),
            time: moment.now,
        };
        self.events.push(Event::Undone(undo.clone()));
        Ok(undo)
    }

    fn restore(&mut self, absorbed: Member, back: Vec<Identity>, moment: &Moment<'_>) -> Member {
        let mut node = Node {
            now: absorbed.clone(),
            before: Some(absorbed),
            absorbed_by: None,
        };
        node.now.identities = back;
        node.touch(moment.now);
        let member = node.now.clone();
        self.hold(&member);
        self.nodes.insert(member.id, node);
        member
    }

    /// The survivor without the values that the merge brought.
    fn take_back(
        &mut self,
        mut survivor: Member,
        stay: Vec<Identity>,
        merge: &PastMerge,
        brought: Time,
        moment: &Moment<'_>,
    ) -> Member {
        survivor.identities = stay;
        for claim in &merge.brought.replaced {
            if survivor.edge(&claim.key).is_none() && survivor.claims().count() < CLAIMS_MAX {
                survivor.identities.push(claim.clone());
            }
        }
        survivor
            .identities
            .sort_by_key(|identity| (identity.link_time, identity.id));
        for learned in &merge.brought.learned {
            survivor.profile.unlearn(learned);
        }
        if let Some(before) = merge
            .brought
            .register_time
            .filter(|_| survivor.register_time == brought)
        {
            survivor.register_time = before;
        }
        self.hold(&survivor);
        let Some(node) = self.nodes.get_mut(&survivor.id) else {
            return survivor;
        };
        node.now = survivor;
        node.touch(moment.now);
        node.now.clone()
    }
}

/// Which identities go back with the restored member, and which stay with the survivor.
///
/// What was unlinked since is not there any more; a claim that was proved since is the survivor's by that proof.
fn part(survivor: &Member, merge: &PastMerge) -> (Vec<Identity>, Vec<Identity>) {
    let moved: BTreeSet<IdentityId> = merge.brought.moved.iter().copied().collect();
    let goes_back = |edge: &Identity| moved.contains(&edge.id) && edge.link_time <= merge.time;
    let (mut back, stay): (Vec<Identity>, Vec<Identity>) =
        survivor.identities.iter().cloned().partition(|edge| goes_back(edge));
    back.extend(merge.brought.left_behind.iter().cloned());
    back.sort_by_key(|identity| (identity.link_time, identity.id));
    (back, stay)
}

/// Later merges remember what was there before them. Where that was brought by the merge that is undone, they remember what
/// was there before that one: or else their own undo would bring it back. Answers those that have changed.
fn correct(later: Vec<PastMerge>, undone: &PastMerge, register_time: Time) -> Vec<PastMerge> {
    let corrected = later.into_iter().filter_map(|mut merge| {
        let before = merge.clone();
        for learned in &mut merge.brought.learned {
            let brought = |it: &&Learned| it.field == learned.field && Some(&it.after) == learned.before.as_ref();
            if let Some(source) = undone.brought.learned.iter().find(brought) {
                learned.before.clone_from(&source.before);
            }
        }
        if merge.brought.register_time == Some(register_time) && undone.brought.register_time.is_some() {
            merge.brought.register_time = undone.brought.register_time;
        }
        (merge != before).then_some(merge)
    });
    corrected.collect()
}
