//! Telemetry starts from its configuration alone, and says what is wrong with it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use telemetry::{Process, TelemetryConfig, TelemetryError};

const PROCESS: Process = Process {
    role: None,
    version: "0.1.0",
};

/// One test, because a process starts its logging once.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_refused_or_started_once() {
    let config = TelemetryConfig::default();
    let refused = telemetry::init(
        &TelemetryConfig {
            log_filter: "info,=".to_owned(),
            ..config.clone()
        },
        &PROCESS,
    );
    assert!(matches!(refused, Err(TelemetryError::LogFilter(_))), "{refused:?}");

    let refused = telemetry::init(
        &TelemetryConfig {
            span_filter: "info,=".to_owned(),
            ..config.clone()
        },
        &PROCESS,
    );
    assert!(matches!(refused, Err(TelemetryError::SpanFilter(_))), "{refused:?}");

    let endpoint = Some("https://127.0.0.1:4317".to_owned());
    let refused = telemetry::init(
        &TelemetryConfig {
            otlp_endpoint: endpoint,
            ..config.clone()
        },
        &PROCESS,
    );
    assert!(matches!(refused, Err(TelemetryError::Endpoint(_))), "{refused:?}");

    let started = telemetry::init(
        &TelemetryConfig {
            log_json: true,
            ..config.clone()
        },
        &PROCESS,
    )
    .unwrap();
    assert!(
        telemetry::traceparent().is_none(),
        "nothing is recorded without an endpoint"
    );
    assert!(matches!(
        telemetry::init(&config, &PROCESS),
        Err(TelemetryError::AlreadyStarted)
    ));
    started.shutdown().await.unwrap();
}
