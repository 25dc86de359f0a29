//! Reading what a mail server answers: bounded, whatever it sends.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes of one line of an answer (RFC 5321, 4.5.3.1.5, has 512).
const LINE_BYTES: usize = 4 * 1024;
/// Lines of one answer.
const LINES: usize = 100;

/// An answer, its lines joined.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The code and the words, as people quote them.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }

    pub(super) const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    pub(super) const fn is_intermediate(&self) -> bool {
        matches!(self.code, 300..=399)
    }

    pub(super) const fn is_permanent(&self) -> bool {
        matches!(self.code, 500..=599)
    }
}

/// Reads one answer. `rest` keeps what was read beyond it.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), rest: &mut Vec<u8>) -> std::io::Result<Reply> {
    let mut lines = Vec::new();
    loop {
        let line = read_line(stream, rest).await?;
        let (code, is_last, text) = parse(&line).ok_or_else(|| broken("the server does not speak SMTP"))?;
        lines.push(text);
        if is_last {
            return Ok(Reply { code, lines });
        }
        if lines.len() >= LINES {
            return Err(broken("the server's answer does not end"));
        }
    }
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin), rest: &mut Vec<u8>) -> std::io::Result<Vec<u8>> {
    loop {
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let after = rest.split_off(end + 1);
            let mut line = std::mem::replace(rest, after);
            while matches!(line.last(), Some(b'\n' | b'\r')) {
                line.pop();
            }
            return Ok(line);
        }
        if rest.len() > LINE_BYTES {
            return Err(broken("a line of the server's answer does not end"));
        }
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the server ended the connection"));
        }
        rest.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
}

/// The code, whether the answer ends with this line, and its text.
fn parse(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, after) = line.split_at_checked(3)?;
    let code: u16 =
        std::str::from_utf8(code).ok().filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    if !(200..=599).contains(&code) {
        return None;
    }
    let (is_last, text) = match after {
        [] => (true, after),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return None,
    };
    Some((code, is_last, String::from_utf8_lossy(text).into_owned()))
}

fn broken(words: &'static str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn read_all(mut sent: &[u8]) -> std::io::Result<Reply> {
        read(&mut sent, &mut Vec::new()).await
    }

    #[tokio::test]
    async fn several_lines_are_one_answer() {
        let reply = read_all(b"250-mx.example\r\n250-SIZE 10\n250 HELP\r\n").await.unwrap();
        assert_eq!((reply.code, reply.words().as_str()), (250, "250 mx.example SIZE 10 HELP"));
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_left_after_its_bound() {
        let endless = [b"250-a\r\n".repeat(LINES + 1), vec![b'2'; LINE_BYTES * 2]].concat();
        assert!(read_all(&endless).await.is_err());
        assert!(read_all(&vec![b'2'; LINE_BYTES * 2]).await.is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(sent: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read_all(&sent));
        }
    }
}
