//! Lines and literals of IMAP (RFC 3501, 2.2 and 4.3) as they come over a connection, each with its
//! bound. It never understands what they say, and holds no byte beyond what was allowed.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::{Cause, Stage, Trouble};

/// Bytes of one response without its literals: the numbers of some 200,000 mails.
const LINE_BYTES: usize = 2 * 1024 * 1024;
/// Literals of one response.
const LITERALS: usize = 64;
/// A literal that is too large to be kept is read and dropped up to this many bytes; beyond it the
/// connection is given up.
const DROPPED_BYTES: u64 = 1024 * 1024 * 1024;

/// A connection, whatever protects it.
pub(in crate::channels) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// A piece of a response.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Piece {
    /// Text up to the end of the line or to a literal, without either's marks.
    Text(Vec<u8>),
    /// A literal.
    Literal(Bytes),
    /// A literal of more bytes than were allowed; they are gone.
    TooLarge(u64),
}

/// The two directions of a connection.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    partial: Partial,
    patience: Duration,
}

impl Wire {
    /// `patience` is how long the other side may be silent while something is expected of it.
    pub(super) fn new(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { stream: BufReader::new(stream), partial: Partial::default(), patience }
    }

    /// The bare connection, to put TLS on it. What came before TLS must not count as said within
    /// it, so nothing may be waiting (CVE-2011-0411 and its kin).
    pub(super) fn into_stream(self) -> Result<Box<dyn Stream>, Trouble> {
        if self.stream.buffer().is_empty() && self.partial.is_empty() {
            return Ok(self.stream.into_inner());
        }
        Err(Trouble::new(Stage::Tls, Cause::Unexpected))
    }

    /// How long the other side may be silent.
    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }

    /// One whole response. Its literals may have `largest` bytes together. Safe to cancel.
    pub(super) async fn read(&mut self, patience: Duration, largest: usize) -> Result<Vec<Piece>, Cause> {
        loop {
            let chunk = match timeout(patience, self.stream.fill_buf()).await {
                Err(_) => return Err(Cause::Slow),
                Ok(Err(_) | Ok([])) => return Err(Cause::Closed),
                Ok(Ok(chunk)) => chunk,
            };
            let (used, whole) = self.partial.take(chunk, largest)?;
            self.stream.consume(used);
            if whole {
                return Ok(std::mem::take(&mut self.partial).pieces);
            }
        }
    }

    /// Sends bytes and does not return before they have left.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        let patience = self.patience;
        let stream = self.stream.get_mut();
        let sending = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        timeout(patience, sending).await.map_err(|_| Cause::Slow)?.map_err(|_| Cause::Closed)
    }
}

/// What has come of a response so far.
#[derive(Default)]
struct Partial {
    pieces: Vec<Piece>,
    line: Vec<u8>,
    literal: Option<Coming>,
    text_bytes: usize,
    kept_bytes: usize,
}

/// A literal on its way.
struct Coming {
    announced: u64,
    left: u64,
    /// None for one that is dropped.
    kept: Option<Vec<u8>>,
}

impl Partial {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.line.is_empty() && self.literal.is_none()
    }

    /// Takes bytes; says how many, and whether the response is whole.
    fn take(&mut self, chunk: &[u8], largest: usize) -> Result<(usize, bool), Cause> {
        if let Some(coming) = &mut self.literal {
            let here = usize::try_from(coming.left).unwrap_or(usize::MAX).min(chunk.len());
            if let Some(kept) = &mut coming.kept {
                kept.extend_from_slice(chunk.get(..here).unwrap_or_default());
            }
            coming.left = coming.left.saturating_sub(here as u64);
            self.end_literal();
            return Ok((here, false));
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(chunk.len(), |at| at + 1);
        self.text_bytes += used;
        if self.text_bytes > LINE_BYTES {
            return Err(Cause::TooLong);
        }
        self.line.extend_from_slice(chunk.get(..used).unwrap_or_default());
        if end.is_none() {
            return Ok((used, false));
        }
        let mut line = std::mem::take(&mut self.line);
        while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            line.pop();
        }
        let announced = literal_size(&line)?;
        if let Some((text, _)) = announced {
            line.truncate(text);
        }
        self.pieces.push(Piece::Text(line));
        let Some((_, size)) = announced else { return Ok((used, true)) };
        self.begin_literal(size, largest)?;
        Ok((used, false))
    }

    fn begin_literal(&mut self, announced: u64, largest: usize) -> Result<(), Cause> {
        if self.pieces.len() > 2 * LITERALS || announced > DROPPED_BYTES {
            return Err(Cause::TooLong);
        }
        let room = largest.saturating_sub(self.kept_bytes);
        let kept = usize::try_from(announced).ok().filter(|size| *size <= room);
        self.kept_bytes += kept.unwrap_or(0);
        // Grows as bytes come: an announcement alone costs nothing.
        self.literal = Some(Coming { announced, left: announced, kept: kept.map(|_| Vec::new()) });
        self.end_literal();
        Ok(())
    }

    /// Makes a piece of a literal that has come whole.
    fn end_literal(&mut self) {
        if let Some(Coming { announced, kept, .. }) = self.literal.take_if(|coming| coming.left == 0) {
            self.pieces.push(kept.map_or(Piece::TooLarge(announced), |bytes| Piece::Literal(bytes.into())));
        }
    }
}

