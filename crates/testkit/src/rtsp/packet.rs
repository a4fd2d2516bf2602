//! Coded pictures as RTP packets (RFC 3550): single units and fragments, of
//! H.264 (RFC 6184) and H.265 (RFC 7798).

use crate::clip::ClipCodec;
use crate::footage::CodedPicture;

use super::sdp::VIDEO_PAYLOAD;

/// The most payload in a packet, bytes.
const PAYLOAD_MAX: usize = 1400;
const SSRC: u32 = 0x5AFE_0001;

/// The packets of one picture, numbered from `sequence` on; the last is marked.
pub(super) fn packets(
    picture: &CodedPicture,
    codec: ClipCodec,
    timestamp: u32,
    sequence: &mut u16,
) -> Vec<Vec<u8>> {
    let payloads: Vec<_> = picture.nals.iter().flat_map(|nal| payloads(nal, codec)).collect();
    let last = payloads.len().saturating_sub(1);
    let one = |(index, payload): (usize, Vec<u8>)| {
        let marker = if index == last { 0x80 } else { 0 };
        let mut packet = vec![0x80, VIDEO_PAYLOAD | marker];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(SSRC.to_be_bytes());
        packet.extend(payload);
        *sequence = sequence.wrapping_add(1);
        packet
    };
    payloads.into_iter().enumerate().map(one).collect()
}

/// A NAL unit as it is, or in fragments.
fn payloads(nal: &[u8], codec: ClipCodec) -> Vec<Vec<u8>> {
    if nal.len() <= PAYLOAD_MAX {
        return vec![nal.to_vec()];
    }
    // The header says "fragment", and the fragment's own header what it is of.
    let (header, kind, body) = if codec == ClipCodec::H265 {
        (vec![nal[0] & 0x81 | 49 << 1, nal[1]], nal[0] >> 1 & 0x3F, &nal[2..])
    } else {
        (vec![nal[0] & 0xE0 | 28], nal[0] & 0x1F, &nal[1..])
    };
    let chunks: Vec<_> = body.chunks(PAYLOAD_MAX).collect();
    let last = chunks.len() - 1;
    let one = |(index, chunk): (usize, &&[u8])| {
        let start = if index == 0 { 0x80 } else { 0 };
        let end = if index == last { 0x40 } else { 0 };
        let mut payload = header.clone();
        payload.push(start | end | kind);
        payload.extend_from_slice(chunk);
        payload
    };
    chunks.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_units_are_sent_in_fragments() {
        let long: Vec<u8> = (0..3000_u32).map(|n| if n == 0 { 0x65 } else { n as u8 }).collect();
        let picture = CodedPicture { nals: vec![vec![0x67, 1], long.clone()], time: 0, key: true };
        let mut sequence = 65_535;
        let packets = packets(&picture, ClipCodec::H264, 7, &mut sequence);
        assert_eq!(packets.len(), 4);
        assert_eq!(sequence, 3);
        assert_eq!(packets.iter().filter(|packet| packet[1] & 0x80 != 0).count(), 1);
        let kinds: Vec<_> = packets[1..].iter().map(|packet| (packet[12], packet[13])).collect();
        assert_eq!(kinds, [(0x7C, 0x85), (0x7C, 0x05), (0x7C, 0x45)]);
        let body: Vec<u8> = packets[1..].iter().flat_map(|packet| packet[14..].to_vec()).collect();
        assert_eq!(body, long[1..]);
    }
}
