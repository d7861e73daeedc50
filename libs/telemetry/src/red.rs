//! Rate, errors, duration: of every method that is served and of every consumer of facts. And what workers, which
//! nobody calls, tell about themselves: levels, which stand somewhere, and sums, which only grow.
//!
//! The figures are kept here, as atomics, and additionally recorded by OpenTelemetry's instruments when they are
//! exported. Keeping them only in OpenTelemetry was rejected: its Prometheus exporter is a second registry with a second
//! protobuf runtime, and without an exporter a request would still pay for building its attributes.

mod histogram;
mod prometheus;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram as Instrument, Meter};
use tonic::Code;

use self::histogram::Histogram;

/// Names beyond these many are counted together as `other`: a caller that invents methods cannot fill the memory.
const NAMES_MAX: usize = 1024;
const OTHER: &str = "other";
const CODES: usize = 17;

/// The rate, errors and duration of what one process serves and consumes. A clone counts into the same figures.
#[derive(Debug, Clone, Default)]
pub struct Red(Arc<Figures>);

#[derive(Debug, Default)]
struct Figures {
    methods: Named<Method>,
    consumers: Named<Consumer>,
    levels: Named<Level>,
    sums: Named<Sum>,
    followed: Named<Following>,
    instruments: Option<Instruments>,
}

type Named<T> = RwLock<BTreeMap<Arc<str>, Arc<T>>>;

#[derive(Debug, Default)]
struct Method {
    by_code: [OnceLock<Served>; CODES],
}

#[derive(Debug)]
struct Served {
    duration: Histogram,
    attributes: [KeyValue; 2],
}

#[derive(Debug)]
struct Consumer {
    facts: AtomicU64,
    duration: Histogram,
    attributes: [KeyValue; 1],
}

#[derive(Debug)]
struct Following {
    stream: String,
    position: AtomicI64,
    /// When the oldest fact happened that was told and is not applied, in microseconds; [`NONE`] where there is none.
    oldest: AtomicI64,
}

/// No fact waits.
const NONE: i64 = i64::MIN;

/// How far a consumer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The consumer: "ledger.earn".
    pub consumer: String,
    /// Whose facts it applies.
    pub stream: String,
    /// The last position that it has dealt with.
    pub position: i64,
    /// When the oldest fact happened that waits to be applied, in microseconds.
    pub oldest_micros: Option<i64>,
}

#[derive(Debug)]
struct Level {
    help: &'static str,
    value: AtomicI64,
    gauge: Option<Gauge<i64>>,
}

#[derive(Debug)]
struct Sum {
    help: &'static str,
    value: AtomicU64,
    counter: Option<Counter<u64>>,
}

#[derive(Debug)]
struct Instruments {
    meter: Meter,
    requests: Counter<u64>,
    errors: Counter<u64>,
    duration: Instrument<f64>,
    facts: Counter<u64>,
    apply_duration: Instrument<f64>,
}

impl Red {
    /// Figures that are also recorded by instruments of `meter`.
    pub fn exported(meter: &Meter) -> Self {
        let instruments = Some(Instruments::new(meter));
        Self(Arc::new(Figures {
            instruments,
            ..Figures::default()
        }))
    }

    /// Counts one answered request. `method` is `package.Service/Method`, without a leading slash.
    pub fn served(&self, method: &str, code: Code, took: Duration) {
        let figures = &*self.0;
        let entry = entry(&figures.methods, method, |_| Method::default());
        let Some(served) = entry.by_code.get(position(code)) else {
            return;
        };
        let served = served.get_or_init(|| Served::new(method, code));
        served.duration.record(took);
        if let Some(instruments) = &figures.instruments {
            instruments.requests.add(1, &served.attributes);
            instruments.duration.record(took.as_secs_f64(), &served.attributes);
            if is_error(code) {
                instruments.errors.add(1, &served.attributes);
            }
        }
    }

    /// Counts one batch of `facts` that `consumer` has applied.
    pub fn consumed(&self, consumer: &str, facts: usize, took: Duration) {
        let figures = &*self.0;
        let entry = entry(&figures.consumers, consumer, Consumer::new);
        let facts = u64::try_from(facts).unwrap_or(u64::MAX);
        entry.facts.fetch_add(facts, Ordering::Relaxed);
        entry.duration.record(took);
        if let Some(instruments) = &figures.instruments {
            instruments.facts.add(facts, &entry.attributes);
            instruments.apply_duration.record(took.as_secs_f64(), &entry.attributes);
        }
    }

