//! Where the files of the contracts are, and those that they import.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, variable};

/// The repository's folder: the nearest one above the crate that is being built which holds `proto`.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let crates = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = crates.ancestors().find(|folder| folder.join("proto/quanyu").is_dir());
    Ok(root
        .ok_or("no folder above the crate holds the contracts, proto/quanyu")?
        .to_owned())
}

/// Where the compiler looks for imports. Two packages carry the files of others that our contracts import; those of
/// `third_party` are for clients in other languages.
pub(crate) fn includes(root: PathBuf) -> Result<[PathBuf; 3], Failure> {
    Ok([
        root,
        dependency("gcloud-googleapis-1.1")?.join("googleapis"),
        dependency("prost-protovalidate-types-0.6")?.join("proto"),
    ])
}

/// Every contract in a folder, in a stable order.
pub(crate) fn contracts(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
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
