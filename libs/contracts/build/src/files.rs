//! The descriptors of a crate's own files. Those of imports are in the crates that hold them.

use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};
use prost_types::FileDescriptorProto;

use crate::{Crate, Failure, IMPORTS};

/// A `google.protobuf.FileDescriptorSet` whose files are not looked into: read as prost's own messages they would lose
/// their options.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// The files of a set that are the crate's own.
pub(crate) fn own(set: &[u8], of: &Crate) -> Result<Vec<u8>, Failure> {
    let mut own = Files::default();
    for file in Files::decode(set)?.file {
        let read = FileDescriptorProto::decode(&*file)?;
        if of.holds(read.package()) {
            own.file.push(file);
        } else if !read.package().starts_with("quanyu.") && !IMPORTS.contains(&read.name()) {
            return Err(format!("{} is imported: add it to IMPORTS of libs/contracts/build", read.name()).into());
        }
    }
    Ok(own.encode_to_vec())
}

/// The same files without their comments, which are most of a set and of no use to who only reads messages.
pub(crate) fn without_comments(set: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut bare = Files::decode(set)?;
    for file in &mut bare.file {
        // What it does not know of a file, such as the options of this project, it keeps.
        let mut content = DynamicMessage::decode(FileDescriptorProto::default().descriptor(), &**file)?;
        content.clear_field_by_name("source_code_info");
        *file = content.encode_to_vec();
    }
    Ok(bare.encode_to_vec())
}
