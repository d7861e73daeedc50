//! Turns contracts under `proto/` into Rust: messages, clients and servers (tonic), shape rules (buf.validate), and what
//! the options declare (reasons, facts, kinds of texts).
//!
//! Each package of a service is a crate of its own, whose build script is one call of [`package`]: a change of one package
//! rebuilds that package, those that import it, and the crates that use them. What all of them import is the crate
//! `contracts`, built by [`shared`].

mod files;
#[path = "../../src/kind.rs"]
mod kind;
mod options;
mod rules;
mod sources;
mod texts;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use prost_reflect::DescriptorPool;

use rules::Rules;

/// Why contracts cannot be built.
pub type Failure = Box<dyn std::error::Error>;

/// The packages that the crate `contracts` holds, for everyone.
const SHARED: [&str; 3] = ["quanyu.events", "quanyu.options", "quanyu.type"];
/// The packages of others, which the crate `contracts` holds too.
const OTHERS: [&str; 2] = ["google", "buf"];
/// What contracts may import of others.
const IMPORTS: [&str; 9] = [
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/field_behavior.proto",
    "google/api/http.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
];

/// Builds what all contracts share: the crate `contracts`.
pub fn shared() -> Result<(), Failure> {
    Crate {
        packages: SHARED.map(str::to_owned).into(),
        imports: Vec::new(),
        holds_others: true,
    }
    .build()
}

/// Builds the contracts of a service: the package `quanyu.<name>`, which imports messages of these other packages.
pub fn package(name: &str, imports: &[&str]) -> Result<(), Failure> {
    Crate {
        packages: vec![format!("quanyu.{name}")],
        imports: imports.iter().map(|name| (*name).to_owned()).collect(),
        holds_others: false,
    }
    .build()
}

/// A crate of contracts.
struct Crate {
    /// The packages that are built into it.
    packages: Vec<String>,
    /// The services whose packages they import.
    imports: Vec<String>,
    /// Whether it holds the packages of others.
    holds_others: bool,
}

impl Crate {
    fn build(&self) -> Result<(), Failure> {
        let out = PathBuf::from(variable("OUT_DIR")?);
        let all = out.join("imported.bin");
        if env::args().nth(1).as_deref() == Some("rules") {
            let rules = prost_protovalidate_build::Builder::new().file_descriptor_set_path(&all)?;
            return Ok(rules.compile()?);
        }
        let root = sources::root()?.join("proto");
        let mut contracts = Vec::new();
        for package in &self.packages {
            let folder = root.join(package.replace('.', "/"));
            writeln!(io::stdout(), "cargo:rerun-if-changed={}", folder.display())?;
            contracts.extend(sources::contracts(&folder)?);
        }
        if self.holds_others {
            contracts.extend(IMPORTS.map(PathBuf::from));
        }
        let mut build = tonic_prost_build::configure()
            .btree_map(".")
            .codec_path("::contracts::codec::ContractCodec")
            .include_file("packages.rs")
            .file_descriptor_set_path(&all);
        for (package, path) in self.elsewhere() {
            build = build.extern_path(package, path);
        }
        build.compile_protos(&contracts, &sources::includes(root)?)?;

        let written = fs::read(&all)?;
        let own = files::own(&written, self)?;
        fs::write(out.join("descriptors.bin"), files::without_comments(&own)?)?;
        fs::write(out.join("descriptor_set.bin"), own)?;
        let pool = DescriptorPool::decode(&*written)?;
        quietly(&["rules"])?;
        let rules = Rules::of(&fs::read_to_string(out.join("validate_impl.rs"))?, self)?;
        fs::write(out.join("rules.rs"), &rules.code)?;
        fs::write(out.join("options.rs"), options::generate(&pool, self)?)?;
        fs::write(out.join("texts.rs"), texts::generate(&pool, self, &rules)?)?;
        Ok(())
    }

    /// The packages of other crates of contracts, and where these hold them. prost marks keywords by itself.
    fn elsewhere(&self) -> Vec<(String, String)> {
        if self.holds_others {
            return Vec::new();
        }
        let shared = SHARED.iter().chain(&OTHERS).map(|package| {
            let path = package.trim_start_matches("quanyu.");
            (format!(".{package}"), format!("::contracts::{path}"))
        });
        let imports = self.imports.iter();
        let imports = imports.map(|name| (format!(".quanyu.{name}"), format!("::contracts_{name}")));
        shared.chain(imports).collect()
    }

    /// Whether a package, or something within it, is built into this crate.
    fn holds(&self, name: &str) -> bool {
        let is_within = |package: &str| {
            let rest = name.strip_prefix(package);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.packages.iter().any(|package| is_within(package))
            || (self.holds_others && OTHERS.iter().any(|package| is_within(package)))
    }
}

/// Runs this build script once more, for the generator that prints a warning for every message whose rules it leaves to
/// the validator at run time; the codec knows that and does it.
fn quietly(arguments: &[&str]) -> Result<(), Failure> {
    let outcome = Command::new(env::current_exe()?).args(arguments).output()?;
    if outcome.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&outcome.stderr).into_owned().into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through its environment"
)]
fn variable(name: &str) -> Result<String, env::VarError> {
    env::var(name)
}
