//! A mail server that keeps what it is given and sends nothing on: where a demonstration's mail goes,
//! and what tests speak to. On this machine only; it never looks into a mail.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Mails that are kept; the oldest goes when there are more.
const MAILS: usize = 1_000;
/// Connections that are answered at one time; the others wait.
const CONNECTIONS: usize = 64;
/// Bytes of one command.
const COMMAND_BYTES: usize = 12 * 1024;
/// Recipients of one mail.
const RECIPIENTS: usize = 1_000;

/// A mail as it came. No `Debug`: it is somebody's.
#[derive(Clone)]
pub struct Received {
    /// The envelope's sender; empty for an automatic mail.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The mail, its doubled dots single again.
    pub raw: Vec<u8>,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
    /// Who logged in.
    pub user: Option<String>,
}

/// A moment of a session at which a server may behave otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Before the greeting.
    Greeting,
    /// After EHLO.
    Hello,
    /// After STARTTLS.
    StartTls,
    /// After AUTH.
    LogIn,
    /// After MAIL.
    Sender,
    /// After RCPT.
    Recipient,
    /// After DATA.
    Data,
    /// In the middle of the text.
    MidText,
    /// After the last dot, before the mail is kept.
    LastDot,
    /// After the mail is kept, before that is said.
    Kept,
    /// After QUIT.
    Quit,
}

/// What a server does at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// What it should.
    #[default]
    Usual,
    /// It says this line instead.
    Say(String),
    /// It ends the connection without a word.
    Cut,
    /// It says nothing, and waits for the other side to go.
    Silent,
}

/// How a server behaves.
pub trait Conduct: Send + Sync + 'static {
    /// What it does at a moment; `command` is what it was told.
    fn at(&self, moment: Moment, command: &str) -> Answer;
}

/// A server that behaves.
pub struct Courteous;

impl Conduct for Courteous {
    fn at(&self, _: Moment, _: &str) -> Answer {
        Answer::Usual
    }
}

/// What a server offers.
pub struct SinkSettings {
    /// How it behaves.
    pub conduct: Arc<dyn Conduct>,
    /// Its certificate, when it encrypts.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whether it encrypts from the first byte, and not after STARTTLS.
    pub implicit_tls: bool,
    /// Whom it lets in with which password; everybody without.
    pub account: Option<(String, String)>,
    /// Ways of logging in that it offers: `PLAIN`, `LOGIN`.
    pub log_in_by: &'static str,
    /// Whether it offers PIPELINING and SIZE.
    pub extensions: bool,
}

impl Default for SinkSettings {
    fn default() -> Self {
        Self {
            conduct: Arc::new(Courteous),
            tls: None,
            implicit_tls: false,
            account: None,
            log_in_by: "PLAIN LOGIN",
            extensions: true,
        }
    }
}

/// A running sink; dropped, it ends.
pub struct Sink {
    address: SocketAddr,
    mails: Arc<Mutex<VecDeque<Received>>>,
    listening: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Sink {
    /// Listens on a free port of this machine.
    pub async fn start(settings: SinkSettings) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mails: Arc<Mutex<VecDeque<Received>>> = Arc::default();
        let (kept, settings) = (Arc::clone(&mails), Arc::new(settings));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let listening = tokio::spawn(async move {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (kept, settings) = (Arc::clone(&kept), Arc::clone(&settings));
                tokio::spawn(async move {
                    // A client that went away is nothing to tell anybody.
                    let _ = serve(Box::new(stream), &settings, &kept).await;
                    drop(place);
                });
            }
        });
        Ok(Self { address, mails, listening })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds, the oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Session<'a> {
    stream: Box<dyn Stream>,
    rest: Vec<u8>,
    settings: &'a SinkSettings,
    encrypted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// The end of a session, by a cut or by an error of the connection.
enum End {
    Cut,
    Broken,
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Broken
    }
}

async fn serve(stream: Box<dyn Stream>, settings: &SinkSettings, mails: &Mutex<VecDeque<Received>>) -> Result<(), End> {
    let mut session =
        Session { stream, rest: Vec::new(), settings, encrypted: false, user: None, from: None, to: Vec::new() };
    if settings.implicit_tls {
        session = session.encrypted().await?;
    }
    session.answer(Moment::Greeting, "", "220 sink.example ESMTP").await?;
    loop {
        let line = session.line(COMMAND_BYTES).await?;
        let command = String::from_utf8_lossy(&line).into_owned();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" => {
                let features = session.features();
                session.answer(Moment::Hello, &command, &features).await?;
            }
            "STARTTLS" if settings.tls.is_some() && !session.encrypted => {
                if session.answer(Moment::StartTls, &command, "220 go ahead").await? {
                    session = session.encrypted().await?;
                }
            }
            "AUTH" => session.log_in(&command).await?,
            "MAIL" if settings.account.is_some() && session.user.is_none() => session.say("530 log in first").await?,
            "MAIL" => {
                if session.answer(Moment::Sender, &command, "250 sender ok").await? {
                    session.from = Some(path(&command));
                    session.to.clear();
                }
            }
            "RCPT" if session.from.is_none() || session.to.len() >= RECIPIENTS => session.say("503 not now").await?,
            "RCPT" => {
                if session.answer(Moment::Recipient, &command, "250 recipient ok").await? {
                    session.to.push(path(&command));
                }
            }
            "DATA" if session.to.is_empty() => session.say("503 no recipient").await?,
            "DATA" => {
                if session.answer(Moment::Data, &command, "354 end with a dot").await? {
                    session.take(mails).await?;
                }
            }
            "RSET" => {
                session.from = None;
                session.to.clear();
                session.say("250 forgotten").await?;
            }
            "NOOP" => session.say("250 ok").await?,
            "QUIT" => {
                session.answer(Moment::Quit, &command, "221 goodbye").await?;
                return Ok(());
            }
            _ => session.say("500 unknown command").await?,
        }
    }
}

