use gateway::{GatewayConfig, check_origin};
use http::StatusCode;

use crate::platform::Platform;

const SHOP: &str = "https://shop.example";

async fn with_origins(origins: &[&str]) -> Platform {
    Platform::start_with(GatewayConfig {
        cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        ..GatewayConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_and_read_the_answer() {
    let platform = with_origins(&[SHOP, "http://localhost:5173"]).await;
    for path in ["/v1/members", "/quanyu.points.v1.PointsService/GetBalance"] {
        let asked = [
            ("origin", SHOP),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type,connect-protocol-version",
            ),
        ];
        let answer = platform.send("OPTIONS", path, &asked, "").await;
        assert_eq!(
            (
                answer.status,
                answer.headers["access-control-allow-origin"].to_str().unwrap()
            ),
            (StatusCode::OK, SHOP)
        );
        let headers = answer.headers["access-control-allow-headers"].to_str().unwrap();
        for header in ["authorization", "x-api-key", "connect-protocol-version", "grpc-timeout"] {
            assert!(headers.contains(header), "{headers}");
        }
        assert!(
            answer.headers["vary"]
                .to_str()
                .unwrap()
                .to_ascii_lowercase()
                .contains("origin")
        );
    }
    let key = platform.first.secret.reveal();
    for key in [key, "qy_wrong"] {
        let answer = platform
            .send("GET", "/v1/tenant", &[("origin", SHOP), ("x-api-key", key)], "")
            .await;
        assert_eq!(answer.headers["access-control-allow-origin"], SHOP, "{answer:?}");
        let read = answer.headers["access-control-expose-headers"].to_str().unwrap();
        assert!(
            read.contains("grpc-status-details-bin") && read.contains("retry-after"),
            "{read}"
        );
    }
}

/// The call is answered; that a page may not read it, its browser sees by what is missing.
#[tokio::test]
async fn another_page_is_not_told_that_it_may() {
    let platform = with_origins(&[SHOP]).await;
    for origin in [
        "https://shop.example.evil",
        "http://shop.example",
        "https://other.shop.example",
        "null",
    ] {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let answer = platform.send("OPTIONS", "/v1/members", &asked, "").await;
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{origin}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn without_the_setting_no_page_may() {
    let platform = Platform::start().await;
    let asked = [("origin", SHOP), ("access-control-request-method", "POST")];
    let answer = platform.send("OPTIONS", "/v1/tenant", &asked, "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{answer:?}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let any = with_origins(&["*"]).await;
    let answer = any.send("OPTIONS", "/v1/tenant", &asked, "").await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

#[test]
fn an_origin_is_a_scheme_and_a_host() {
    for origin in ["*", SHOP, "http://localhost:5173", "https://xn--fiq228c.example"] {
        assert_eq!(check_origin(origin), Ok(()), "{origin}");
    }
    for origin in [
        "",
        "shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://me@shop.example",
        "https://Shop.example",
        "ftp://shop.example",
        "https://*.shop.example/?",
        "null",
    ] {
        assert!(check_origin(origin).is_err(), "{origin}");
    }
}
