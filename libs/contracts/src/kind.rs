//! Which texts are identifiers. The build generates the codec by it, and documents tell it of each field.

use prost_reflect::{FieldDescriptor, Kind};

/// `TEXT_KIND_IDENTIFIER` and `TEXT_KIND_WORDS`.
const IDENTIFIER: i32 = 1;
const WORDS: i32 = 2;
/// What identifiers are called.
const NAMES: [&str; 4] = ["code", "cost_centre", "reference", "sku"];
/// How the names of others end.
const ENDS: [&str; 6] = ["_id", "_ids", "_code", "_codes", "_type", "_types"];

/// Whether the texts of a field are identifiers, as `quanyu.options.v1.TextKind` has it.
pub(crate) fn is_identifier(field: &FieldDescriptor) -> bool {
    let option = field.parent_pool().get_extension_by_name("quanyu.options.v1.text");
    let declared = option.and_then(|option| field.options().get_extension(&option).as_enum_number());
    let is_text = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind() == Kind::String,
        kind => kind == Kind::String,
    };
    is_text
        && match declared {
            Some(IDENTIFIER) => true,
            Some(WORDS) => false,
            _ => NAMES.contains(&field.name()) || ENDS.iter().any(|end| field.name().ends_with(end)),
        }
}
