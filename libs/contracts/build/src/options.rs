//! What the options of the contracts declare, as Rust.

use std::fmt::Write;

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, Value};

use crate::{Crate, Failure};

/// For a crate's own packages: `impl fault::Reason` for every `ErrorReason`, `impl kernel::Fact` for every fact, and `impl
/// Incoming` for the output of every method, which is our own and is not checked.
pub(crate) fn generate(pool: &DescriptorPool, of: &Crate) -> Result<String, Failure> {
    let code = extension(pool, "quanyu.options.v1.code")?;
    let fact = extension(pool, "quanyu.options.v1.fact")?;
    let mut out = String::new();
    for file in pool.files().filter(|file| of.holds(file.package_name())) {
        for reasons in file.enums().filter(|reasons| reasons.name() == "ErrorReason") {
            reason(&mut out, &reasons, &code)?;
        }
        for message in file.messages() {
            if let Some(name) = text(&message.options(), &fact) {
                let path = rust_path(message.full_name());
                writeln!(
                    out,
                    "impl kernel::Fact for {path} {{ const TYPE: &'static str = {name:?}; }}"
                )?;
            }
        }
        for method in file
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
        {
            writeln!(
                out,
                "impl ::contracts::codec::Incoming for {} {{}}",
                rust_path(method.output().full_name())
            )?;
        }
    }
    Ok(out)
}

fn reason(
    out: &mut String,
    reasons: &prost_reflect::EnumDescriptor,
    code: &ExtensionDescriptor,
) -> Result<(), Failure> {
    let package = reasons.package_name();
    let domain = package.rsplit_once(".v").map_or(package, |(domain, _)| domain);
    // The reasons that all packages share are the platform's own.
    let domain = if domain == "quanyu.type" { "quanyu" } else { domain };
    writeln!(out, "impl fault::Reason for {} {{", rust_path(reasons.full_name()))?;
    writeln!(
        out,
        "fn name(&self) -> &'static str {{ self.as_str_name().trim_start_matches(\"ERROR_REASON_\") }}"
    )?;
    writeln!(out, "fn domain(&self) -> &'static str {{ {domain:?} }}")?;
    writeln!(out, "fn code(&self) -> fault::Code {{ match i32::from(*self) {{")?;
    for value in reasons.values() {
        let number = match value.options().get_extension(code).as_ref() {
            Value::EnumNumber(number) if *number > 0 => *number,
            _ => return Err(format!("{} has no option (quanyu.options.v1.code)", value.full_name()).into()),
        };
        let name = code_name(code, number)?;
        writeln!(out, "{} => fault::Code::{name},", value.number())?;
    }
    writeln!(out, "_ => fault::Code::Internal }} }} }}")?;
    Ok(())
}

/// `REFUSAL_CODE_NOT_FOUND` as tonic writes it: `NotFound`.
fn code_name(code: &ExtensionDescriptor, number: i32) -> Result<String, Failure> {
    let kind = code.kind();
    let codes = kind.as_enum().ok_or("the option code is an enum")?;
    let value = codes.get_value(number).ok_or("a code without a name")?;
    let words = value.name().trim_start_matches("REFUSAL_CODE_").split('_');
    Ok(words
        .flat_map(|word| [word[..1].to_owned(), word[1..].to_lowercase()])
        .collect())
}

pub(crate) fn extension(pool: &DescriptorPool, name: &str) -> Result<ExtensionDescriptor, Failure> {
    pool.get_extension_by_name(name)
        .ok_or_else(|| format!("the contracts declare no option {name}").into())
}

fn text(options: &DynamicMessage, extension: &ExtensionDescriptor) -> Option<String> {
    options
        .has_extension(extension)
        .then(|| options.get_extension(extension).as_str().map(ToOwned::to_owned))
        .flatten()
}

/// `quanyu.points.v1.Lot` as the generated modules name it.
pub(crate) fn rust_path(full_name: &str) -> String {
    let path: Vec<&str> = full_name
        .split('.')
        .map(|part| if part == "type" { "r#type" } else { part })
        .collect();
    format!("crate::packages::{}", path.join("::"))
}
