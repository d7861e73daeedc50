//! Builds the contract `quanyu.tagging`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("tagging", &[])
}
