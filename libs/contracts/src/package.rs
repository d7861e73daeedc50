/// The body of a crate of contracts: what its build script wrote, in the module `packages`, and its `CONTRACT`.
///
/// ```ignore
/// contracts::package!(imports: [contracts::CONTRACT, contracts_tagging::CONTRACT]);
/// pub use packages::quanyu::points::*;
/// ```
#[macro_export]
macro_rules! package {
    (imports: [$($import:path),*]) => {
        /// As the build wrote it. Its documentation is the contracts' own comments.
        #[allow(
            dead_code,
            missing_docs,
            unreachable_pub,
            clippy::all,
            clippy::pedantic,
            clippy::restriction,
            rustdoc::all
        )]
        mod packages {
            include!(concat!(env!("OUT_DIR"), "/packages.rs"));
        }

        #[allow(unused_imports, unused_mut, clippy::all, clippy::pedantic, clippy::restriction)]
        mod rules {
            use super::packages::*;
            include!(concat!(env!("OUT_DIR"), "/rules.rs"));
        }

        #[allow(clippy::all, clippy::pedantic, clippy::restriction)]
        mod declared {
            include!(concat!(env!("OUT_DIR"), "/options.rs"));
            include!(concat!(env!("OUT_DIR"), "/texts.rs"));
        }

        /// The descriptors of this crate's packages and of what they import.
        pub static CONTRACT: $crate::Contract = $crate::Contract::new(
            $crate::Files {
                whole: include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin")),
                bare: include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")),
            },
            &[$(&$import),*],
        );
    };
}
