//! Those known last, in a file from which a process starts while etcd is away.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::entry::Entry;

/// The entries by their instances, by their roles.
pub(super) type Known = BTreeMap<String, BTreeMap<String, Entry>>;

/// What the file has; nobody where there is none, or where it cannot be read.
pub(super) fn read(file: &Path) -> Known {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Known::new(),
        Err(error) => {
            tracing::warn!(%error, "{} cannot be read: nobody is known until etcd answers", file.display());
            return Known::new();
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "{} holds no replicas: nobody is known until etcd answers", file.display());
        Known::new()
    })
}

/// Writes it whole: a reader sees the one before or this one.
pub(super) fn write(file: &Path, known: &Known) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut new, known)?;
    new.flush()?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

/// What is known after etcd has told all that is registered: of a role of which it has nobody, those known last.
pub(super) fn merge(before: &Known, listed: impl IntoIterator<Item = Entry>) -> Known {
    let mut known = Known::new();
    for entry in listed {
        let of_role = known.entry(entry.role.clone()).or_default();
        of_role.insert(entry.instance.clone(), entry);
    }
    for (role, entries) in before {
        known.entry(role.clone()).or_insert_with(|| entries.clone());
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(role: &str, instance: &str) -> Entry {
        Entry {
            address: "http://10.0.0.7:7401".to_owned(),
            role: role.to_owned(),
            version: "0.1.0".to_owned(),
            zone: None,
            instance: instance.to_owned(),
        }
    }

    #[test]
    fn a_role_of_which_nobody_is_listed_keeps_those_known_last() {
        let before = merge(&Known::new(), [entry("points", "one"), entry("rights", "two")]);
        let known = merge(&before, [entry("points", "three")]);
        assert_eq!(known["points"].keys().collect::<Vec<_>>(), ["three"]);
        assert_eq!(known["rights"].keys().collect::<Vec<_>>(), ["two"]);
        assert_eq!(merge(&known, []), known);
    }

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("below").join("replicas.json");
        assert_eq!(read(&file), Known::new());
        let known = merge(&Known::new(), [entry("points", "one")]);
        write(&file, &known).unwrap();
        assert_eq!(read(&file), known);
        std::fs::write(&file, "{\"points\":").unwrap();
        assert_eq!(read(&file), Known::new());
        let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing of the writing stays");
    }
}
