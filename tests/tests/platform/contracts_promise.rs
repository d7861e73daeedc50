//! What every contract owes to the client that builds on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use prost_reflect::{DescriptorPool, EnumDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use rpc::{Access, Method};

use crate::architecture::{root, sources};

#[test]
fn every_method_has_a_policy_and_an_idempotency_level() {
    let methods = contracts_all::CONTRACT.methods().map(|methods| methods.iter().count());
    assert!(methods.expect("no contract leaves anything open") > 0);
}

#[test]
fn every_public_method_has_one_address_of_its_own() {
    let mut addresses = BTreeMap::new();
    for method in methods() {
        match (http_address(&method.descriptor), &method.access) {
            (None, Access::Internal) => {}
            (Some(_), Access::Internal) => panic!("{} is internal, and has an address", method.full_name),
            (None, Access::Public | Access::Scopes(_)) => panic!("{} has no address", method.full_name),
            (Some((verb, path)), Access::Public | Access::Scopes(_)) => {
                assert!(path.starts_with("/v1/"), "{}: {path}", method.full_name);
                let other = addresses.insert((verb, path), method.full_name);
                assert_eq!(other, None, "{} has the same address", method.full_name);
            }
        }
    }
}

#[test]
fn what_only_reads_is_asked_by_get_and_what_writes_is_not() {
    // Many keys and simulated activities are too much for an address.
    let long = |method: &&Method| {
        ["Batch", "Simulate"]
            .iter()
            .any(|verb| method.descriptor.name().starts_with(verb))
    };
    for method in methods().filter(|method| !(method.read_only && long(method))) {
        if let Some((verb, _)) = http_address(&method.descriptor) {
            assert_eq!(verb == "get", method.read_only, "{} by {verb}", method.full_name);
        }
    }
}

/// Scopes of other services that open a method, too: an import reads the tenant's time zone with the key that imports.
const LENT_SCOPES: [(&str, &[&str]); 1] = [(
    "quanyu.gateway.v1.TenantService/GetTenant",
    &["identity.import", "tagging.record"],
)];

#[test]
fn every_scope_begins_with_the_name_of_its_service() {
    for method in methods() {
        let Access::Scopes(scopes) = &method.access else {
            continue;
        };
        let lent = LENT_SCOPES.iter().find(|(name, _)| *name == method.full_name);
        let lent = lent.map_or(&[][..], |(_, scopes)| scopes);
        for scope in scopes.iter().filter(|scope| !lent.contains(&scope.as_str())) {
            let (owner, verb) = scope.split_once('.').unwrap_or_default();
            let is_owner = owner == method.service || (owner == "platform" && method.service == "gateway");
            assert!(is_owner && !verb.is_empty(), "{}: {scope}", method.full_name);
        }
    }
}

#[test]
fn every_mutation_carries_a_request_id_that_must_not_be_empty() {
    // What a platform sends is known by the platform's id.
    let receives = |method: &&Method| method.full_name == "quanyu.channels.v1.CallbackService/ReceiveCallback";
    for method in methods().filter(|method| !method.read_only && !receives(method)) {
        let request = method.descriptor.input();
        // A stream may carry a request id for each of its rows instead, and who asks for many things for each of them.
        let rows = request.fields().filter_map(|field| match field.kind() {
            Kind::Message(row) if field.is_list() && method.descriptor.is_client_streaming() => Some(row),
            Kind::Message(posting) if posting.name() == "Posting" => Some(posting),
            Kind::Message(each) if field.is_list() && field.name() == "requests" => Some(each),
            _ => None,
        });
        let rows = rows.flat_map(|row| [row.clone()].into_iter().chain(one_of(&row).unwrap_or_default()));
        let carriers: Vec<MessageDescriptor> = [request.clone()].into_iter().chain(rows).collect();
        let carries = |message: &MessageDescriptor| message.get_field_by_name("request_id").is_some();
        assert!(carriers.iter().any(carries), "{} has no request_id", method.full_name);
    }
}

/// The messages of which a message carries one.
fn one_of(message: &MessageDescriptor) -> Option<Vec<MessageDescriptor>> {
    let one = message.oneofs().next()?;
    let choices = one.fields().map(|field| match field.kind() {
        Kind::Message(choice) => Some(choice),
        _ => None,
    });
    choices.collect()
}

