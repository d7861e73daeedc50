//! What a newcomer types first, and what an operator types when something is wrong.

use contracts_points::v1::GetReconciliationRequest;
use sea_orm::{ConnectionTrait, Statement};
use tests::{Api, Rest, brand};

use crate::process::{Process, quanyu, run};
use crate::server::Server;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_command_helps() {
    let overview = text(&run(&["--help"]).stdout);
    for command in [
        "up", "serve", "demo", "import", "link", "migrate", "backup", "restore", "keys", "clock", "parked", "doctor",
    ] {
        assert!(overview.contains(command), "{overview}");
        let help = run(&[command, "--help"]);
        assert!(
            help.status.success() && text(&help.stdout).contains("Usage:"),
            "{command}"
        );
    }
}

#[test]
fn a_command_line_that_cannot_be_understood_ends_with_a_status_of_its_own() {
    for arguments in [
        &["import", "members", "members.csv", "--nosuch"][..],
        &["import"],
        &["nosuch"],
        &["import", "members", "members.csv", "--key", "qy_1", "--map", "foo=bar"],
        &[
            "import",
            "members",
            "members.csv",
            "--key",
            "qy_1",
            "--time-zone",
            "Mars/Olympus",
        ],
        &["import", "members", "members.csv"],
    ] {
        let outcome = run(arguments);
        assert_eq!(
            outcome.status.code(),
            Some(64),
            "{arguments:?}: 2 is an import's that rejected rows"
        );
        assert!(!outcome.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(run(&["--version"]).status.code(), Some(0));
    let import = [
        "import",
        "activities",
        "orders.csv",
        "--address",
        "https://here",
        "--map",
        "foo=bar",
        "--map",
        "phone",
        "--time-zone",
        "Mars",
    ];
    let told = text(&run(&import).stderr);
    for wrong in [
        "--key: is needed",
        "--address: begins with https",
        "--map: there is no field foo: source_id",
        "--map: phone must be FIELD=HEADER",
        "--time-zone: there is no time zone Mars",
    ] {
        assert!(told.contains(wrong), "{wrong}: {told}");
    }
}

#[test]
fn everything_that_is_wrong_with_a_configuration_is_told_at_once_and_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = quanyu();
    command
        .args(["serve", "points", "--check-config", "--folder"])
        .arg(&data);
    let outcome = command
        .env("QUANYU_DATABASE_URL", "mysql://here")
        .env("QUANYU_SIGNING_KEY", "short")
        .env("QUANYU_SIGNING_KEY_HONOURED", "short")
        .output()
        .unwrap();
    assert!(!outcome.status.success());
    let told = text(&outcome.stderr);
    for setting in ["database_url", "signing_key:", "signing_key_honoured:"] {
        assert!(told.contains(setting), "{told}");
    }
    for place in [
        "(set by QUANYU_DATABASE_URL; write it like QUANYU_DATABASE_URL=postgres://",
        "(set by QUANYU_SIGNING_KEY; ",
        "(not set; write peers.identity = \"http://10.0.0.7:7401\" into the file, or QUANYU_PEERS__IDENTITY=http://",
    ] {
        assert!(told.contains(place), "{place}: {told}");
    }
    let outcome = quanyu().args(["serve", "points"]).output().unwrap();
    let told = text(&outcome.stderr);
    for setting in ["signing_key", "peers.identity", "peers.tagging"] {
        assert!(told.contains(setting), "{told}");
    }
    assert!(!data.exists());
}

#[test]
fn what_cannot_be_read_of_a_configuration_is_told_with_all_the_rest_and_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quanyu.toml");
    let text_of_file = "concurrency_max = \"many\"\ndrain_seconds = -1\ncolour = 1\n[peers]\nidentity = 7\n";
    std::fs::write(&file, text_of_file).unwrap();
    let check = || {
        let outcome = quanyu()
            .args([
                "serve",
                "points",
                "--check-config",
                "--admin-listen",
                "nowhere",
                "--config",
            ])
            .arg(&file)
            .env("QUANYU_LISTEN", "here")
            .env("QUANYU_MERGE_UNDO_DAYS", "soon")
            .env("QUANYU_SIGNING_KYE", "a key")
            .output()
            .unwrap();
        assert_eq!(outcome.status.code(), Some(64));
        text(&outcome.stderr)
    };
    let told = check();
    let path = file.display();
    for line in [
        format!("colour: is no setting: --print-config shows all of them (in {path})"),
        "QUANYU_SIGNING_KYE: is no setting: did you mean QUANYU_SIGNING_KEY?".to_owned(),
        format!("concurrency_max: is a text, and must be a whole number (set in {path}; write it like concurrency_max = 1024)"),
        format!("drain_seconds: is a whole number that is too small or too large (set in {path}; write it like drain_seconds = 20)"),
        format!("peers.identity: is a whole number, and must be a text (set in {path}; write it like peers.identity = \"http://10.0.0.7:7401\")"),
        "listen: must be an address and a port, with a colon between them (set by QUANYU_LISTEN; write it like QUANYU_LISTEN=127.0.0.1:7400)".to_owned(),
        "admin_listen: must be an address and a port, with a colon between them (set by --admin-listen; write it like --admin-listen 127.0.0.1:7490)".to_owned(),
        "merge_undo_days: is a text, and must be a whole number (set by QUANYU_MERGE_UNDO_DAYS; write it like QUANYU_MERGE_UNDO_DAYS=".to_owned(),
        "signing_key: must be set, to the same in every process of the platform (not set; write ".to_owned(),
        "peers.tagging: must be set: points works with it (not set; write ".to_owned(),
    ] {
        assert!(told.contains(&format!("  {line}")), "{line}\n{told}");
    }
    assert_eq!(told.lines().count(), 12, "{told}");

    // What is no TOML at all hides nothing of what stands elsewhere.
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\nsigning_key = short").unwrap();
    let told = check();
    assert!(told.contains("cannot be read as TOML at line 2, column 15: "), "{told}");
    assert!(
        told.contains("  listen: ") && told.contains("  admin_listen: "),
        "{told}"
    );
    assert!(!told.contains("must be set"), "{told}");
}

