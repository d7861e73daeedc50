use contracts_identity::v1::blocked_value_service_server::BlockedValueService;
use contracts_identity::v1::{
    CreateBlockedValueRequest, CreateBlockedValueResponse, DeleteBlockedValueRequest, DeleteBlockedValueResponse,
    ListBlockedValuesRequest, ListBlockedValuesResponse,
};

use crate::api::IdentityApi;

rpc::serve_methods! {
    impl BlockedValueService for IdentityApi {
        create_blocked_value(CreateBlockedValueRequest) -> CreateBlockedValueResponse;
        list_blocked_values(ListBlockedValuesRequest) -> ListBlockedValuesResponse;
        delete_blocked_value(DeleteBlockedValueRequest) -> DeleteBlockedValueResponse;
    }
}
