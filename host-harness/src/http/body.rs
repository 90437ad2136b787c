//! The part of a response's body that is reported: decompressed, cut at the limit, and converted to text.

use std::io::Write;

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The encodings that a collector decompresses, as the value of `Accept-Encoding`.
pub(crate) const READABLE_ENCODINGS: &str = "gzip, deflate";
/// How many bytes a compressed body may have beyond the limit on its content: header, trailer and framing.
const COMPRESSED_OVERHEAD_BYTES: usize = 1024;

/// Collects a body up to a limit. The limit counts decompressed bytes.
#[derive(Debug)]
pub(crate) struct Collector {
    decoder: Decoder,
    read_bytes: usize,
    read_bytes_max: usize,
}

#[derive(Debug)]
enum Decoder {
    Identity(Capped),
    Gzip(MultiGzDecoder<Capped>),
    /// `deflate` means the zlib format, but many servers send its content without the zlib header. The first byte decides.
    DeflateUnread(Capped),
    Zlib(ZlibDecoder<Capped>),
    Deflate(DeflateDecoder<Capped>),
}

/// The collected part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collected {
    pub(crate) text: String,
    /// True if the body was longer than the limit.
    pub(crate) truncated: bool,
}

/// Tells the reader of a body whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// More can be kept.
    Left,
    /// The limit is reached, or the body cannot be decoded. Nothing more is kept.
    None,
}

impl Collector {
    /// Makes a collector for a response with this `content-encoding`. An unknown encoding is not decoded.
    pub(crate) fn new(encoding: Option<&str>, bytes_max: u32) -> Collector {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let kept = Capped { bytes: Vec::new(), bytes_max, overflowed: false };
        let decoder = match encoding.map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            Some("gzip" | "x-gzip") => Decoder::Gzip(MultiGzDecoder::new(kept)),
            Some("deflate") => Decoder::DeflateUnread(kept),
            _ => Decoder::Identity(kept),
        };
        Collector { decoder, read_bytes: 0, read_bytes_max: bytes_max.saturating_add(COMPRESSED_OVERHEAD_BYTES) }
    }

    /// Adds the next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Room {
        self.read_bytes = self.read_bytes.saturating_add(piece.len());
        if let (Decoder::DeflateUnread(kept), Some(first)) = (&mut self.decoder, piece.first()) {
            let kept = std::mem::replace(kept, Capped { bytes: Vec::new(), bytes_max: 0, overflowed: false });
            // The low half of zlib's first byte is its method, 8. No deflate stream begins with a block of that form.
            self.decoder = if first & 0x0f == 8 {
                Decoder::Zlib(ZlibDecoder::new(kept))
            } else {
                Decoder::Deflate(DeflateDecoder::new(kept))
            };
        }
        let written = match &mut self.decoder {
            Decoder::Identity(kept) | Decoder::DeflateUnread(kept) => kept.write_all(piece),
            Decoder::Gzip(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
            Decoder::Zlib(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
            Decoder::Deflate(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
        };
        let kept = self.kept();
        if written.is_err() {
            kept.overflowed = true;
        }
        if kept.overflowed || (self.read_bytes > self.read_bytes_max && !self.is_identity()) {
            self.kept().overflowed = true;
            return Room::None;
        }
        Room::Left
    }

    /// Returns the text.
    pub(crate) fn finish(mut self) -> Collected {
        let kept = self.kept();
        let truncated = kept.overflowed;
        let mut bytes = std::mem::take(&mut kept.bytes);
        if truncated {
            drop_split_character(&mut bytes);
        }
        let bytes_max = kept.bytes_max;
        match String::from_utf8(bytes) {
            Ok(text) => Collected { text, truncated },
            Err(error) => {
                let mut text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                // A replaced byte becomes three, so the limit is applied once more.
                let cut = text.len() > bytes_max;
                text.truncate(text.floor_char_boundary(bytes_max));
                Collected { text, truncated: truncated || cut }
            }
        }
    }

    fn is_identity(&self) -> bool {
        matches!(self.decoder, Decoder::Identity(_))
    }

    fn kept(&mut self) -> &mut Capped {
        match &mut self.decoder {
            Decoder::Identity(kept) | Decoder::DeflateUnread(kept) => kept,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zlib(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
        }
    }
}

fn drop_split_character(bytes: &mut Vec<u8>) {
    if let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
}

/// Keeps bytes up to the limit.
#[derive(Debug)]
struct Capped {
    bytes: Vec<u8>,
    bytes_max: usize,
    overflowed: bool,
}

impl Write for Capped {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        if piece.is_empty() {
            return Ok(0);
        }
        let room = self.bytes_max - self.bytes.len();
        if room == 0 {
            self.overflowed = true;
            return Err(std::io::Error::other("the limit is reached"));
        }
        let taken = room.min(piece.len());
        self.bytes.extend_from_slice(&piece[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoding: Option<&str>, sent: &[u8], bytes_max: u32, text: &str, truncated: bool) {
        for piece_bytes in [1, 7, sent.len().max(1)] {
            let mut collector = Collector::new(encoding, bytes_max);
            for piece in sent.chunks(piece_bytes) {
                if collector.push(piece) == Room::None {
                    break;
                }
            }
            let expected = Collected { text: text.to_owned(), truncated };
            assert_eq!(collector.finish(), expected, "{encoding:?} in pieces of {piece_bytes}");
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn body_is_kept_up_to_the_limit() {
        check(None, b"", 4, "", false);
        check(None, b"abcd", 4, "abcd", false);
        check(None, b"abcde", 4, "abcd", true);
        check(None, b"abc", 0, "", true);
        check(Some("br"), b"abcde", 4, "abcd", true);
    }

    #[test]
    fn body_that_is_not_utf8_becomes_text() {
        check(None, b"a\xffb", 100, "a\u{fffd}b", false);
        check(None, "caf\u{e9}!".as_bytes(), 4, "caf", true);
        check(None, b"\xff\xff\xff", 4, "\u{fffd}", true);
    }

    #[test]
    fn limit_counts_decompressed_bytes() {
        check(Some("gzip"), &gzip(b"hello"), 100, "hello", false);
        check(Some("GZIP"), &gzip(b"hello"), 5, "hello", false);
        check(Some("gzip"), &gzip(b"hello!"), 5, "hello", true);
        check(Some("gzip"), &gzip(&vec![b'x'; 10_000_000]), 3, "xxx", true);
        check(Some("gzip"), b"", 5, "", false);
        check(Some("gzip"), b"not gzip at all", 5, "", true);

        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(b"hello").unwrap();
        check(Some("deflate"), &zlib.finish().unwrap(), 100, "hello", false);
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        bare.write_all(b"hello").unwrap();
        check(Some("deflate"), &bare.finish().unwrap(), 100, "hello", false);
    }
}