#[test]
fn a_checked_configuration_has_telemetry_that_starts_and_each_of_its_faults_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quanyu.toml");
    let text_of_file = "first_api_key = \"short\"\ndatabase_connections_max = 1\ndiscovery = \"consul\"\n\
        signing_key = \"a key that the processes of this test share\"\n\
        [peers]\nidentity = \"http://10.0.0.7:7401\"\nrights = \"http://10.0.0.7:7402\"\ntaging = \"10.0.0.7:7402\"\n\
        [telemetry]\nservice_name = \"\"\notlp_endpoint = \"collector:4317\"\nlog_filter = \"warning\"\nspan_filter = \"info,=\"\n";
    std::fs::write(&file, text_of_file).unwrap();
    let check = |command: &[&str]| {
        let outcome = quanyu()
            .args(command)
            .args(["--check-config", "--config"])
            .arg(&file)
            .env("QUANYU_FOO", "1")
            .output()
            .unwrap();
        assert_eq!(outcome.status.code(), Some(64));
        text(&outcome.stderr)
    };
    for (command, of_command) in [
        (
            &["serve", "points"][..],
            &[
                "database_connections_max: must be at least 2 for points",
                "peers.taging: is no service: did you mean peers.tagging?",
            ][..],
        ),
        (
            &["up"],
            &[
                "first_api_key: ",
                "database_connections_max: must be at least 15 where one process serves all services",
            ],
        ),
    ] {
        let told = check(command);
        for line in [
            "QUANYU_FOO: is no setting: --print-config shows all of them",
            "discovery: is \"consul\", and must be static, dns or etcd (set in ",
            "telemetry.service_name: must not be empty",
            "telemetry.otlp_endpoint: collector:4317 lacks its scheme: write http://collector:4317 (set in ",
            "telemetry.log_filter: has warning, which is no level",
            "telemetry.span_filter: is no filter such as info,sqlx=warn",
        ]
        .iter()
        .chain(of_command)
        {
            assert!(told.contains(&format!("  {line}")), "{line}\n{told}");
        }
        let settings = told.lines().skip(1).filter_map(|line| line.split_once(": "));
        let mut settings: Vec<&str> = settings.map(|(setting, _)| setting.trim()).collect();
        let count = settings.len();
        settings.sort_unstable();
        settings.dedup();
        assert_eq!((settings.len(), count), (9, 9), "each once: {told}");
    }
}