/// Where the text ends and how many bytes follow, when a line ends with `{n}`, `{n+}` or `~{n}`.
fn literal_size(line: &[u8]) -> Result<Option<(usize, u64)>, Cause> {
    let Some(inner) = line.strip_suffix(b"}") else { return Ok(None) };
    let Some(open) = inner.iter().rposition(|byte| *byte == b'{') else { return Ok(None) };
    let digits = inner.get(open + 1..).unwrap_or_default();
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(Cause::TooLong)?;
    let binary = open.checked_sub(1).filter(|at| line.get(*at) == Some(&b'~'));
    Ok(Some((binary.unwrap_or(open), size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LARGEST: usize = 1_000;

    async fn pieces(bytes: &[u8]) -> Result<Vec<Piece>, Cause> {
        let stream = tokio_test_stream(bytes);
        Wire::new(stream, Duration::from_secs(5)).read(Duration::from_secs(5), LARGEST).await
    }

    fn tokio_test_stream(bytes: &[u8]) -> Box<dyn Stream> {
        let (mut server, client) = tokio::io::duplex(64);
        let bytes = bytes.to_vec();
        tokio::spawn(async move { server.write_all(&bytes).await });
        Box::new(client)
    }

    #[tokio::test]
    async fn a_literal_stands_between_texts() {
        let found = pieces(b"* 1 FETCH (BODY[] {5}\r\nab\r\nc FLAGS ())\r\nnext").await.unwrap();
        let expected = [
            Piece::Text(b"* 1 FETCH (BODY[] ".to_vec()),
            Piece::Literal(Bytes::from_static(b"ab\r\nc")),
            Piece::Text(b" FLAGS ())".to_vec()),
        ];
        assert!(found == expected, "{found:?}");
    }

    #[tokio::test]
    async fn a_literal_that_is_too_large_is_dropped_and_the_rest_is_read() {
        let mut bytes = b"* 1 FETCH (BODY[] {1001}\r\n".to_vec();
        bytes.extend([b'x'; 1001]);
        bytes.extend(b" UID 7)\r\n");
        let found = pieces(&bytes).await.unwrap();
        assert!(found[1..] == [Piece::TooLarge(1001), Piece::Text(b" UID 7)".to_vec())], "{found:?}");
    }

    #[tokio::test]
    async fn what_a_server_announces_beyond_all_bounds_ends_the_connection() {
        for announced in ["{99999999999}", "{99999999999999999999999999}"] {
            let bytes = format!("* 1 FETCH (BODY[] {announced}\r\nx");
            assert!(matches!(pieces(bytes.as_bytes()).await, Err(Cause::TooLong)));
        }
        let endless = vec![b'x'; LINE_BYTES + 1];
        assert!(matches!(pieces(&endless).await, Err(Cause::TooLong)));
        let many = "{0}\r\n".repeat(LITERALS + 2);
        assert!(matches!(pieces(many.as_bytes()).await, Err(Cause::TooLong)));
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_for_ever() {
        let (_server, client) = tokio::io::duplex(64);
        let short = Duration::from_millis(1);
        assert!(matches!(Wire::new(Box::new(client), short).read(short, LARGEST).await, Err(Cause::Slow)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_pieces_or_an_end(bytes: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _ = runtime.block_on(pieces(&bytes));
        }
    }
}
