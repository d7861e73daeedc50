//! What a file is, found by reading it through once before anything is sent: its characters, its lines, its content.

use std::fs::File;
use std::io::{Error, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use fault::Fault;
use sha2::{Digest, Sha256};

use super::lines;

const BUFFER: usize = 64 * 1024;
/// How much text beyond ASCII is enough to tell one encoding from another.
const EVIDENCE_BYTES: usize = 4 * 1024 * 1024;
/// Kinds of files that are offered by mistake, by their first bytes.
const FOREIGN: [(&[u8], &str); 5] = [
    (
        b"PK\x03\x04",
        "an Excel workbook (.xlsx) or a ZIP archive: save it as \"CSV UTF-8\" first",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "an Excel workbook (.xls): save it as \"CSV UTF-8\" first",
    ),
    (b"\x1f\x8b", "compressed: unpack it first"),
    (b"%PDF", "a PDF: export the table as \"CSV UTF-8\" first"),
    (b"PAR1", "a Parquet file: export it as CSV first"),
];

/// What is known of a file before its rows are read.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) bytes: u64,
    /// SHA-256 of the whole content, as hex.
    pub(super) content: String,
    pub(super) encoding: &'static Encoding,
    /// How many lines it has.
    pub(super) lines: u64,
    /// How long the mark at its beginning is that tells the encoding.
    mark_bytes: u64,
    modified: Option<SystemTime>,
}

impl Survey {
    /// Reads a file through. Stops where it is no text, or where nothing tells how to read it.
    pub(super) fn of(path: &Path, named: Option<&'static Encoding>) -> Result<Self, Fault> {
        let unreadable = |error: Error| Fault::invalid("file", format!("{} cannot be read: {error}", path.display()));
        let mut file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mut evidence = Evidence::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            let length = file.read(&mut buffer).map_err(unreadable)?;
            let part = buffer.get(..length).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            evidence.add(part);
        }
        let bytes = evidence.bytes;
        if bytes == 0 {
            return Err(Fault::invalid("file", format!("{} is empty", path.display())));
        }
        if let Some((_, what)) = FOREIGN.iter().find(|(head, _)| evidence.head.starts_with(head)) {
            return Err(Fault::invalid("file", format!("{} is {what}", path.display())));
        }
        let content = hex::encode(evidence.digest.finalize_reset());
        let (encoding, mark_bytes) = evidence.judge(named).map_err(|looks| unknown(path, looks))?;
        let mut survey = Self {
            bytes,
            content,
            encoding,
            lines: 0,
            mark_bytes,
            modified: metadata.modified().ok(),
        };
        survey.lines = lines::count(survey.open(path, survey.mark())?).map_err(unreadable)?;
        Ok(survey)
    }

    /// Where the text begins, in the bytes that [`Self::open`] counts.
    pub(super) fn mark(&self) -> u64 {
        if self.is_wide() { 0 } else { self.mark_bytes }
    }

    /// The file from a place on. UTF-16 is read as UTF-8, and the place counts bytes of that.
    pub(super) fn open(&self, path: &Path, byte: u64) -> Result<Box<dyn Read + Send>, Fault> {
        let start = if self.is_wide() { self.mark_bytes } else { byte };
        let open = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(start))?;
            if !self.is_wide() {
                return Ok::<Box<dyn Read + Send>, Error>(Box::new(file));
            }
            let mut narrow = DecodeReaderBytesBuilder::new()
                .encoding(Some(self.encoding))
                .build(file);
            std::io::copy(&mut narrow.by_ref().take(byte), &mut std::io::sink())?;
            Ok(Box::new(narrow))
        };
        open().map_err(|error| Fault::invalid("file", format!("{} cannot be read: {error}", path.display())))
    }

    /// The text of a cell; what is not in the encoding becomes U+FFFD.
    pub(super) fn text(&self, cell: &[u8]) -> String {
        let encoding = if self.is_wide() { UTF_8 } else { self.encoding };
        let (text, _) = encoding.decode_without_bom_handling(cell);
        text.into_owned()
    }

    /// Stops where the file is another one than when it was surveyed.
    pub(super) fn check_unchanged(&self, path: &Path) -> Result<(), Fault> {
        let now = std::fs::metadata(path).ok();
        let same = now.is_some_and(|now| now.len() == self.bytes && now.modified().ok() == self.modified);
        if same {
            return Ok(());
        }
        let message = format!(
            "{} was changed while it was read: start the same import again; no row takes effect twice",
            path.display()
        );
        Err(Fault::invalid("file", message))
    }

    /// Whether its bytes are no superset of ASCII.
    fn is_wide(&self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }
}

