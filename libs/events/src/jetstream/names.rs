//! What things are called in NATS. A platform has names of its own, so that several share a server.

use async_nats::ServerAddr;

/// The names of one platform.
#[derive(Debug, Clone)]
pub(super) struct Names {
    platform: String,
}

/// Whether it can stand in subjects and in the names of streams.
pub fn is_platform_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(is_good)
}

/// Whether a server can be called there. A password does not belong into an address, which is told.
pub fn is_nats_url(url: &str) -> bool {
    let is_known = url.starts_with("nats://") || url.starts_with("tls://");
    let parsed = url.parse::<ServerAddr>();
    is_known && parsed.is_ok_and(|address| address.password().is_none() && address.username().is_none())
}

impl Names {
    pub(super) fn of(platform: &str) -> Self {
        Self {
            platform: platform.to_owned(),
        }
    }

    /// The stream of a service's facts. No dot may stand in it.
    pub(super) fn stream(&self, service: &str) -> String {
        format!("quanyu_{}_facts_{service}", self.platform)
    }

    /// The subject of a service's facts of one kind.
    pub(super) fn subject(&self, service: &str, kind: &str) -> String {
        format!("quanyu.{}.facts.{service}.{kind}", self.platform)
    }

    /// All of these subjects.
    pub(super) fn subjects(&self, service: &str) -> String {
        self.subject(service, ">")
    }

    /// Where those who wait for facts of a service are told that some were stored.
    pub(super) fn news(&self, service: &str) -> String {
        format!("quanyu.{}.news.{service}", self.platform)
    }
}

/// A consumer as NATS calls it: no dot may stand in it.
pub(super) fn durable(consumer: &str) -> String {
    consumer.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_and_each_service_has_names_of_its_own() {
        let names = Names::of("main");
        assert_eq!(names.stream("points"), "quanyu_main_facts_points");
        assert_eq!(
            names.subject("points", "points.earned"),
            "quanyu.main.facts.points.points.earned"
        );
        assert_eq!(names.subjects("points"), "quanyu.main.facts.points.>");
        assert_eq!(names.news("points"), "quanyu.main.news.points");
        assert_eq!(durable("points.earn"), "points_earn");
        assert!(is_nats_url("nats://a:4222") && is_nats_url("tls://a"));
        assert!(!is_nats_url("http://a") && !is_nats_url("a:4222") && !is_nats_url("nats://user:word@a"));
        assert!(
            is_platform_name("main-2") && !is_platform_name("") && !is_platform_name("a.b") && !is_platform_name("*")
        );
    }
}
