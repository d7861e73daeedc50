use fault::{Common, Fault};

use super::judgement::NotValid;

impl From<NotValid> for Fault {
    fn from(cause: NotValid) -> Self {
        Self::refused(Common::Unauthenticated, cause.to_string())
    }
}
