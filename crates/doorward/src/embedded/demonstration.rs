//! A made-up organisation at work: agents who come in by a link, customers who wrote for months, and a
//! mail server in this process that sends nothing on. Everything goes the way that real work goes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::access::{OrganisationWide, Permit, Principal};
use app::channels::sink::{Sink, SinkSettings};
use app::channels::{Arrival, Client, MailServer, NewReply, Outcome, OwnAddressDetails, Tls, Writing};
use app::desk::After;
use app::identity::{
    self, Enrolment, Means, NewAgent, NewSession, PasswordSignIn, Role, Roles, Visitor, one_time_password,
};
use app::vault::Import;
use app::{Actor, App};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::{AgentId, Clock, ConversationId, Entropy, Locale, OrganisationId, SystemClock, Timestamp};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::opened::OpenFolder;
use crate::configuration::Settings;
use crate::exit::{Failure, Kind};
use crate::operations::{Call, Demonstration, Filled, Guest, HttpEntry, Opened, Operator};
use crate::progress::ProgressSink;
use crate::sample::{self, Case, SERVICE_ADDRESS, Said, Shape};

/// What is made up.
const SAMPLE: Shape = Shape { customers: 500, conversations: 2_000, seed: 7 };
/// Steps that are taken side by side.
const AT_ONCE: usize = 32;
/// Steps of one stretch of time; no conversation has two among them.
const STRETCH: usize = 256;
/// Who works here.
const AGENTS: [(&str, &str, &[Role]); 3] = [
    ("Aino Mäkinen", "aino@example.com", &[Role::Agent, Role::Lead, Role::Administrator]),
    ("Lena Brandt", "lena@example.com", &[Role::Agent]),
    ("Tomasz Nowak", "tomasz@example.com", &[Role::Agent, Role::PrivacyOfficer]),
];

/// The time, or a time before it while the past is made up.
struct PlayedClock(AtomicI64);

impl PlayedClock {
    fn play(&self, at: Timestamp) {
        self.0.store(SystemClock.now().micros() - at.micros(), Ordering::Relaxed);
    }
}

impl Clock for PlayedClock {
    fn now(&self) -> Timestamp {
        let behind = u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0);
        SystemClock.now().minus(Duration::from_micros(behind))
    }
}

/// An open folder and what is played in it.
pub(super) struct Stage {
    folder: OpenFolder,
    clock: Arc<PlayedClock>,
    agents: OnceLock<Vec<AgentId>>,
    sink: OnceLock<Sink>,
}

