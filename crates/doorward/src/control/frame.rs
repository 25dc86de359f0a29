//! The frames of the control protocol: a length (32 bits, big-endian), a letter, a payload.
//!
//! Whatever comes in is a frame or an error, never a panic.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::codec::LengthDelimitedCodec;

use crate::exit::Failure;
use crate::operations::Call;
use crate::progress::Progress;

/// What one side says to the other.
pub enum Frame {
    /// Both sides, first: the version.
    Hello(u32),
    /// Client: an operation, whose body follows in pieces.
    Request(Request),
    /// Client: the next piece of a body.
    Piece(Bytes),
    /// Server, any number of times: how far it is.
    Progress(Progress),
    /// Server, at the end: the answer.
    Done(serde_json::Value),
    /// Server, at the end: why there is none.
    Failed(Failure),
}

/// A call and the size of its body in bytes.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// What is asked.
    pub call: Call,
    /// Bytes of body that follow.
    pub body_bytes: u64,
}

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A letter that this version does not know, or none.
    #[error("unknown kind of frame")]
    Kind,
    /// A payload that does not read as its letter says. The cause is not kept: it may quote values.
    #[error("malformed frame")]
    Payload,
}

const HELLO: u8 = b'H';
const REQUEST: u8 = b'R';
const PIECE: u8 = b'B';
const PROGRESS: u8 = b'P';
const DONE: u8 = b'D';
const FAILED: u8 = b'F';

impl Frame {
    /// The frame's bytes, without the length that the codec adds.
    pub fn encode(&self) -> Result<Bytes, FrameError> {
        match self {
            Self::Hello(version) => json(HELLO, version),
            Self::Request(request) => json(REQUEST, request),
            Self::Piece(piece) => {
                let mut bytes = BytesMut::with_capacity(piece.len() + 1);
                bytes.put_u8(PIECE);
                bytes.extend_from_slice(piece);
                Ok(bytes.freeze())
            }
            Self::Progress(progress) => json(PROGRESS, progress),
            Self::Done(answer) => json(DONE, answer),
            Self::Failed(failure) => json(FAILED, failure),
        }
    }

    /// The frame in `bytes`.
    pub fn decode(mut bytes: Bytes) -> Result<Self, FrameError> {
        if bytes.is_empty() {
            return Err(FrameError::Kind);
        }
        let payload = bytes.split_off(1);
        match bytes.first() {
            Some(&HELLO) => read(&payload).map(Self::Hello),
            Some(&REQUEST) => read(&payload).map(Self::Request),
            Some(&PIECE) => Ok(Self::Piece(payload)),
            Some(&PROGRESS) => read(&payload).map(Self::Progress),
            Some(&DONE) => read(&payload).map(Self::Done),
            Some(&FAILED) => read(&payload).map(Self::Failed),
            _ => Err(FrameError::Kind),
        }
    }
}

fn json<T: Serialize>(kind: u8, value: &T) -> Result<Bytes, FrameError> {
    let mut bytes = vec![kind];
    serde_json::to_writer(&mut bytes, value).map_err(|_| FrameError::Payload)?;
    Ok(bytes.into())
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(payload).map_err(|_| FrameError::Payload)
}

/// The codec that refuses a frame above `largest` bytes by its length alone.
pub(super) fn codec(largest: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_length(4).max_frame_length(largest).new_codec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Operation, ReceivedVia};
    use proptest::prelude::*;
    use tokio_util::codec::Decoder as _;

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            let _ = Frame::decode(bytes.into());
        }

        #[test]
        fn any_payload_behind_a_known_letter_is_a_frame_or_an_error(
            kind in proptest::sample::select(b"HRBPDF".to_vec()),
            payload: Vec<u8>,
        ) {
            let mut bytes = vec![kind];
            bytes.extend(payload);
            let _ = Frame::decode(bytes.into());
        }

        #[test]
        fn a_request_arrives_as_it_was_sent(
            helo: Option<String>, mail_from: Option<String>, organisation: Option<String>, body_bytes: u64,
        ) {
            let operation = Operation::Mail { client_ip: None, helo, mail_from, received_via: ReceivedVia::Pipe };
            let sent = Request { call: Call { organisation, operation }, body_bytes };
            let bytes = Frame::Request(Request { call: sent.call.clone(), body_bytes }).encode().unwrap();
            let Ok(Frame::Request(came)) = Frame::decode(bytes) else {
                return Err(TestCaseError::fail("a request came as something else"));
            };
            prop_assert!(came.call == sent.call);
            prop_assert_eq!(came.body_bytes, sent.body_bytes);
        }

        #[test]
        fn a_piece_arrives_as_it_was_sent(piece: Vec<u8>) {
            let bytes = Frame::Piece(piece.clone().into()).encode().unwrap();
            let Ok(Frame::Piece(came)) = Frame::decode(bytes) else {
                return Err(TestCaseError::fail("a piece came as something else"));
            };
            prop_assert_eq!(came.as_ref(), piece.as_slice());
        }
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_anything_is_held_for_it() {
        let mut bytes = BytesMut::from(&[0xFF, 0xFF, 0xFF, 0xFF, b'R'][..]);
        assert!(codec(1_024).decode(&mut bytes).is_err());
    }
}