    /// How far a consumer has come in a stream, and when the oldest fact happened that it was told and has not applied yet.
    pub fn follow(&self, consumer: &str, stream: &str, position: i64, oldest_micros: Option<i64>) {
        let entry = entry(&self.0.followed, consumer, |_| Following {
            stream: stream.to_owned(),
            position: AtomicI64::new(0),
            oldest: AtomicI64::new(NONE),
        });
        entry.position.store(position, Ordering::Relaxed);
        entry.oldest.store(oldest_micros.unwrap_or(NONE), Ordering::Relaxed);
    }

    /// How far every consumer of this process has come.
    pub fn followed(&self) -> Vec<Followed> {
        let followed = self.0.followed.read().unwrap_or_else(PoisonError::into_inner);
        let read = |(consumer, entry): (&Arc<str>, &Arc<Following>)| Followed {
            consumer: consumer.to_string(),
            stream: entry.stream.clone(),
            position: entry.position.load(Ordering::Relaxed),
            oldest_micros: Some(entry.oldest.load(Ordering::Relaxed)).filter(|oldest| *oldest != NONE),
        };
        followed.iter().map(read).collect()
    }

    /// Sets a level: "`ledger_open_findings`", with what it says in a sentence. Levels have no labels, so that their number
    /// is what the code names.
    pub fn level(&self, name: &'static str, help: &'static str, value: i64) {
        let figures = &*self.0;
        let entry = entry(&figures.levels, name, |_| Level {
            help,
            value: AtomicI64::new(0),
            gauge: figures.instruments.as_ref().map(|instruments| {
                let gauge = instruments.meter.i64_gauge(name).with_description(help);
                gauge.build()
            }),
        });
        entry.value.store(value, Ordering::Relaxed);
        if let Some(gauge) = &entry.gauge {
            gauge.record(value, &[]);
        }
    }

    /// Adds to a sum: "`ledger_checked_total`", with what it says in a sentence. Without labels, as levels are.
    pub fn add(&self, name: &'static str, help: &'static str, more: u64) {
        let figures = &*self.0;
        let entry = entry(&figures.sums, name, |_| Sum {
            help,
            value: AtomicU64::new(0),
            counter: figures.instruments.as_ref().map(|instruments| {
                let counter = instruments.meter.u64_counter(name).with_description(help);
                counter.build()
            }),
        });
        entry.value.fetch_add(more, Ordering::Relaxed);
        if let Some(counter) = &entry.counter {
            counter.add(more, &[]);
        }
    }

    /// All figures in the Prometheus text format, version 0.0.4, for `/metrics`.
    pub fn prometheus_text(&self) -> String {
        prometheus::text(&self.0)
    }
}

/// The figures of `name`, made when it is met first; those of `other` once too many names were met.
fn entry<T>(named: &Named<T>, name: &str, make: impl FnOnce(&str) -> T) -> Arc<T> {
    if let Some(entry) = named.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return Arc::clone(entry);
    }
    let mut named = named.write().unwrap_or_else(PoisonError::into_inner);
    let name = if named.len() < NAMES_MAX || named.contains_key(name) {
        name
    } else {
        OTHER
    };
    Arc::clone(named.entry(Arc::from(name)).or_insert_with(|| Arc::new(make(name))))
}

/// Whether the server is to blame: a refusal (`FAILED_PRECONDITION`, `NOT_FOUND` and so on) is an answer, not an error.
/// These are the codes that OpenTelemetry's conventions for gRPC servers count as errors.
fn is_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// Codes are 0 to 16 by their definition in gRPC.
fn position(code: Code) -> usize {
    usize::try_from(i32::from(code)).unwrap_or(CODES)
}

/// The code as people write it, such as `FAILED_PRECONDITION`.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

impl Served {
    fn new(method: &str, code: Code) -> Self {
        let attributes = [
            KeyValue::new("rpc.method", method.to_owned()),
            KeyValue::new("rpc.response.status_code", code_name(code)),
        ];
        Self {
            duration: Histogram::default(),
            attributes,
        }
    }
}

impl Consumer {
    fn new(name: &str) -> Self {
        let attributes = [KeyValue::new("messaging.consumer.group.name", name.to_owned())];
        Self {
            facts: AtomicU64::new(0),
            duration: Histogram::default(),
            attributes,
        }
    }
}

