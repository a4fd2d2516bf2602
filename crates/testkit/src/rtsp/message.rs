//! RTSP (and HTTP) requests in, RTSP answers out.

/// The longest request, bytes.
const LEN_MAX: usize = 64 << 10;

/// A request, as far as the camera reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Takes one request off the front of `buffer`, and the interleaved packets
/// before it; `Ok(None)` when it is not complete, `Err` when it never will be.
pub(crate) fn take(buffer: &mut Vec<u8>) -> Result<Option<Request>, ()> {
    while buffer.first() == Some(&b'$') {
        let Some(header) = buffer.get(2..4) else {
            return Ok(None);
        };
        let end = 4 + usize::from(u16::from_be_bytes([header[0], header[1]]));
        if buffer.len() < end {
            return Ok(None);
        }
        buffer.drain(..end);
    }
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if buffer.len() > LEN_MAX { Err(()) } else { Ok(None) };
    };
    let head = std::str::from_utf8(&buffer[..end]).map_err(|_not_text| ())?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(uri), Some(_version)) = (words.next(), words.next(), words.next())
    else {
        return Err(());
    };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let request = Request { method: method.to_owned(), uri: uri.to_owned(), headers };
    let body = request.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let end = end + 4 + usize::min(body, LEN_MAX);
    if buffer.len() < end {
        return Ok(None);
    }
    buffer.drain(..end);
    Ok(Some(request))
}

/// An answer to `request` with these headers, a line each, and this body.
pub(super) fn answer(request: &Request, status: &str, headers: &[String], body: &str) -> String {
    let sequence = request.header("CSeq").unwrap_or("0");
    let mut text = format!("RTSP/1.0 {status}\r\nCSeq: {sequence}\r\nServer: testkit\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!(
            "Content-Type: application/sdp\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_in_pieces_and_between_packets() {
        let mut buffer = b"$\x01\x00\x02abOPTIONS rtsp://x RTSP/1.0\r\ncseq: 7\r\n".to_vec();
        assert_eq!(take(&mut buffer), Ok(None));
        buffer.extend(b"\r\nDESC");
        let request = take(&mut buffer).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.header("CSeq")), ("OPTIONS", Some("7")));
        assert_eq!(buffer, b"DESC");
        assert!(take(&mut b"nonsense\r\n\r\n".to_vec()).is_err());
    }
}
