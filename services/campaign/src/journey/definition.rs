pub(crate) mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::Time;

use super::expression::{FactCondition, RunCondition};
use crate::fact::{Fact, FactKey};

/// A sound definition of a journey: every way leads to a node, every node can be reached, every circle waits.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) trigger: Pattern,
    pub(crate) reentry: Reentry,
    pub(crate) first: NodeIndex,
    nodes: Vec<Node>,
}

/// A node's place in its definition. It is of use with no other definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeIndex(usize);

/// Whether a member may enter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reentry {
    Once,
    AfterEnd,
}

/// Which facts are meant.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) key: FactKey,
    pub(crate) condition: Option<FactCondition>,
}

/// A node and the ways out of it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Condition {
        condition: RunCondition,
        yes: NodeIndex,
        no: NodeIndex,
    },
    InSegment {
        segment_code: String,
        yes: NodeIndex,
        no: NodeIndex,
    },
    Wait {
        duration: Duration,
        next: NodeIndex,
    },
    WaitUntil {
        fact: Pattern,
        timeout: Duration,
        arrived: NodeIndex,
        timed_out: NodeIndex,
    },
    Act {
        action: Action,
        next: NodeIndex,
        refused: NodeIndex,
    },
    Exit {
        outcome_code: String,
    },
}

/// An action that a peer takes for the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    GrantPoints {
        asset_code: String,
        amount: i64,
    },
    IssueCoupon {
        template_code: String,
    },
    AssignTag {
        tag_code: String,
        value: TagValue,
        lifetime: Option<Duration>,
    },
}

/// The value of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagValue {
    Bool(bool),
    Int(i64),
    Text(String),
    Time(Time),
}

impl Action {
    /// The action in words, once it is done.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::GrantPoints { asset_code, amount } => format!("granted {amount} of {asset_code}"),
            Self::IssueCoupon { template_code } => format!("issued a coupon of {template_code}"),
            Self::AssignTag { tag_code, .. } => format!("assigned the tag {tag_code}"),
        }
    }
}

impl NodeIndex {
    pub(crate) const fn new(place: usize) -> Self {
        Self(place)
    }
}

impl Definition {
    /// A definition of nodes that were checked: see [`super::graph::check`].
    pub(crate) fn new(trigger: Pattern, reentry: Reentry, first: NodeIndex, nodes: Vec<Node>) -> Self {
        assert!(first.0 < nodes.len(), "the first node is one of the nodes");
        Self {
            trigger,
            reentry,
            first,
            nodes,
        }
    }

    pub(crate) fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.0]
    }

    /// The nodes in their places.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The place of the node with this id; none where there is no such node.
    pub(crate) fn index(&self, node_id: &str) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| node.id == node_id).map(NodeIndex)
    }

    /// The facts that some node waits for.
    pub(crate) fn awaited_keys(&self) -> BTreeSet<&FactKey> {
        let patterns = self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::WaitUntil { fact, .. } => Some(&fact.key),
            NodeKind::Condition { .. }
            | NodeKind::InSegment { .. }
            | NodeKind::Wait { .. }
            | NodeKind::Act { .. }
            | NodeKind::Exit { .. } => None,
        });
        patterns.collect()
    }
}

impl Pattern {
    /// Whether its condition reads what has this path, such as `fact.amount`.
    pub(crate) fn reads(&self, path: &str) -> bool {
        self.condition
            .as_ref()
            .is_some_and(|condition| condition.reads().contains(path))
    }

    /// Whether it asks for the currency of the facts that it means.
    pub(crate) fn names_currency(&self) -> bool {
        self.reads("fact.currency_code")
    }

    /// Whether the fact is meant. A condition that cannot be evaluated is not fulfilled.
    pub(crate) fn matches(&self, fact: &Fact) -> bool {
        self.key.covers(fact)
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(fact) == Ok(true))
    }
}
