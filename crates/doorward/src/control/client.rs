//! A command's side of the control socket.

use std::path::Path;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::frame::{Frame, Request, codec};
use super::{ANSWER_FRAME_BYTES, BODY_BYTES, PATIENCE, PIECE_BYTES, VERSION, socket};
use crate::exit::{Failure, Kind};
use crate::operations::Call;
use crate::progress::Progress;

/// A connection to the owner of a folder; carries one call after another.
pub struct Client {
    connection: Framed<UnixStream, LengthDelimitedCodec>,
}

impl Client {
    /// Connects to the owner of the folder. `None` when nobody answers there.
    pub async fn connect(data: &Path) -> Result<Option<Self>, Failure> {
        let stream = match socket::connect(data).await {
            Ok(stream) => stream,
            Err(error) => {
                use std::io::ErrorKind::{ConnectionRefused, NotFound, WouldBlock};
                return match error.kind() {
                    NotFound | ConnectionRefused => Ok(None),
                    WouldBlock => Err(Failure::new(Kind::TryAgain, "the server has no place free: try again")),
                    _ => Err(Failure::io("cannot speak to the server that holds the data folder", &error)),
                };
            }
        };
        let mut client = Self { connection: Framed::new(stream, codec(ANSWER_FRAME_BYTES)) };
        client.send(&Frame::Hello(VERSION)).await?;
        match timeout(PATIENCE, client.receive()).await {
            Ok(Ok(Frame::Hello(VERSION))) => Ok(Some(client)),
            Ok(Ok(_)) => Err(Failure::new(
                Kind::Unavailable,
                "the running server is of another version: restart it with this one",
            )),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::new(Kind::TryAgain, "the server does not answer: try again")),
        }
    }

    /// Makes one call. `on_progress` is told how far it is. After a [`Kind::TryAgain`] that says
    /// that the server went away, a mail may or may not have been taken in: sending it again is
    /// safe, since a duplicate is recognised.
    pub async fn call(
        &mut self,
        call: Call,
        body: &Bytes,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<serde_json::Value, Failure> {
        if body.len() > BODY_BYTES {
            return Err(Failure::new(Kind::Data, format_args!("the limit of one body is {BODY_BYTES} bytes")));
        }
        self.send(&Frame::Request(Request { call, body_bytes: body.len() as u64 })).await?;
        for start in (0..body.len()).step_by(PIECE_BYTES) {
            let end = body.len().min(start + PIECE_BYTES);
            self.send(&Frame::Piece(body.slice(start..end))).await?;
        }
        loop {
            match self.receive().await? {
                Frame::Progress(progress) => on_progress(&progress),
                Frame::Done(answer) => return Ok(answer),
                Frame::Failed(failure) => return Err(failure),
                Frame::Hello(_) | Frame::Request(_) | Frame::Piece(_) => {
                    return Err(Failure::new(Kind::Software, "the server sent something that is no answer"));
                }
            }
        }
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), Failure> {
        let bytes = frame.encode().map_err(|error| Failure::new(Kind::Software, error))?;
        self.connection.send(bytes).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Result<Frame, Failure> {
        let bytes = self.connection.next().await.ok_or_else(gone)?.map_err(|_| gone())?;
        Frame::decode(bytes.freeze()).map_err(|error| Failure::new(Kind::Software, error))
    }
}

fn gone() -> Failure {
    Failure::new(Kind::TryAgain, "the server that holds the data folder went away: try again")
}
