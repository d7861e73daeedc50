//! The contracts that clients need, read from their files or from what a package ships.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::{Failure, variable};

/// What platforms say to each other, and what contracts say to platforms.
const LEFT_OUT: [&str; 2] = ["quanyu/events/internal/", "quanyu/options/"];

/// The contracts, with their comments, without rules of validation, addresses of REST and policies.
pub(crate) fn read(package: &Path, out: &Path) -> Result<FileDescriptorSet, Failure> {
    let shipped = package.join("contracts.bin");
    let root = package.join("../..");
    if !root.join("proto/quanyu").is_dir() {
        writeln!(io::stdout(), "cargo:rerun-if-changed={}", shipped.display())?;
        return Ok(FileDescriptorSet::decode(&*fs::read(shipped)?)?);
    }
    let proto = root.join("proto");
    writeln!(io::stdout(), "cargo:rerun-if-changed={}", proto.display())?;
    writeln!(io::stdout(), "cargo:rerun-if-changed=build")?;
    let written = out.join("compiled.bin");
    let compiler = variable("PROTOC").unwrap_or_else(|_| "protoc".to_owned());
    let includes = [
        proto.clone(),
        root.join("third_party/googleapis"),
        root.join("third_party/protovalidate"),
    ];
    let status = Command::new(compiler)
        .args(includes.iter().map(|folder| format!("-I{}", folder.display())))
        .args(["--include_imports", "--include_source_info"])
        .arg(format!("--descriptor_set_out={}", written.display()))
        .args(files(&proto)?)
        .current_dir(env::current_dir()?)
        .status()?;
    if !status.success() {
        return Err("the contracts cannot be compiled".into());
    }
    let mut set = FileDescriptorSet::decode(&*fs::read(written)?)?;
    set.file.retain(|file| is_kept(file.name()));
    for file in &mut set.file {
        file.dependency.retain(|name| is_kept(name));
        // Places of imports in a list that is another one now.
        file.public_dependency.clear();
        file.weak_dependency.clear();
    }
    Ok(set)
}

fn is_kept(name: &str) -> bool {
    let is_ours = name.starts_with("quanyu/") && !LEFT_OUT.iter().any(|folder| name.starts_with(folder));
    let is_known = name.starts_with("google/protobuf/") && !name.ends_with("/descriptor.proto");
    is_ours || is_known
}

/// The contracts' files, in a stable order.
fn files(proto: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut files, mut folders) = (Vec::new(), vec![proto.join("quanyu")]);
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
