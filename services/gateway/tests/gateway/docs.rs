use gateway::{Exposure, GatewayConfig};
use http::StatusCode;

use crate::platform::Platform;

/// Nothing that the page needs is elsewhere: it works where there is no network beyond the gateway.
#[tokio::test]
async fn the_page_of_the_addresses_has_all_its_files_beside_it() {
    let platform = Platform::start().await;
    let moved = platform.send("GET", "/docs", &[], "").await;
    assert_eq!(
        (moved.status, moved.headers["location"].to_str().unwrap()),
        (StatusCode::PERMANENT_REDIRECT, "/docs/")
    );
    let page = platform.send("GET", "/docs/", &[], "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let places = page.text.split(['"', '\'']).collect::<Vec<_>>();
    let mut files: Vec<&str> = Vec::new();
    for pair in places.windows(2) {
        if let [before, place] = pair
            && (before.ends_with("src=") || before.ends_with("href="))
        {
            assert!(!place.contains("//"), "{place}");
            files.push(place);
        }
    }
    assert_eq!(files.len(), 4, "{}", page.text);
    for file in files {
        let (head, body) = platform.send_raw("GET", &format!("/docs/{file}"), &[], "".into()).await;
        assert_eq!(head.status, StatusCode::OK, "{file}");
        assert!(!body.is_empty(), "{file}");
        let content_type = head.headers["content-type"].to_str().unwrap();
        // A browser that may not guess runs nothing else.
        let is_script = file.rsplit_once('.').is_some_and(|(_, ending)| ending == "js");
        assert_eq!(
            content_type.starts_with("text/javascript"),
            is_script,
            "{file}: {content_type}"
        );
    }
    for nothing in ["/docs/other", "/docs/..%2fopenapi.json", "/docsy"] {
        assert_eq!(
            platform.send("GET", nothing, &[], "").await.status,
            StatusCode::NOT_FOUND,
            "{nothing}"
        );
    }
    let head = platform.send("HEAD", "/docs/swagger-ui-bundle.js", &[], "").await;
    assert_eq!((head.status, &*head.text), (StatusCode::OK, ""));
}

#[tokio::test]
async fn the_page_is_there_for_whom_the_document_is() {
    for (documents, status) in [
        (Exposure::Key, StatusCode::UNAUTHORIZED),
        (Exposure::Off, StatusCode::NOT_FOUND),
    ] {
        let platform = Platform::start_with(GatewayConfig {
            documents,
            ..GatewayConfig::default()
        })
        .await;
        for path in ["/docs", "/docs/", "/docs/swagger-ui.css"] {
            assert_eq!(
                platform.send("GET", path, &[], "").await.status,
                status,
                "{documents:?} {path}"
            );
        }
    }
}
