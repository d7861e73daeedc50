//! Builds the contract `quanyu.identity`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("identity", &[])
}
