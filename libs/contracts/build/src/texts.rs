//! `impl Texts` and `impl Incoming` for everything that may arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::kind::is_identifier;
use crate::options::{extension, rust_path};
use crate::rules::Rules;
use crate::{Crate, Failure};

/// `buf.validate.Ignore.IGNORE_ALWAYS`.
const IGNORE_ALWAYS: i32 = 3;
/// The only message of others' that arrives and holds texts; the crate implements the trait for it.
const FIELD_MASK: &str = "google.protobuf.FieldMask";

/// Texts are judged wherever they stand but in fields that are left to be judged by themselves; messages without any are
/// passed by.
pub(crate) fn generate(pool: &DescriptorPool, of: &Crate, rules: &Rules) -> Result<String, Failure> {
    let contracts = Contracts {
        rules: extension(pool, "buf.validate.field")?,
        messages: arriving(pool, of),
    };
    let mut out = String::new();
    for message in contracts.messages.values() {
        contracts.texts(&mut out, message)?;
        incoming(&mut out, message, rules)?;
    }
    Ok(out)
}

struct Contracts {
    rules: ExtensionDescriptor,
    messages: BTreeMap<String, MessageDescriptor>,
}

/// Every message of a crate's own that a method takes, and every part of one. A package without a service holds parts for
/// the requests of others: all of its messages.
fn arriving(pool: &DescriptorPool, of: &Crate) -> BTreeMap<String, MessageDescriptor> {
    let served: BTreeSet<String> = pool.services().map(|it| it.package_name().to_owned()).collect();
    let parts = pool.all_messages().filter(|it| !served.contains(it.package_name()));
    let methods = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut waiting: Vec<MessageDescriptor> = methods.map(|method| method.input()).chain(parts).collect();
    let mut found = BTreeMap::new();
    while let Some(message) = waiting.pop() {
        if is_ours(&message)
            && of.holds(message.package_name())
            && !message.is_map_entry()
            && !found.contains_key(message.full_name())
        {
            waiting.extend(message.fields().filter_map(|field| held(&field)));
            found.insert(message.full_name().to_owned(), message);
        }
    }
    found
}

fn is_ours(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("quanyu.")
}

/// The message that a field holds, or the values of a map.
fn held(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => held(&entry.map_entry_value_field()),
        Kind::Message(message) => Some(message),
        _ => None,
    }
}

impl Contracts {
    /// Whether the message that holds the field leaves it to be judged by itself.
    fn is_left_alone(&self, field: &FieldDescriptor) -> bool {
        let options = field.options();
        let rules = options.get_extension(&self.rules);
        let ignore = rules.as_message().and_then(|rules| rules.get_field_by_name("ignore"));
        ignore.is_some_and(|ignore| ignore.as_enum_number() == Some(IGNORE_ALWAYS))
    }

    fn texts(&self, out: &mut String, message: &MessageDescriptor) -> Result<(), Failure> {
        let (mut tidy, mut judge) = (String::new(), String::new());
        for field in message.fields().filter(|field| real_oneof(field).is_none()) {
            self.field(&field, &mut tidy, &mut judge)?;
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            self.oneof(message, &oneof, &mut tidy, &mut judge)?;
        }
        writeln!(
            out,
            "impl ::contracts::text::Texts for {} {{",
            rust_path(message.full_name())
        )?;
        if !tidy.is_empty() {
            writeln!(out, "fn tidy(&mut self) {{\n{tidy}}}")?;
        }
        if !judge.is_empty() {
            let arguments = "at: &::contracts::text::Place<'_>, violations: &mut fault::Violations";
            writeln!(out, "fn judge(&self, {arguments}) {{\n{judge}}}")?;
        }
        writeln!(out, "}}")?;
        Ok(())
    }

