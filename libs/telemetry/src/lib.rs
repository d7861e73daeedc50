//! OpenTelemetry: one start, traces over RPC and events, RED metrics.
