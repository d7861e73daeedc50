//! The client in Rust under `examples/till/` does what its README says.

use std::time::Duration;

use quanyu_sdk::{Client, Code, Options};
use till::sale;

use crate::host::Host;

#[tokio::test]
async fn a_till_that_begins_again_changes_nothing() {
    let host = Host::start().await;
    let client = Client::new(&format!("http://{}", host.platform.address()), host.key()).unwrap();
    let mut days = Vec::new();
    for _ in 0..2 {
        sale::set_up(&client).await.unwrap();
        let member = sale::recognise(&client, "card-17").await.unwrap();
        let earned = sale::earn(&client, &member, "receipt-1", 500).await.unwrap();
        let hold = sale::set_aside(&client, &member, "receipt-2", 200).await.unwrap();
        let spent = sale::spend(&client, &hold).await.unwrap();
        assert_eq!((earned.amount, spent.amount), (500, -200));
        assert_eq!(sale::balance(&client, &member).await.unwrap(), 300);
        let refused = sale::set_aside(&client, &member, "receipt-3", 301).await.unwrap_err();
        assert_eq!(refused.reason, "INSUFFICIENT_POINTS");
        days.push((member, earned.entry_id, hold.hold_id, spent.entry_id));
    }
    assert_eq!(days[0], days[1]);
}

#[tokio::test]
async fn an_absent_platform_is_told_as_such() {
    // Nobody listens on the port of discard.
    let options = Options {
        deadline: Duration::from_millis(500),
        ..Options::default()
    };
    let client = Client::with("http://127.0.0.1:9", "qy_none", options).unwrap();
    let error = sale::recognise(&client, "card-17").await.unwrap_err();
    assert_eq!(error.code, Code::Unavailable);
    assert!(Client::new("no address", "qy_none").is_err());
}
