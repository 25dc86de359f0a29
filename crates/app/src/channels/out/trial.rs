//! Trying a mail server out: a mail to the administrator, and which stage it came to.

use db::Tx;
use kernel::{OrganisationId, OwnAddressId};

use super::delivery::Envelope;
use super::mail_server::own_name;
use super::own_address::OwnAddress;
use super::smtp::{Session, Stage, Trouble, dotted};
use super::{Refused, letter};
use crate::Actor;
use crate::audit::{Action, Audit, Entry};
use crate::channels::{Channels, Error};
use crate::desk::{MessageContent, Party};

/// How far a trial came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The stages that went well, in their order. [`Stage::Tls`] and [`Stage::LogIn`] are missing
    /// where the settings have none.
    pub passed: Vec<Stage>,
    /// Where it ended; none when the server took the mail.
    pub trouble: Option<TrialTrouble>,
}

/// Where a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialTrouble {
    /// At which stage.
    pub stage: Stage,
    /// The server's words, or those of the machine.
    pub words: String,
    /// What that means, and what to do about it.
    pub advice: &'static str,
}

impl Channels {
    /// Sends a test mail by one of our addresses, or by the default one, to `to`, at once.
    pub async fn try_mail_server(
        &self,
        organisation: OrganisationId,
        actor: Actor,
        from: Option<OwnAddressId>,
        to: &str,
    ) -> Result<Trial, Error> {
        let to = letter::wire_address(to).ok_or(Refused::Address)?;
        let all = self.own_addresses(organisation).await?;
        let own = match from {
            Some(from) => all.into_iter().find(|own| own.id == from).ok_or(Refused::UnknownOwnAddress)?,
            None => all.into_iter().next().ok_or(Refused::NoOwnAddress)?,
        };
        let server = self.server_of(organisation, own.id).await?;
        self.record_trial(organisation, actor, own.id).await?;
        let mut passed = Vec::new();
        let mut reached = |stage| passed.push(stage);
        let wire = self.trial_mail(&own, &to)?;
        let sender = own.details.on_the_wire()?;
        let tried = async {
            let mut session = Session::open(&server, &own_name(&own.details.address), &mut reached).await?;
            session.sender(&sender, wire.len()).await?;
            reached(Stage::Sender);
            session.recipient(&to).await?;
            reached(Stage::Recipient);
            session.data().await?;
            session.text(&wire).await?;
            reached(Stage::Text);
            reached(Stage::Accepted);
            session.quit().await;
            Ok::<_, Trouble>(())
        };
        let trouble = tried.await.err().map(|trouble| TrialTrouble {
            advice: advice(trouble.stage),
            stage: trouble.stage,
            words: trouble.words,
        });
        Ok(Trial { passed, trouble })
    }

    async fn record_trial(&self, organisation: OrganisationId, actor: Actor, own: OwnAddressId) -> Result<(), Error> {
        let keys = self.read_own_keys(organisation).await?;
        let entry = Entry::new(Action::ChannelTested, actor, self.context.clock.now()).object(own);
        let entry = [self.audit.prepare(&keys, &entry)?];
        let write = move |tx: &mut Tx<'_>| Ok(Audit::append(tx, organisation, &entry)?);
        self.context.db.write("channels.record_trial", write).await
    }

    fn trial_mail(&self, own: &OwnAddress, to: &str) -> Result<Vec<u8>, Error> {
        let entropy = &*self.context.entropy;
        let now = self.context.clock.now();
        let content = MessageContent {
            from: Some(Party { name: own.details.name.clone(), address: own.details.address.clone() }),
            to: vec![Party { name: None, address: to.to_owned() }],
            subject: "Doorward: test mail".to_owned(),
            message_id: Some(format!("{}@{}", letter::hex(&entropy.array::<16>()), own_name(&own.details.address))),
            text: "This mail was sent to see whether mail leaves. It did.".to_owned(),
            ..MessageContent::default()
        };
        own.details.on_the_wire()?;
        Ok(dotted(&letter::write(&content, &Envelope::default(), &[], now, entropy)))
    }
}

const fn advice(stage: Stage) -> &'static str {
    match stage {
        Stage::Name => "the server's name was not found: check how it is written, and the name servers of this machine",
        Stage::Connect => "the server does not answer: check its port, and whether a firewall lets mail out",
        Stage::Tls => {
            "the connection could not be encrypted: check the kind of TLS for this port, and that the name is the one \
             in the server's certificate; name its certificate authority if it is your own"
        }
        Stage::LogIn => {
            "the server refused the log-in: check user and password; some servers want a password of their own for programs"
        }
        Stage::Sender => "the server refused the sender: check that it lets this user write from this address",
        Stage::Recipient => {
            "the server refused the recipient: check the address, and whether the log-in is needed to write to others"
        }
        Stage::Text | Stage::Accepted => "the server refused the mail itself: its words say why",
    }
}
