//! One session with a mail server: greeted, encrypted, logged in, then one mail after another.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::super::mail_server::{MailServer, Tls};
use super::connection::{self, Stream};
use super::reply::{self, Reply};
use super::{ACCEPTANCE_TIME, ANSWER_TIME, Kind, Stage, Trouble};

/// How long a goodbye may take: everything is done by then.
const GOODBYE_TIME: Duration = Duration::from_secs(5);
/// How long one piece of a text may take to leave (RFC 5321, 4.5.3.2.5).
const PIECE_TIME: Duration = Duration::from_mins(3);
/// Bytes of a text that leave at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// An open session. What a method returns as trouble of kind `Lost` has ended it.
pub(in super::super) struct Session {
    stream: BufWriter<Box<dyn Stream>>,
    /// Read, and not yet looked at.
    rest: Vec<u8>,
    features: Vec<String>,
}

impl Session {
    /// Connects, encrypts as the settings say, and logs in. `own_name` is what we call ourselves.
    /// `reached` hears of each stage that was passed.
    pub(in super::super) async fn open(
        server: &MailServer,
        own_name: &str,
        reached: &mut (dyn FnMut(Stage) + Send),
    ) -> Result<Self, Trouble> {
        let plain: Box<dyn Stream> = Box::new(connection::connect(server).await?);
        reached(Stage::Name);
        let mut session = if server.tls == Tls::Implicit {
            let encrypted = connection::encrypt(server, plain).await?;
            let mut session = Self::on(encrypted);
            session.greeted().await?;
            reached(Stage::Connect);
            session.hello(own_name).await?;
            session
        } else {
            let mut session = Self::on(plain);
            session.greeted().await?;
            reached(Stage::Connect);
            session.hello(own_name).await?;
            if server.tls == Tls::StartTls { session.start_tls(server, own_name).await? } else { session }
        };
        if server.tls != Tls::None {
            reached(Stage::Tls);
        }
        if let Some(user) = &server.user {
            session.log_in(user, server.password.as_deref().map_or("", String::as_str)).await?;
            reached(Stage::LogIn);
        }
        Ok(session)
    }