    /// A field by itself: one, several or a map; an optional one reads as a list of at most one.
    fn field(&self, field: &FieldDescriptor, tidy: &mut String, judge: &mut String) -> Result<(), Failure> {
        let (name, rust) = (field.name(), rust_field(field.name()));
        let is_judged = !self.is_left_alone(field);
        if field.is_map() {
            return self.map(field, tidy, judge);
        }
        // Where the text is, how it is reached, and what closes that.
        let (place, open, it, close) = match (field.is_list(), field.supports_presence()) {
            (true, _) => {
                let open = format!("for (index, it) in self.{rust}.iter().enumerate() {{ ");
                (format!("at.item({name:?}, index)"), open, "it".to_owned(), " }")
            }
            (false, true) => {
                let open = format!("if let Some(it) = &self.{rust} {{ ");
                (format!("at.field({name:?})"), open, "it".to_owned(), " }")
            }
            (false, false) => (
                format!("at.field({name:?})"),
                String::new(),
                format!("&self.{rust}"),
                "",
            ),
        };
        match field.kind() {
            Kind::String => {
                if is_identifier(field) {
                    match field.is_list() || field.supports_presence() {
                        true => writeln!(tidy, "self.{rust}.iter_mut().for_each(::contracts::text::tidy);")?,
                        false => writeln!(tidy, "::contracts::text::tidy(&mut self.{rust});")?,
                    }
                }
                if is_judged {
                    let word = word(field);
                    writeln!(judge, "{open}{place}.{word}({it}, violations);{close}")?;
                }
            }
            Kind::Message(part) if has_texts(&part, &mut BTreeSet::new()) => {
                writeln!(tidy, "self.{rust}.iter_mut().for_each(|it| it.tidy());")?;
                if is_judged {
                    writeln!(judge, "{open}{it}.judge(&{place}, violations);{close}")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Keys are words; values are what the field says.
    fn map(&self, field: &FieldDescriptor, tidy: &mut String, judge: &mut String) -> Result<(), Failure> {
        let (name, rust) = (field.name(), rust_field(field.name()));
        let Kind::Message(entry) = field.kind() else {
            return Err(format!("{} is no map", field.full_name()).into());
        };
        if entry.map_entry_key_field().kind() != Kind::String || self.is_left_alone(field) {
            return Err(format!("{}: teach the build such maps first", field.full_name()).into());
        }
        let value = match entry.map_entry_value_field().kind() {
            Kind::String if is_identifier(field) => {
                writeln!(tidy, "self.{rust}.values_mut().for_each(::contracts::text::tidy);")?;
                "at.identifier(it, violations)"
            }
            Kind::String => "at.words(it, violations)",
            Kind::Message(part) if has_texts(&part, &mut BTreeSet::new()) => {
                writeln!(tidy, "self.{rust}.values_mut().for_each(|it| it.tidy());")?;
                "it.judge(at, violations)"
            }
            _ => "()",
        };
        writeln!(
            judge,
            "::contracts::text::judge_map(&self.{rust}, {name:?}, at, violations, |it, at, violations| {value});"
        )?;
        Ok(())
    }

    fn oneof(
        &self,
        message: &MessageDescriptor,
        oneof: &OneofDescriptor,
        tidy: &mut String,
        judge: &mut String,
    ) -> Result<(), Failure> {
        let rust = rust_field(oneof.name());
        let choices = format!("{}::{}", rust_module(message), oneof.name().to_upper_camel_case());
        let (mut tidied, mut judged) = (String::new(), String::new());
        for field in oneof.fields() {
            let (name, choice) = (field.name(), field.name().to_upper_camel_case());
            let choice = format!("Some({choices}::{choice}(it)) =>");
            let is_judged = !self.is_left_alone(&field);
            match field.kind() {
                Kind::String => {
                    if is_identifier(&field) {
                        writeln!(tidied, "{choice} ::contracts::text::tidy(it),")?;
                    }
                    if is_judged {
                        let word = word(&field);
                        writeln!(judged, "{choice} at.field({name:?}).{word}(it, violations),")?;
                    }
                }
                Kind::Message(part) if has_texts(&part, &mut BTreeSet::new()) => {
                    writeln!(tidied, "{choice} it.tidy(),")?;
                    if is_judged {
                        writeln!(judged, "{choice} it.judge(&at.field({name:?}), violations),")?;
                    }
                }
                _ => {}
            }
        }
        for (out, of, choices) in [(tidy, "&mut self", tidied), (judge, "&self", judged)] {
            if !choices.is_empty() {
                writeln!(out, "match {of}.{rust} {{ {choices} _ => {{}} }}")?;
            }
        }
        Ok(())
    }
}

/// Whether a text can stand anywhere in a message.
fn has_texts(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> bool {
    message.full_name() == FIELD_MASK
        || (is_ours(message)
            && seen.insert(message.full_name().to_owned())
            && message.fields().any(|field| {
                field.is_map()
                    || field.kind() == Kind::String
                    || held(&field).is_some_and(|part| has_texts(&part, seen))
            }))
}

/// Identifiers by which the same request, or item of one, is known again.
const OWN_NUMBERS: [&str; 2] = ["request_id", "item_id"];

/// How a text of the field is judged.
fn word(field: &FieldDescriptor) -> &'static str {
    match is_identifier(field) {
        true if OWN_NUMBERS.contains(&field.name()) => "own_number",
        true => "identifier",
        false => "words",
    }
}

/// What is decoded is tidied and checked: its texts, and its shape by the generated rules where there are any.
fn incoming(out: &mut String, message: &MessageDescriptor, rules: &Rules) -> Result<(), Failure> {
    let name = message.full_name();
    let shape = match rules.messages.contains(name) {
        true => format!(
            "::contracts::codec::shape(&crate::CONTRACT, {name:?}, prost_protovalidate::Validate::validate(self))"
        ),
        false => format!("::contracts::codec::shape_by_descriptor(&crate::CONTRACT, {name:?}, self)"),
    };
    writeln!(
        out,
        "impl ::contracts::codec::Incoming for {} {{\nconst IS_REQUEST: bool = true;\nfn tidy(&mut self) {{ ::contracts::text::Texts::tidy(self) }}\n\
         fn check(&self) -> Result<(), fault::Fault> {{ ::contracts::codec::check(self, {shape}) }} }}",
        rust_path(name)
    )?;
    Ok(())
}

fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// A field as prost names it.
fn rust_field(name: &str) -> String {
    const KEYWORDS: [&str; 8] = ["as", "enum", "for", "in", "match", "ref", "type", "where"];
    let name = name.to_snake_case();
    match KEYWORDS.contains(&&*name) {
        true => format!("r#{name}"),
        false => name,
    }
}

/// The module in which prost puts what belongs to a message.
fn rust_module(message: &MessageDescriptor) -> String {
    let path = rust_path(message.full_name());
    match path.rsplit_once("::") {
        Some((above, name)) => format!("{above}::{}", name.to_snake_case()),
        None => path.to_snake_case(),
    }
}