impl Stage {
    pub(super) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let clock = Arc::new(PlayedClock(AtomicI64::new(0)));
        let folder = OpenFolder::open_at(settings, Arc::clone(&clock) as Arc<dyn Clock>).await?;
        Ok(Self { folder, clock, agents: OnceLock::new(), sink: OnceLock::new() })
    }

    async fn organisation(&self) -> Result<OrganisationId, Failure> {
        let all = self.folder.app.identity.organisations().await?;
        let first = all.first().map(|organisation| organisation.id);
        first.ok_or_else(|| Failure::new(Kind::Software, "the organisation of the demonstration is not there"))
    }

    async fn furnish(&self) -> Result<Vec<Guest>, Failure> {
        let (organisation, app) = (self.organisation().await?, &self.folder.app);
        let sink = Sink::start(SinkSettings::default()).await;
        let sink = sink.map_err(|error| Failure::io("cannot start the mail server of the demonstration", &error))?;
        let details = OwnAddressDetails {
            address: SERVICE_ADDRESS.to_owned(),
            name: Some("Elm Clinic".to_owned()),
            ..OwnAddressDetails::default()
        };
        app.channels.add_own_address(organisation, Actor::Operator, &details, true).await?;
        let address = sink.address();
        let server = MailServer {
            host: address.ip().to_string(),
            port: address.port(),
            tls: Tls::None,
            user: None,
            password: None,
            authority: None,
        };
        app.channels.set_mail_server(organisation, Actor::Operator, None, &server).await?;
        let _ = self.sink.set(sink);
        let (mut shown, mut ids, mut doors) = (Vec::new(), Vec::new(), HashMap::new());
        for (name, address, roles) in AGENTS {
            let roles: Roles = roles.iter().copied().collect();
            let door = Door::of(app.clone(), organisation, (name, address), roles).await?;
            let key = random_key(&*app.context.entropy);
            ids.push(door.agent);
            shown.push(Guest { name: name.to_owned(), roles: roles.to_string(), key: key.clone() });
            doors.insert(key, door);
        }
        let _ = self.agents.set(ids);
        let guests: Arc<dyn web::Guests> = Arc::new(Doors(doors));
        let _ = self.folder.guests.set(guests);
        Ok(shown)
    }

    async fn fill(&self, progress: &ProgressSink) -> Result<Filled, Failure> {
        let organisation = self.organisation().await?;
        let people = sample::people(SAMPLE);
        let mut cases = sample::cases(SAMPLE, &people, SystemClock.now());
        let mut plan = plan(&mut cases);
        let first = plan.first().map_or_else(|| SystemClock.now(), |step| step.at);
        self.clock.play(first);
        let filled = async {
            let app = &self.folder.app;
            let may = app.access.permit(&Principal::operator(organisation), OrganisationWide).await;
            let import = Import { columns: Vec::new(), dry_run: false };
            let csv = sample::csv(&people);
            let may = may.map_err(refused)?;
            let imported = app.vault.import(&app.audit, &may, &import, csv.as_bytes(), |_| ()).await?;
            let mut filled = Filled { customers: imported.created, conversations: 0, mails: 0, answers: 0 };
            let (all, mut done) = (plan.len(), 0);
            let threads = Mutex::new(HashMap::new());
            while !plan.is_empty() {
                let stretch = stretch(&mut plan);
                if let Some(first) = stretch.first() {
                    self.clock.play(first.at);
                }
                done += stretch.len();
                for step in &stretch {
                    match step.work {
                        Work::Mail(_) => filled.mails += 1,
                        Work::Answer(_) => filled.answers += 1,
                        Work::Assign(_) | Work::Settle => {}
                    }
                }
                let taken = stream::iter(stretch).map(|step| self.take(organisation, &threads, step));
                taken.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
                let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
                progress.report("steps of work", count(done), Some(count(all)));
            }
            filled.conversations = u64::try_from(threads.into_inner().len()).unwrap_or(u64::MAX);
            Ok(filled)
        }
        .await;
        self.clock.play(SystemClock.now());
        filled
    }

    async fn take(
        &self,
        organisation: OrganisationId,
        threads: &Mutex<HashMap<usize, ConversationId>>,
        step: Step,
    ) -> Result<(), Failure> {
        let app = &self.folder.app;
        let conversation = threads.lock().await.get(&step.case).copied();
        let worker = step.worker.and_then(|number| {
            let agents = self.agents.get()?;
            agents.get(number % agents.len()).copied()
        });
        match (step.work, conversation, worker) {
            (Work::Mail(raw), _, _) => {
                let arrival = Arrival {
                    raw: Bytes::from(raw),
                    client: Client::default(),
                    actor: Actor::System,
                    authenticate: false,
                };
                let outcome = app.channels.receive(organisation, arrival).await?;
                if let Outcome::Received { conversation, .. } | Outcome::Appended { conversation, .. } = outcome {
                    threads.lock().await.insert(step.case, conversation);
                }
                Ok(())
            }
            (Work::Answer(text), Some(conversation), Some(agent)) => {
                let writing = Writing { text, after: After::Wait, ..Writing::default() };
                let reply = NewReply { conversation, answers: None, to: None, quotes: true, writing };
                app.channels.reply(organisation, Actor::Agent(agent), reply).await?;
                Ok(())
            }
            (Work::Assign(to), Some(conversation), _) => {
                let to = self.agents.get().and_then(|agents| agents.get(to % agents.len()).copied());
                let Some(to) = to else { return Ok(()) };
                let permit = self.may_move(organisation, to, conversation).await?;
                Ok(app.desk.assign(&permit, None, to).await?)
            }
            (Work::Settle, Some(conversation), Some(agent)) => {
                let permit = self.may_move(organisation, agent, conversation).await?;
                Ok(app.desk.resolve(&permit).await?)
            }
            // A mail that was not understood would leave a case without its conversation.
            _ => Ok(()),
        }
    }

    async fn may_move(
        &self,
        organisation: OrganisationId,
        agent: AgentId,
        conversation: ConversationId,
    ) -> Result<Permit<app::access::action::MoveConversation>, Failure> {
        let principal = Principal::agent(organisation, agent, Role::Agent.into());
        self.folder.app.access.permit(&principal, conversation).await.map_err(refused)
    }
}

fn refused(error: app::access::Error) -> Failure {
    Failure::new(Kind::Software, error)
}

/// One step of one conversation.
struct Step {
    at: Timestamp,
    case: usize,
    worker: Option<usize>,
    work: Work,
}

enum Work {
    Mail(Vec<u8>),
    Assign(usize),
    Answer(String),
    Settle,
}

