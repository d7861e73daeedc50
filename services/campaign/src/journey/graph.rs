use std::collections::{HashMap, HashSet};

use fault::Violations;

/// A journey's nodes as far as its shape goes.
pub(crate) struct Outline {
    pub(crate) first_node_id: String,
    pub(crate) nodes: Vec<OutlineNode>,
}

/// One node: its name, where one goes from it, and whether one waits there.
pub(crate) struct OutlineNode {
    pub(crate) node_id: String,
    /// The ways out: the path of the field that names the next node, and that node's id.
    pub(crate) ways: Vec<(String, String)>,
    pub(crate) waits: bool,
}

/// Notes everything that is wrong with the shape, under the paths of the definition that begins at `path`.
///
/// A sound shape has: ids that name one node each, ways that lead to nodes, no node that cannot be reached, and no circle
/// in which nobody ever waits: such a run would never end and never rest.
pub(crate) fn check(outline: &Outline, path: &str, violations: &mut Violations) {
    let index = index(outline, path, violations);
    let first = index.get(outline.first_node_id.as_str()).copied();
    if first.is_none() {
        violations.add(format!("{path}.first_node_id"), no_such_node(&outline.first_node_id));
    }
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(outline.nodes.len());
    for node in &outline.nodes {
        let mut known = Vec::new();
        for (field, next) in &node.ways {
            match index.get(next.as_str()) {
                Some(next) => known.push(*next),
                None => violations.add(field.clone(), no_such_node(next)),
            }
        }
        ways.push(known);
    }
    if let Some(first) = first {
        check_reach(outline, path, first, &ways, violations);
    }
    check_circles(outline, path, &ways, violations);
}

/// Which node each id names; the first one where several have it.
fn index<'a>(outline: &'a Outline, path: &str, violations: &mut Violations) -> HashMap<&'a str, usize> {
    let mut index = HashMap::new();
    for (number, node) in outline.nodes.iter().enumerate() {
        if let Some(before) = index.get(node.node_id.as_str()) {
            violations.add(
                format!("{path}.nodes[{number}].node_id"),
                format!("must be unique: nodes[{before}] has the id \"{}\" too", node.node_id),
            );
        } else {
            index.insert(node.node_id.as_str(), number);
        }
    }
    index
}

fn check_reach(outline: &Outline, path: &str, first: usize, ways: &[Vec<usize>], violations: &mut Violations) {
    let mut reached = HashSet::from([first]);
    let mut open = vec![first];
    while let Some(node) = open.pop() {
        for &next in ways.get(node).into_iter().flatten() {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    for number in 0..outline.nodes.len() {
        violations.check(
            reached.contains(&number),
            format!("{path}.nodes[{number}]"),
            format!(
                "cannot be reached from \"{}\": lead to it, or remove it",
                outline.first_node_id
            ),
        );
    }
}

/// Tells every node from which one can come back to it without waiting. Searched node by node: a definition has at most a
/// hundred, and so each flaw is told at its own place.
fn check_circles(outline: &Outline, path: &str, ways: &[Vec<usize>], violations: &mut Violations) {
    let restless: Vec<bool> = outline.nodes.iter().map(|node| !node.waits).collect();
    for number in 0..outline.nodes.len() {
        if restless[number] && comes_back(number, ways, &restless) {
            violations.add(
                format!("{path}.nodes[{number}]"),
                "is in a circle without a wait: put a wait or a wait_until into it".to_owned(),
            );
        }
    }
}

/// Whether one can come from `start` back to it without waiting.
fn comes_back(start: usize, ways: &[Vec<usize>], restless: &[bool]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for &next in ways.get(node).into_iter().flatten() {
            if next == start {
                return true;
            }
            if restless.get(next) == Some(&true) && seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

fn no_such_node(node_id: &str) -> String {
    format!("there is no node \"{node_id}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes as "id>next,next"; an id with a star waits.
    fn found(first: &str, nodes: &[&str]) -> Vec<String> {
        let nodes = nodes.iter().map(|text| {
            let (id, ways) = text.split_once('>').unwrap_or((text, ""));
            let ways = ways.split(',').filter(|way| !way.is_empty());
            OutlineNode {
                node_id: id.trim_end_matches('*').to_owned(),
                ways: ways
                    .map(|way| (format!("d.{}.to_{way}", id.trim_end_matches('*')), way.to_owned()))
                    .collect(),
                waits: id.ends_with('*'),
            }
        });
        let outline = Outline {
            first_node_id: first.to_owned(),
            nodes: nodes.collect(),
        };
        let mut violations = Violations::new();
        check(&outline, "d", &mut violations);
        violations
            .into_inner()
            .into_iter()
            .map(|violation| violation.path)
            .collect()
    }

    #[test]
    fn sound_shapes_pass() {
        for (first, nodes) in [
            ("end", &["end"][..]),
            ("a", &["a>b,c", "b>c", "c"]),
            ("a", &["a>pause,end", "pause*>a", "end"]),
            ("pause", &["pause*>pause,end", "end"]),
            ("a", &["a>b", "b>pause", "pause*>a,end", "end"]),
        ] {
            assert_eq!(found(first, nodes), Vec::<String>::new(), "{nodes:?}");
        }
    }

    #[test]
    fn every_flaw_is_found_at_its_place() {
        for (first, nodes, paths) in [
            ("missing", &["end"][..], &["d.first_node_id"][..]),
            ("a", &["a>nowhere"], &["d.a.to_nowhere"]),
            ("a", &["a>end", "island>end", "end"], &["d.nodes[1]"]),
            ("a", &["a>end", "a>end", "end"], &["d.nodes[1].node_id", "d.nodes[1]"]),
            ("a", &["a>a"], &["d.nodes[0]"]),
            ("a", &["a>b", "b>a,end", "end"], &["d.nodes[0]", "d.nodes[1]"]),
            // Into the circle, but not of it.
            ("a", &["a>b", "b>c", "c>b,end", "end"], &["d.nodes[1]", "d.nodes[2]"]),
            // One way round waits, the other does not.
            (
                "a",
                &["a>b,pause", "pause*>a", "b>a,end", "end"],
                &["d.nodes[0]", "d.nodes[2]"],
            ),
        ] {
            assert_eq!(found(first, nodes), paths, "{nodes:?}");
        }
    }

    #[test]
    fn all_flaws_are_told_at_once() {
        let paths = found("a", &["a>a,nowhere", "island*>gone", "a"]);
        assert_eq!(
            paths,
            [
                "d.nodes[2].node_id",
                "d.a.to_nowhere",
                "d.island.to_gone",
                "d.nodes[1]",
                "d.nodes[2]",
                "d.nodes[0]"
            ]
        );
    }
}
