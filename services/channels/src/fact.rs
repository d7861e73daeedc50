//! The facts of the platform, by their names.

pub(crate) mod filter;
pub(crate) mod telling;
pub(crate) mod wishes;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use contracts::Contract;
use fault::Violations;
use prost_reflect::MessageDescriptor;

use self::filter::Filter;

/// Of everything that tells facts.
static CONTRACT: Contract = Contract::of_all(&[
    &contracts_campaign::CONTRACT,
    &contracts_channels::CONTRACT,
    &contracts_identity::CONTRACT,
    &contracts_points::CONTRACT,
    &contracts_rights::CONTRACT,
    &contracts_tagging::CONTRACT,
]);

/// The option by which a message says that it is a fact, and its name.
const OPTION: &str = "quanyu.options.v1.fact";

static REGISTRY: LazyLock<BTreeMap<String, MessageDescriptor>> = LazyLock::new(registry);

/// All facts of the platform by their names: "points.earned".
fn registry() -> BTreeMap<String, MessageDescriptor> {
    let pool = CONTRACT.descriptors();
    let Some(option) = pool.get_extension_by_name(OPTION) else {
        return BTreeMap::new();
    };
    let name = |message: &MessageDescriptor| {
        let options = message.options();
        let named = options.has_extension(&option);
        named.then(|| options.get_extension(&option).as_str().map(str::to_owned))?
    };
    let named = pool
        .all_messages()
        .filter_map(|message| Some((name(&message)?, message)));
    named.collect()
}

/// The message of a fact.
pub(crate) fn message(fact_type: &str) -> Option<&'static MessageDescriptor> {
    REGISTRY.get(fact_type)
}

/// The services that tell facts, with the names of all that each tells.
pub(crate) static STREAMS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut streams: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in REGISTRY.keys() {
        let stream = name.split_once('.').map_or(name.as_str(), |(stream, _)| stream);
        streams.entry(stream).or_default().push(name);
    }
    streams
});

/// The names of all facts that a service tells.
pub(crate) fn types_of(stream: &str) -> &'static [&'static str] {
    STREAMS.get(stream).map_or(&[], Vec::as_slice)
}

/// The names of all facts.
pub(crate) fn all_types() -> Vec<String> {
    REGISTRY.keys().cloned().collect()
}

/// What is told of a name that is no fact's.
pub(crate) fn unknown(fact_type: &str) -> String {
    let names = || REGISTRY.keys().map(String::as_str);
    match runtime::nearest(fact_type, names()) {
        Some(meant) => format!("is no fact: did you mean {meant}?"),
        None => format!("is no fact: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// That each of the types is a fact's name.
pub(crate) fn check_types(violations: &mut Violations, path: &str, fact_types: &[String]) {
    for (at, fact_type) in fact_types.iter().enumerate() {
        if message(fact_type).is_none() {
            violations.add(format!("{path}[{at}]"), unknown(fact_type));
        }
    }
}

/// That a filter is right for each of the types that are known.
pub(crate) fn check_filter(violations: &mut Violations, path: &str, filter: &str, fact_types: &[String]) {
    if filter.is_empty() {
        return;
    }
    for fact_type in fact_types {
        let compiled = message(fact_type).map(|message| Filter::compile(filter, message));
        if let Some(Err(mistakes)) = compiled {
            violations.add(path, format!("of {fact_type}: {mistakes}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_calls_itself_a_fact_is_known_by_its_name() {
        for (name, message) in [
            ("points.earned", "quanyu.points.v1.PointsEarned"),
            ("identity.member_registered", "quanyu.identity.v1.MemberRegistered"),
            ("campaign.journey_completed", "quanyu.campaign.v1.JourneyCompleted"),
        ] {
            assert_eq!(super::message(name).unwrap().full_name(), message);
        }
        assert!(REGISTRY.len() > 30, "{}", REGISTRY.len());
        assert!(super::message("points.lost").is_none());
        assert_eq!(unknown("points.earnd"), "is no fact: did you mean points.earned?");
    }
}