    fn on(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufWriter::new(stream), rest: Vec::new(), features: Vec::new() }
    }

    async fn greeted(&mut self) -> Result<(), Trouble> {
        let reply = self.answer(Stage::Connect, ANSWER_TIME).await?;
        positive(Stage::Connect, reply).map(drop)
    }

    async fn hello(&mut self, own_name: &str) -> Result<(), Trouble> {
        let reply = self.ask(Stage::Connect, &format!("EHLO {own_name}")).await?;
        let reply = positive(Stage::Connect, reply)?;
        self.features = reply.lines.into_iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    async fn start_tls(mut self, server: &MailServer, own_name: &str) -> Result<Self, Trouble> {
        if !self.offers("STARTTLS") {
            let words = "the server does not offer to encrypt (STARTTLS): choose another port or kind of TLS";
            return Err(Trouble::permanent(Stage::Tls, words));
        }
        let reply = self.ask(Stage::Tls, "STARTTLS").await?;
        positive(Stage::Tls, reply)?;
        // What was sent along with the answer was not encrypted, and may be somebody else's.
        if !self.rest.is_empty() {
            return Err(Trouble::permanent(
                Stage::Tls,
                "something was slipped into the connection before it was encrypted",
            ));
        }
        let mut session = Self::on(connection::encrypt(server, self.stream.into_inner()).await?);
        session.hello(own_name).await?;
        Ok(session)
    }

    /// RFC 4954. Only over TLS or on this machine, which the settings and the connection see to.
    async fn log_in(&mut self, user: &str, password: &str) -> Result<(), Trouble> {
        let offered: Vec<&str> = self
            .features
            .iter()
            .filter_map(|line| line.strip_prefix("AUTH ").or_else(|| line.strip_prefix("AUTH=")))
            .flat_map(str::split_whitespace)
            .collect();
        let (plain, login) = (offered.contains(&"PLAIN"), offered.contains(&"LOGIN"));
        if plain {
            let secret = Zeroizing::new(format!("\0{user}\0{password}"));
            let secret = Zeroizing::new(BASE64.encode(secret.as_bytes()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", *secret));
            let reply = self.ask(Stage::LogIn, &line).await?;
            return positive(Stage::LogIn, reply).map(drop);
        }
        if login {
            let reply = self.ask(Stage::LogIn, "AUTH LOGIN").await?;
            intermediate(Stage::LogIn, &reply)?;
            let reply = self.ask(Stage::LogIn, &BASE64.encode(user)).await?;
            intermediate(Stage::LogIn, &reply)?;
            let secret = Zeroizing::new(BASE64.encode(password));
            let reply = self.ask(Stage::LogIn, &secret).await?;
            return positive(Stage::LogIn, reply).map(drop);
        }
        Err(Trouble::permanent(Stage::LogIn, "the server offers no log-in by password (AUTH PLAIN or LOGIN)"))
    }

    /// Begins a mail. `from` is empty for an automatic one (RFC 3834, 3.3), whose bounces nobody wants.
    pub(in super::super) async fn sender(&mut self, from: &str, bytes: usize) -> Result<(), Trouble> {
        let reply = if self.offers("SIZE") {
            self.ask(Stage::Sender, &format!("MAIL FROM:<{from}> SIZE={bytes}")).await?
        } else {
            self.ask(Stage::Sender, &format!("MAIL FROM:<{from}>")).await?
        };
        positive(Stage::Sender, reply).map(drop)
    }

    /// Names one recipient.
    pub(in super::super) async fn recipient(&mut self, to: &str) -> Result<(), Trouble> {
        let reply = self.ask(Stage::Recipient, &format!("RCPT TO:<{to}>")).await?;
        positive(Stage::Recipient, reply).map(drop)
    }

    /// Asks to hand the text over.
    pub(in super::super) async fn data(&mut self) -> Result<(), Trouble> {
        let reply = self.ask(Stage::Text, "DATA").await?;
        intermediate(Stage::Text, &reply)
    }

    /// Hands the text over, already [`dotted`](super::dotted); gives the server's words.
    pub(in super::super) async fn text(&mut self, dotted: &[u8]) -> Result<String, Trouble> {
        for piece in dotted.chunks(PIECE_BYTES) {
            let sent = async {
                self.stream.write_all(piece).await?;
                self.stream.flush().await
            };
            in_time(Stage::Text, PIECE_TIME, sent).await?;
        }
        // From the first byte of the dot on nobody knows what the server took.
        let dot = async {
            self.stream.write_all(b".\r\n").await?;
            self.stream.flush().await
        };
        in_time(Stage::Accepted, PIECE_TIME, dot).await?;
        let reply = self.answer(Stage::Accepted, ACCEPTANCE_TIME).await?;
        positive(Stage::Accepted, reply).map(|reply| reply.words())
    }

    /// Gives up the mail that was begun; false when the session is lost with it.
    pub(in super::super) async fn reset(&mut self) -> bool {
        matches!(self.ask(Stage::Sender, "RSET").await, Ok(reply) if reply.is_positive())
    }

    /// Ends the session. Whatever the server says to that, all is done.
    pub(in super::super) async fn quit(mut self) {
        let goodbye = async {
            let _ = self.ask(Stage::Accepted, "QUIT").await;
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout(GOODBYE_TIME, goodbye).await;
    }

    fn offers(&self, feature: &str) -> bool {
        self.features.iter().any(|line| line.split_whitespace().next() == Some(feature))
    }

    async fn ask(&mut self, stage: Stage, command: &str) -> Result<Reply, Trouble> {
        let line = Zeroizing::new(format!("{command}\r\n"));
        // The addresses were checked long before; a line end in one would be a command of its own.
        if line.trim_end().contains(['\r', '\n', '\0']) && stage != Stage::LogIn {
            return Err(Trouble::permanent(stage, "an address holds a sign that no address holds"));
        }
        let sent = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        in_time(stage, PIECE_TIME, sent).await?;
        self.answer(stage, ANSWER_TIME).await
    }

    async fn answer(&mut self, stage: Stage, within: Duration) -> Result<Reply, Trouble> {
        in_time(stage, within, reply::read(self.stream.get_mut(), &mut self.rest)).await
    }
}

async fn in_time<T>(
    stage: Stage,
    within: Duration,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, Trouble> {
    match timeout(within, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Trouble::lost(stage, error)),
        Err(_) => Err(Trouble::lost(stage, "the server did not answer in time")),
    }
}

fn positive(stage: Stage, reply: Reply) -> Result<Reply, Trouble> {
    if reply.is_positive() { Ok(reply) } else { Err(refused(stage, &reply)) }
}

fn intermediate(stage: Stage, reply: &Reply) -> Result<(), Trouble> {
    if reply.is_intermediate() { Ok(()) } else { Err(refused(stage, reply)) }
}

fn refused(stage: Stage, reply: &Reply) -> Trouble {
    let kind = if reply.is_permanent() { Kind::Permanent } else { Kind::Temporary };
    Trouble { stage, kind, words: super::one_line(&reply.words()) }
}
