//! Which kind of video file it is, told from its first bytes.
//!
//! The decoder child is told the format and never asked to guess: among what it
//! would guess are playlists, which name other files and hosts.

/// How many bytes of a file [`demuxer`] should see; fewer will do for most.
pub(crate) const HEAD_LEN: usize = 1024;

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnknownContainer {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// A list of other files.
    #[error("playlists are not read: name the video itself")]
    Playlist,
    /// None of the known formats.
    #[error(
        "its format is not known (known: MP4/MOV, Matroska/WebM, AVI, MPEG-TS, MPEG-PS, FLV, ASF/WMV, Ogg, MXF, \
         DHAV, IVF, NUT, Y4M, and bare H.264, H.265, MPEG-1/2 and Motion JPEG)"
    )]
    Unknown,
}

/// The name of ffmpeg's demuxer for a file that begins with `head`.
///
/// # Errors
/// When the format is not known, or a playlist.
pub(crate) fn demuxer(head: &[u8]) -> Result<&'static str, UnknownContainer> {
    if head.is_empty() {
        return Err(UnknownContainer::Empty);
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    const PLAYLISTS: [&[u8]; 7] =
        [b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<smil", b"<MPD", b"v=0"];
    if PLAYLISTS.iter().any(|start| text.starts_with(start)) {
        return Err(UnknownContainer::Playlist);
    }
    const ASF: &[u8] = &[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11];
    const STARTS: [(&[u8], &str); 12] = [
        (&[0x1A, 0x45, 0xDF, 0xA3], "matroska"),
        (b"nut/multimedia container\0", "nut"),
        (b"FLV\x01", "flv"),
        (ASF, "asf"),
        (b"OggS", "ogg"),
        (&[0x06, 0x0E, 0x2B, 0x34], "mxf"),
        (b"DHAV", "dhav"),
        (b"DKIF", "ivf"),
        (b"YUV4MPEG2 ", "yuv4mpegpipe"),
        (&[0, 0, 1, 0xBA], "mpeg"),
        (&[0, 0, 1, 0xB3], "mpegvideo"),
        (&[0xFF, 0xD8, 0xFF], "mjpeg"),
    ];
    if let Some((_, name)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
        return Ok(name);
    }
    if head.starts_with(b"RIFF")
        && head.get(8..12).is_some_and(|kind| kind == b"AVI " || kind == b"AVIX")
    {
        return Ok("avi");
    }
    const BOXES: [&[u8; 4]; 9] =
        [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof"];
    if head.get(4..8).is_some_and(|kind| BOXES.iter().any(|known| *known == kind)) {
        return Ok("mov");
    }
    // 188 bytes a packet; 192 with a time in front on some recorders.
    let sync =
        |first: usize, step: usize| (0..3).all(|i| head.get(first + i * step) == Some(&0x47));
    if sync(0, 188) || sync(4, 192) {
        return Ok("mpegts");
    }
    bare(head).ok_or(UnknownContainer::Unknown)
}

/// Bare H.264 or H.265, which begin with a start code and a parameter set or
/// an access unit delimiter.
fn bare(head: &[u8]) -> Option<&'static str> {
    let unit = head.strip_prefix(&[0, 0, 0, 1]).or_else(|| head.strip_prefix(&[0, 0, 1]))?;
    let (&first, &second) = (unit.first()?, unit.get(1)?);
    // H.265 has a second header byte, 1 in a stream without layers.
    if first & 0x81 == 0 && second == 1 && matches!(first >> 1, 32..=35 | 39) {
        return Some("hevc");
    }
    (first & 0x80 == 0 && matches!(first & 0x1F, 6 | 7 | 9)).then_some("h264")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let mut ts = vec![0xFF; 600];
        let mut m2ts = ts.clone();
        for i in 0..3 {
            ts[i * 188] = 0x47;
            m2ts[4 + i * 192] = 0x47;
        }
        let table: [(&[u8], Result<&str, UnknownContainer>); 14] = [
            (b"\0\0\0\x20ftypisom", Ok("mov")),
            (b"RIFF\0\0\0\0AVI LIST", Ok("avi")),
            (b"RIFF\0\0\0\0WAVEfmt ", Err(UnknownContainer::Unknown)),
            (&ts, Ok("mpegts")),
            (&m2ts, Ok("mpegts")),
            (&[0, 0, 0, 1, 0x67, 0x42], Ok("h264")),
            (&[0, 0, 1, 0x09, 0xF0], Ok("h264")),
            (&[0, 0, 0, 1, 0x40, 0x01], Ok("hevc")),
            (&[0xFF, 0xD8, 0xFF, 0xE0], Ok("mjpeg")),
            (b"", Err(UnknownContainer::Empty)),
            (b"#EXTM3U\n#EXT-X", Err(UnknownContainer::Playlist)),
            (b"\xEF\xBB\xBF  ffconcat version 1.0", Err(UnknownContainer::Playlist)),
            (b"GIF89a", Err(UnknownContainer::Unknown)),
            (b"hello, world", Err(UnknownContainer::Unknown)),
        ];
        for (head, expected) in table {
            assert_eq!(demuxer(head), expected, "{head:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_safe(head in proptest::collection::vec(proptest::num::u8::ANY, 0..700)) {
            proptest::prop_assert_eq!(demuxer(&head).err() == Some(UnknownContainer::Empty), head.is_empty());
        }
    }
}