fn unknown(path: &Path, looks: &'static Encoding) -> Fault {
    let message = format!(
        "{} is neither UTF-8 nor GBK (it may be {}): save it as \"CSV UTF-8\", or name what it is with --encoding",
        path.display(),
        looks.name()
    );
    Fault::invalid("file", message)
}

/// What speaks for one encoding or another.
struct Evidence {
    bytes: u64,
    digest: Sha256,
    head: Vec<u8>,
    detector: EncodingDetector,
    /// How much the detector has seen.
    seen: usize,
    /// Characters beyond ASCII that are well-formed UTF-8, and places that are not.
    utf8: u64,
    not_utf8: u64,
    /// The beginning of a character whose end is in the next part.
    begun: Vec<u8>,
}

impl Evidence {
    fn new() -> Self {
        Self {
            bytes: 0,
            digest: Sha256::new(),
            head: Vec::new(),
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            seen: 0,
            utf8: 0,
            not_utf8: 0,
            begun: Vec::new(),
        }
    }

    fn add(&mut self, part: &[u8]) {
        self.bytes = self.bytes.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        self.digest.update(part);
        if self.head.is_empty() {
            self.head.extend_from_slice(part.get(..1024).unwrap_or(part));
        }
        if part.is_ascii() && self.begun.is_empty() {
            return;
        }
        if self.seen < EVIDENCE_BYTES {
            self.detector.feed(part, false);
            self.seen = self.seen.saturating_add(part.len());
        }
        let joined = [&*self.begun, part].concat();
        let mut rest = &*joined;
        self.begun.clear();
        while !rest.is_empty() {
            let (valid, after, is_begun) = match std::str::from_utf8(rest) {
                Ok(_) => (rest, &[][..], false),
                Err(error) => {
                    let (valid, wrong) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
                    let length = error.error_len().unwrap_or(wrong.len());
                    self.not_utf8 = self.not_utf8.saturating_add(u64::from(error.error_len().is_some()));
                    let kept = if error.error_len().is_some() { length } else { 0 };
                    (
                        valid,
                        wrong.get(kept..).unwrap_or_default(),
                        error.error_len().is_none(),
                    )
                }
            };
            let characters = valid.iter().filter(|byte| **byte >= 0xc0).count();
            self.utf8 = self.utf8.saturating_add(u64::try_from(characters).unwrap_or(0));
            if is_begun {
                self.begun.extend_from_slice(after);
                return;
            }
            rest = after;
        }
    }

