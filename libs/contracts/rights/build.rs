//! Builds the contract `quanyu.rights`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("rights", &[])
}
