//! Builds the contract `quanyu.points`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("points", &["tagging"])
}
