//! Rows that are wrong: told with everything that is wrong with them, by the columns of the file.

use super::*;

/// The reasons of each rejected row.
fn reasons(report: &Report) -> Vec<String> {
    listed(&report.rejected)
        .into_iter()
        .map(|mut row| row.remove(1))
        .collect()
}

/// Imports a file, after a trial that must judge the same.
async fn judged(host: &Host, what: fn(FileArgs) -> What, args: &FileArgs) -> Report {
    let trial = FileArgs {
        dry_run: true,
        ..args.clone()
    };
    let before = host.member_count().await;
    let trial = import(&what(trial)).await.unwrap();
    assert_eq!(host.member_count().await, before, "a trial writes nothing");
    let listed = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let (rejected, notes) = (listed(&trial.rejected), listed(&trial.notes));
    let report = import(&what(args.clone())).await.unwrap();
    assert_eq!(trial.figures, report.figures);
    assert_eq!((rejected, notes), (listed(&report.rejected), listed(&report.notes)));
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_member_is_told_in_one_round() {
    let host = Host::with_brand().await;
    let text = "channel_code,External ID,Phone,card_number,birth_date,register_time,proof\n\
        pos,u1,12345,,1990-02-31,soon,\n\
        moon,#N/A,12345,6.2E+15,1990-02-31,,oath\n\
        pos,#N/A,,,,,\n\
        moon,u4,,,,,\n\
        pos,,,,1800-01-01,,\n\
        pos,,,,,,\n\
        pos,u7,13712345670,,,2027-01-01,\n";
    let args = host.file("members.csv", text);
    let report = judged(&host, What::Members, &args).await;
    assert_eq!(rows(&report), (0, 0, 7));
    let columns = |reason: &str| -> Vec<String> {
        let mut columns: Vec<String> = reason
            .split("; ")
            .filter_map(|reason| Some(reason.split_once(": ")?.0.to_owned()))
            .collect();
        columns.sort();
        columns
    };
    let (id, phone) = ("External ID (external_id)", "Phone (phone)");
    let all = "External ID (external_id), Phone (phone), card_number";
    let expected: [(&[&str], &str); 7] = [
        (&[phone, "birth_date", "register_time"], ""),
        (&[id, phone, "birth_date", "card_number", "channel_code", "proof"], ""),
        (&[id], "(IDENTITY_BLOCKED)"),
        (&["channel_code"], "(NOT_FOUND)"),
        (&[all, "birth_date"], ""),
        (&[all], "(NOBODY_IDENTIFIED)"),
        (&["register_time"], ""),
    ];
    for (reason, (told, name)) in reasons(&report).iter().zip(expected) {
        assert_eq!(columns(reason), told, "{reason}");
        assert!(reason.ends_with(name), "{reason}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_an_activity_is_told_in_one_round() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    let long = "x".repeat(600);
    let text = format!(
        "Order No,activity_type,occur_time,external_id,amount,currency_code,sku,quantity,attributes.note\n\
        T1,order_paid,yesterday,u1,1.005,CNY,A,two,{long}\n\
        T2,Order Paid,2025-12-01,stranger,77,RMB,A,1,\n\
        T3,order_paid,2025-12-01,stranger,,,,,\n\
        T4,order_paid,2025-12-01,#N/A,,,,,\n\
        null,order_paid,yesterday,#N/A,,,,,\n\
        T6,order_paid,1900-01-01,u1,99999999999999,CNY,A,1,\n\
        T7,order_paid,2025-12-01,u1,,,,,{long}\n"
    );
    let mut args = host.file("orders.csv", text);
    args.maps = vec!["source_id=Order No".to_owned()];
    let report = judged(&host, What::Activities, &args).await;
    assert_eq!(rows(&report), (0, 0, 7));
    let columns = |reason: &str| -> Vec<String> {
        let mut columns: Vec<String> = reason
            .split("; ")
            .filter_map(|reason| Some(reason.split_once(": ")?.0.to_owned()))
            .collect();
        columns.sort();
        columns
    };
    let expected: [&[&str]; 7] = [
        &["amount", "attributes.note", "occur_time", "quantity"],
        &["activity_type", "currency_code", "external_id"],
        &["external_id"],
        &["external_id"],
        &["Order No (source_id)", "external_id", "occur_time"],
        &["amount", "occur_time"],
        &["attributes.note"],
    ];
    let told = reasons(&report);
    for (reason, expected) in told.iter().zip(expected) {
        assert_eq!(columns(reason), expected, "{reason}");
    }
    assert!(
        told[2].ends_with("register the member with identity first (MEMBER_NOT_FOUND)"),
        "{told:?}"
    );
    for at in [3, 4] {
        assert!(
            told[at].contains("can stand for nobody"),
            "no cure that is refused: {}",
            told[at]
        );
    }

    let line = r#"{"sourceId":"J1","activityType":"Order Paid","channelCode":"pos","externalId":"stranger","occurTime":"soon"}"#;
    let report = judged(&host, What::Activities, &host.file("orders.jsonl", line)).await;
    let rejected = std::fs::read_to_string(&report.rejected).unwrap();
    let told: serde_json::Value = serde_json::from_str(&rejected).unwrap();
    assert_eq!(
        columns(told["quanyu.reasons"].as_str().unwrap()),
        ["activityType", "externalId", "occurTime"],
        "{rejected}"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gender_that_says_nothing_is_told_as_left_out() {
    let host = Host::with_brand().await;
    let text = "external_id,gender\nu1,女\nu2,保密\nu3,unknown\nu4,\nu5,未知\n";
    let report = judged(&host, What::Members, &host.file("members.csv", text)).await;
    assert_eq!((rows(&report), report.figures.noted_rows), ((5, 0, 0), 3));
    for (note, word) in listed(&report.notes).iter().zip(["保密", "unknown", "未知"]) {
        assert!(note[1].starts_with(&format!("gender: {word} is left out")), "{note:?}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_stands_for_nothing_is_no_order_s_and_no_line_s() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    let text = "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,line_id,refunded_source_id\n\
        #N/A,order_paid,2025-12-01,u1,1,CNY,A,1,\n\
        T2,order_paid,2025-12-01,u1,1,CNY,A,null,\n\
        T3,order_refunded,2025-12-01,u1,1,CNY,A,1,undefined\n\
        T4,order_paid,2025-12-01,u1,1,CNY,A,0,\n";
    let report = judged(&host, What::Activities, &host.file("orders.csv", text)).await;
    assert_eq!(rows(&report), (1, 0, 3));
    for (reason, column) in reasons(&report)
        .iter()
        .zip(["source_id", "line_id", "refunded_source_id"])
    {
        assert!(reason.starts_with(&format!("{column}: ")), "{reason}");
    }
    host.stop().await;
}