/// Every step of every conversation in the order of time.
fn plan(cases: &mut Vec<Case>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (case, told) in cases.drain(..).enumerate() {
        let worker = told.worker;
        let mut last = None;
        for (number, turn) in told.turns.into_iter().enumerate() {
            let step = |at, work| Step { at, case, worker, work };
            last = Some(turn.at);
            steps.push(match turn.said {
                Said::Mail(mail) => step(turn.at, Work::Mail(mail)),
                Said::Answer(text) => step(turn.at, Work::Answer(text)),
            });
            if let (0, Some(worker)) = (number, worker) {
                steps.push(step(turn.at.plus(Duration::from_mins(1)), Work::Assign(worker)));
            }
        }
        if let (true, Some(last)) = (told.settled, last) {
            steps.push(Step { at: last.plus(Duration::from_mins(20)), case, worker, work: Work::Settle });
        }
    }
    // Stable: steps of one time stay in the order of their conversation.
    steps.sort_by_key(|step| step.at);
    steps
}

/// Takes the next steps that have nothing to do with each other.
fn stretch(plan: &mut Vec<Step>) -> Vec<Step> {
    let mut seen = HashSet::new();
    let fresh = plan.iter().take(STRETCH).take_while(|step| seen.insert(step.case)).count();
    plan.drain(..fresh).collect()
}

/// A made-up agent's way in.
struct Door {
    app: App,
    agent: AgentId,
    address: String,
    password: Zeroizing<String>,
    secret: Zeroizing<String>,
    last: Mutex<NewSession>,
}

impl Door {
    /// Invites and enrols an agent as a person would.
    async fn of(
        app: App,
        organisation: OrganisationId,
        (name, address): (&str, &str),
        roles: Roles,
    ) -> Result<Self, Failure> {
        let new = NewAgent { address: address.to_owned(), roles, locale: Locale::En };
        let invited = app.identity.invite(organisation, Actor::Operator, new).await?;
        let begun = app.identity.begin_enrolment_totp(&invited.text).await?;
        let password = Zeroizing::new(random_key(&*app.context.entropy));
        let code = one_time_password(&begun.secret, app.context.clock.now());
        let code = code.map(|code| code.to_string()).unwrap_or_default();
        let means = Means::Password { ceremony: begun.ceremony, password: password.clone(), code };
        let wish = Enrolment { name: name.to_owned(), locale: Locale::En, means };
        let enrolled = app.identity.enrol(&invited.text, wish, &Visitor::default()).await?;
        Ok(Self {
            app,
            agent: enrolled.session.agent,
            address: address.to_owned(),
            password,
            secret: begun.secret,
            last: Mutex::new(enrolled.session),
        })
    }

    /// The last session while it lives, and another one after it.
    async fn open(&self) -> Result<NewSession, identity::Error> {
        let mut last = self.last.lock().await;
        if self.app.identity.session(&last.cookie).await?.is_none() {
            let code = one_time_password(&self.secret, self.app.context.clock.now());
            let typed = PasswordSignIn {
                address: self.address.clone(),
                password: self.password.clone(),
                code: code.map(|code| code.to_string()).unwrap_or_default(),
            };
            *last = self.app.identity.sign_in_with_password(typed, &Visitor::default()).await?;
        }
        Ok(NewSession {
            organisation: last.organisation,
            agent: last.agent,
            session: last.session,
            cookie: last.cookie.clone(),
            device: last.device.clone(),
        })
    }
}

/// The doors by the keys of their links.
struct Doors(HashMap<String, Door>);

impl web::Guests for Doors {
    fn enter<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<NewSession>> {
        Box::pin(async move {
            let opened = self.0.get(key)?.open().await;
            opened.inspect_err(|error| tracing::error!(%error, "a guest could not come in")).ok()
        })
    }
}

/// 128 random bits in hexadecimal digits.
fn random_key(entropy: &dyn Entropy) -> String {
    format!("{:032x}", u128::from_be_bytes(entropy.array()))
}

impl Operator for Stage {
    fn run<'a>(
        &'a self,
        call: Call,
        body: Bytes,
        progress: &'a ProgressSink,
    ) -> BoxFuture<'a, Result<serde_json::Value, Failure>> {
        self.folder.run(call, body, progress)
    }
}

impl Opened for Stage {
    fn check_start(&self) -> BoxFuture<'_, Result<(), Failure>> {
        self.folder.check_start()
    }

    fn serve_http(&self, entry: HttpEntry) -> BoxFuture<'_, Result<(), Failure>> {
        self.folder.serve_http(entry)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Failure>> {
        self.folder.close()
    }
}

impl Demonstration for Stage {
    fn furnish(&self) -> BoxFuture<'_, Result<Vec<Guest>, Failure>> {
        Box::pin(self.furnish())
    }

    fn fill<'a>(&'a self, progress: &'a ProgressSink) -> BoxFuture<'a, Result<Filled, Failure>> {
        Box::pin(self.fill(progress))
    }
}
