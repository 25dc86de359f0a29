//! Mail servers that misbehave on command, and a product that sends by them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Actor;
use app::channels::sink::{Answer, Conduct, Moment, Received, Sink, SinkSettings};
use app::channels::{MailServer, OwnAddressDetails, Round, Tls};
use kernel::{Clock as _, OwnAddressId, Timestamp};

use crate::TestApp;
use crate::postgres::certificate;

/// The address of ours that [`TestApp::sends_by`] sets up, which is where a [`crate::Letter`] goes.
pub const SERVICE: &str = "service@elm.example";

/// What a server does at which moments, each thing once, or again and again.
#[derive(Default)]
pub struct Script {
    once: Mutex<VecDeque<(Moment, Answer)>>,
    always: Mutex<Vec<(Moment, String, Answer)>>,
    heard: Mutex<Vec<(Moment, String)>>,
}

impl Script {
    /// The next time that this moment comes.
    pub fn once(&self, moment: Moment, answer: Answer) {
        self.once.lock().expect("sound").push_back((moment, answer));
    }

    /// Whenever this moment comes with a command that holds a text.
    pub fn always(&self, moment: Moment, text: &str, answer: Answer) {
        self.always.lock().expect("sound").push((moment, text.to_owned(), answer));
    }

    /// From now on everything as it should be.
    pub fn behave(&self) {
        self.once.lock().expect("sound").clear();
        self.always.lock().expect("sound").clear();
    }

    /// How often a moment came.
    pub fn count(&self, moment: Moment) -> usize {
        self.heard.lock().expect("sound").iter().filter(|(heard, _)| *heard == moment).count()
    }
}

impl Conduct for Script {
    fn at(&self, moment: Moment, command: &str) -> Answer {
        self.heard.lock().expect("sound").push((moment, command.to_owned()));
        let mut once = self.once.lock().expect("sound");
        if let Some(at) = once.iter().position(|(wanted, _)| *wanted == moment) {
            return once.remove(at).map(|(_, answer)| answer).unwrap_or_default();
        }
        let always = self.always.lock().expect("sound");
        let found = always.iter().find(|(wanted, text, _)| *wanted == moment && command.contains(text));
        found.map(|(.., answer)| answer.clone()).unwrap_or_default()
    }
}

/// A mail server with its script.
pub struct ScriptedSink {
    /// What it does.
    pub script: Arc<Script>,
    sink: Sink,
    authority: Option<String>,
}

impl ScriptedSink {
    /// One without TLS and without a log-in.
    pub async fn start() -> Self {
        Self::with(SinkSettings::default(), false).await
    }

    /// One with these settings; with `tls` it has a certificate for `localhost`.
    pub async fn with(settings: SinkSettings, tls: bool) -> Self {
        let script = Arc::new(Script::default());
        let issued = tls.then(|| certificate::issue().expect("a certificate"));
        let config = issued.as_ref().map(|issued| Arc::new(issued.server_config()));
        let settings = SinkSettings { conduct: script.clone(), tls: config, ..settings };
        let sink = Sink::start(settings).await.expect("a port");
        Self { script, sink, authority: issued.map(|issued| issued.authority) }
    }

    /// How it is reached.
    pub fn server(&self, tls: Tls) -> MailServer {
        MailServer {
            host: if tls == Tls::None { "127.0.0.1" } else { "localhost" }.to_owned(),
            port: self.sink.address().port(),
            tls,
            user: None,
            password: None,
            authority: self.authority.clone(),
        }
    }

    /// What it holds.
    pub fn received(&self) -> Vec<Received> {
        self.sink.received()
    }
}

impl TestApp {
    /// Has all mail leave from [`SERVICE`] by a server.
    pub async fn sends_by(&self, server: &MailServer) -> OwnAddressId {
        let details = OwnAddressDetails {
            address: SERVICE.to_owned(),
            name: Some("Elm Clinic".to_owned()),
            ..OwnAddressDetails::default()
        };
        let channels = &self.app.channels;
        let own = channels.add_own_address(self.organisation, Actor::Operator, &details, true).await;
        let own = own.expect("an address of ours");
        let set = channels.set_mail_server(self.organisation, Actor::Operator, None, server).await;
        set.expect("a mail server");
        own
    }

    /// What time it is.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends what is due after so much more time.
    pub async fn send_after(&self, time: Duration) -> Round {
        self.clock.advance(time);
        self.app.channels.send_due(self.organisation).await.expect("a round of sending")
    }
}
