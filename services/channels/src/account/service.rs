use contracts_channels::v1::channel_account_service_server::ChannelAccountService;
use contracts_channels::v1::{
    CreateChannelAccountRequest, CreateChannelAccountResponse, GetChannelAccountRequest, GetChannelAccountResponse,
    ListChannelAccountsRequest, ListChannelAccountsResponse, RotateChannelSecretRequest, RotateChannelSecretResponse,
    UpdateChannelAccountRequest, UpdateChannelAccountResponse,
};

use crate::api::ChannelsApi;

rpc::serve_methods! {
    impl ChannelAccountService for ChannelsApi {
        create_channel_account(CreateChannelAccountRequest) -> CreateChannelAccountResponse;
        get_channel_account(GetChannelAccountRequest) -> GetChannelAccountResponse;
        list_channel_accounts(ListChannelAccountsRequest) -> ListChannelAccountsResponse;
        update_channel_account(UpdateChannelAccountRequest) -> UpdateChannelAccountResponse;
        rotate_channel_secret(RotateChannelSecretRequest) -> RotateChannelSecretResponse;
    }
}
