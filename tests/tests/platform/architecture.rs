//! The arrows between the crates, and that the libraries know no business word.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// On what each library may build: itself the simpler one. What is not here is forbidden.
const ARROWS: [(&str, &[&str]); 22] = [
    ("kernel", &[]),
    ("rules", &[]),
    ("telemetry", &[]),
    ("tls", &["kernel"]),
    ("fault", &["kernel"]),
    ("contracts-build", &[]),
    ("contracts", &["kernel", "fault", "contracts-build"]),
    (
        "contracts-campaign",
        &["kernel", "fault", "contracts-build", "contracts", "contracts-tagging"],
    ),
    ("contracts-channels", PACKAGE),
    ("contracts-gateway", PACKAGE),
    ("contracts-identity", PACKAGE),
    (
        "contracts-points",
        &["kernel", "fault", "contracts-build", "contracts", "contracts-tagging"],
    ),
    ("contracts-rights", PACKAGE),
    ("contracts-tagging", PACKAGE),
    (
        "contracts-all",
        &[
            "contracts",
            "contracts-campaign",
            "contracts-channels",
            "contracts-gateway",
            "contracts-identity",
            "contracts-points",
            "contracts-rights",
            "contracts-tagging",
        ],
    ),
    ("rpc", &["kernel", "fault", "contracts", "telemetry", "tls"]),
    ("store", &["kernel", "fault", "telemetry"]),
    ("mesh", &["kernel", "fault", "telemetry", "tls", "rpc", "store"]),
    ("runtime", &["kernel", "fault", "telemetry", "rpc", "store"]),
    (
        "events",
        &["kernel", "fault", "contracts", "telemetry", "rpc", "store", "runtime"],
    ),
    (
        "lineage",
        &[
            "kernel",
            "fault",
            "contracts-identity",
            "telemetry",
            "rpc",
            "store",
            "runtime",
            "events",
        ],
    ),
    (
        "testkit",
        &[
            "kernel",
            "fault",
            "contracts",
            "telemetry",
            "tls",
            "rpc",
            "store",
            "runtime",
            "events",
        ],
    ),
];

/// On what the contracts of a service build that import no other service's.
const PACKAGE: &[&str] = &["kernel", "fault", "contracts-build", "contracts"];

/// What only decides is a crate of its own in its service's folder, with all that it may build on: nothing that waits,
/// stores or transports. So the compiler keeps it pure. Only its service depends on it, and the joiners.
const CORES: [(&str, &str, &[&str]); 3] = [
    ("points", "ledger", &["kernel", "rules", "thiserror", "time", "uuid"]),
    ("identity", "matching", &["icu_normalizer", "pinyin"]),
    (
        "channels",
        "channel-protocols",
        &[
            "aes",
            "base64",
            "cbc",
            "form_urlencoded",
            "hex",
            "hmac",
            "kernel",
            "md-5",
            "quick-xml",
            "ring",
            "rules",
            "rustls-pki-types",
            "serde_json",
            "subtle",
            "thiserror",
            "time",
            "x509-cert",
        ],
    ),
];
/// What the tests of such a crate may use beside.
const CORE_TESTS: [&str; 2] = ["proptest", "strsim"];

/// Who may build on the contracts of all services, and is built anew when any of them changes.
const READ_ALL: [&str; 4] = ["bench", "gateway", "quanyu", "tests"];

/// Who may join services into one platform.
const JOINERS: [&str; 3] = ["bench", "quanyu", "tests"];

/// The grammar of CEL, which a library parses, calls members what hangs behind a value; PostgreSQL calls the list of its
/// sessions `pg_stat_activity`; and what leads from one id to another is read from facts in which identity calls it a member's.
const OTHER_TRADES: [(&str, &str); 7] = [
    ("rules", "members"),
    ("store", "pg_stat_activity"),
    ("lineage", "MembersMerged"),
    ("lineage", "absorbed_member_id"),
    ("lineage", "surviving_member_id"),
    ("lineage", "restored_member_id"),
    ("lineage", "led_member_ids"),
];

/// The nouns of the business. A library that needs one has learnt something that is a service's to know. "Order" is not
/// among them, for sequences and mappings have one too.
const BUSINESS_WORDS: [&str; 16] = [
    "activity", "asset", "balance", "campaign", "coupon", "gift", "journey", "loyalty", "member", "points", "refund",
    "reward", "rights", "segment", "tag", "tier",
];