impl Instruments {
    fn new(meter: &Meter) -> Self {
        let seconds = |name: &'static str, description: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .with_boundaries(histogram::bounds_in_seconds())
                .build()
        };
        Self {
            meter: meter.clone(),
            requests: meter
                .u64_counter("rpc.server.requests")
                .with_description("Requests answered.")
                .build(),
            errors: meter
                .u64_counter("rpc.server.errors")
                .with_description("Requests the server failed.")
                .build(),
            duration: seconds("rpc.server.duration", "Time from request to answer."),
            facts: meter
                .u64_counter("events.consumed")
                .with_description("Facts applied by a consumer.")
                .build(),
            apply_duration: seconds("events.apply.duration", "Time to apply one batch of facts."),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const REDEEM: &str = "quanyu.points.v1.PointsService/RedeemPoints";

    #[test]
    fn requests_errors_and_durations_are_counted_by_method_and_code() {
        let red = Red::default();
        red.clone().served(REDEEM, Code::Ok, Duration::from_micros(1_500));
        red.served(REDEEM, Code::Ok, Duration::from_micros(90));
        red.served(REDEEM, Code::FailedPrecondition, Duration::from_micros(90));
        red.served(REDEEM, Code::Internal, Duration::from_mins(1));
        let text = red.prometheus_text();
        let of = |metric: &str, code: &str| format!("{metric}{{method=\"{REDEEM}\",code=\"{code}\"");
        for line in [
            format!("{}}} 2\n", of("rpc_server_requests_total", "OK")),
            format!("{}}} 1\n", of("rpc_server_requests_total", "FAILED_PRECONDITION")),
            format!("{}}} 1\n", of("rpc_server_errors_total", "INTERNAL")),
            format!("{},le=\"0.0001\"}} 1\n", of("rpc_server_duration_seconds_bucket", "OK")),
            format!("{},le=\"0.0025\"}} 2\n", of("rpc_server_duration_seconds_bucket", "OK")),
            format!(
                "{},le=\"10\"}} 0\n",
                of("rpc_server_duration_seconds_bucket", "INTERNAL")
            ),
            format!(
                "{},le=\"+Inf\"}} 1\n",
                of("rpc_server_duration_seconds_bucket", "INTERNAL")
            ),
            format!("{}}} 0.001590\n", of("rpc_server_duration_seconds_sum", "OK")),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
        assert!(
            !text.contains(&of("rpc_server_errors_total", "FAILED_PRECONDITION")),
            "a refusal is no error\n{text}"
        );
    }

    #[test]
    fn consumed_facts_are_counted_by_consumer() {
        let red = Red::default();
        red.consumed("points.earn", 512, Duration::from_millis(30));
        red.consumed("points.earn", 3, Duration::from_millis(1));
        let text = red.prometheus_text();
        assert!(
            text.contains("events_consumed_total{consumer=\"points.earn\"} 515\n"),
            "{text}"
        );
        assert!(
            text.contains("events_apply_duration_seconds_count{consumer=\"points.earn\"} 2\n"),
            "{text}"
        );
    }

    #[test]
    fn a_level_stands_where_it_was_set_last() {
        let red = Red::default();
        assert!(!red.prometheus_text().contains("open_findings"));
        red.level("open_findings", "What is open.", 3);
        red.level("open_findings", "What is open.", -2);
        let text = red.prometheus_text();
        let expected = "# HELP open_findings What is open.\n# TYPE open_findings gauge\nopen_findings -2\n";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_sum_grows() {
        let red = Red::default();
        red.add("checked_total", "What was checked.", 3);
        red.add("checked_total", "What was checked.", 4);
        let text = red.prometheus_text();
        assert!(
            text.contains("# TYPE checked_total counter\nchecked_total 7\n"),
            "{text}"
        );
    }

    #[test]
    fn invented_method_names_are_counted_together() {
        let red = Red::default();
        for number in 0..NAMES_MAX + 10 {
            red.served(&format!("Invented/{number}"), Code::Unimplemented, Duration::ZERO);
        }
        assert_eq!(red.0.methods.read().unwrap().len(), NAMES_MAX + 1);
        assert!(
            red.prometheus_text()
                .contains("rpc_server_requests_total{method=\"other\",code=\"UNIMPLEMENTED\"} 10\n")
        );
    }

    #[test]
    fn every_code_has_its_place_and_its_name() {
        for number in 0..17 {
            let code = Code::from_i32(number);
            assert_eq!(position(code), usize::try_from(number).unwrap());
            assert_eq!(
                code_name(code).replace('_', "").to_lowercase(),
                format!("{code:?}").to_lowercase()
            );
        }
    }
}
