//! What the operating system says of a process.

use std::fs;
use std::time::Duration;

use fault::Fault;

/// How many ticks of the kernel's clock a second of processor time has; Linux has told 100 to every program for ever.
const TICKS_PER_SECOND: u64 = 100;

/// How long a process has been at work on processors, its system calls included.
pub(crate) fn cpu(process: u32) -> Result<Duration, Fault> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).map_err(Fault::internal)?;
    // The name of the program stands in brackets and may hold blanks.
    let (_, after_name) = stat
        .rsplit_once(") ")
        .ok_or_else(|| Fault::internal("no name in stat"))?;
    let ticks = |index: usize| {
        after_name
            .split(' ')
            .nth(index)
            .and_then(|ticks| ticks.parse::<u64>().ok())
    };
    let (of_program, of_system) = (ticks(11), ticks(12));
    let ticks = of_program.zip(of_system).map(|(one, other)| one.saturating_add(other));
    let ticks = ticks.ok_or_else(|| Fault::internal("no times in stat"))?;
    Ok(Duration::from_millis(ticks.saturating_mul(1_000 / TICKS_PER_SECOND)))
}

/// How long all processes of a program have been at work, as far as they live.
pub(crate) fn cpu_of_all(program: &str) -> Result<Duration, Fault> {
    let mut all = Duration::ZERO;
    for entry in fs::read_dir("/proc").map_err(Fault::internal)?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may end meanwhile.
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        if name.trim_end() == program {
            all = all.saturating_add(cpu(id).unwrap_or_default());
        }
    }
    Ok(all)
}

/// How much memory a process has in the machine, in kilobytes.
pub(crate) fn resident(process: u32) -> Result<u64, Fault> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).map_err(Fault::internal)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.ok_or_else(|| Fault::internal("no VmRSS in status"))
}
