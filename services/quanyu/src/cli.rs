//! The commands and their flags.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use fault::Fault;
use runtime::Problem;
use serde::Serialize;

use crate::config::Config;
use crate::connections;
use crate::roles::{self, role};
use crate::terminal::{complain, say};
use crate::{audit, backup, clock, demo, doctor, import, keys, migrate, moving, parked, serve, up};

/// Quanyu, a member platform: one member over all channels of a brand.
#[derive(Debug, Parser)]
#[command(name = "quanyu", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The configuration is shown and checked as `up` reads it where no command is named.
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command reads its settings from. Later over earlier: defaults, the file, the environment, flags.
#[derive(Debug, Args)]
struct SettingsArgs {
    /// A configuration file (TOML). `--print-config` shows every setting that it may have.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Checks the configuration, tells everything that is wrong with it, and ends.
    #[arg(long, global = true)]
    check_config: bool,
    /// Prints every setting with what it is, its variable and where it comes from, as a file without secrets, and ends.
    #[arg(long, global = true)]
    print_config: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Settings that are often set for one run, read as in the other layers, so that all that is wrong is told at once. All settings can be set in the file, or in the environment, where two
/// underscores stand for a dot: `QUANYU_DATABASE_URL`, `QUANYU_PEERS__POINTS`.
#[derive(Debug, Args, Serialize)]
struct Flags {
    /// Where the SQLite files are [default: data].
    #[arg(long, global = true, value_name = "PATH")]
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    /// The address that clients call [default: 127.0.0.1:7400].
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    /// Where operators find /metrics, /healthz and /readyz [default: nowhere].
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_listen: Option<String>,
}

/// The settings that have a flag.
const FLAGS: [&str; 3] = ["folder", "listen", "admin_listen"];

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every service in this process, on SQLite files. The first start shows the first API key.
    Up,
    /// Runs one service in this process; how many replicas of it there are is yours to choose.
    ///
    /// Needs the settings `signing_key` and `peers`, and for several replicas a `database_url` of PostgreSQL.
    Serve {
        #[arg(help = format!("Which one: {}", roles::names().collect::<Vec<_>>().join(", ")))]
        role: String,
    },
    /// Plays a brand's two years on real purchases, shows what became of them, and keeps serving.
    Demo(demo::DemoArgs),
    /// Brings members or activities from a file into a running platform.
    Import(import::ImportArgs),
    /// Finds the rows of a file that are the same person's, without a platform.
    Link(import::link::LinkArgs),
    /// Brings the tables of all services up to date, or of some, before this release is started on them.
    Migrate(migrate::MigrateArgs),
    /// Copies the SQLite files into a new folder, as all of them stood at one moment, while the platform serves.
    Backup(backup::BackupArgs),
    /// Puts the files of a backup into a folder that holds no data.
    Restore(backup::RestoreArgs),
    /// Moves all rows from the SQLite files of the folder into the PostgreSQL of `database_url`, and compares both.
    Move(moving::MoveArgs),
    /// Makes, lists and revokes API keys at the gateway's database itself, when no key lets you in.
    Keys(keys::KeysArgs),
    /// Proves that nobody has tampered with the audit log, or names the first entry that was.
    Audit(audit::AuditArgs),
    /// Shows what time the platform believes it is, and lets an operator agree with a clock that it does not believe.
    #[command(subcommand)]
    Clock(clock::ClockCommand),
    /// Shows what could not be done and was put aside, and tries it again once its cause is mended.
    #[command(subcommand)]
    Parked(parked::ParkedCommand),
    /// Checks configuration, databases, the clock, facts, peers and the ledger, and says how to mend what is wrong.
    Doctor(doctor::DoctorArgs),
}

/// The status of a command line that cannot be understood, as in sysexits.h.
const EXIT_USAGE: u8 = 64;

/// The help or the version that was asked for, or what is wrong with the arguments. Clap's own status for that is 2, by which an
/// import says that rows were rejected.
fn told(answer: &clap::Error) -> ExitCode {
    // A reader that has gone away needs no lines.
    let _ = answer.print();
    match answer.use_stderr() {
        true => ExitCode::from(EXIT_USAGE),
        false => ExitCode::SUCCESS,
    }
}

/// Runs the command that the arguments of the process name.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return told(&answer),
    };
    let SettingsArgs {
        config: file,
        check_config,
        print_config,
        flags,
    } = cli.settings;
    let command = cli.command.or((check_config || print_config).then_some(Command::Up));
    let asked = |config: &Config| match &command {
        Some(command) if !print_config => problems_of_command(command, config),
        Some(_) | None => Vec::new(),
    };
    let loaded = match runtime::load::<Config>(file.as_deref(), &flags, asked) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    if print_config {
        return match loaded.print(&FLAGS, &notes(&loaded.settings)) {
            Ok(text) => {
                say(text);
                ExitCode::SUCCESS
            }
            Err(error) => fail(&Fault::internal(error)),
        };
    }
    let config = loaded.settings;
    let Some(command) = command else {
        complain("no command is named: `quanyu --help` lists them, `quanyu up` starts the platform");
        return ExitCode::from(EXIT_USAGE);
    };
    if check_config {
        say(match &command {
            Command::Up => {
                "the configuration is valid for `up`; `--check-config serve ROLE` judges it for a role".to_owned()
            }
            Command::Serve { role } => format!("the configuration is valid for `serve {role}`"),
            _ => "the configuration is valid".to_owned(),
        });
        return ExitCode::SUCCESS;
    }
    Box::pin(run(command, config)).await
}

