//! Addresses, mail servers and failed mail, carried out on the domain: one call each.

use app::Actor;
use app::channels::{MailServer, OwnAddress, OwnAddressDetails, Refused, Tls};
use bytes::Bytes;
use kernel::{Locale, OrganisationId, limits};
use serde_json::Value;
use zeroize::Zeroizing;

use super::opened::OpenFolder;
use super::operator::answer;
use crate::exit::{Failure, Kind};
use crate::operations::{
    AddressRow, ChannelChanged, ChannelOperation, ChannelsShown, Encryption, FailedMails, FailedRow, Moment, ServerRow,
    TrialShown, TrialTroubleShown,
};

impl OpenFolder {
    pub(super) async fn channel(
        &self,
        organisation: OrganisationId,
        wish: ChannelOperation,
        body: Bytes,
    ) -> Result<Value, Failure> {
        let channels = &self.app.channels;
        let actor = Actor::Operator;
        match wish {
            ChannelOperation::List => answer(self.list_channels(organisation).await),
            wish @ ChannelOperation::SetAddress { .. } => answer(self.set_address(organisation, wish).await),
            ChannelOperation::RemoveAddress { address } => {
                let own = channels.find_own_address(organisation, &address).await?;
                channels.remove_own_address(organisation, actor, own.id).await?;
                answer(Ok(done(format!("removed {}", own.id))))
            }
            wish @ ChannelOperation::SetServer { .. } => answer(self.set_server(organisation, wish, &body).await),
            ChannelOperation::RemoveServer { address } => {
                let of = self.own(organisation, address.as_deref()).await?.map(|own| own.id);
                if channels.remove_mail_server(organisation, actor, of).await? {
                    answer(Ok(done("the mail server is forgotten".to_owned())))
                } else {
                    Err(Failure::new(Kind::NotFound, "there is no such mail server"))
                }
            }
            ChannelOperation::SetUndo { seconds } => {
                let time = std::time::Duration::from_secs(seconds);
                channels.set_undo_time(organisation, actor, time).await?;
                answer(Ok(done(format!("mail is held back for {seconds} s"))))
            }
            ChannelOperation::Test { from, to } => {
                let from = self.own(organisation, from.as_deref()).await?.map(|own| own.id);
                let trial = channels.try_mail_server(organisation, actor, from, &to).await?;
                answer(Ok(TrialShown {
                    passed: trial.passed.iter().map(|stage| stage.word().to_owned()).collect(),
                    trouble: trial.trouble.map(|trouble| TrialTroubleShown {
                        stage: trouble.stage.word().to_owned(),
                        words: trouble.words,
                        advice: trouble.advice.to_owned(),
                    }),
                }))
            }
            ChannelOperation::Failed { limit, cursor } => answer(self.failed_mail(organisation, limit, cursor).await),
            ChannelOperation::SendAgain { message } => {
                channels.send_again(organisation, actor, message).await?;
                answer(Ok(done(format!("{message} is sent again"))))
            }
        }
    }

    async fn own(&self, organisation: OrganisationId, named: Option<&str>) -> Result<Option<OwnAddress>, Failure> {
        match named {
            Some(named) => Ok(Some(self.app.channels.find_own_address(organisation, named).await?)),
            None => Ok(None),
        }
    }

    async fn list_channels(&self, organisation: OrganisationId) -> Result<ChannelsShown, Failure> {
        let channels = &self.app.channels;
        let addresses = channels.own_addresses(organisation).await?.into_iter().map(|own| AddressRow {
            id: own.id.to_string(),
            is_default: own.is_default,
            takes_plus: own.details.takes_plus,
            signatures: own.details.signatures.keys().map(ToString::to_string).collect(),
            address: own.details.address,
            name: own.details.name,
        });
        let servers = channels.mail_servers(organisation).await?.into_iter().map(|server| ServerRow {
            address: server.of.map(|own| own.to_string()),
            host: server.host,
            port: server.port,
            tls: match server.tls {
                Tls::Implicit => Encryption::Implicit,
                Tls::StartTls => Encryption::Starttls,
                Tls::None => Encryption::None,
            },
            user: server.user,
            failures: server.failures,
            retry_at: server.retry_at.map(Moment),
        });
        let (addresses, servers) = (addresses.collect(), servers.collect());
        Ok(ChannelsShown { addresses, servers, undo_seconds: channels.undo_time(organisation).await?.as_secs() })
    }