#[test]
fn what_could_never_start_is_no_valid_configuration_and_its_example_can_be_typed() {
    let told = |command: &[&str], variable: &str, value: &str| {
        let outcome = quanyu()
            .args(command)
            .arg("--check-config")
            .env(variable, value)
            .output()
            .unwrap();
        assert_eq!(outcome.status.code(), Some(64), "{variable}={value}");
        text(&outcome.stderr)
    };
    // All services would work with one file.
    let sqlite = told(&["up"], "QUANYU_DATABASE_URL", "sqlite:quanyu.db");
    assert!(
        sqlite.contains("database_url: must begin with \"postgres://\"; for SQLite leave it out"),
        "{sqlite}"
    );
    let peers = told(&["up"], "QUANYU_PEERS", "http://10.0.0.7:7401");
    assert!(
        peers.contains("write it like QUANYU_PEERS__POINTS=http://10.0.0.7:7401)"),
        "{peers}"
    );
    let role = told(&["serve", "pionts"], "QUANYU_ZONE", "a");
    assert!(role.contains("pionts is none: did you mean points?"), "{role}");
}

#[test]
fn the_configuration_is_printed_and_checked_without_a_command_and_nothing_else_is_done_without_one() {
    let [alone, with_command] = [&["--print-config"][..], &["up", "--print-config"]].map(run);
    assert!(alone.status.success(), "{}", text(&alone.stderr));
    assert_eq!(text(&alone.stdout), text(&with_command.stdout));
    assert!(run(&["--check-config"]).status.success());
    let nothing = run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(nothing.status.code(), Some(64));
    assert!(
        text(&nothing.stderr).contains("no command is named"),
        "{}",
        text(&nothing.stderr)
    );
}