impl Session<'_> {
    fn features(&self) -> String {
        let mut lines = vec!["sink.example".to_owned()];
        if self.settings.extensions {
            lines.extend(["PIPELINING".to_owned(), format!("SIZE {}", limits::MAIL_BYTES)]);
        }
        if self.settings.tls.is_some() && !self.encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if self.settings.account.is_some() {
            lines.push(format!("AUTH {}", self.settings.log_in_by));
        }
        let last = lines.len() - 1;
        let marked =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", if at < last { '-' } else { ' ' }));
        marked.collect::<Vec<_>>().join("\r\n")
    }

    async fn encrypted(self) -> Result<Self, End> {
        let Some(tls) = &self.settings.tls else { return Err(End::Broken) };
        let stream = TlsAcceptor::from(Arc::clone(tls)).accept(self.stream).await?;
        Ok(Self { stream: Box::new(stream), rest: Vec::new(), encrypted: true, ..self })
    }

    async fn log_in(&mut self, command: &str) -> Result<(), End> {
        let mut words = command.split_whitespace().skip(1);
        let (how, first) = (words.next().unwrap_or_default().to_ascii_uppercase(), words.next());
        let decoded = |text: &str| BASE64.decode(text.trim()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let given = if how == "PLAIN" {
            let secret = decoded(first.unwrap_or_default()).unwrap_or_default();
            let mut parts = secret.split('\0').skip(1).map(str::to_owned);
            parts.next().zip(parts.next())
        } else {
            let mut asked = Vec::new();
            for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(prompt).await?;
                let line = self.line(COMMAND_BYTES).await?;
                asked.push(decoded(&String::from_utf8_lossy(&line)).unwrap_or_default());
            }
            let mut asked = asked.into_iter();
            asked.next().zip(asked.next())
        };
        let is_right = given.is_some() && given == self.settings.account;
        let usual = if is_right { "235 welcome" } else { "535 5.7.8 wrong user or password" };
        if self.answer(Moment::LogIn, command, usual).await? && is_right {
            self.user = given.map(|(user, _)| user);
        }
        Ok(())
    }

    /// Reads a text up to its last dot.
    async fn take(&mut self, mails: &Mutex<VecDeque<Received>>) -> Result<(), End> {
        let mut raw = Vec::new();
        let mut is_first = true;
        loop {
            let line = self.line(limits::MAIL_BYTES).await?;
            if line == b"." {
                break;
            }
            if std::mem::take(&mut is_first) && self.settings.conduct.at(Moment::MidText, "") == Answer::Cut {
                return Err(End::Cut);
            }
            if raw.len() + line.len() > limits::MAIL_BYTES {
                return Err(End::Broken);
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            raw.extend_from_slice(b"\r\n");
        }
        match self.settings.conduct.at(Moment::LastDot, "") {
            Answer::Usual => {}
            Answer::Say(line) => return self.say(&line).await,
            Answer::Cut => return Err(End::Cut),
            Answer::Silent => return self.silence().await,
        }
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        let received = Received { from, to, raw, encrypted: self.encrypted, user: self.user.clone() };
        {
            let mut mails = mails.lock().unwrap_or_else(PoisonError::into_inner);
            mails.push_back(received);
            if mails.len() > MAILS {
                mails.pop_front();
            }
        }
        self.answer(Moment::Kept, "", "250 2.0.0 kept").await.map(drop)
    }

    /// Says the usual thing, unless it behaves otherwise; whether it said it.
    async fn answer(&mut self, moment: Moment, command: &str, usual: &str) -> Result<bool, End> {
        match self.settings.conduct.at(moment, command) {
            Answer::Usual => self.say(usual).await.map(|()| true),
            Answer::Say(line) => self.say(&line).await.map(|()| false),
            Answer::Cut => Err(End::Cut),
            Answer::Silent => self.silence().await,
        }
    }

    /// Waits until the other side goes.
    async fn silence<T>(&mut self) -> Result<T, End> {
        loop {
            self.line(COMMAND_BYTES).await?;
        }
    }

    async fn say(&mut self, lines: &str) -> Result<(), End> {
        self.stream.write_all(format!("{lines}\r\n").as_bytes()).await?;
        Ok(self.stream.flush().await?)
    }

    /// One line without its end.
    async fn line(&mut self, bound: usize) -> Result<Vec<u8>, End> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let after = self.rest.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.rest, after);
                while matches!(line.last(), Some(b'\n' | b'\r')) {
                    line.pop();
                }
                return Ok(line);
            }
            if self.rest.len() > bound {
                return Err(End::Broken);
            }
            let mut piece = vec![0; 16 * 1024];
            let read = self.stream.read(&mut piece).await?;
            if read == 0 {
                return Err(End::Broken);
            }
            self.rest.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
    }
}

/// The address between angle brackets.
fn path(command: &str) -> String {
    let after = command.split_once('<').map_or("", |(_, after)| after);
    after.split('>').next().unwrap_or_default().to_owned()
}