#[test]
fn no_service_depends_on_another_service() {
    let house = metadata();
    let services = names_in(&house, "services");
    for package in packages(&house) {
        let may = JOINERS.contains(&package.name.as_str());
        for dependency in package.dependencies.iter().filter(|_| !may) {
            let is_core = CORES
                .iter()
                .any(|(service, core, _)| *service == package.name.as_str() && *core == dependency.name);
            assert!(
                is_core || !services.contains(&dependency.name),
                "{} depends on the service {}: call its contract instead",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn libraries_depend_along_the_arrows_alone() {
    let house = metadata();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let libraries = names_in(&house, "libs");
    assert_eq!(
        libraries,
        arrows.keys().map(|&name| name.to_owned()).collect(),
        "every library has its arrows"
    );
    let ours: BTreeSet<String> = packages(&house).map(|package| package.name.to_string()).collect();
    for package in packages(&house).filter(|package| libraries.contains(package.name.as_str())) {
        let allowed = arrows[package.name.as_str()];
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| ours.contains(&dependency.name))
        {
            let in_tests = dependency.kind == DependencyKind::Development && libraries.contains(&dependency.name);
            assert!(
                in_tests || allowed.contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn a_service_builds_on_the_contracts_that_it_speaks_alone() {
    let house = metadata();
    for package in packages(&house).filter(|package| !READ_ALL.contains(&package.name.as_str())) {
        let all = package.dependencies.iter().find(|it| it.name == "contracts-all");
        assert!(
            all.is_none(),
            "{} builds on contracts-all, and would be built anew when any contract changes: name the contracts that it speaks",
            package.name
        );
    }
}

#[test]
fn what_only_decides_builds_on_nothing_that_waits_or_stores() {
    let house = metadata();
    let folders = packages(&house).filter_map(|package| {
        let folder = package.manifest_path.strip_prefix(root()).ok()?.parent()?;
        let (service, _) = folder.strip_prefix("services").ok()?.as_str().split_once('/')?;
        Some((service.to_owned(), package.name.to_string()))
    });
    let known = CORES.map(|(service, core, _)| (service.to_owned(), core.to_owned()));
    assert_eq!(
        folders.collect::<BTreeSet<_>>(),
        BTreeSet::from(known),
        "every crate within a service's folder has its list"
    );
    for (_, core, allowed) in CORES {
        let package = packages(&house).find(|package| package.name == core).unwrap();
        for dependency in &package.dependencies {
            let in_tests =
                dependency.kind == DependencyKind::Development && CORE_TESTS.contains(&dependency.name.as_str());
            assert!(
                in_tests || allowed.contains(&dependency.name.as_str()),
                "{core} decides, and builds on {}: take what that gives as an argument",
                dependency.name
            );
        }
    }
}

#[test]
fn the_test_kit_is_built_into_nothing() {
    let house = metadata();
    for package in packages(&house) {
        let kit = package
            .dependencies
            .iter()
            .find(|dependency| dependency.name == "testkit");
        assert!(
            kit.is_none_or(|kit| kit.kind == DependencyKind::Development),
            "{} ships the test kit",
            package.name
        );
    }
}

#[test]
fn libraries_know_no_business_word() {
    let mut found = Vec::new();
    for (library, _) in ARROWS.iter().filter(|(library, _)| !library.starts_with("contracts")) {
        for file in sources(&root().join("libs").join(library).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in product_code(&text) {
                for word in business_words(line)
                    .into_iter()
                    .filter(|word| !OTHER_TRADES.contains(&(library, word)))
                {
                    found.push(format!(
                        "{}:{number}: {word}",
                        file.strip_prefix(root()).unwrap().display()
                    ));
                }
            }
        }
    }
    assert!(found.is_empty(), "business words in libraries:\n{}", found.join("\n"));
}

#[test]
fn the_search_for_business_words_finds_them() {
    for line in [
        "let points = 3;",
        "struct CouponTemplate;",
        "fn tier_of(member: Id)",
        "const TAGS_MAX: u8 = 1;",
    ] {
        assert!(!business_words(line).is_empty(), "{line}");
    }
    for line in [
        "// a coupon is issued",
        "let entry = ordering(stage);",
        "use percentage::Etag;",
        "let s = \"a tag\";",
    ] {
        assert!(business_words(line).is_empty(), "{line}");
    }
}

/// The lines of a file that are not tests; a module of tests ends its file.
pub(crate) fn product_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.enumerate().map(|(index, line)| (index + 1, line))
}

/// The business words among a line's identifiers; comments and texts may say what they like.
fn business_words(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let code: String = code.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let identifiers = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut found = Vec::new();
    for identifier in identifiers.filter(|identifier| !identifier.is_empty()) {
        let words = words_of(identifier);
        let is_business = |word: &String| {
            let singular = word.strip_suffix('s').unwrap_or(word);
            BUSINESS_WORDS.iter().any(|noun| noun == word || *noun == singular)
        };
        if words.iter().any(is_business) {
            found.push(identifier.to_owned());
        }
    }
    found
}

/// The words of an identifier: `CouponTemplate` and `coupon_template` have the same.
fn words_of(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in identifier.chars() {
        if c == '_' || (c.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        before_lower = c.is_lowercase();
        if c != '_' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    words
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap()
}

fn packages(house: &Metadata) -> impl Iterator<Item = &Package> {
    house.packages.iter()
}

/// The crates of a folder.
fn names_in(house: &Metadata, folder: &str) -> BTreeSet<String> {
    let folder = root().join(folder);
    let within = packages(house).filter(|package| package.manifest_path.as_std_path().starts_with(&folder));
    within.map(|package| package.name.to_string()).collect()
}
