//! How messages of the contracts are read and written: prost, and on the way in the shape rules.

use std::marker::PhantomData;
use std::sync::LazyLock;

use fault::{Fault, Violations, together};
use prost::Message;
use prost_protovalidate::{Error, ValidationError, Validator};
use prost_reflect::{DynamicMessage, ReflectMessage};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::Contract;
use crate::text::{Place, Texts};

/// A message that may arrive. Requests and their parts bring their identifiers into one form and check their texts and
/// their shape, so that no handler ever sees one that breaks the rules; answers come from a peer of ours and are taken as
/// they are. The build implements it for both.
pub trait Incoming {
    /// Whether it is a caller's word, so that it is the caller's fault where it cannot be decoded.
    const IS_REQUEST: bool = false;

    /// Brings every identifier into its one form.
    fn tidy(&mut self) {}

    /// Refuses what breaks the rules, with every violation. Items of a batch are judged by themselves: by this, too.
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// The codec of every generated client and server.
#[derive(Debug, Clone)]
pub struct ContractCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ContractCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ContractCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Incoming + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = CheckedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder(ProstCodec::<T, U>::raw_decoder(BufferSettings::default()))
    }
}

/// Decodes, tidies, then checks.
#[derive(Debug)]
pub struct CheckedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + Incoming> Decoder for CheckedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let decoded = self.0.decode(buffer).map_err(|status| match U::IS_REQUEST {
            true => undecodable(&status),
            false => status,
        })?;
        let Some(mut message) = decoded else {
            return Ok(None);
        };
        message.tidy();
        message.check()?;
        Ok(Some(message))
    }
}

/// A request whose bytes are no message of its type, which prost would call a fault of ours.
fn undecodable(status: &Status) -> Status {
    let message = format!("the bytes are no message of this method: {}", status.message());
    Fault::invalid("", message).into()
}

/// What is wrong with a message: its texts, or its shape where the text is right.
pub fn check(message: &impl Texts, shape: Result<(), Fault>) -> Result<(), Fault> {
    together(check_texts(message), shape)
}

/// Refuses the texts that may not be, of a part whose shape is judged elsewhere.
pub fn check_texts(message: &impl Texts) -> Result<(), Fault> {
    let mut violations = Violations::new();
    message.judge(&Place::TOP, &mut violations);
    violations.finish()
}

/// The outcome of generated rules as ours.
pub fn shape(contract: &Contract, name: &str, outcome: Result<(), ValidationError>) -> Result<(), Fault> {
    outcome.map_err(|error| Fault::invalid_fields(crate::words::violations(contract, name, &error)))
}

/// The same for a message that the generator leaves out (rules within a oneof): by its descriptor, some microseconds
/// dearer.
pub fn shape_by_descriptor(contract: &Contract, name: &str, message: &impl Message) -> Result<(), Fault> {
    let descriptor = contract.descriptors().get_message_by_name(name);
    let descriptor = descriptor.ok_or_else(|| Fault::internal(format!("{name} has no descriptor")))?;
    let message = DynamicMessage::decode(descriptor, &*message.encode_to_vec()).map_err(Fault::internal)?;
    check_shape(contract, &message)
}

/// Refuses what breaks the shape rules, of a message that is known by its descriptor alone.
pub fn check_shape(contract: &Contract, message: &DynamicMessage) -> Result<(), Fault> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);
    match VALIDATOR.validate(message) {
        Ok(()) => Ok(()),
        Err(Error::Validation(error)) => shape(contract, message.descriptor().full_name(), Err(error)),
        Err(error) => Err(Fault::internal(error)),
    }
}
