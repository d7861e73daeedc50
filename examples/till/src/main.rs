//! A day at the till. Start the platform (`cargo run --release -- up`), take its first key, and run it twice: the second
//! day changes nothing, since every request keeps its id.
//!
//! ```sh
//! QUANYU_API_KEY=qy_... cargo run -p till
//! ```

use std::io::Write;

use clap::Parser;
use quanyu_sdk::{Client, Error};
use till::sale;

/// A till that knows its customers.
#[derive(Parser)]
struct Arguments {
    /// The gateway's address.
    #[arg(long, default_value = "http://127.0.0.1:7400")]
    address: String,
    /// The API key.
    #[arg(long, env = "QUANYU_API_KEY", hide_env_values = true)]
    key: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let client = Client::new(&arguments.address, arguments.key)?;
    sale::set_up(&client).await?;

    let member = sale::recognise(&client, "card-17").await?;
    say(&format!("card-17 belongs to {member}"));

    let entry = sale::earn(&client, &member, "receipt-1", 500).await?;
    say(&format!("receipt-1 earned {} points: {}", entry.amount, entry.entry_id));
    let again = sale::earn(&client, &member, "receipt-1", 500).await?;
    say(&format!("told again, it is the same entry: {}", again.entry_id));

    let hold = sale::set_aside(&client, &member, "receipt-2", 200).await?;
    let entry = sale::spend(&client, &hold).await?;
    say(&format!(
        "receipt-2 was paid with {} points",
        entry.amount.saturating_neg()
    ));
    say(&format!("{} points are left", sale::balance(&client, &member).await?));

    match sale::set_aside(&client, &member, "receipt-3", 1_000_000).await {
        Err(error) if error.reason == "INSUFFICIENT_POINTS" => {
            say(&format!("receipt-3 cannot be paid with points: {}", error.message));
            Ok(())
        }
        other => other.map(drop),
    }
}

fn say(line: &str) {
    // A reader that has gone away needs no lines.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
