//! Files as people have them, imported into a running platform.

mod judged;
mod spoilt;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use contracts_gateway::v1::UpdateTenantRequest;
use contracts_identity::v1::{IdentityKind, ListMembersRequest, LookUpMemberRequest, Member};
use contracts_tagging::v1::{Activity, ListActivitiesRequest};
use quanyu::import::{EqualRows, FileArgs, LocalTime, Report, What, ZoneOrigin, import};
use tests::{brand, story};

use crate::host::Host;

impl Host {
    /// Writes a file, to be imported from.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> FileArgs {
        let path = self.place.folder().join(name);
        std::fs::write(&path, content).unwrap();
        let mut args = FileArgs::new(path, self.platform.address().to_string(), self.key());
        args.channel = Some(brand::POS.to_owned());
        args
    }

    async fn member(&self, external_id: &str) -> Option<Member> {
        let request = LookUpMemberRequest {
            kind: IdentityKind::ExternalId.into(),
            value: external_id.to_owned(),
            channel_code: brand::POS.to_owned(),
        };
        self.api
            .members()
            .look_up_member(request)
            .await
            .ok()?
            .into_inner()
            .member
    }

    async fn member_count(&self) -> usize {
        let request = ListMembersRequest {
            page_size: 500,
            ..ListMembersRequest::default()
        };
        let members = self.api.members().list_members(request).await.unwrap();
        members.into_inner().members.len()
    }

    async fn activities(&self, external_id: &str) -> Vec<Activity> {
        let request = ListActivitiesRequest {
            member_id: self.member(external_id).await.unwrap().member_id,
            page_size: 500,
            ..ListActivitiesRequest::default()
        };
        let activities = self.api.activities().list_activities(request).await.unwrap();
        activities.into_inner().activities
    }

    async fn points(&self, external_id: &str) -> i64 {
        self.settle().await;
        let member = self.member(external_id).await.unwrap().member_id;
        story::balance(&self.api, &member, brand::POINTS).await
    }
}

async fn members(args: &FileArgs) -> Report {
    import(&What::Members(args.clone())).await.unwrap()
}

async fn activities(args: &FileArgs) -> Report {
    import(&What::Activities(args.clone())).await.unwrap()
}

/// Rows that were imported, imported before, and rejected.
fn rows(report: &Report) -> (u64, u64, u64) {
    let figures = report.figures;
    assert_eq!(figures.lines(), report.lines, "every line is accounted for");
    (figures.imported.rows, figures.repeated.rows, figures.rejected.rows)
}

