use contracts_identity::v1::channel_service_server::ChannelService;
use contracts_identity::v1::{
    CreateChannelRequest, CreateChannelResponse, GetChannelRequest, GetChannelResponse, ListChannelsRequest,
    ListChannelsResponse, UpdateChannelRequest, UpdateChannelResponse,
};

use crate::api::IdentityApi;

rpc::serve_methods! {
    impl ChannelService for IdentityApi {
        create_channel(CreateChannelRequest) -> CreateChannelResponse;
        get_channel(GetChannelRequest) -> GetChannelResponse;
        list_channels(ListChannelsRequest) -> ListChannelsResponse;
        update_channel(UpdateChannelRequest) -> UpdateChannelResponse;
    }
}