#[test]
fn every_request_and_response_is_one_method_s_own() {
    let mut owners = BTreeMap::new();
    for method in methods() {
        for message in [method.descriptor.input(), method.descriptor.output()] {
            let other = owners.insert(message.full_name().to_owned(), method.full_name);
            assert_eq!(other, None, "{} has {} too", method.full_name, message.full_name());
        }
    }
}

#[test]
fn no_message_names_the_tenant_that_is_the_credential_s_to_name() {
    let requests = methods()
        .filter(|method| method.access != Access::Internal)
        .map(|method| method.descriptor.input());
    for request in requests {
        assert!(
            request.get_field_by_name("tenant_id").is_none(),
            "{}",
            request.full_name()
        );
    }
}

#[test]
fn every_enum_starts_with_unspecified() {
    let enums: Vec<EnumDescriptor> = ours().all_enums().filter(|each| is_ours(each.full_name())).collect();
    assert!(!enums.is_empty());
    for each in enums {
        let zero = each
            .get_value(0)
            .unwrap_or_else(|| panic!("{} has no zero", each.full_name()));
        assert!(
            zero.name().ends_with("_UNSPECIFIED"),
            "{} begins with {}",
            each.full_name(),
            zero.name()
        );
    }
}

#[test]
fn everything_has_a_comment() {
    let mut silent = Vec::new();
    // Those at hand have none.
    let commented = DescriptorPool::decode(&*contracts_all::CONTRACT.descriptor_set()).unwrap();
    for file in commented.files().filter(|file| is_ours(file.package_name())) {
        let told = comments(&file);
        for (path, name) in elements(&file) {
            if !told.contains(&path) {
                silent.push(name);
            }
        }
    }
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
}

#[test]
fn every_reason_has_a_code_and_an_example() {
    let code = ours().get_extension_by_name("quanyu.options.v1.code").unwrap();
    for reasons in reasons() {
        let file = reasons.parent_file();
        let source = fs::read_to_string(root().join("proto").join(file.name())).unwrap();
        for value in reasons.values() {
            let options = value.options();
            let code = options.get_extension(&code);
            assert!(
                code.as_enum_number().is_some_and(|code| code > 0),
                "{} has no code",
                value.full_name()
            );
            let example = format!("{{\"reason\": \"{}\"", short(value.name()));
            assert!(
                value.number() == 0 || source.contains(&example),
                "{} has no example",
                value.full_name()
            );
        }
    }
}

/// Whether a test really produces a reason can be seen only by reading the test; that none is forgotten is seen here: each
/// reason is named by the tests, as a value of the enum or in words, and not only by the code that refuses with it. A
/// service whose own test goes through all values of the enum names none of them.
#[test]
fn every_reason_is_asked_for_by_a_test() {
    let mut forgotten = Vec::new();
    for reasons in reasons() {
        let package = reasons.package_name().to_owned();
        let service = package.split('.').nth(1).unwrap();
        // What every method may refuse with is tested wherever it is.
        let folders = match service {
            "type" => vec!["libs".to_owned(), "services".to_owned(), "tests/tests".to_owned()],
            service => vec![format!("services/{service}"), "tests/tests".to_owned()],
        };
        let tests: String = folders.iter().map(|folder| tests_below(folder)).collect();
        if has_word(&tests, "every_reason_is_produced") {
            continue;
        }
        for value in reasons.values().filter(|value| value.number() != 0) {
            let word = short(value.name());
            let variant = camel_case(word);
            if !has_word(&tests, word) && !has_word(&tests, &variant) {
                forgotten.push(format!("{package}: {word}"));
            }
        }
    }
    assert!(forgotten.is_empty(), "no test asks for: {forgotten:#?}");
}

/// The tests of a folder: the files of its folders of tests, and the modules of tests at the ends of its files.
fn tests_below(folder: &str) -> String {
    let mut tests = String::new();
    for file in sources(&root().join(folder)) {
        let text = fs::read_to_string(&file).unwrap();
        let is_test = |part: std::path::Component<'_>| {
            let part = part.as_os_str().to_string_lossy();
            part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs")
        };
        let own = file.strip_prefix(root()).unwrap();
        let this_file = own.ends_with("contracts_promise.rs");
        if own.components().any(is_test) && !this_file {
            tests.push_str(&text);
        } else if let Some((_, module)) = text.split_once("#[cfg(test)]\nmod ") {
            tests.push_str(module);
        }
    }
    tests
}

