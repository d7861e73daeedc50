//! Files that something has spoilt on the way: told by the line, and never read as something else in silence.

use super::*;

/// The reasons for which rows were rejected, by their lines.
fn reasons(report: &Report) -> Vec<(String, String)> {
    let rows = listed(&report.rejected).into_iter();
    rows.map(|mut row| (row.remove(0), row.remove(0))).collect()
}

/// What an import stops with.
async fn stopped(what: What) -> String {
    import(&what).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_by_whatever_parts_its_cells_or_the_sign_is_named() {
    let host = Host::with_brand().await;
    for (number, separator) in ["|", "^", "~", "\u{1}"].into_iter().enumerate() {
        let text = format!("external_id{separator}phone{separator}name\np{number}{separator}12{separator}Li, Lei\n");
        let mut args = host.file(&format!("{number}.csv"), text);
        args.separator = (number % 2 == 0).then_some(separator.as_bytes()[0]);
        let report = members(&args).await;
        assert_eq!(
            (rows(&report), report.separator),
            ((0, 0, 1), Some(separator.as_bytes()[0]))
        );
        // Excel opens what was rejected, and the command of the file itself imports it.
        let text = std::fs::read_to_string(&report.rejected).unwrap();
        assert!(text.contains("quanyu.reasons,external_id,phone,name"), "{text}");
        std::fs::write(&report.rejected, text.replace(",12,", ",,")).unwrap();
        args.file = report.rejected;
        assert_eq!(rows(&members(&args).await), (1, 0, 0));
        let profile = host.member(&format!("p{number}")).await.unwrap().profile.unwrap();
        assert_eq!(profile.name, "Li, Lei");
    }
    for (between, named) in [("，", "\"，\""), ("::", "\"::\""), ("  ", "\"  \"")] {
        let text = format!("external_id{between}phone\nu1{between}13712345670\n");
        for dry_run in [true, false] {
            let args = FileArgs {
                dry_run,
                ..host.file("unread.csv", &text)
            };
            let message = stopped(What::Members(args)).await;
            assert!(message.contains(named), "{message}");
        }
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stray_pair_of_quotes_swallows_no_rows_and_cells_of_several_lines_are_cells() {
    let host = Host::with_brand().await;
    let mut text = "external_id,name,address\n".to_owned();
    for row in 1..=20 {
        let (open, close) = (if row == 4 { "\"" } else { "" }, if row == 9 { "\"" } else { "" });
        writeln!(text, "u{row},{open}Li{close},Road {row}").unwrap();
    }
    text += "u21,Mei,\"Building 1, Room 2\nNanjing Road 3\nShanghai\"\n";
    let args = host.file("members.csv", &text);
    let trial = FileArgs {
        dry_run: true,
        ..args.clone()
    };
    let judged = members(&trial).await;
    assert_eq!((rows(&judged), judged.lines), ((15, 0, 6), 24));
    assert_eq!(judged.figures.imported.lines, 17);
    assert_eq!(host.member_count().await, 0);
    let report = members(&args).await;
    assert_eq!(report.figures, judged.figures);
    let told = reasons(&report);
    let lines: Vec<&str> = told.iter().map(|(line, _)| &**line).collect();
    assert_eq!(lines, ["5", "6", "7", "8", "9", "10"]);
    for (_, reason) in &told {
        assert!(
            reason.starts_with("name: lines 5 to 10 stand in one pair of quotes and look like rows"),
            "{reason}"
        );
    }
    let address = host.member("u21").await.unwrap().profile.unwrap().address;
    assert_eq!(address, "Building 1, Room 2\nNanjing Road 3\nShanghai");
    // Mended in place, and imported as it is.
    let rejected = std::fs::read_to_string(&report.rejected).unwrap();
    std::fs::write(
        &report.rejected,
        rejected.replace("\"\"\"Li\"", "Li").replace("\"Li\"\"\"", "Li"),
    )
    .unwrap();
    let mended = FileArgs {
        file: report.rejected,
        ..args.clone()
    };
    assert_eq!(rows(&members(&mended).await), (6, 0, 0));
    assert_eq!(host.member("u9").await.unwrap().profile.unwrap().name, "Li");
    // What looks like rows may be a text, if its owner says so.
    let mut note = host.file("note.csv", "external_id,address\nv1,\"Road 1\nv2,Road 2\"\n");
    assert_eq!(rows(&members(&note).await), (0, 0, 2));
    note.rows_in_cells = true;
    assert_eq!(rows(&members(&note).await), (1, 0, 0));
    assert!(host.member("v2").await.is_none());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_character_in_a_small_file_concerns_its_row_alone() {
    let host = Host::with_brand().await;
    let text = [
        "external_id,name\nu1,王小".as_bytes(),
        &"明".as_bytes()[..2],
        "\nu2,李雷\nu3,韩梅梅\n".as_bytes(),
    ]
    .concat();
    let report = members(&host.file("members.csv", text)).await;
    assert_eq!((rows(&report), report.encoding), ((2, 0, 1), "UTF-8"));
    let told = reasons(&report);
    assert_eq!(told[0].0, "2");
    assert!(told[0].1.starts_with("name: its character 3 is lost"), "{told:?}");
    assert_eq!(host.member("u2").await.unwrap().profile.unwrap().name, "李雷");
    // Where as much speaks for one as for the other, it is told where.
    let args = host.file("doubtful.csv", b"external_id,name\nu4,\xe7\x8e\x8b\xe5\n");
    let message = stopped(What::Members(args)).await;
    assert!(message.contains("on line 2 (byte 7 of the line, 0xE5)"), "{message}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_ids_whose_long_numbers_were_rounded_stops_before_anything_is_sent() {
    let host = Host::with_brand().await;
    let cards = "external_id,Card Number\nu1,622203001234567000\nu2,622203009876543000\nu3,\n";
    let orders = "Source ID,activity_type,occur_time,external_id\n\
        1234567890123450000,order_paid,2025-12-01,u1\n1234567890123460000,order_paid,2025-12-01,u1\n";
    for dry_run in [true, false] {
        let args = FileArgs {
            dry_run,
            ..host.file("cards.csv", cards)
        };
        let message = stopped(What::Members(args)).await;
        for part in [
            "Card Number (card_number): each of its long numbers",
            "622203001234567000 on line 2",
            "a spreadsheet has rounded this number: format the column as text and export it again",
            "--not-rounded",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        let args = FileArgs {
            dry_run,
            ..host.file("orders.csv", orders)
        };
        let message = stopped(What::Activities(args)).await;
        assert!(
            message.contains("Source ID (source_id): each of its long numbers"),
            "{message}"
        );
    }
    assert_eq!(host.member_count().await, 0);
    let trusted = FileArgs {
        not_rounded: vec!["card number".to_owned()],
        ..host.file("cards.csv", cards)
    };
    assert_eq!(rows(&members(&trusted).await), (3, 0, 0));
    host.stop().await;
}
