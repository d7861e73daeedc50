pub(super) mod rows;

use super::Graph;
use super::member::MemberId;

impl Graph {
    /// Makes known that each two of these members are not one person.
    pub(crate) fn learn_apart(&mut self, pairs: impl IntoIterator<Item = (MemberId, MemberId)>) {
        for (one, other) in pairs {
            self.set_apart(one, other);
        }
    }

    /// Whether the two are known not to be one person.
    pub(crate) fn are_apart(&self, one: MemberId, other: MemberId) -> bool {
        self.apart.contains(&(one, other))
    }

    pub(crate) fn set_apart(&mut self, one: MemberId, other: MemberId) {
        self.apart.extend([(one, other), (other, one)]);
    }

    /// A member that is apart from the absorbed member is apart from the survivor, too.
    pub(crate) fn inherit_apart(&mut self, absorbed: MemberId, survivor: MemberId) {
        let of_absorbed = self.apart.iter().filter(|(one, _)| *one == absorbed);
        let others: Vec<MemberId> = of_absorbed
            .map(|(_, other)| *other)
            .filter(|other| *other != survivor)
            .collect();
        self.apart.retain(|(one, other)| *one != absorbed && *other != absorbed);
        self.learn_apart(others.into_iter().map(|other| (survivor, other)));
    }
}
