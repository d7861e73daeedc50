use bytes::Bytes;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::contract::{ContractError, is_served};

/// A `google.protobuf.FileDescriptorSet` whose files are not looked into: read as prost's own messages they would lose
/// their options, addresses and rules among them.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// The files of the contracts, with their comments and options, without those whose methods only peers may call. A file
/// is public as a whole or not at all, which stops the start otherwise.
pub(super) fn public_files() -> Result<Vec<u8>, ContractError> {
    let methods = contracts_all::CONTRACT.methods().map_err(ContractError::Methods)?;
    let all = Files::decode(&*contracts_all::CONTRACT.descriptor_set()).map_err(unreadable)?;
    let mut public = Files::default();
    for file in all.file {
        let content = FileDescriptorProto::decode(&*file).map_err(unreadable)?;
        let served: Vec<bool> = content
            .service
            .iter()
            .flat_map(|service| {
                let path = format!("/{}.{}/", content.package(), service.name());
                let names = service
                    .method
                    .iter()
                    .map(move |method| format!("{path}{}", method.name()));
                names
                    .map(|path| methods.at(&path).is_some_and(is_served))
                    .collect::<Vec<_>>()
            })
            .collect();
        match (served.contains(&true), served.contains(&false)) {
            (true, true) => return Err(ContractError::HalfPublic(content.name().to_owned())),
            (false, true) => {}
            (_, false) => public.file.push(file),
        }
    }
    Ok(public.encode_to_vec())
}

/// The files of the errors' details, under the names by which the whole world imports them.
pub(super) fn error_files() -> Result<FileDescriptorSet, ContractError> {
    let mut files = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET).map_err(unreadable)?;
    for file in &mut files.file {
        if file.package() == "google.rpc" && !file.name().contains('/') {
            file.name = Some(format!("google/rpc/{}", file.name()));
        }
    }
    Ok(files)
}

fn unreadable(error: prost::DecodeError) -> ContractError {
    ContractError::Reflection(error.into())
}
