//! How a service is arranged: each method has a file of its own in the room of its noun, files stay small, and what only
//! decides stays pure. Every exception stands here with its reason, and is told where nothing needs it any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::{product_code, root, sources};

/// How many lines a file may have that are not tests.
const LINES_MAX: usize = 450;

/// Files that are longer.
const LONGER: [(&str, &str); 1] = [(
    "services/campaign/src/run/runner.rs",
    "a tick of the runner is read from its claim to its commit",
)];

/// Files and folders that only decide: rows, times, ids and chance come in as values, and the decision goes out as one.
const PURE: [&str; 32] = [
    "services/campaign/src/journey/definition.rs",
    "services/campaign/src/journey/expression.rs",
    "services/campaign/src/journey/graph.rs",
    "services/campaign/src/run/advance.rs",
    "services/campaign/src/run/entry.rs",
    "services/channels/protocols/src",
    "services/gateway/src/audit/link.rs",
    "services/gateway/src/audit/resources.rs",
    "services/gateway/src/key/scope.rs",
    "services/gateway/src/key/succession.rs",
    "services/gateway/src/role.rs",
    "services/gateway/src/token/claims.rs",
    "services/identity/src/graph/changes.rs",
    "services/identity/src/graph/identity.rs",
    "services/identity/src/graph/key.rs",
    "services/identity/src/graph/member.rs",
    "services/identity/src/graph/recognition.rs",
    "services/identity/src/graph/value.rs",
    "services/identity/matching/src",
    "services/points/ledger/src",
    "services/rights/src/benefit.rs",
    "services/rights/src/coupon.rs",
    "services/rights/src/coupon/validity.rs",
    "services/rights/src/coupon_template.rs",
    "services/rights/src/tier.rs",
    "services/rights/src/tier/roster.rs",
    "services/tagging/src/activity/difference.rs",
    "services/tagging/src/activity/total.rs",
    "services/tagging/src/member/subject.rs",
    "services/tagging/src/segment/condition.rs",
    "services/tagging/src/tag/computation.rs",
    "services/tagging/src/tag/value.rs",
];

/// What only decides names none of these: nothing that waits, no database, no transport, no clock.
const IMPURE: [&str; 8] = ["Clock", "Db", "Tx", "async", "await", "sea_orm", "tokio", "tonic"];

