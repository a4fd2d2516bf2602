//! Parts of a `multipart/x-mixed-replace` answer (RFC 2046), as cameras send them.
//!
//! Cameras take liberties with the format, so a part that makes no sense is
//! passed over, counted, and the next boundary looked for. What is kept is
//! bounded, whatever comes.

use bytes::{Buf, Bytes, BytesMut};

/// The largest part, bytes; larger ones are passed over.
pub(crate) const PART_LEN_MAX: usize = 16 << 20;
/// The longest line of a part's header, bytes.
const LINE_LEN_MAX: usize = 8 << 10;
/// The most lines of a part's header.
const LINES_MAX: usize = 64;
/// The longest boundary, bytes; the standard allows 70.
const BOUNDARY_LEN_MAX: usize = 200;
/// Bytes that cameras put behind the end of a JPEG within its stated length.
const PADDING_MAX: usize = 16;

/// Takes bytes as they come and gives the JPEG parts among them.
#[derive(Debug)]
pub(crate) struct PartReader {
    /// What each part follows: two dashes and the boundary.
    delimiter: Vec<u8>,
    buffer: BytesMut,
    state: State,
    refused: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before a delimiter.
    Between,
    /// In a part's header, behind so many lines of it.
    Header { lines: usize, length: Option<usize> },
    /// In a part's content, of which so many bytes hold no delimiter.
    Body { length: Option<usize>, searched: usize },
}

impl PartReader {
    /// A reader of an answer with this content type; `None` when it is no
    /// multipart answer, or without a boundary.
    pub(crate) fn new(content_type: &str) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';')?;
        let (kind, _) = kind.trim().split_once('/')?;
        if !kind.eq_ignore_ascii_case("multipart") {
            return None;
        }
        let boundary = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("boundary").then_some(value)
        })?;
        // Some cameras count the dashes as part of the boundary.
        let boundary = boundary.trim_start_matches("--");
        let fits = (1..=BOUNDARY_LEN_MAX).contains(&boundary.len());
        fits.then(|| Self {
            delimiter: format!("--{boundary}").into_bytes(),
            buffer: BytesMut::new(),
            state: State::Between,
            refused: 0,
        })
    }

    /// Takes the next bytes of the answer.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next part that looks like a JPEG; `None` until more bytes come.
    /// To be called until it gives none before more are pushed.
    pub(crate) fn next_part(&mut self) -> Option<Bytes> {
        loop {
            match self.state {
                State::Between => self.find_delimiter()?,
                State::Header { lines, length } => self.read_header_line(lines, length)?,
                State::Body { length, searched } => {
                    let part = self.read_body(length, searched)?;
                    match part {
                        Some(part) if part.starts_with(&[0xFF, 0xD8]) => return Some(part),
                        _ => self.refused += 1,
                    }
                }
            }
        }
    }

    /// How many parts were passed over, since the last call.
    pub(crate) const fn take_refused(&mut self) -> u64 {
        std::mem::replace(&mut self.refused, 0)
    }

    fn find_delimiter(&mut self) -> Option<()> {
        let Some(at) = find(&self.buffer, &self.delimiter) else {
            // Its beginning may be there.
            let keep = self.delimiter.len() - 1;
            self.buffer.advance(self.buffer.len().saturating_sub(keep));
            return None;
        };
        self.buffer.advance(at + self.delimiter.len());
        // The rest of the delimiter's line comes first.
        self.state = State::Header { lines: 0, length: None };
        Some(())
    }

    fn read_header_line(&mut self, lines: usize, length: Option<usize>) -> Option<()> {
        let end = self.buffer.iter().take(LINE_LEN_MAX).position(|byte| *byte == b'\n');
        let Some(end) = end else {
            if self.buffer.len() < LINE_LEN_MAX {
                return None;
            }
            self.refused += 1;
            self.state = State::Between;
            return Some(());
        };
        let line = self.buffer.split_to(end + 1);
        let line = line.trim_ascii();
        self.state = if lines == 0 {
            State::Header { lines: 1, length }
        } else if line.is_empty() {
            State::Body { length, searched: 0 }
        } else if lines >= LINES_MAX {
            self.refused += 1;
            State::Between
        } else {
            State::Header { lines: lines + 1, length: content_length(line).or(length) }
        };
        Some(())
    }

    /// The content, once it is there; the inner `None` when it is too large.
    #[expect(clippy::option_option, reason = "not yet, or never")]
    fn read_body(&mut self, length: Option<usize>, searched: usize) -> Option<Option<Bytes>> {
        // With the length no boundary need be waited for, which comes with the
        // next picture only; a length that does not end where the picture does is wrong.
        if let Some(length) = length
            && self.buffer.get(..length).is_some_and(ends_as_jpeg)
        {
            self.state = State::Between;
            return Some(Some(self.buffer.split_to(length).freeze()));
        }
        let searched = searched.min(self.buffer.len());
        if let Some(at) = find(&self.buffer[searched..], &self.delimiter) {
            self.state = State::Between;
            let part = self.buffer.split_to(searched + at).freeze();
            return Some(Some(part));
        }
        if self.buffer.len() > PART_LEN_MAX {
            self.state = State::Between;
            return Some(None);
        }
        let searched = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
        self.state = State::Body { length, searched };
        None
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let mut from = 0;
    // A boundary begins with a dash; dashes are rare in pictures.
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'-').map(|at| from + at) {
        if bytes[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn content_length(line: &[u8]) -> Option<usize> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let length = name.trim().eq_ignore_ascii_case("content-length").then_some(value)?;
    length.trim().parse().ok().filter(|length| *length <= PART_LEN_MAX)
}

/// Whether the end-of-image marker is at the end, or padding after it.
fn ends_as_jpeg(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(PADDING_MAX)..];
    tail.windows(2).any(|two| two == [0xFF, 0xD9])
}

