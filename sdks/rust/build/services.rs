//! Writes the services: for each one a type with its methods, and its accessor on the client.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use prost_types::field_descriptor_proto::Label;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
};

use crate::names;

/// The numbers of fields in descriptors, of which paths to comments are made.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

type Messages<'a> = BTreeMap<String, &'a DescriptorProto>;

/// The code of all of them.
pub(crate) fn written(contracts: &FileDescriptorSet) -> String {
    let ours: Vec<_> = contracts
        .file
        .iter()
        .filter(|file| file.package().starts_with("quanyu."))
        .collect();
    let messages: Messages = ours
        .iter()
        .flat_map(|file| {
            file.message_type
                .iter()
                .map(|one| (format!(".{}.{}", file.package(), one.name()), one))
        })
        .collect();
    let (mut code, mut accessors) = (String::new(), String::new());
    write_packages(&ours, &mut code);
    code.push_str("/// The services of the platform.\npub mod services {\nuse crate::call::{Call, Calls, Method};\n");
    code.push_str("use crate::error::Error;\nuse crate::stream::Answers;\nuse futures::Stream;\n");
    let (mut asked, mut told) = (BTreeSet::new(), BTreeSet::new());
    for file in &ours {
        let comments = comments(file);
        for (index, service) in (0i32..).zip(&file.service) {
            let doc = |path: &[i32], pad| names::doc(comments.get(path).map_or("", |text| text), pad);
            let about = doc(&[SERVICE, index], "");
            let name = service.name();
            let _ = write!(
                code,
                "{about}#[derive(Clone, Debug)]\npub struct {name} {{ pub(crate) calls: Calls }}\n"
            );
            let _ = writeln!(code, "impl {name} {{");
            for (number, method) in (0i32..).zip(&service.method) {
                code.push_str(&doc(&[SERVICE, index, METHOD, number], "    "));
                write_method(
                    &format!("/{}.{name}/{}", file.package(), method.name()),
                    method,
                    &mut code,
                );
                if !method.client_streaming() && !method.server_streaming() {
                    asked.insert(method.input_type());
                    told.insert(method.output_type());
                }
            }
            code.push_str("}\n");
            let accessor = names::accessor(name);
            let _ = writeln!(
                accessors,
                "{about}    pub fn {accessor}(&self) -> services::{name} {{ services::{name} {{ calls: self.calls.clone() }} }}"
            );
        }
    }
    let _ = writeln!(code, "}}\nimpl crate::client::Client {{\n{accessors}}}");
    for name in asked {
        write_request(name, &messages, &mut code);
    }
    for name in told {
        write_page(name, &messages, &mut code);
    }
    code
}

/// A module for each package of the contracts.
fn write_packages(files: &[&FileDescriptorProto], code: &mut String) {
    let packages: BTreeSet<_> = files.iter().map(|file| file.package()).collect();
    for package in packages {
        let path = format!("::r#{}", package.replace('.', "::r#"));
        let module = names::module(package);
        let _ = write!(
            code,
            "/// The messages and enums of `{package}`.\npub mod {module} {{ pub use crate::packages{path}::*; }}\n"
        );
    }
}

/// The comments of a file, by the paths to what they are about.
fn comments(file: &FileDescriptorProto) -> BTreeMap<&[i32], &str> {
    let places = file.source_code_info.iter().flat_map(|info| &info.location);
    places.map(|place| (&*place.path, place.leading_comments())).collect()
}

fn write_method(path: &str, method: &MethodDescriptorProto, code: &mut String) {
    let level = method
        .options
        .as_ref()
        .map_or(IdempotencyLevel::IdempotencyUnknown, |options| {
            options.idempotency_level()
        });
    let is_safe = match level {
        IdempotencyLevel::IdempotencyUnknown => false,
        IdempotencyLevel::NoSideEffects | IdempotencyLevel::Idempotent => true,
    };
    let (name, asked, told) = (
        names::method(method.name()),
        names::message(method.input_type()),
        names::message(method.output_type()),
    );
    let method_code = format!("Method {{ path: {path:?}, is_safe: {is_safe} }}");
    let _ = match (method.client_streaming(), method.server_streaming()) {
        (false, false) => writeln!(
            code,
            "    pub fn {name}(&self, request: {asked}) -> Call<{asked}, {told}> {{ self.calls.call({method_code}, request) }}"
        ),
        (false, true) => writeln!(
            code,
            "    pub async fn {name}(&self, request: {asked}) -> Result<Answers<{told}>, Error> {{ \
             self.calls.answers({method_code}, futures::stream::iter([request])).await }}"
        ),
        (true, false) => writeln!(
            code,
            "    pub async fn {name}(&self, requests: impl Stream<Item = {asked}> + Send + 'static) -> Result<{told}, Error> {{ \
             self.calls.answer({method_code}, requests).await }}"
        ),
        (true, true) => writeln!(
            code,
            "    pub async fn {name}(&self, requests: impl Stream<Item = {asked}> + Send + 'static) -> \
             Result<Answers<{told}>, Error> {{ self.calls.answers({method_code}, requests).await }}"
        ),
    };
}

fn write_request(name: &str, messages: &Messages, code: &mut String) {
    let (path, fields) = (names::message(name), fields(name, messages));
    let request_id = match fields.contains("request_id") {
        true => "fn request_id(&mut self) -> Option<&mut String> { Some(&mut self.request_id) }",
        false => "",
    };
    let _ = writeln!(code, "impl crate::call::Asked for {path} {{ {request_id} }}");
    if fields.contains("page_token") {
        let set = "fn set_page_token(&mut self, token: String) { self.page_token = token; }";
        let _ = writeln!(code, "impl crate::pages::Listed for {path} {{ {set} }}");
    }
}

fn write_page(name: &str, messages: &Messages, code: &mut String) {
    if !fields(name, messages).contains("next_page_token") {
        return;
    }
    let path = names::message(name);
    let token = "fn next_page_token(&self) -> &str { &self.next_page_token }";
    let _ = writeln!(code, "impl crate::pages::Page for {path} {{ {token} }}");
    let lists: Vec<_> = messages
        .get(name)
        .iter()
        .flat_map(|message| &message.field)
        .filter(|field| field.label() == Label::Repeated && field.type_name().starts_with(".quanyu."))
        .collect();
    // A page with several lists, such as a statement's, is read page by page.
    if let [list] = &*lists {
        let item = names::message(list.type_name());
        let items = format!("fn into_items(self) -> Vec<{item}> {{ self.{} }}", list.name());
        let _ = writeln!(
            code,
            "impl crate::pages::Items for {path} {{ type Item = {item}; {items} }}"
        );
    }
}

fn fields<'a>(name: &str, messages: &Messages<'a>) -> BTreeSet<&'a str> {
    messages
        .get(name)
        .iter()
        .flat_map(|message| &message.field)
        .map(FieldDescriptorProto::name)
        .collect()
}
