use contracts_channels::v1::callback_service_server::CallbackService;
use contracts_channels::v1::channel_message_service_server::ChannelMessageService;
use contracts_channels::v1::{
    GetChannelMessageRequest, GetChannelMessageResponse, ListChannelMessagesRequest, ListChannelMessagesResponse,
    ReceiveCallbackRequest, ReceiveCallbackResponse, ReplayChannelMessagesRequest, ReplayChannelMessagesResponse,
};

use crate::api::ChannelsApi;

rpc::serve_methods! {
    impl CallbackService for ChannelsApi {
        receive_callback(ReceiveCallbackRequest) -> ReceiveCallbackResponse;
    }
}

rpc::serve_methods! {
    impl ChannelMessageService for ChannelsApi {
        get_channel_message(GetChannelMessageRequest) -> GetChannelMessageResponse;
        list_channel_messages(ListChannelMessagesRequest) -> ListChannelMessagesResponse;
        replay_channel_messages(ReplayChannelMessagesRequest) -> ReplayChannelMessagesResponse;
    }
}
