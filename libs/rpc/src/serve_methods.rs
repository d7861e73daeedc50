/// A service of the contracts by methods of the same names, each in the file of its name: what it takes, what it answers.
///
/// ```ignore
/// rpc::serve_methods! {
///     impl ActivityService for TaggingApi {
///         record_activities(RecordActivitiesRequest) -> RecordActivitiesResponse;
///         list_activities(ListActivitiesRequest) -> ListActivitiesResponse;
///
///         type StreamActivitiesStream = Results;
///
///         async fn stream_activities(
///             &self,
///             request: Request<Streaming<StreamActivitiesRequest>>,
///         ) -> Result<Response<Results>, Status> {
///             // ...
///         }
///     }
/// }
/// ```
///
/// `list_activities` is then answered by `TaggingApi::list_activities`, an async method that takes the
/// [`Call`](crate::Call) and gives the answer or a [`Fault`](fault::Fault): see [`answer`](crate::answer). What is not of
/// this form, such as a stream with its type, is written out, after the others.
#[macro_export]
macro_rules! serve_methods {
    (impl $service:ident for $api:ty { $($methods:tt)* }) => {
        $crate::serve_methods! { @next $service, $api, [] $($methods)* }
    };
    // One more method to hand on.
    (@next $service:ident, $api:ty, [$($handed_on:tt)*] $method:ident($request:ty) -> $answer:ty; $($rest:tt)*) => {
        $crate::serve_methods! { @next $service, $api, [$($handed_on)* { $method, $request, $answer }] $($rest)* }
    };
    // What is left is written out.
    (@next $service:ident, $api:ty, [$({ $method:ident, $request:ty, $answer:ty })*] $($written_out:tt)*) => {
        #[$crate::tonic::async_trait]
        impl $service for $api {
            $(
                async fn $method(
                    &self,
                    request: $crate::tonic::Request<$request>,
                ) -> ::core::result::Result<$crate::tonic::Response<$answer>, $crate::tonic::Status> {
                    $crate::answer(request, |call| self.$method(call)).await
                }
            )*
            $($written_out)*
        }
    };
}