    async fn set_address(
        &self,
        organisation: OrganisationId,
        wish: ChannelOperation,
    ) -> Result<ChannelChanged, Failure> {
        let ChannelOperation::SetAddress { address, name, is_default, takes_plus, signatures } = wish else {
            return Err(Failure::new(Kind::Software, "this is no address"));
        };
        let channels = &self.app.channels;
        let known = match channels.find_own_address(organisation, &address).await {
            Ok(known) => Some(known),
            Err(app::channels::Error::Out(Refused::UnknownOwnAddress)) => None,
            Err(error) => return Err(error.into()),
        };
        let before = known.as_ref().map(|own| own.details.clone()).unwrap_or_default();
        let mut details = OwnAddressDetails {
            name: name.or(before.name),
            takes_plus: takes_plus.unwrap_or(before.takes_plus),
            signatures: before.signatures,
            address: if address.contains('@') { address } else { before.address },
        };
        for (language, text) in signatures {
            let locale: Locale = language.parse().map_err(|error| Failure::new(Kind::Usage, error))?;
            details.signatures.insert(locale, text);
        }
        let actor = Actor::Operator;
        if let Some(known) = known {
            channels.change_own_address(organisation, actor, known.id, &details, is_default).await?;
            return Ok(done(format!("changed {}", known.id)));
        }
        let id = channels.add_own_address(organisation, actor, &details, is_default).await?;
        Ok(done(format!("added {id}")))
    }

    async fn set_server(
        &self,
        organisation: OrganisationId,
        wish: ChannelOperation,
        password: &[u8],
    ) -> Result<ChannelChanged, Failure> {
        let ChannelOperation::SetServer { address, host, port, tls, user, authority } = wish else {
            return Err(Failure::new(Kind::Software, "this is no server"));
        };
        let of = self.own(organisation, address.as_deref()).await?.map(|own| own.id);
        let password =
            std::str::from_utf8(password).map_err(|_| Failure::new(Kind::Data, "the password is no text"))?;
        let password = Some(Zeroizing::new(password.to_owned())).filter(|password| !password.is_empty());
        let tls = match tls {
            Encryption::Implicit => Tls::Implicit,
            Encryption::Starttls => Tls::StartTls,
            Encryption::None => Tls::None,
        };
        let server = MailServer { host, port, tls, user, password, authority };
        self.app.channels.set_mail_server(organisation, Actor::Operator, of, &server).await?;
        Ok(done(format!("mail leaves by {}:{}", server.host, server.port)))
    }

    async fn failed_mail(
        &self,
        organisation: OrganisationId,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<FailedMails, Failure> {
        let before = cursor.map(|text| text.parse()).transpose().map_err(|error| Failure::new(Kind::Data, error))?;
        let limit = limit.clamp(1, limits::PAGE_ROWS);
        let found = self.app.channels.failed_mail(organisation, before, limit).await?;
        let next = found.last().filter(|_| found.len() == limit).map(|mail| mail.message.to_string());
        let mails = found.into_iter().map(|mail| {
            let (stage, words) = mail.delivery.trouble.unzip();
            FailedRow {
                message: mail.message,
                conversation: mail.conversation,
                failed_at: Moment(mail.delivery.changed_at),
                stage: stage.map(|stage| stage.word().to_owned()),
                words,
            }
        });
        Ok(FailedMails { mails: mails.collect(), next })
    }
}

const fn done(done: String) -> ChannelChanged {
    ChannelChanged { done }
}
