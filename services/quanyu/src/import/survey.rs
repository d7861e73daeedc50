//! What a file is, found by reading it through once before anything is sent: its characters, its lines, its content.

mod hanzi;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Error, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use fault::Fault;
use sha2::{Digest, Sha256};

use self::hanzi::{Broken, Hanzi};
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
    /// Whether it is read as UTF-8, whatever it is written in.
    is_decoded: bool,
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
        let (encoding, mark_bytes) = evidence.judge(named).map_err(|doubt| match doubt {
            Doubt::Foreign { looks, broken } => unknown(path, looks, broken),
            Doubt::Either => either(path),
            Doubt::Broken(place) => broken(path, place),
        })?;
        let mut survey = Self {
            bytes,
            content,
            encoding,
            lines: 0,
            is_decoded: encoding == UTF_16LE || encoding == UTF_16BE,
            mark_bytes,
            modified: metadata.modified().ok(),
        };
        survey.lines = lines::count(survey.open(path, survey.mark())?).map_err(unreadable)?;
        Ok(survey)
    }

    /// The same of a file whose cells are parted by a sign. In GBK a letter's second byte may be | ^ or ~: such a file is
    /// read as UTF-8.
    pub(super) fn parted_by(self, separator: u8) -> Self {
        let is_within_letters = self.encoding != UTF_8 && separator >= 0x40;
        Self {
            is_decoded: self.is_decoded || is_within_letters,
            ..self
        }
    }

    /// Where the text begins, in the bytes that [`Self::open`] counts.
    pub(super) fn mark(&self) -> u64 {
        if self.is_decoded { 0 } else { self.mark_bytes }
    }

    /// The file from a place on. Where it is read as UTF-8, as UTF-16 is, the place counts bytes of that.
    pub(super) fn open(&self, path: &Path, byte: u64) -> Result<Box<dyn Read + Send>, Fault> {
        let start = if self.is_decoded { self.mark_bytes } else { byte };
        let open = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(start))?;
            if !self.is_decoded {
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
        let encoding = if self.is_decoded { UTF_8 } else { self.encoding };
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
}

fn unknown(path: &Path, looks: &'static Encoding, broken: Option<Broken>) -> Fault {
    let place = broken.map_or_else(String::new, |broken| format!(": {broken} is neither"));
    let message = format!(
        "{} is not UTF-8, and too little of it, or too much that is broken, tells whether it is GBK{place} (it may be {}, too): \
         mend what is broken, save it as \"CSV UTF-8\", or name what it is, such as --encoding gbk",
        path.display(),
        looks.name()
    );
    Fault::invalid("file", message)
}

fn either(path: &Path) -> Fault {
    let message = format!(
        "{} can be read as UTF-8 and as GBK, and so little of it is beyond ASCII that nothing tells which: name it with \
         --encoding gbk or --encoding utf-8",
        path.display()
    );
    Fault::invalid("file", message)
}

fn broken(path: &Path, place: Broken) -> Fault {
    let message = format!(
        "{} is UTF-8 with a broken character on {place}, or GBK, and nothing tells which: mend that line, or name what the file \
         is with --encoding utf-8 or --encoding gbk",
        path.display()
    );
    Fault::invalid("file", message)
}

/// Why nothing tells how to read a file.
#[derive(Clone, Copy, Debug)]
enum Doubt {
    /// It looks like another encoding; here is the first place that is not in ours, if there is one.
    Foreign {
        looks: &'static Encoding,
        broken: Option<Broken>,
    },
    /// As much speaks for UTF-8 as against it; here is what speaks against it first.
    Broken(Broken),
    /// It is UTF-8, and as well GBK.
    Either,
}

