use std::io::Write;
use std::sync::{Arc, Mutex};

use contracts_points::v1::GetBalanceRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use tonic::Request;

use crate::platform::Platform;

/// What was logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains("answered"))
            .map(str::to_owned)
            .collect()
    }

    fn all(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_request_leaves_a_line_with_everything_but_the_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());

    let platform = Platform::start().await;
    platform.get("/v1/members/mbr_1/balances/points").await;
    let mut request = Request::new(GetBalanceRequest {
        member_id: "mbr_1".to_owned(),
        asset_code: "No Code".to_owned(),
        expiring_within_days: 0,
    });
    request
        .metadata_mut()
        .insert("x-api-key", platform.first.secret.reveal().parse().unwrap());
    PointsServiceClient::new(platform.connect().await)
        .get_balance(request)
        .await
        .unwrap_err();
    platform.send("GET", "/nowhere", &[], "").await;

    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let tenant = platform.first.tenant.to_string();
    for (line, outcome) in lines.iter().zip(["http.status=200", "rpc.code=InvalidArgument"]) {
        for part in [
            outcome,
            "quanyu.points.v1.PointsService/GetBalance",
            &tenant,
            "api_key_id=\"key_",
            "duration_us=",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(lines[2].contains("http.status=404"), "{}", lines[2]);
    let secret = &platform.first.secret.reveal()[3..];
    assert!(
        !log.all().contains(secret),
        "the key is nowhere in the log, at any level"
    );
}
