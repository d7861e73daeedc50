//! A file line by line, wherever its lines end: at LF, CR LF, or CR alone. A line that is too long is read past, not kept.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Result};

use memchr::memchr2;

/// No row is longer, in bytes of UTF-8; what is longer is no row but another kind of file, or an open quote.
pub(super) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// A line of a file.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its end; of one that is too long the beginning only.
    pub(super) bytes: Vec<u8>,
    /// What it ends with; nothing where the file ends.
    pub(super) ending: &'static [u8],
    /// How long it is.
    pub(super) length: u64,
    /// Where the next one begins.
    pub(super) end: u64,
}

impl Line {
    /// Whether only its beginning was kept.
    pub(super) fn is_cut(&self) -> bool {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX) < self.length
    }
}

/// The lines of a file, from a place on.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    /// Where the next line begins that is read from the file.
    byte: u64,
    line: u64,
    /// Lines that were read, and given back.
    ahead: VecDeque<Line>,
}

impl Lines {
    /// Reads on at a place: after so many bytes and so many lines.
    pub(super) fn new(input: Box<dyn Read + Send>, byte: u64, line: u64) -> Self {
        Self {
            reader: BufReader::new(input),
            byte,
            line,
            ahead: VecDeque::new(),
        }
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// Takes lines back, in their order: they come next.
    pub(super) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        lines.rev().for_each(|line| self.ahead.push_front(line));
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let (mut bytes, mut length) = (Vec::new(), 0_u64);
        let ending: &'static [u8] = loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                if length == 0 {
                    return Ok(None);
                }
                break b"";
            }
            let found = memchr2(b'\n', b'\r', buffer);
            let part = found.and_then(|at| buffer.get(..at)).unwrap_or(buffer);
            let room = ROW_BYTES_MAX.saturating_sub(bytes.len()).min(part.len());
            bytes.extend_from_slice(part.get(..room).unwrap_or_default());
            length = length.saturating_add(wide(part.len()));
            let last = found.and_then(|at| buffer.get(at)).copied();
            let consumed = part.len().saturating_add(usize::from(last.is_some()));
            self.reader.consume(consumed);
            match last {
                Some(b'\n') => break b"\n",
                Some(_) if self.reader.fill_buf()?.first() == Some(&b'\n') => {
                    self.reader.consume(1);
                    break b"\r\n";
                }
                Some(_) => break b"\r",
                None => {}
            }
        };
        self.line = self.line.saturating_add(1);
        self.byte = self.byte.saturating_add(length).saturating_add(wide(ending.len()));
        Ok(Some(Line {
            number: self.line,
            bytes,
            ending,
            length,
            end: self.byte,
        }))
    }
}

/// How many lines there are, by another way than reading them.
pub(super) fn count(mut input: impl Read) -> Result<u64> {
    const BUFFER: usize = 64 * 1024;
    let (mut buffer, mut lines, mut last) = (vec![0; BUFFER], 0_u64, b'\n');
    loop {
        let length = input.read(&mut buffer)?;
        let part = buffer.get(..length).unwrap_or_default();
        if part.is_empty() {
            let unended = !matches!(last, b'\n' | b'\r');
            return Ok(lines.saturating_add(u64::from(unended)));
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', part) {
            let before = at.checked_sub(1).and_then(|before| part.get(before)).unwrap_or(&last);
            let is_second = part.get(at) == Some(&b'\n') && *before == b'\r';
            lines = lines.saturating_add(u64::from(!is_second));
        }
        last = part.last().copied().unwrap_or(last);
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8]) -> Lines {
        Lines::new(Box::new(std::io::Cursor::new(bytes.to_vec())), 0, 0)
    }

    fn all(bytes: &[u8]) -> Vec<Line> {
        let mut lines = lines(bytes);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn a_line_ends_at_any_of_the_three_ends_or_with_the_file() {
        let lines = all(b"a\nb\rc\r\n\r\r\n\nd");
        let read: Vec<(&[u8], &[u8])> = lines.iter().map(|line| (&*line.bytes, line.ending)).collect();
        let expected: [(&[u8], &[u8]); 7] = [
            (b"a", b"\n"),
            (b"b", b"\r"),
            (b"c", b"\r\n"),
            (b"", b"\r"),
            (b"", b"\r\n"),
            (b"", b"\n"),
            (b"d", b""),
        ];
        assert_eq!(read, expected);
        assert_eq!(lines.last().map(|line| (line.number, line.end)), Some((7, 12)));
    }

    #[test]
    fn a_line_that_is_too_long_is_read_past_and_only_its_beginning_is_kept() {
        let mut bytes = vec![b'x'; ROW_BYTES_MAX + 7];
        bytes.extend_from_slice(b"\nnext");
        let lines = all(&bytes);
        assert_eq!(
            (lines.len(), lines[0].is_cut(), lines[0].bytes.len()),
            (2, true, ROW_BYTES_MAX)
        );
        assert_eq!(lines[0].length, u64::try_from(ROW_BYTES_MAX + 7).unwrap());
        assert_eq!((&*lines[1].bytes, lines[1].is_cut()), (&b"next"[..], false));
    }

    #[test]
    fn what_is_given_back_comes_again() {
        let mut lines = lines(b"a\nb\nc\n");
        let taken: Vec<Line> = std::iter::from_fn(|| lines.next().unwrap()).take(2).collect();
        lines.give_back(taken.into_iter());
        let again: Vec<u64> = std::iter::from_fn(|| lines.next().unwrap())
            .map(|line| line.number)
            .collect();
        assert_eq!(again, [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn counting_and_reading_agree(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..40), piece in 1_usize..5) {
            struct Pieces(Vec<u8>, usize);
            impl Read for Pieces {
                fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
                    let length = self.1.min(self.0.len()).min(buffer.len());
                    let part: Vec<u8> = self.0.drain(..length).collect();
                    buffer[..length].copy_from_slice(&part);
                    Ok(length)
                }
            }
            let read = all(&bytes);
            prop_assert_eq!(count(Pieces(bytes.clone(), piece)).unwrap(), wide(read.len()));
            let again: Vec<u8> = read.iter().flat_map(|line| [&*line.bytes, line.ending].concat()).collect();
            prop_assert_eq!(again, bytes);
        }
    }
}
