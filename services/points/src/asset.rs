//! Assets: what is counted, how it expires, and what a unit of it costs.

mod create_asset;
mod get_asset;
mod list_assets;
pub(crate) mod rows;
mod update_asset;
mod wire;
