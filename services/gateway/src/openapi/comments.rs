use std::collections::HashMap;

use prost::{DecodeError, Message};
use prost_reflect::{EnumDescriptor, EnumValueDescriptor, FieldDescriptor};
use prost_reflect::{MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use prost_types::FileDescriptorSet;

/// The comments of the contracts, by the element that they stand before.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    /// Of a `google.protobuf.FileDescriptorSet`.
    pub(super) fn read(set: &[u8]) -> Result<Self, DecodeError> {
        let mut comments = HashMap::new();
        for file in FileDescriptorSet::decode(set)?.file {
            let locations = file.source_code_info.iter().flat_map(|info| &info.location);
            for location in locations.filter(|location| location.leading_comments.is_some()) {
                let comment = clean(location.leading_comments());
                comments.insert((file.name().to_owned(), location.path.clone()), comment);
            }
        }
        Ok(Self(comments))
    }

    pub(super) fn of_service(&self, service: &ServiceDescriptor) -> &str {
        self.at(service.parent_file().name(), service.path())
    }

    pub(super) fn of_method(&self, method: &MethodDescriptor) -> &str {
        self.at(method.parent_file().name(), method.path())
    }

    pub(super) fn of_message(&self, message: &MessageDescriptor) -> &str {
        self.at(message.parent_file().name(), message.path())
    }

    pub(super) fn of_field(&self, field: &FieldDescriptor) -> &str {
        self.at(field.parent_file().name(), field.path())
    }

    pub(super) fn of_enum(&self, of: &EnumDescriptor) -> &str {
        self.at(of.parent_file().name(), of.path())
    }

    pub(super) fn of_value(&self, value: &EnumValueDescriptor) -> &str {
        self.at(value.parent_file().name(), value.path())
    }

    fn at(&self, file: &str, path: &[i32]) -> &str {
        self.0
            .get(&(file.to_owned(), path.to_owned()))
            .map_or("", String::as_str)
    }
}

/// A comment without the space after its slashes and without remarks to tools.
fn clean(comment: &str) -> String {
    let lines = comment
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines
        .filter(|line| !line.starts_with("buf:lint"))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
