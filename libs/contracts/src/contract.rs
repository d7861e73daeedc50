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
    files: &'static [u8],
    imports: &'static [&'static Contract],
    descriptors: OnceLock<DescriptorPool>,
    methods: OnceLock<Result<Methods, Vec<MethodFault>>>,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

impl Contract {
    /// Of these files, a `google.protobuf.FileDescriptorSet` without its imports, which are in the other contracts.
    pub const fn new(files: &'static [u8], imports: &'static [&'static Self]) -> Self {
        Self {
            files,
            imports,
            descriptors: OnceLock::new(),
            methods: OnceLock::new(),
        }
    }

    /// Several as one.
    pub const fn of_all(contracts: &'static [&'static Self]) -> Self {
        Self::new(&[], contracts)
    }

    /// All files as a `google.protobuf.FileDescriptorSet`, with imports, options and comments.
    pub fn descriptor_set(&self) -> Vec<u8> {
        let mut met = Vec::new();
        self.meet(&mut met);
        // Messages one behind the other are one message with the lists of all.
        met.into_iter()
            .map(|contract| contract.files)
            .collect::<Vec<_>>()
            .concat()
    }

    /// Each contract once, behind its imports.
    fn meet<'a>(&'a self, met: &mut Vec<&'a Self>) {
        if !met.iter().any(|known| std::ptr::eq(*known, self)) {
            self.imports.iter().for_each(|import| import.meet(met));
            met.push(self);
        }
    }

    /// The descriptors of all files, with their options.
    pub fn descriptors(&self) -> &DescriptorPool {
        self.descriptors.get_or_init(|| {
            let pool = DescriptorPool::decode(&*self.descriptor_set());
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
