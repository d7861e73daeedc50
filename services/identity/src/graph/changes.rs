use super::Graph;
use super::identity::Identity;
use super::member::{Member, MemberId};

/// The difference between the members that were read and the members now, to be written.
pub(crate) struct Changes<'g> {
    /// Members that are new or have changed, each with the member that absorbed it, if one did.
    pub(crate) members: Vec<(&'g Member, Option<MemberId>)>,
    /// Edges to delete, each with its former member.
    pub(crate) removed: Vec<(MemberId, &'g Identity)>,
    /// Edges to insert. An edge that moved is both removed and added.
    pub(crate) added: Vec<(MemberId, &'g Identity)>,
}

impl Changes<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Graph {
    pub(crate) fn changes(&self) -> Changes<'_> {
        let mut changes = Changes {
            members: Vec::new(),
            removed: Vec::new(),
            added: Vec::new(),
        };
        for (&id, node) in &self.nodes {
            let before: &[Identity] = node.before.as_ref().map_or(&[], |before| &before.identities);
            let now = &node.now.identities;
            if node.before.as_ref() == Some(&node.now) {
                continue;
            }
            changes.members.push((&node.now, node.absorbed_by));
            changes
                .removed
                .extend(before.iter().filter(|edge| !now.contains(edge)).map(|edge| (id, edge)));
            changes
                .added
                .extend(now.iter().filter(|edge| !before.contains(edge)).map(|edge| (id, edge)));
        }
        // One order for all transactions, so that two of them wait for each other and do not block each other.
        changes.added.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key));
        changes
    }
}
