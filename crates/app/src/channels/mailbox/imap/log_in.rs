//! Logging in: SASL PLAIN (RFC 4616), XOAUTH2 (as Google and Microsoft document it), or the LOGIN
//! command. The secret leaves only over a connection that was checked before, and is wiped here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::client::Imap;
use super::command::Command;
use super::{Cause, Stage, Trouble};
use crate::channels::mailbox::settings::{LogIn, Method};

/// Codes of refusals that say nothing about user and secret (RFC 5530, 3).
const PASSING: [&str; 4] = ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"];

/// How it was done, in the protocol's word.
type Way = &'static str;

impl Imap {
    /// Logs in by the way that was chosen.
    pub(in crate::channels::mailbox) async fn log_in(&mut self, log_in: &LogIn) -> Result<Way, Trouble> {
        let done = match log_in.method {
            Method::Password if self.offers("AUTH=PLAIN").await? => {
                let said = Zeroizing::new(format!("\0{}\0{}", log_in.user, *log_in.secret));
                self.authenticate("PLAIN", &said).await.map(|()| "PLAIN")
            }
            Method::Password if self.offers("LOGINDISABLED").await? => {
                return Err(Trouble::new(Stage::LogIn, Cause::NoLogIn));
            }
            Method::Password => {
                let command = Command::new("LOGIN").text(&log_in.user).text(&log_in.secret);
                self.forget_capabilities();
                self.run(Stage::LogIn, command, &mut |_| {}).await.map(|_| "LOGIN")
            }
            Method::Xoauth2 if self.offers("AUTH=XOAUTH2").await? => {
                let said = format!("user={}\x01auth=Bearer {}\x01\x01", log_in.user, *log_in.secret);
                self.authenticate("XOAUTH2", &Zeroizing::new(said)).await.map(|()| "XOAUTH2")
            }
            Method::Xoauth2 => return Err(Trouble::new(Stage::LogIn, Cause::NoLogIn)),
        };
        done.map_err(|mut trouble| {
            if let Cause::Refused(code) = &trouble.cause
                && !code.as_deref().is_some_and(|code| PASSING.contains(&code))
            {
                trouble.cause = Cause::LogInRefused;
            }
            trouble
        })
    }

    async fn authenticate(&mut self, mechanism: &str, said: &str) -> Result<(), Trouble> {
        let encoded = Zeroizing::new(STANDARD.encode(said));
        let command = Command::new("AUTHENTICATE").words(mechanism);
        // Saying it at once saves a round trip where the server takes it (RFC 4959).
        let at_once = self.offers("SASL-IR").await?;
        self.forget_capabilities();
        let tag = if at_once {
            self.send(Stage::LogIn, command.words(&encoded)).await?
        } else {
            let tag = self.send(Stage::LogIn, command).await?;
            self.wait_for_more(Stage::LogIn, &tag).await?;
            let line = Zeroizing::new(format!("{}\r\n", *encoded));
            self.answer(Stage::LogIn, line.as_bytes()).await?;
            tag
        };
        self.hear_verdict(&tag).await
    }

    /// XOAUTH2 tells why it refuses in one more question, which wants an empty answer.
    async fn hear_verdict(&mut self, tag: &str) -> Result<(), Trouble> {
        if self.asks_again(tag).await? {
            self.answer(Stage::LogIn, b"\r\n").await?;
            if self.asks_again(tag).await? {
                return Err(Trouble::new(Stage::LogIn, Cause::Unexpected));
            }
        }
        Ok(())
    }
}
