use sha2::{Digest, Sha256};

use crate::Tenant;

/// What makes a request the same request: its tenant, its method and the id that its caller gave it. The digest tells
/// whether the same id came with another content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Whose request it is.
    pub tenant: Tenant,
    /// The method's full name: "quanyu.points.v1.PointsService/RedeemPoints".
    pub method: &'static str,
    /// The caller's id.
    pub request_id: String,
    /// SHA-256 of the encoded request.
    pub digest: [u8; 32],
}

impl RequestKey {
    /// The key of a request whose encoded content is `content`.
    pub fn new(tenant: Tenant, method: &'static str, request_id: &str, content: &[u8]) -> Self {
        Self {
            tenant,
            method,
            request_id: request_id.to_owned(),
            digest: Sha256::digest(content).into(),
        }
    }
}
