//! A PNG's chunks, by the png crate, which checks their sums, order and lengths; the bytes of its image data, unpacked
//! from their chunks.

use png::{Decoded, DecodingError, StreamingDecoder, chunk};

use super::inflate::PADDING;
use crate::failure::{Outcome, truncated};
use crate::source::png::{METADATA_BYTES, failure};

/// Bytes taken from the file at a time: they stay in the second-level cache from their checksum until they are read.
const PIECE: usize = 16 << 10;

pub struct ImageData<'a> {
    file: &'a [u8],
    /// The next byte of the file.
    at: usize,
    chunks: StreamingDecoder,
    /// Bytes that have not been read, from `read` on; behind the last of the file zeros.
    pub bytes: Vec<u8>,
    pub read: usize,
    /// How many bytes there are, once the last is known.
    end: Option<usize>,
}

impl<'a> ImageData<'a> {
    pub fn new(file: &'a [u8]) -> Self {
        let mut chunks = StreamingDecoder::new();
        // What the probe has read already, within its limits.
        chunks.set_ignore_text_chunk(true);
        chunks.set_ignore_iccp_chunk(true);
        Self { file, at: 0, chunks, bytes: Vec::new(), read: 0, end: None }
    }

    /// Whether there is more, once more is wanted.
    pub fn extend(&mut self) -> Outcome<bool> {
        if self.end.is_some() {
            return Ok(false);
        }
        self.bytes.drain(..self.read);
        self.read = 0;
        let wanted = self.bytes.len() + PIECE;
        while self.bytes.len() < wanted && self.end.is_none() {
            let from = self.at;
            match self.next_event()? {
                Decoded::ImageData => self.bytes.extend_from_slice(&self.file[from..self.at]),
                Decoded::ImageDataFlushed => {
                    self.end = Some(self.bytes.len());
                    self.bytes.resize(self.bytes.len() + PADDING, 0);
                }
                _ => {}
            }
        }
        Ok(true)
    }

    /// Whether more was read than there is.
    pub fn is_overrun(&self) -> bool {
        self.end.is_some_and(|end| self.read > end)
    }

    /// Reads the file to its end.
    pub fn finish(&mut self) -> Outcome<()> {
        while !matches!(self.next_event()?, Decoded::ChunkComplete(chunk::IEND)) {}
        Ok(())
    }

    fn next_event(&mut self) -> Outcome<Decoded> {
        let piece = &self.file[self.at..][..PIECE.min(self.file.len() - self.at)];
        if piece.is_empty() {
            return truncated("the PNG ends early");
        }
        let (read, event) = self.chunks.update(piece, None).map_err(failure)?;
        self.at += read;
        match event {
            // The only chunk of any length that is kept.
            Decoded::ChunkBegin(length, chunk::eXIf) if length as usize > METADATA_BYTES => {
                Err(failure(DecodingError::LimitsExceeded))
            }
            event => Ok(event),
        }
    }
}
