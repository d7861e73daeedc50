//! A contract as a value: its descriptors, and what its methods declare.

use std::fmt;
use std::sync::OnceLock;

use prost_reflect::DescriptorPool;

use crate::methods::{MethodFault, Methods};

/// The contract of one service with all that it imports, or several of them together.
///
/// Every crate of contracts has its own as `CONTRACT`. It is a constant of the build, and what it tells is read from the
/// descriptors when it is first asked for.
pub struct Contract {
    files: Files,
    imports: &'static [&'static Contract],
    descriptors: OnceLock<DescriptorPool>,
    methods: OnceLock<Result<Methods, Vec<MethodFault>>>,
}

/// The files of a contract, each a `google.protobuf.FileDescriptorSet` without its imports, which are in other contracts.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// As they were written.
    pub whole: &'static [u8],
    /// Without the comments, of which a process would otherwise keep several copies in memory.
    pub bare: &'static [u8],
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

impl Contract {
    /// Of these files.
    pub const fn new(files: Files, imports: &'static [&'static Self]) -> Self {
        Self {
            files,
            imports,
            descriptors: OnceLock::new(),
            methods: OnceLock::new(),
        }
    }

    /// Several as one.
    pub const fn of_all(contracts: &'static [&'static Self]) -> Self {
        let none = Files { whole: &[], bare: &[] };
        Self::new(none, contracts)
    }

    /// All files as a `google.protobuf.FileDescriptorSet`, with imports, options and comments.
    pub fn descriptor_set(&self) -> Vec<u8> {
        self.set_of(|files| files.whole)
    }

    fn set_of(&self, part: impl Fn(Files) -> &'static [u8]) -> Vec<u8> {
        let mut met = Vec::new();
        self.meet(&mut met);
        // Messages one behind the other are one message with the lists of all.
        let parts: Vec<&[u8]> = met.into_iter().map(|contract| part(contract.files)).collect();
        parts.concat()
    }

    /// Each contract once, behind its imports.
    fn meet<'a>(&'a self, met: &mut Vec<&'a Self>) {
        if !met.iter().any(|known| std::ptr::eq(*known, self)) {
            self.imports.iter().for_each(|import| import.meet(met));
            met.push(self);
        }
    }

    /// The descriptors of all files, with their options and without their comments.
    pub fn descriptors(&self) -> &DescriptorPool {
        self.descriptors.get_or_init(|| {
            let pool = DescriptorPool::decode(&*self.set_of(|files| files.bare));
            assert!(
                pool.is_ok(),
                "the build wrote a descriptor set that does not decode: {:?}",
                pool.err()
            );
            pool.unwrap_or_default()
        })
    }

    /// The methods of all files, or everything that they leave open.
    pub fn methods(&self) -> Result<&Methods, Vec<MethodFault>> {
        let methods = self.methods.get_or_init(|| Methods::read(self.descriptors()));
        methods.as_ref().map_err(Clone::clone)
    }

    /// Says which values an enum has, by its full name, but for the one that stands for none.
    pub fn must_be_one_of(&self, name: &str) -> String {
        crate::words::must_be_one_of(self, name)
    }
}