#[test]
fn a_printed_configuration_has_no_secret_and_can_be_read_again() {
    let secret = "a secret of more than thirty-two characters";
    let mut command = quanyu();
    let outcome = command
        .args(["up", "--print-config"])
        .env("QUANYU_SIGNING_KEY", secret)
        .output()
        .unwrap();
    let printed = text(&outcome.stdout);
    assert!(outcome.status.success() && !printed.contains(secret), "{printed}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quanyu.toml");
    std::fs::write(
        &file,
        printed
            .lines()
            .filter(|line| !line.contains('*'))
            .collect::<Vec<_>>()
            .join("\n"),
    )
    .unwrap();
    let outcome = quanyu()
        .args(["up", "--check-config", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{}", text(&outcome.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_platform_healthy_and_a_damaged_ledger_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let doctor = || {
        let outcome = quanyu().arg("doctor").arg("--folder").arg(&data).output().unwrap();
        (outcome.status.success(), text(&outcome.stdout))
    };
    let (healthy, told) = doctor();
    assert!(
        !healthy && told.contains("quanyu up"),
        "an empty folder is told how to begin: {told}"
    );

    let mut command = quanyu();
    command.args(["up", "--listen", "127.0.0.1:0", "--folder"]).arg(&data);
    let mut up = Process::start(command);
    let key = up.first_key();
    let api = Api::new(&up.address, &key);
    brand::found(&api).await.unwrap();
    let member = tests::story::arrive(&api, brand::TMALL, "tb-1", None).await.unwrap();
    tests::story::earn(&api, "gift", &member, 100).await.unwrap();
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let (healthy, told) = doctor();
    assert!(healthy, "{told}");

    // What is owed is off by seven; the ledger finds it by itself, soon after it starts, and the doctor tells it.
    harm(&data, "UPDATE counter SET low = low + 7 WHERE axis = 1").await;
    let mut command = quanyu();
    command.args(["up", "--listen", "127.0.0.1:0", "--folder"]).arg(&data);
    let mut up = Process::start(command);
    let api = Api::new(&up.address, &key);
    tests::until("wrong sums that were found", 1, async || {
        let asked = api.ledger().get_reconciliation(GetReconciliationRequest {}).await;
        asked
            .unwrap()
            .into_inner()
            .reconciliation
            .unwrap()
            .sum_disagreement_count
    })
    .await;
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
    let (healthy, told) = doctor();
    for what in [
        "WRONG",
        "points that expire in",
        "it is off by 7",
        "table counter",
        "StartReconciliation",
    ] {
        assert!(!healthy && told.contains(what), "{what}: {told}");
    }

    harm(&data, "UPDATE account SET balance = balance + 1").await;
    let (healthy, told) = doctor();
    assert!(!healthy && told.contains("WRONG") && told.contains(&member), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_by_its_exit_code_what_became_of_the_file_and_by_its_last_lines_how_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = quanyu();
    command
        .args(["up", "--listen", "127.0.0.1:0", "--folder"])
        .arg(folder.path().join("data"));
    let up = Process::start(command);
    let key = up.first_key();
    brand::found(&Api::new(&up.address, &key)).await.unwrap();
    let import = |content: &[u8], zone: &str| {
        let file = folder.path().join("members.csv");
        std::fs::write(&file, content).unwrap();
        let mut command = quanyu();
        command
            .args(["import", "members", "--channel", brand::POS, "--address", &up.address])
            .arg(&file);
        let outcome = command
            .env("QUANYU_API_KEY", &key)
            .env("QUANYU_TIME_ZONE", zone)
            .output()
            .unwrap();
        (outcome.status.code(), text(&outcome.stdout), text(&outcome.stderr))
    };
    let header = "External ID;phone;register_time\n";
    let (code, told, complained) = import(format!("{header}u1;;2024/3/8\n\n").as_bytes(), "Europe/Berlin");
    assert_eq!(code, Some(0), "{complained}");
    for part in [
        "1 of 1 members were imported",
        "3 lines = 1 of the header + 1 imported + 0 imported before + 0 rejected + 1 blank",
        "UTF-8, cells parted by semicolons; times without a zone are of Europe/Berlin",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (code, _, complained) = import(format!("{header}u1;;2024/3/8\nu2;12345;\n").as_bytes(), "Europe/Berlin");
    assert!(
        code == Some(2) && complained.contains("members.csv.rejected.csv"),
        "{complained}"
    );
    for (content, zone, expected) in [
        (&b""[..], "UTC", 1),
        (b"PK\x03\x04", "UTC", 1),
        (header.as_bytes(), "Mars/Olympus", 64),
    ] {
        let (code, _, complained) = import(content, zone);
        assert!(
            code == Some(expected) && !complained.is_empty(),
            "{code:?}: {complained}"
        );
    }
}

/// Changes a row behind the ledger's back.
async fn harm(data: &std::path::Path, sql: &str) {
    use sea_orm::ConnectionTrait;
    let file = data.join("points.db");
    let db = sea_orm::Database::connect(format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    let changed = db.execute_unprepared(sql).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "{sql}");
    db.close().await.unwrap();
}

/// Commands that only look leave the tables of an older release as they are, and say what is outstanding.
#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_brings_no_tables_up_to_date() {
    const DONE: &str = "SELECT version FROM seaql_migrations ORDER BY version";
    let server = Server::new().await;
    let on = |arguments: &[&str]| {
        let mut command = quanyu();
        command.args(arguments).arg("--folder").arg(server.folder.path());
        if let Some(url) = &server.url {
            command.env("QUANYU_DATABASE_URL", url);
        }
        command
    };
    let mut up = Process::start(on(&["up", "--listen", "127.0.0.1:0"]));
    let key = up.first_key();
    up.signal("TERM");
    assert!(up.ended().await.success());

    // As the release before left it.
    let gateway = server.database_of("gateway").await;
    gateway
        .execute_unprepared(
            "ALTER TABLE tenant DROP COLUMN time_zone; ALTER TABLE tenant DROP COLUMN version; \
             DELETE FROM seaql_migrations WHERE version = 'gateway_0002_tenant_time_zone'",
        )
        .await
        .unwrap();
    let done = async || -> Vec<String> {
        let rows = gateway
            .query_all_raw(Statement::from_string(gateway.get_database_backend(), DONE))
            .await;
        rows.unwrap()
            .iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    };
    let before = done().await;
    for command in [&["doctor"][..], &["keys", "list"], &["parked", "list"]] {
        let outcome = on(command).output().unwrap();
        let told = text(&outcome.stdout) + &text(&outcome.stderr);
        assert!(!outcome.status.success(), "{command:?}: {told}");
        assert!(
            told.contains("the migration gateway_0002_tenant_time_zone is outstanding"),
            "{command:?}: {told}"
        );
        assert_eq!(done().await, before, "{command:?} changes nothing");
    }
    gateway.close().await.unwrap();

    let mut up = Process::start(on(&["up", "--listen", "127.0.0.1:0"]));
    let tenant = Rest::new(&up.address, Some(&key)).get("/v1/tenant").await.json();
    assert_eq!(tenant["tenant"]["timeZone"], "Asia/Shanghai", "a tenant from before");
    up.signal("TERM");
    assert!(up.ended().await.success());
    let outcome = on(&["doctor"]).output().unwrap();
    assert!(outcome.status.success(), "{}", text(&outcome.stdout));
    server.remove().await;
}