#[test]
fn every_method_has_a_file_of_its_own_in_a_room() {
    let methods = methods();
    assert!(methods.len() > 100, "the contracts have methods: {}", methods.len());
    let mut wrong = Vec::new();
    for (package, method) in methods {
        let name = snake_case(&method);
        let folder = root().join("services").join(&package).join("src");
        let files: Vec<PathBuf> = sources(&folder)
            .into_iter()
            .filter(|file| file.file_stem().is_some_and(|stem| stem == name.as_str()))
            .collect();
        let [file] = files.as_slice() else {
            wrong.push(format!(
                "{package} {method}: {} files are called {name}.rs",
                files.len()
            ));
            continue;
        };
        if file.parent() == Some(folder.as_path()) {
            wrong.push(format!("{package} {method}: {name}.rs stands in no room"));
        }
        if !fs::read_to_string(file).unwrap().contains(&format!("fn {name}")) {
            wrong.push(format!("{package} {method}: {name}.rs has no function of that name"));
        }
    }
    assert!(
        wrong.is_empty(),
        "each method has one file, <noun>/<method>.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_service_gathers_its_methods_in_handlers() {
    let mut found = Vec::new();
    for service in fs::read_dir(root().join("services")).unwrap() {
        let folder = service.unwrap().path().join("src");
        let is_handlers = |file: &PathBuf| {
            file.strip_prefix(&folder).unwrap().components().any(|part| {
                Path::new(part.as_os_str())
                    .file_stem()
                    .is_some_and(|stem| stem == "handlers")
            })
        };
        found.extend(sources(&folder).into_iter().filter(is_handlers));
    }
    assert!(found.is_empty(), "a method stands in the room of its noun: {found:?}");
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let mut longer = BTreeSet::new();
    let mut told = Vec::new();
    for folder in ["libs", "services"] {
        for file in sources(&root().join(folder)).iter().filter(|file| !is_test(file)) {
            let lines = product_code(&fs::read_to_string(file).unwrap()).count();
            if lines > LINES_MAX {
                told.push(format!("{}: {lines}", shown(file)));
                longer.insert(shown(file));
            }
        }
    }
    assert_eq!(
        longer,
        LONGER.iter().map(|(file, _)| (*file).to_owned()).collect(),
        "a file has {LINES_MAX} lines at the most, but for those of the list, which all need it:\n{}",
        told.join("\n")
    );
}

#[test]
fn what_only_decides_waits_for_nothing_and_asks_nobody() {
    let mut found = Vec::new();
    for place in PURE {
        let place = root().join(place);
        let files = if place.is_dir() { sources(&place) } else { vec![place] };
        assert!(!files.is_empty(), "a pure folder has files");
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for (number, line) in product_code(&text) {
                found.extend(
                    impure_words(line)
                        .into_iter()
                        .map(|word| format!("{}:{number}: {word}", shown(&file))),
                );
            }
        }
    }
    assert!(
        found.is_empty(),
        "take it as an argument, or do it in the method:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_refusal_becomes_a_fault_where_the_service_keeps_its_refusals() {
    let mut elsewhere = BTreeSet::new();
    for file in sources(&root().join("services")).iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(file).unwrap();
        let turns = product_code(&text).any(|(_, line)| line.starts_with("impl From<") && line.contains(" for Fault "));
        if turns && file.file_name().is_some_and(|name| name != "refusals.rs") {
            elsewhere.insert(shown(file));
        }
    }
    assert!(
        elsewhere.is_empty(),
        "`impl From<Refusal> for Fault` stands in the service's refusals.rs: {elsewhere:?}"
    );
}

#[test]
fn the_search_for_methods_and_for_what_is_impure_finds_them() {
    assert_eq!(snake_case("BatchLookUpMembers"), "batch_look_up_members");
    assert_eq!(snake_case("GetApiKey"), "get_api_key");
    assert_eq!(
        method_of("  rpc GetCoupon(GetCouponRequest) returns (GetCouponResponse) {"),
        Some("GetCoupon")
    );
    assert_eq!(method_of("  // The rpc GetCoupon(...) is another one."), None);
    for line in [
        "async fn decide() {}",
        "    clock: &Clock,",
        "use sea_orm::Value;",
        "let now = later().await;",
        "use tonic::Status;",
    ] {
        assert_eq!(impure_words(line).len(), 1, "{line}");
    }
    for line in [
        "// nothing is async here",
        "struct ClockTime;",
        "let store_code = text;",
    ] {
        assert!(impure_words(line).is_empty(), "{line}");
    }
}

/// Every method of the services' contracts, with the package, which is the service's name. The feed of facts, which all
/// services serve by one library, is in a package without a version.
fn methods() -> Vec<(String, String)> {
    let mut methods = Vec::new();
    for package in fs::read_dir(root().join("proto/quanyu")).unwrap() {
        let package = package.unwrap();
        let name = package.file_name().into_string().unwrap();
        for contract in fs::read_dir(package.path().join("v1")).into_iter().flatten() {
            let text = fs::read_to_string(contract.unwrap().path()).unwrap();
            methods.extend(
                text.lines()
                    .filter_map(method_of)
                    .map(|method| (name.clone(), method.to_owned())),
            );
        }
    }
    methods.sort();
    methods
}

/// The method that a line of a contract begins.
fn method_of(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix("rpc ")?.split_once('(')?;
    Some(name.trim())
}

/// `GetCoupon` as Rust calls it: `get_coupon`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The words of a line by which code waits or asks; comments may name them.
fn impure_words(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| IMPURE.contains(word)).collect()
}

/// Whether a file is there for tests alone.
fn is_test(file: &Path) -> bool {
    let path = shown(file);
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}