/// What speaks for one encoding or another.
struct Evidence {
    bytes: u64,
    digest: Sha256,
    head: Vec<u8>,
    detector: EncodingDetector,
    /// How much the detector has seen.
    seen: usize,
    /// Characters beyond ASCII that are well-formed UTF-8, those of them that have three bytes or four, and places that
    /// are not.
    utf8: u64,
    wide_utf8: u64,
    not_utf8: u64,
    /// The first of these places.
    first_broken: Option<Broken>,
    /// Lines that have ended, and the bytes of the present one.
    lines: u64,
    line_bytes: u64,
    hanzi: Hanzi,
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
            wide_utf8: 0,
            not_utf8: 0,
            first_broken: None,
            lines: 0,
            line_bytes: 0,
            hanzi: Hanzi::default(),
            begun: Vec::new(),
        }
    }

    fn add(&mut self, part: &[u8]) {
        self.bytes = self.bytes.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        self.digest.update(part);
        if self.head.is_empty() {
            self.head.extend_from_slice(part.get(..1024).unwrap_or(part));
        }
        if self.seen < EVIDENCE_BYTES {
            self.hanzi.add(part);
        }
        if part.is_ascii() && self.begun.is_empty() {
            self.walk(part);
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
                Ok(_) => {
                    self.walk(rest);
                    (rest, &[][..], false)
                }
                Err(error) => {
                    let (valid, wrong) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
                    let length = error.error_len().unwrap_or(wrong.len());
                    if error.error_len().is_some() {
                        self.walk(valid);
                        self.note_broken(wrong.first().copied());
                        self.walk(wrong.get(..length).unwrap_or_default());
                    } else {
                        self.walk(valid);
                    }
                    let kept = if error.error_len().is_some() { length } else { 0 };
                    (
                        valid,
                        wrong.get(kept..).unwrap_or_default(),
                        error.error_len().is_none(),
                    )
                }
            };
            let characters = |from: u8| u64::try_from(valid.iter().filter(|byte| **byte >= from).count()).unwrap_or(0);
            self.utf8 = self.utf8.saturating_add(characters(0xc0));
            self.wide_utf8 = self.wide_utf8.saturating_add(characters(0xe0));
            if is_begun {
                self.begun.extend_from_slice(after);
                return;
            }
            rest = after;
        }
    }

    /// Notes a place that is not UTF-8.
    fn note_broken(&mut self, value: Option<u8>) {
        self.not_utf8 = self.not_utf8.saturating_add(1);
        let (line, byte) = (self.lines.saturating_add(1), self.line_bytes.saturating_add(1));
        let place = value.map(|value| Broken { line, byte, value });
        self.first_broken = self.first_broken.or(place);
    }

    /// Goes on to a place in the file, until the first place that is not UTF-8 was found.
    fn walk(&mut self, text: &[u8]) {
        if self.first_broken.is_some() {
            return;
        }
        let ends = memchr::memchr_iter(b'\n', text).count();
        self.lines = self.lines.saturating_add(u64::try_from(ends).unwrap_or(0));
        let rest = memchr::memrchr(b'\n', text).map_or(text.len(), |last| {
            self.line_bytes = 0;
            text.len().saturating_sub(last.saturating_add(1))
        });
        self.line_bytes = self.line_bytes.saturating_add(u64::try_from(rest).unwrap_or(0));
    }

    /// The encoding and the length of the mark that tells it: the mark decides, then the word of the caller, then what the
    /// file is made of. Else what it looks like.
    fn judge(mut self, named: Option<&'static Encoding>) -> Result<(&'static Encoding, u64), Doubt> {
        if let Some((encoding, length)) = Encoding::for_bom(&self.head) {
            return Ok((encoding, u64::try_from(length).unwrap_or(0)));
        }
        if let Some(encoding) = named.or_else(|| self.wide()) {
            return Ok((encoding, 0));
        }
        if !self.begun.is_empty() {
            self.note_broken(self.begun.first().copied());
        }
        if self.seen < EVIDENCE_BYTES {
            self.hanzi.end();
        }
        // Two bytes of GBK may be one letter of UTF-8, of a script that nobody writes without its neighbours.
        if self.not_utf8 == 0 && self.wide_utf8 == 0 && self.hanzi.are_all() {
            return Err(Doubt::Either);
        }
        // A character of three bytes comes about in GBK by rare accident, and nearly every one of GBK's is broken UTF-8; a
        // broken character in a file of UTF-8 concerns its row alone.
        let is_utf8 = self.not_utf8 == 0
            || self.not_utf8.saturating_mul(4) < self.utf8
            || self.not_utf8 < self.wide_utf8
            || (self.not_utf8 == self.wide_utf8 && self.hanzi.broken.is_some());
        if is_utf8 {
            return Ok((UTF_8, 0));
        }
        if let Some(place) = self.first_broken.filter(|_| self.not_utf8 == self.wide_utf8) {
            return Err(Doubt::Broken(place));
        }
        self.detector.feed(&[], true);
        match self.detector.guess(None, Utf8Detection::Deny) {
            // GB 18030 has every character of GBK at the same place, and all others besides.
            guess if guess == GBK || guess == GB18030 => Ok((GB18030, 0)),
            // What is broken concerns its row alone, as in UTF-8; the detector takes it for a reason to think of single bytes.
            other if other.is_single_byte() && self.hanzi.are_nearly_all() => Ok((GB18030, 0)),
            other => Err(Doubt::Foreign {
                looks: other,
                broken: self.hanzi.broken,
            }),
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
