use kernel::{Clock, Time};
use quanyu::platform::Platform;
use telemetry::Red;
use tests::{Api, Rest, brand};

use crate::place::Place;

/// When the clock of a test starts: 2026-01-01T00:00:00Z.
pub(crate) const START: Time = Time::from_seconds(1_767_225_600);

/// A platform within the test, whose clock is turned by hand.
pub(crate) struct Host {
    pub(crate) platform: Platform,
    /// As the platform's operator, with its first key.
    pub(crate) api: Api,
    pub(crate) place: Place,
    key: String,
}

impl Host {
    /// A new platform.
    pub(crate) async fn start() -> Self {
        Self::at(Place::new()).await
    }

    /// A new platform at a place, with the place's settings.
    pub(crate) async fn at(place: Place) -> Self {
        let platform = Platform::start(&place.config, Clock::manual(START), Red::default())
            .await
            .unwrap();
        let key = platform.first_key().unwrap().to_owned();
        let api = Api::new(platform.address(), &key);
        Self {
            platform,
            api,
            place,
            key,
        }
    }

    /// The platform of a place that was stopped.
    pub(crate) async fn again(place: Place, key: &str) -> Self {
        let platform = Platform::start(&place.config, Clock::manual(START), Red::default())
            .await
            .unwrap();
        let api = Api::new(platform.address(), key);
        Self {
            platform,
            api,
            place,
            key: key.to_owned(),
        }
    }

    /// A new platform with the brand of the stories.
    pub(crate) async fn with_brand() -> Self {
        let host = Self::start().await;
        host.found_brand().await;
        host
    }

    /// Sets up the brand of the stories.
    pub(crate) async fn found_brand(&self) {
        brand::found(&self.api).await.unwrap();
        self.settle().await;
    }

    /// The secret of the first key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// A caller of REST, with the first key.
    pub(crate) fn rest(&self) -> Rest {
        self.rest_as(Some(&self.key))
    }

    /// A caller of REST, with another key or without one.
    pub(crate) fn rest_as(&self, key: Option<&str>) -> Rest {
        Rest::new(self.platform.address(), key)
    }

    /// Lets every fact be applied and every worker do its work.
    pub(crate) async fn settle(&self) {
        self.platform.settle().await.unwrap();
    }

    pub(crate) fn now(&self) -> Time {
        self.platform.clock().now()
    }

    /// Stops it as Ctrl-C does.
    pub(crate) async fn stop(self) -> Place {
        self.platform.stop().await.unwrap();
        self.place
    }
}
