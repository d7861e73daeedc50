//! Turns the contracts under `proto/` into Rust: messages, clients and servers (tonic), shape rules (buf.validate),
//! and what the options declare (reasons, facts, kinds of texts).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use prost_reflect::DescriptorPool;

#[path = "src/kind.rs"]
mod kind;
#[path = "build/options.rs"]
mod options;
#[path = "build/texts.rs"]
mod texts;

type Failure = Box<dyn std::error::Error>;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through its environment"
)]
fn variable(name: &str) -> Result<String, env::VarError> {
    env::var(name)
}

fn main() -> Result<(), Failure> {
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let descriptor_set = out.join("descriptor_set.bin");
    if env::args().nth(1).as_deref() == Some("rules") {
        let rules = prost_protovalidate_build::Builder::new().file_descriptor_set_path(&descriptor_set)?;
        return Ok(rules.compile()?);
    }
    println!("cargo:rerun-if-changed={}", root.display());

    // Both packages carry the files that our contracts import; no copy of them is kept here.
    let includes = [
        root.clone(),
        dependency("gcloud-googleapis-1.1")?.join("googleapis"),
        dependency("prost-protovalidate-types-0.6")?.join("proto"),
    ];
    tonic_prost_build::configure()
        .btree_map(".")
        .codec_path("crate::codec::ContractCodec")
        .include_file("packages.rs")
        .file_descriptor_set_path(&descriptor_set)
        .compile_protos(&contracts(&root)?, &includes)?;

    let pool = DescriptorPool::decode(&*fs::read(&descriptor_set)?)?;
    quietly(&["rules"])?;
    let validated = fs::read_to_string(out.join("validate_impl.rs"))?;
    fs::write(out.join("options.rs"), options::generate(&pool)?)?;
    fs::write(out.join("texts.rs"), texts::generate(&pool, &validated)?)?;
    Ok(())
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

/// Every contract of ours, in a stable order.
fn contracts(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The folder of a dependency's source, whose name and version begin with `prefix`.
///
/// Cargo tells a build script nothing about the folders of its dependencies, and `cargo metadata` would ask for packages
/// that this build does not need; but a registry's layout is stable.
fn dependency(prefix: &str) -> Result<PathBuf, Failure> {
    let cargo_home = variable("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|_| variable("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    let mut found = Vec::new();
    for registry in fs::read_dir(cargo_home.join("registry/src"))? {
        for package in fs::read_dir(registry?.path())? {
            let package = package?;
            if package.file_name().to_string_lossy().starts_with(prefix) {
                found.push(package.path());
            }
        }
    }
    found.sort();
    found.pop().ok_or_else(|| {
        format!(
            "the source of {prefix} is not in {}: run `cargo fetch`",
            cargo_home.display()
        )
        .into()
    })
}