    /// The encoding and the length of the mark that tells it: the mark decides, then the word of the caller, then what the
    /// file is made of. Else what it looks like.
    fn judge(mut self, named: Option<&'static Encoding>) -> Result<(&'static Encoding, u64), &'static Encoding> {
        if let Some((encoding, length)) = Encoding::for_bom(&self.head) {
            return Ok((encoding, u64::try_from(length).unwrap_or(0)));
        }
        if let Some(encoding) = named.or_else(|| self.wide()) {
            return Ok((encoding, 0));
        }
        self.not_utf8 = self.not_utf8.saturating_add(u64::from(!self.begun.is_empty()));
        // Chinese in GBK is UTF-8 only by rare accident; a broken character in a file of UTF-8 concerns its row alone.
        if self.not_utf8 == 0 || self.not_utf8.saturating_mul(4) < self.utf8 {
            return Ok((UTF_8, 0));
        }
        self.detector.feed(&[], true);
        match self.detector.guess(None, Utf8Detection::Deny) {
            // GB 18030 has every character of GBK at the same place, and all others besides.
            guess if guess == GBK || guess == GB18030 => Ok((GB18030, 0)),
            other => Err(other),
        }
    }

    /// UTF-16 without a mark: of its header every second byte is zero.
    fn wide(&self) -> Option<&'static Encoding> {
        let zeros = |odd: usize| self.head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), self.head.len().div_euclid(2));
        let most = half.saturating_mul(2).div_euclid(5).max(1);
        match (even >= most, odd >= most) {
            (false, true) if even == 0 => Some(UTF_16LE),
            (true, false) if odd == 0 => Some(UTF_16BE),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TABLE: &str = "external_id,name,city\nu1,王小明,上海\nu2,李雷,北京\n";

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    fn read(bytes: &[u8], named: Option<&'static Encoding>) -> Result<(&'static str, u64, String), String> {
        let file = file(bytes);
        let survey = Survey::of(file.path(), named).map_err(|fault| fault.to_string())?;
        let mut text = Vec::new();
        survey
            .open(file.path(), survey.mark())
            .unwrap()
            .read_to_end(&mut text)
            .unwrap();
        Ok((survey.encoding.name(), survey.lines, survey.text(&text)))
    }

    #[test]
    fn the_encodings_that_spreadsheets_write_are_recognised() {
        let (gbk, _, _) = GBK.encode(TABLE);
        let (gb18030, _, _) = GB18030.encode("name\n𠮷野家的王小明，上海的李雷\n");
        let files: [(&[u8], &str, &str); 9] = [
            (TABLE.as_bytes(), "UTF-8", TABLE),
            (&[b"\xef\xbb\xbf", TABLE.as_bytes()].concat(), "UTF-8", TABLE),
            (&gbk, "gb18030", TABLE),
            (b"name\n\xcd\xf5\xd0\xa1\xc3\xf7\n", "gb18030", "name\n王小明\n"),
            (&gb18030, "gb18030", "name\n𠮷野家的王小明，上海的李雷\n"),
            (
                &[b"\xff\xfe", &*utf16(TABLE, u16::to_le_bytes)].concat(),
                "UTF-16LE",
                TABLE,
            ),
            (
                &[b"\xfe\xff", &*utf16(TABLE, u16::to_be_bytes)].concat(),
                "UTF-16BE",
                TABLE,
            ),
            (&utf16(TABLE, u16::to_le_bytes), "UTF-16LE", TABLE),
            (&utf16(TABLE, u16::to_be_bytes), "UTF-16BE", TABLE),
        ];
        for (bytes, encoding, text) in files {
            let lines = u64::try_from(text.lines().count()).unwrap();
            assert_eq!(read(bytes, None), Ok((encoding, lines, text.to_owned())));
        }
    }

    #[test]
    fn a_broken_character_in_a_file_of_utf_8_makes_it_no_other_encoding() {
        let bytes = [TABLE.as_bytes(), b"u3,\xff,\n"].concat();
        let (encoding, _, text) = read(&bytes, None).unwrap();
        assert_eq!((encoding, text), ("UTF-8", format!("{TABLE}u3,\u{fffd},\n")));
    }

    #[test]
    fn what_is_no_text_or_of_an_unknown_encoding_is_told() {
        let shift_jis = encoding_rs::SHIFT_JIS.encode("name\nカタカナひらがな東京都渋谷区\n").0;
        for (bytes, part) in [
            (&b"PK\x03\x04rest"[..], "Excel workbook (.xlsx)"),
            (b"\xd0\xcf\x11\xe0rest", "Excel workbook (.xls)"),
            (b"", "is empty"),
            (&*shift_jis, "--encoding"),
        ] {
            let message = read(bytes, None).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        let named = read(&shift_jis, Some(encoding_rs::SHIFT_JIS)).unwrap();
        assert_eq!(named.2, "name\nカタカナひらがな東京都渋谷区\n");
    }

    #[test]
    fn utf_16_is_read_on_after_any_place_and_the_mark_is_no_part_of_the_text() {
        let file = file(&[b"\xff\xfe", &*utf16(TABLE, u16::to_le_bytes)].concat());
        let survey = Survey::of(file.path(), None).unwrap();
        let (mut rest, after) = (String::new(), "external_id,name,city\n".len());
        let mut input = survey.open(file.path(), u64::try_from(after).unwrap()).unwrap();
        input.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, TABLE[after..]);
    }

    #[test]
    fn a_file_that_was_changed_meanwhile_is_told() {
        let mut file = file(TABLE.as_bytes());
        let survey = Survey::of(file.path(), None).unwrap();
        survey.check_unchanged(file.path()).unwrap();
        file.write_all(b"u3,,\n").unwrap();
        let message = survey.check_unchanged(file.path()).unwrap_err().to_string();
        assert!(message.contains("was changed while it was read"), "{message}");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_its_name() {
        let message = Survey::of(Path::new("/nowhere/members.csv"), None)
            .unwrap_err()
            .to_string();
        assert!(message.contains("/nowhere/members.csv cannot be read"), "{message}");
    }
}