async fn run(command: Command, config: Config) -> ExitCode {
    let telemetry = match telemetry::init(&config.telemetry, &process_of(&command)) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&Fault::internal(error)),
    };
    let outcome = match command {
        Command::Up => up::run(&config, &telemetry).await.map(|()| ExitCode::SUCCESS),
        Command::Serve { role: name } => match role(&name) {
            Some(role) => serve::run(&config, role, &telemetry).await.map(|()| ExitCode::SUCCESS),
            None => Err(Fault::internal("the role was checked")),
        },
        Command::Demo(args) => demo::run(args, &config, &telemetry).await,
        Command::Import(args) => import::run(args).await,
        Command::Link(args) => import::link::run(args).await,
        Command::Migrate(args) => migrate::run(args, &config).await,
        Command::Backup(args) => backup::run(args, &config).await,
        Command::Restore(args) => backup::restore(args, &config).await,
        Command::Move(args) => moving::run(args, &config).await,
        Command::Keys(args) => keys::run(args, &config).await,
        Command::Audit(args) => audit::run(args, &config).await.map(status),
        Command::Clock(command) => clock::run(command, &config).await.map(status),
        Command::Parked(command) => parked::run(command, &config).await.map(status),
        Command::Doctor(args) => doctor::run(args, &config).await.map(status),
    };
    if let Err(error) = telemetry.shutdown().await {
        complain(error);
    }
    outcome.unwrap_or_else(|fault| fail(&fault))
}

/// How this process is called in traces and metrics.
fn process_of(command: &Command) -> telemetry::Process {
    let role = match command {
        Command::Serve { role: name } => role(name).map(|role| role.name),
        _ => None,
    };
    telemetry::Process {
        role,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn status(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn problems_of_command(command: &Command, config: &Config) -> Vec<Problem> {
    let name = match command {
        Command::Serve { role } => role,
        Command::Up => {
            let connections = config.connections_of_all().err();
            let problems = connections.into_iter().chain(problems_of_first_key(config));
            return problems.chain(config.problems_of_opener()).collect();
        }
        Command::Demo(_) => return config.connections_of_all().err().into_iter().collect(),
        Command::Migrate(args) => return args.problems(),
        Command::Import(args) => return args.problems(),
        Command::Link(args) => return args.problems(),
        Command::Backup(_)
        | Command::Restore(_)
        | Command::Move(_)
        | Command::Keys(_)
        | Command::Audit(_)
        | Command::Clock(_)
        | Command::Parked(_)
        | Command::Doctor(_) => return Vec::new(),
    };
    let Some(role) = role(name) else {
        let message = match runtime::nearest(name, roles::names()) {
            Some(meant) => format!("{name} is none: did you mean {meant}?"),
            None => format!("{name} is none: {}", roles::names().collect::<Vec<_>>().join(", ")),
        };
        return vec![Problem::new("role", message)];
    };
    let mut problems = config.problems_of_role(role);
    if role.name == gateway::NAME {
        problems.extend(problems_of_first_key(config));
    }
    problems
}

/// What there is to say about settings beside what they are.
fn notes(config: &Config) -> Vec<(&'static str, String)> {
    let divided = match config.connections_of_all() {
        Ok(parts) => format!("`up` divides them like this: {}.", connections::told(&parts)),
        Err(problem) => format!("For `up` it {}.", problem.message),
    };
    vec![("database_connections_max", divided)]
}

/// The file of the first key is read by those who open the gateway, and nobody else need have it.
fn problems_of_first_key(config: &Config) -> Vec<Problem> {
    config.first_secret(true).err().into_iter().collect()
}

fn refuse(problems: &[Problem]) -> ExitCode {
    complain("the configuration is not valid:");
    for problem in problems {
        complain(format_args!("  {problem}"));
    }
    ExitCode::from(EXIT_USAGE)
}

fn fail(fault: &Fault) -> ExitCode {
    complain(format_args!("quanyu: {fault}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use runtime::Settings;

    use super::*;

    /// A setting without a sentence does not compile; one that is nowhere shown fails here.
    #[test]
    fn every_setting_is_shown_with_a_sentence_and_an_example_where_it_has_no_default() {
        let defaults = serde_json::to_value(Config::default()).unwrap();
        let mut fields = Vec::new();
        walk("", &defaults, &mut fields);
        let mut sentences: Vec<String> = Config::sentences().into_iter().map(|known| known.setting).collect();
        for (name, value) in &fields {
            assert!(
                !value.is_null() || Config::example(name).is_some(),
                "{name} has no example"
            );
        }
        let mut names: Vec<String> = fields.into_iter().map(|(name, _)| name).collect();
        names.sort();
        sentences.sort();
        assert_eq!(names, sentences);
    }

    fn walk<'v>(group: &str, value: &'v serde_json::Value, fields: &mut Vec<(String, &'v serde_json::Value)>) {
        for (name, value) in value.as_object().unwrap() {
            let name = format!("{group}{name}");
            match value.as_object() {
                Some(inner) if !inner.is_empty() => walk(&format!("{name}."), value, fields),
                Some(_) | None => fields.push((name, value)),
            }
        }
    }

    #[test]
    fn the_flags_that_are_shown_are_there() {
        let command = Cli::command();
        for flag in FLAGS {
            let long = flag.replace('_', "-");
            assert!(
                command.get_arguments().any(|arg| arg.get_long() == Some(&long)),
                "{flag}"
            );
        }
    }
}
