//! What Linux says of this process, under /proc; nothing where there is no such thing.

use std::fs;

/// Ticks of the processor's time in a second, as /proc counts them: the same on every Linux.
const TICKS: u64 = 100;

/// What is known of the process.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) cpu_seconds: Option<String>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) virtual_bytes: Option<u64>,
    pub(crate) open_files: Option<usize>,
    pub(crate) files_max: Option<u64>,
    pub(crate) start_seconds: Option<String>,
    pub(crate) threads: Option<u64>,
}

pub(crate) fn see() -> Seen {
    let read = |path: &str| fs::read_to_string(path).ok();
    let stat = read("/proc/self/stat");
    let stat = stat.as_deref().and_then(Stat::parse).unwrap_or_default();
    let booted = read("/proc/stat").as_deref().and_then(boot_seconds);
    Seen {
        cpu_seconds: stat.cpu_ticks.map(seconds),
        resident_bytes: read("/proc/self/status").as_deref().and_then(resident_bytes),
        virtual_bytes: stat.virtual_bytes,
        open_files: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
        files_max: read("/proc/self/limits").as_deref().and_then(files_max),
        start_seconds: booted
            .zip(stat.start_ticks)
            .map(|(booted, ticks)| seconds(booted.saturating_mul(TICKS).saturating_add(ticks))),
        threads: stat.threads,
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Stat {
    cpu_ticks: Option<u64>,
    threads: Option<u64>,
    start_ticks: Option<u64>,
    virtual_bytes: Option<u64>,
}

impl Stat {
    /// The name of the process stands in brackets and may have anything in it, brackets too. By proc(5) the fields after it
    /// are numbered from 3.
    fn parse(text: &str) -> Option<Self> {
        const FIRST: usize = 3;
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number.checked_sub(FIRST)?)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)
                .zip(field(15))
                .map(|(user, system)| user.saturating_add(system)),
            threads: field(20),
            start_ticks: field(22),
            virtual_bytes: field(23),
        })
    }
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes.saturating_mul(1_024))
}

fn boot_seconds(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// The limit that holds now, which stands before the one up to which it may be raised.
fn files_max(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn seconds(ticks: u64) -> String {
    format!("{}.{:02}", ticks.div_euclid(TICKS), ticks.rem_euclid(TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_have_brackets() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 75 0 0 20 0 9 0 123456 987654 321 18446744073709551615";
        let parsed = Stat::parse(stat).unwrap();
        assert_eq!(
            parsed,
            Stat {
                cpu_ticks: Some(225),
                threads: Some(9),
                start_ticks: Some(123_456),
                virtual_bytes: Some(987_654),
            }
        );
        assert_eq!(seconds(225), "2.25");
    }

    #[test]
    fn limits_memory_and_boot_are_read() {
        assert_eq!(resident_bytes("VmHWM:\t 9 kB\nVmRSS:\t    3 kB\n"), Some(3_072));
        assert_eq!(
            files_max("Max open files            1024                 524288               files"),
            Some(1_024)
        );
        assert_eq!(boot_seconds("cpu 1 2\nbtime 1790000000\n"), Some(1_790_000_000));
    }
}