/// The cells of a file of rejected or noted rows, below its header.
fn listed(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .strip_prefix('\u{feff}')
        .expect("a mark, by which Excel knows UTF-8");
    let rows = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_quote_costs_one_row_and_is_named_by_its_line() {
    let host = Host::with_brand().await;
    let mut text = "external_id,name\n".to_owned();
    for row in 1..=1_000 {
        let name = if row == 3 { "\"Li" } else { "Li" };
        writeln!(text, "u{row},{name}").unwrap();
    }
    let report = members(&host.file("members.csv", text)).await;
    assert_eq!((rows(&report), report.lines), ((999, 0, 1), 1_001));
    let rejected = listed(&report.rejected);
    assert_eq!((rejected.len(), &*rejected[0][0]), (1, "4"));
    assert!(
        rejected[0][1].contains("name: a quote opens and does not close"),
        "{rejected:?}"
    );
    assert!(host.member("u2").await.is_some() && host.member("u1000").await.is_some());
    assert!(host.member("u3").await.is_none());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_large_rows_nor_a_huge_cell_end_an_import() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    let names: Vec<String> = (0..50).map(|name| format!("attributes.a{name}")).collect();
    let mut text = format!("source_id,activity_type,occur_time,external_id,{}\n", names.join(","));
    let values = vec!["x".repeat(512); 50].join(",");
    for row in 0..300 {
        writeln!(text, "B{row},browsed,2026-01-01,u1,{values}").unwrap();
    }
    writeln!(
        text,
        "huge,browsed,2026-01-01,u1,{}{}",
        "x".repeat(3_000_000),
        ",".repeat(49)
    )
    .unwrap();
    writeln!(text, "last,browsed,2026-01-01,u1{}", ",".repeat(50)).unwrap();
    let args = host.file("browsed.csv", text);
    let report = activities(&args).await;
    assert_eq!(rows(&report), (301, 0, 1));
    let rejected = std::fs::read_to_string(&report.rejected).unwrap();
    assert!(rejected.contains("302,") && rejected.contains("a row has at most 1048576"));
    assert_eq!(
        rows(&activities(&args).await),
        (0, 301, 1),
        "the same file again harms nothing"
    );
    // Lines of JSON, the same.
    let line = |source_id: &str, value: &str| {
        format!(
            r#"{{"sourceId":"{source_id}","activityType":"browsed","channelCode":"pos","externalId":"u1","occurTime":"2026-01-01T00:00:00Z","attributes":{{"a":"{value}"}}}}"#
        )
    };
    let json = [line("J1", "x"), line("J2", &"x".repeat(2_000_000)), line("J3", "x")].join("\n");
    assert_eq!(rows(&activities(&host.file("browsed.jsonl", json)).await), (2, 0, 1));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_judges_as_the_import_does_and_writes_nothing() {
    let host = Host::with_brand().await;
    let people = "external_id,phone,name,gender,birth_date,register_time\n\
        u1,13712345670,王小明,男,1990/5/1,2024/3/8 10:21\n\
        u2,13800138000,blocked phone,女,,\n\
        u3,12345,no phone,,,\n\
        u4,,born on no day,,1990-02-31,\n\
        0,,blocked,,,\n\
        u6,,from the future,,,2027-01-01\n\
        u7,,strange gender,X,,\n\
        ,,nobody,,,\n\
        6.22203E+15,,rounded,,,\n\
        u9,,\"open,,,\n\
        u10,,nul \0,,,\n\
        ,,,,,\n\
        u11,,last,,,\n";
    let args = host.file("members.csv", people);
    let trial = FileArgs {
        dry_run: true,
        ..args.clone()
    };
    let judged = members(&trial).await;
    assert_eq!((rows(&judged), judged.figures.noted_rows), ((4, 0, 8), 2));
    assert_eq!(host.member_count().await, 0, "nothing was written");
    let real = members(&args).await;
    assert_eq!(real.figures, judged.figures);
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&real.rejected), read(&judged.rejected), "for the same reasons");
    assert_eq!(read(&real.notes), read(&judged.notes));
    let noted = listed(&real.notes);
    assert!(
        noted[0][1].starts_with("phone: ") && noted[1][1].starts_with("gender: X"),
        "{noted:?}"
    );
    let member = host.member("u1").await.unwrap();
    let profile = member.profile.unwrap();
    assert_eq!((&*profile.name, &*profile.birth_date), ("王小明", "1990-05-01"));
    // 10:21 in Shanghai.
    assert_eq!(member.register_time.unwrap().seconds, 1_709_864_460);

    let orders = "source_id,activity_type,occur_time,external_id,amount,currency_code\n\
        T1,order_paid,2025-12-01,u1,\"1,288.00\",CNY\n\
        T2,order_paid,2025-12-01,nobody,1,CNY\n\
        T3,order_paid,2026-06-01,u1,1,CNY\n\
        T1,order_paid,2025-12-01,u1,\"1,288.00\",CNY\n\
        T4,Order Paid,2025-12-01,u1,1,CNY\n\
        T5,order_paid,2025-12-01,u1,1.005,CNY\n";
    let args = host.file("orders.csv", orders);
    let trial = FileArgs {
        dry_run: true,
        ..args.clone()
    };
    let judged = activities(&trial).await;
    assert_eq!(rows(&judged), (1, 1, 4));
    assert!(host.activities("u1").await.is_empty());
    let real = activities(&args).await;
    assert_eq!(real.figures, judged.figures);
    assert_eq!(read(&real.rejected), read(&judged.rejected));
    assert_eq!(
        host.activities("u1").await[0].amount.as_ref().unwrap().minor_units,
        128_800
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_spreadsheet_bring_the_same_members() {
    let host = Host::with_brand().await;
    let table = |id: &str, parted: char, end: &str| {
        [
            ["External ID", "NAME ", "\u{200b}City", ""],
            [id, "王小明", "上海", ""],
            ["", "", "", ""],
        ]
        .map(|cells| cells.join(&parted.to_string()) + end)
        .concat()
    };
    let gbk = |id: &str| {
        let header = b"External ID;NAME;city\r\n".to_vec();
        [
            &header,
            id.as_bytes(),
            b";\xcd\xf5\xd0\xa1\xc3\xf7;\xc9\xcf\xba\xa3\r\n",
        ]
        .concat()
    };
    let utf16 =
        |text: String, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let files: [(&str, Vec<u8>); 8] = [
        ("utf-8", table("f1", ',', "\n").into_bytes()),
        (
            "with a mark",
            format!("\u{feff}{}", table("f2", ';', "\r\n")).into_bytes(),
        ),
        ("tabs, CR", table("f3", '\t', "\r").into_bytes()),
        ("gbk", gbk("f4")),
        (
            "utf-16le",
            utf16(format!("\u{feff}{}", table("f5", '\t', "\r\n")), u16::to_le_bytes),
        ),
        (
            "utf-16be",
            utf16(format!("\u{feff}{}", table("f6", ',', "\r\n")), u16::to_be_bytes),
        ),
        ("sep=", format!("sep=;\r\n{}", table("f7", ';', "\r\n")).into_bytes()),
        (
            "no last end",
            table("f8", ',', "\n").trim_end_matches(",,,\n").as_bytes().to_vec(),
        ),
    ];
    for (number, (name, content)) in (1..).zip(files) {
        let report = members(&host.file(&format!("{name}.csv"), content)).await;
        assert_eq!(rows(&report), (1, 0, 0), "{name}");
        let member = host
            .member(&format!("f{number}"))
            .await
            .unwrap_or_else(|| panic!("{name}"));
        let profile = member.profile.unwrap();
        assert_eq!((&*profile.name, &*profile.city), ("王小明", "上海"), "{name}");
    }
    for (content, part) in [
        (&b"PK\x03\x04"[..], "Excel workbook"),
        (b"", "is empty"),
        (
            b"u1,13712345670\nu2,13712345671\n",
            "taken for the headers: u1, 13712345670",
        ),
        (b"exernal_id,phone\nu1,\n", "did you mean external_id?"),
        (
            b"external_id,External ID\nu1,u2\n",
            "two columns are the field external_id",
        ),
    ] {
        let fault = import(&What::Members(host.file("wrong.csv", content)))
            .await
            .unwrap_err();
        assert!(fault.to_string().contains(part), "{fault}");
    }
    let report = members(&host.file("header.csv", "external_id,phone")).await;
    assert_eq!((rows(&report), report.lines), ((0, 0, 0), 1));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_several_rows_is_one_activity() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\nu2\n")).await;
    let text = "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,quantity\n\
        T1,order_paid,2025-12-01,u1,100,CNY,A,1\n\
        T1,order_paid,2025-12-01,u1,100,CNY,B,1\n\
        T1,order_paid,,,200,,C,2\n\
        T2,order_paid,2025-12-01,u2,100,CNY,A,1\n\
        T3,order_paid,2025-12-01,u1,50,CNY,A,1\n\
        T2,order_paid,2025-12-01,u2,300,CNY,B,1\n\
        T4,order_paid,2025-12-01,u1,7,CNY,A,1\n\
        T4,order_paid,2025-12-01,u2,7,CNY,B,1\n\
        T5,order_paid,2025-12-01,u2,5,CNY,A,1\n\
        T5,order_paid,2025-12-01,u2,5,CNY,A,1\n";
    let args = host.file("orders.csv", text);
    let report = activities(&args).await;
    assert_eq!(rows(&report), (4, 0, 6));
    let reasons: Vec<String> = listed(&report.rejected)
        .into_iter()
        .map(|mut row| row.remove(1))
        .collect();
    for (row, part) in [
        (0, "do not follow each other"),
        (1, "do not follow each other"),
        (2, "external_id: is u2"),
        (3, "external_id: is u2"),
        (4, "--equal-rows"),
        (5, "--equal-rows"),
    ] {
        assert!(reasons[row].contains(part), "{row}: {reasons:?}");
    }
    assert_eq!((host.points("u1").await, host.points("u2").await), (450, 0));
    let order = host
        .activities("u1")
        .await
        .into_iter()
        .find(|activity| activity.source_id == "T1")
        .unwrap();
    assert_eq!((order.items.len(), order.amount.unwrap().minor_units), (3, 40_000));
    assert_eq!(
        rows(&activities(&args).await),
        (0, 4, 6),
        "the same file again harms nothing"
    );
    let sorted = FileArgs {
        equal_rows: Some(EqualRows::Add),
        ..host.file(
            "sorted.csv",
            "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,quantity\n\
            T2,order_paid,2025-12-01,u2,100,CNY,A,1\n\
            T2,order_paid,2025-12-01,u2,300,CNY,B,1\n\
            T5,order_paid,2025-12-01,u2,5,CNY,A,1\n\
            T5,order_paid,2025-12-01,u2,5,CNY,A,1\n",
        )
    };
    assert_eq!(rows(&activities(&sorted).await), (4, 0, 0));
    assert_eq!((host.points("u1").await, host.points("u2").await), (450, 410));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_corrected_in_place_and_imported_as_they_are() {
    let host = Host::with_brand().await;
    let mut args = host.file("members.csv", "openid,phone,note\nu1,12345,\"kept, as it is\"\nu2,,\n");
    args.maps = vec!["external_id=openid".to_owned()];
    let report = members(&args).await;
    assert_eq!(rows(&report), (1, 0, 1));
    let text = std::fs::read_to_string(&report.rejected).unwrap();
    assert!(
        text.starts_with("\u{feff}quanyu.line,quanyu.reasons,openid,phone,note\n2,"),
        "{text}"
    );
    assert!(text.ends_with(",u1,12345,\"kept, as it is\"\n"), "{text}");
    std::fs::write(&report.rejected, text.replace("u1,12345", "u1,13712345670")).unwrap();
    let corrected = FileArgs {
        file: report.rejected,
        ..args
    };
    assert_eq!(rows(&members(&corrected).await), (1, 0, 0));
    assert_eq!(host.member("u1").await.unwrap().identities.len(), 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_its_time_is_imported_by_the_same_file_later() {
    let host = Host::with_brand().await;
    let orders = host.file(
        "orders.csv",
        "source_id,activity_type,occur_time,external_id\nT1,order_paid,2025-12-01,u1\nT2,order_paid,2025-12-01,u\0\n",
    );
    assert_eq!(rows(&activities(&orders).await), (0, 0, 2));
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    assert_eq!(rows(&activities(&orders).await), (1, 0, 1));
    assert_eq!(host.activities("u1").await.len(), 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_without_a_zone_are_the_tenant_s_unless_the_import_names_another_zone() {
    let host = Host::with_brand().await;
    let registered = async |external_id: &str| {
        let member = host.member(external_id).await.unwrap();
        member.register_time.unwrap().seconds
    };
    let file = |external_id: &str| {
        let text = format!("external_id,register_time\n{external_id},2024-03-08 10:21\n");
        host.file(&format!("{external_id}.csv"), text)
    };
    // 10:21 in UTC.
    let ten_in_utc = 1_709_893_260;
    let told = |report: &Report| {
        report
            .local_time
            .clone()
            .map(|LocalTime { zone, origin }| (zone, origin))
    };

    let report = members(&file("u1")).await;
    assert_eq!(told(&report), Some(("Asia/Shanghai".to_owned(), ZoneOrigin::Tenant)));
    assert_eq!(registered("u1").await, ten_in_utc - 8 * 3_600);

    let request = UpdateTenantRequest {
        request_id: "moved".to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["time_zone".to_owned()],
        }),
        ..UpdateTenantRequest::default()
    };
    host.api.tenants().update_tenant(request).await.unwrap();
    let report = members(&file("u2")).await;
    assert_eq!(told(&report), Some(("Asia/Tokyo".to_owned(), ZoneOrigin::Tenant)));
    assert_eq!(registered("u2").await, ten_in_utc - 9 * 3_600);

    let mut args = file("u3");
    args.time_zone = Some("UTC".to_owned());
    let report = members(&args).await;
    assert_eq!(told(&report), Some(("UTC".to_owned(), ZoneOrigin::Named)));
    assert_eq!(registered("u3").await, ten_in_utc);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lines_of_json_come_back_as_lines_of_json_and_are_imported_again() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    let line = |source_id: &str, units: &str| {
        format!(
            r#"{{"sourceId": "{source_id}", "activityType": "order_paid", "externalId": "u1", "occurTime": "2025-12-01T00:00:00Z", "amount": {{"currencyCode": "CNY", "minorUnits": {units}}}}}"#
        )
    };
    let lines = [
        line("T1", "100"),
        line("T2", "-1"),
        "{\"sourceId\": \"T3\",".to_owned(),
        line("T1", "300"),
        line("T4", "\"200\""),
    ];
    let args = host.file("orders.jsonl", lines.join("\n"));
    let report = activities(&args).await;
    assert_eq!(rows(&report), (2, 0, 3));
    assert!(
        report.rejected.ends_with("orders.jsonl.rejected.jsonl"),
        "{:?}",
        report.rejected
    );
    let rejected = std::fs::read_to_string(&report.rejected).unwrap();
    let told: Vec<serde_json::Value> = rejected
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |key: &str| told.iter().map(|line| line[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("quanyu.line"), [2, 3, 4]);
    assert_eq!(of("sourceId"), ["T2".into(), serde_json::Value::Null, "T1".into()]);
    for (reason, part) in of("quanyu.reasons")
        .iter()
        .zip(["amount", "EOF", "sourceId: is recorded with another"])
    {
        assert!(reason.as_str().unwrap().contains(part), "{reason}");
    }

    let again = FileArgs {
        file: report.rejected,
        ..args
    };
    let unmended = activities(&again).await;
    assert_eq!(rows(&unmended), (0, 0, 3), "as it is, for the same reasons");
    let words = |text: &str| -> Vec<serde_json::Value> {
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .map(|mut line: serde_json::Value| {
                line.as_object_mut().unwrap().remove("quanyu.line").unwrap();
                line
            })
            .collect()
    };
    let twice = std::fs::read_to_string(&unmended.rejected).unwrap();
    assert_eq!(
        words(&twice),
        words(&rejected),
        "nothing is added but the place in the new file"
    );
    let mended = rejected
        .replace("\"minorUnits\": -1", "\"minorUnits\": 500")
        .replace("{\\\"sourceId\\\": \\\"T3\\\",", &line("T3", "1").replace('"', "\\\""))
        .replace("\"sourceId\": \"T1\"", "\"sourceId\": \"T1-2\"");
    std::fs::write(&again.file, mended).unwrap();
    assert_eq!(rows(&activities(&again).await), (3, 0, 0));
    assert_eq!(host.activities("u1").await.len(), 5);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_from_what_is_recorded_is_told_by_the_columns_of_the_file() {
    let host = Host::with_brand().await;
    members(&host.file("members.csv", "external_id\nu1\n")).await;
    let text = |paid: u32| {
        format!(
            "Order No,activity_type,occur_time,external_id,Paid,currency_code\nT1,order_paid,2025-12-01,u1,{paid},CNY\n"
        )
    };
    let import = async |name: &str, paid| {
        let mut args = host.file(name, text(paid));
        args.maps = vec!["source_id=Order No".to_owned(), "amount=Paid".to_owned()];
        activities(&args).await
    };
    assert_eq!(rows(&import("first.csv", 100).await), (1, 0, 0));
    let report = import("second.csv", 300).await;
    assert_eq!(rows(&report), (0, 0, 1));
    let reasons = &listed(&report.rejected)[0][1];
    assert!(
        reasons.starts_with(
            "Paid (amount): 100.00 CNY is recorded, and 300.00 CNY was sent; Order No (source_id): is recorded"
        ),
        "{reasons}"
    );
    host.stop().await;
}
