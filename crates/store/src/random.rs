//! Secrets and identifiers from the operating system's randomness.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::StoreError;

/// RFC 4648 base 32 in lower case: fits identifiers, and 32 divides 256.
const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Without characters that look alike (0 and O, 1, l and I).
const UNAMBIGUOUS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| StoreError::Random { detail: error.to_string() })?;
    Ok(bytes)
}

fn text(alphabet: &[u8], length: usize) -> Result<String, StoreError> {
    // Bytes past the last whole multiple would make some characters likelier.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in bytes::<32>()?.map(usize::from) {
            if byte < fair && text.len() < length {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

/// A new identifier such as `c-h7k2m4qzab`.
pub(crate) fn id(prefix: char) -> Result<String, StoreError> {
    Ok(format!("{prefix}-{}", text(BASE32, 10)?))
}

/// A password that can be read aloud and typed: 20 characters, 115 bits.
pub(crate) fn password() -> Result<String, StoreError> {
    text(UNAMBIGUOUS, 20)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_alphabet_and_differ() {
        let one = password().unwrap();
        assert_eq!(one.len(), 20);
        assert!(one.bytes().all(|b| UNAMBIGUOUS.contains(&b)));
        assert_ne!(one, password().unwrap());
        let id = id('z').unwrap();
        assert_eq!(id.len(), 12);
        assert!(id.parse::<safe_yolo_core::ZoneId>().is_ok());
    }

    #[test]
    fn hex_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