/// Size of a JPEG's picture, as its frame header says (ITU T.81, B.2.2).
pub(crate) fn jpeg_size(jpeg: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        // A marker may be filled up with 0xFF before it.
        while jpeg.get(at) == Some(&0xFF) && jpeg.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let header: &[u8; 9] = jpeg.get(at..at + 9)?.first_chunk()?;
        let [0xFF, marker, high, low, _precision, y1, y0, x1, x0] = *header else {
            return None;
        };
        match marker {
            // Frame headers; the excluded are tables, not frames.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let value = |high, low| u32::from(u16::from_be_bytes([high, low]));
                return Some((value(x1, x0), value(y1, y0)));
            }
            // Pictures that begin without a frame header.
            0xD8..=0xDA => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JPEG: &[u8] = b"\xFF\xD8picture--with-dashes\xFF\xD9";

    fn parts(bytes: &[u8], step: usize) -> (Vec<Bytes>, u64) {
        let mut reader = PartReader::new("multipart/x-mixed-replace; boundary=b0").unwrap();
        let mut found = Vec::new();
        for chunk in bytes.chunks(step) {
            reader.push(chunk);
            while let Some(part) = reader.next_part() {
                found.push(part);
            }
            assert!(reader.buffer.len() <= PART_LEN_MAX + step);
        }
        (found, reader.take_refused())
    }

    fn part(headers: &str, content: &[u8]) -> Vec<u8> {
        [format!("--b0\r\n{headers}\r\n").as_bytes(), content, b"\r\n"].concat()
    }

    fn with_length(length: usize) -> Vec<u8> {
        part(&format!("Content-Type: image/jpeg\r\nContent-Length: {length}\r\n"), JPEG)
    }

    #[test]
    fn boundaries_as_cameras_write_them() {
        for (text, delimiter) in [
            ("multipart/x-mixed-replace;boundary=abc", "--abc"),
            ("multipart/x-mixed-replace; boundary=--abc", "--abc"),
            ("Multipart/Mixed; charset=x; Boundary=\"a b\"", "--a b"),
        ] {
            let reader = PartReader::new(text).unwrap();
            assert_eq!(reader.delimiter, delimiter.as_bytes(), "{text}");
        }
        for bad in
            ["image/jpeg", "multipart/x-mixed-replace", "multipart/x; boundary=", "x; boundary=1"]
        {
            assert!(PartReader::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parts_come_whole_however_they_arrive() {
        let stream = [with_length(JPEG.len()), part("", JPEG), with_length(JPEG.len())].concat();
        for step in [1, 2, 7, 1000] {
            assert_eq!(parts(&stream, step).0.len(), 3, "{step}");
        }
        let found = parts(&stream, 3).0;
        assert_eq!(found[0], JPEG);
        assert!(found[1].starts_with(JPEG));
        // With a length a part is there before the next boundary is.
        let stream = with_length(JPEG.len());
        assert_eq!(parts(&stream[..stream.len() - 2], 5).0.len(), 1);
    }

    #[test]
    fn wrong_lengths_and_garbage_cost_no_other_part() {
        for length in [0, 3, JPEG.len() - 1, JPEG.len() + 30, 100_000, usize::MAX] {
            let stream = [with_length(length), with_length(JPEG.len()), part("", b"")].concat();
            let (found, _) = parts(&stream, 11);
            assert_eq!(found.len(), 2, "{length}");
            assert!(found[0].starts_with(JPEG) && found[0].len() <= JPEG.len() + 2, "{length}");
        }
        let long_line = format!("X: {}\r\n", "x".repeat(LINE_LEN_MAX));
        let many_lines = "X: 1\r\n".repeat(LINES_MAX + 1);
        for bad in [
            part("Content-Type: text/plain\r\n", b"no picture"),
            part(&long_line, JPEG),
            part(&many_lines, JPEG),
            b"--b0--\r\nafterwards".to_vec(),
            b"garbage".repeat(5000),
        ] {
            let stream = [bad, with_length(JPEG.len()), part("", b"")].concat();
            assert_eq!(parts(&stream, 100).0.last().unwrap(), JPEG);
        }
        assert_eq!(parts(&[part("", b"text"), part("", b"")].concat(), 9).1, 1);
    }

    #[test]
    fn a_part_without_an_end_is_given_up() {
        let mut stream = part("", &vec![0; PART_LEN_MAX + 10]);
        stream.extend(with_length(JPEG.len()));
        let (found, refused) = parts(&stream, 1 << 20);
        assert_eq!((found.len(), refused), (1, 1));
    }

    #[test]
    fn sizes_of_pictures() {
        let jpeg = crate::jpeg::encode_rgb(
            &[7; 24 * 10 * 3],
            safe_yolo_core::geometry::PictureSize::new(24, 10),
            80,
        )
        .unwrap();
        assert_eq!(jpeg_size(&jpeg), Some((24, 10)));
        assert_eq!(jpeg_size(&jpeg[..20]), None);
        assert_eq!(jpeg_size(b"\xFF\xD8\xFF\xD9"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe_to_read(
            pieces in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                Just(b"--b0\r\n".to_vec()),
                Just(b"\r\n\r\n".to_vec()),
                Just(b"Content-Length: 20\r\n".to_vec()),
                Just(JPEG.to_vec()),
                Just(with_length(JPEG.len())),
            ], 0..40),
            step in 1..50_usize,
        ) {
            let mut bytes = pieces.concat();
            let (found, _) = parts(&bytes, step);
            for part in found {
                prop_assert!(part.starts_with(&[0xFF, 0xD8]));
                std::hint::black_box(jpeg_size(&part));
            }
            std::hint::black_box(jpeg_size(&bytes));
            // Whatever came before, what follows is read again.
            bytes.extend(b"\r\n\r\n\xFF\xD9");
            for _ in 0..2 {
                bytes.extend(with_length(JPEG.len()));
            }
            let (found, _) = parts(&bytes, step);
            prop_assert_eq!(found.last().unwrap(), JPEG);
        }
    }
}