/// Whether a text has a word, and not only one that holds it.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !before.chars().next_back().is_some_and(goes_on) && !after.chars().next().is_some_and(goes_on)
    })
}

fn methods() -> impl Iterator<Item = &'static Method> {
    contracts_all::CONTRACT.methods().unwrap().iter()
}

fn ours() -> &'static DescriptorPool {
    contracts_all::CONTRACT.descriptors()
}

fn is_ours(name: &str) -> bool {
    name.starts_with("quanyu.")
}

fn reasons() -> Vec<EnumDescriptor> {
    let reasons: Vec<_> = ours()
        .all_enums()
        .filter(|each| is_ours(each.full_name()) && each.name() == "ErrorReason")
        .collect();
    let packages: BTreeSet<String> = reasons.iter().map(|each| each.package_name().to_owned()).collect();
    assert_eq!(packages.len(), 8, "{packages:?}");
    reasons
}

fn short(value: &str) -> &str {
    value.strip_prefix("ERROR_REASON_").unwrap()
}

fn camel_case(word: &str) -> String {
    let part = |part: &str| part[..1].to_owned() + &part[1..].to_lowercase();
    word.split('_').map(part).collect()
}

/// The verb and the path of a method in REST.
pub(crate) fn http_address(method: &MethodDescriptor) -> Option<(String, String)> {
    let http = ours().get_extension_by_name("google.api.http").unwrap();
    let options = method.options();
    if !options.has_extension(&http) {
        return None;
    }
    let rule = options.get_extension(&http).as_message()?.clone();
    let verbs = ["get", "put", "post", "delete", "patch"];
    verbs.into_iter().find_map(|verb| {
        let path = rule.get_field_by_name(verb)?.as_str()?.to_owned();
        (!path.is_empty()).then(|| (verb.to_owned(), path))
    })
}

/// The places in a file that have a comment before them.
fn comments(file: &FileDescriptor) -> BTreeSet<Vec<i32>> {
    let proto = file.file_descriptor_proto();
    let places = proto.source_code_info.iter().flat_map(|info| &info.location);
    let told = places.filter(|place| !place.leading_comments().trim().is_empty());
    told.map(|place| place.path.clone()).collect()
}

/// Every place in a file that needs a comment, with its name, by the field numbers of google.protobuf.FileDescriptorProto.
fn elements(file: &FileDescriptor) -> Vec<(Vec<i32>, String)> {
    let mut all = Vec::new();
    for (at, message) in file.messages().enumerate() {
        message_elements(&message, vec![4, number(at)], &mut all);
    }
    for (at, each) in file.enums().enumerate() {
        enum_elements(&each, vec![5, number(at)], &mut all);
    }
    for (at, service) in file.services().enumerate() {
        let path = vec![6, number(at)];
        for (at, method) in service.methods().enumerate() {
            all.push((below(&path, 2, at), method.full_name().to_owned()));
        }
        all.push((path, service.full_name().to_owned()));
    }
    all
}

fn message_elements(message: &MessageDescriptor, path: Vec<i32>, all: &mut Vec<(Vec<i32>, String)>) {
    if message.is_map_entry() {
        return;
    }
    let declared = message.descriptor_proto();
    for (at, field) in declared.field.iter().enumerate() {
        all.push((below(&path, 2, at), format!("{}.{}", message.full_name(), field.name())));
    }
    for (at, child) in message.child_messages().enumerate() {
        message_elements(&child, below(&path, 3, at), all);
    }
    for (at, child) in message.child_enums().enumerate() {
        enum_elements(&child, below(&path, 4, at), all);
    }
    all.push((path, message.full_name().to_owned()));
}

fn enum_elements(each: &EnumDescriptor, path: Vec<i32>, all: &mut Vec<(Vec<i32>, String)>) {
    for (at, value) in each.enum_descriptor_proto().value.iter().enumerate() {
        all.push((below(&path, 2, at), format!("{}.{}", each.full_name(), value.name())));
    }
    all.push((path, each.full_name().to_owned()));
}

fn below(path: &[i32], field: i32, at: usize) -> Vec<i32> {
    [path, &[field, number(at)]].concat()
}

fn number(at: usize) -> i32 {
    i32::try_from(at).unwrap()
}
