//! Builds the contract `quanyu.campaign`.

fn main() -> Result<(), contracts_build::Failure> {
    contracts_build::package("campaign", &["tagging"])
}
