//! `doorward channel`: the addresses that mail leaves by, the servers that take it, a test mail, and
//! mail that failed.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use kernel::{MessageId, limits};
use zeroize::Zeroizing;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{
    ChannelChanged, ChannelOperation, ChannelsShown, Encryption, FailedMails, Operation, TrialShown,
};
use crate::output::Output;

/// The longest file with a password, a signature or a certificate that is read, in bytes.
const FILE_BYTES: u64 = 64 * 1024;

/// Works on the way out of mail.
#[derive(Subcommand)]
pub(crate) enum Channel {
    /// Show our addresses and mail servers, without passwords
    #[command(after_help = "Example:\n  doorward channel list")]
    List,
    /// Add an address that mail leaves by, or change it
    Address(AddressArguments),
    /// Remove an address
    #[command(after_help = "Example:\n  doorward channel remove-address billing@elm.example")]
    RemoveAddress {
        /// The address or its id
        address: String,
    },
    /// Set the mail server that takes our mail
    Server(ServerArguments),
    /// Forget a mail server
    #[command(after_help = "Example:\n  doorward channel remove-server --for billing@elm.example")]
    RemoveServer {
        /// That of one address alone
        #[arg(long = "for", value_name = "ADDRESS")]
        address: Option<String>,
    },
    /// Set for how many seconds mail is held back, so that it can be taken back
    #[command(after_help = "Example:\n  doorward channel undo 10")]
    Undo {
        /// From 0 to 600
        seconds: u64,
    },
    /// Send a test mail at once and tell how far it came
    #[command(after_help = "Example:\n  doorward channel test admin@elm.example")]
    Test {
        /// To whom
        to: String,
        /// By which of our addresses [default: the default one]
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
    /// List mail that failed, with the server's words
    #[command(after_help = "Example:\n  doorward channel failed")]
    Failed {
        /// Rows on the page
        #[arg(long, value_name = "ROWS", default_value_t = limits::PAGE_ROWS)]
        limit: usize,
        /// Where the page begins
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
    },
    /// Try a failed mail again
    #[command(after_help = "Example:\n  doorward channel send-again msg_01jd0000000000000000000000")]
    SendAgain {
        /// Which
        message: MessageId,
    },
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward channel address service@elm.example --default")]
pub(crate) struct AddressArguments {
    /// The address
    address: String,
    /// The name shown beside it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Mail leaves by it when nobody says otherwise
    #[arg(long)]
    default: bool,
    /// Whether its mail server delivers name+anything@ like name@
    #[arg(long, value_name = "YES")]
    takes_plus: Option<bool>,
    /// A signature for a language, from a file; several times
    #[arg(long = "signature", value_name = "LANGUAGE=FILE")]
    signatures: Vec<String>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  doorward channel server mail.example.org --user elm --password-file pw.txt\n\n\
    A password is read from a file, or with `-` from standard input, and never shown again.")]
pub(crate) struct ServerArguments {
    /// Its name
    host: String,
    /// Its port [default: 587, with implicit TLS 465, without TLS 25]
    #[arg(long)]
    port: Option<u16>,
    /// How the connection is encrypted
    #[arg(long, value_enum, default_value_t = Encryption::Starttls)]
    tls: Encryption,
    /// Whom to log in as
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// File with the password
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// File with the server's certificate authority in PEM, when it is your own
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// For one of our addresses alone
    #[arg(long = "for", value_name = "ADDRESS")]
    address: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Channel) -> Result<(), Failure> {
    let (wish, password) = match command {
        Channel::List => {
            let shown: ChannelsShown = context.ask(channel(ChannelOperation::List)).await?;
            return context.output.answer(&shown, list);
        }
        Channel::Test { to, from } => {
            let shown: TrialShown = context.ask(channel(ChannelOperation::Test { from, to })).await?;
            context.output.answer(&shown, trial)?;
            return match shown.trouble {
                None => Ok(()),
                Some(trouble) => Err(Failure::new(Kind::CheckFailed, trouble.advice)),
            };
        }
        Channel::Failed { limit, cursor } => {
            let shown: FailedMails = context.ask(channel(ChannelOperation::Failed { limit, cursor })).await?;
            return context.output.answer(&shown, failed);
        }
        Channel::Address(arguments) => (address(arguments)?, Zeroizing::default()),
        Channel::RemoveAddress { address } => (ChannelOperation::RemoveAddress { address }, Zeroizing::default()),
        Channel::Server(arguments) => server(arguments)?,
        Channel::RemoveServer { address } => (ChannelOperation::RemoveServer { address }, Zeroizing::default()),
        Channel::Undo { seconds } => (ChannelOperation::SetUndo { seconds }, Zeroizing::default()),
        Channel::SendAgain { message } => (ChannelOperation::SendAgain { message }, Zeroizing::default()),
    };
    let password = Bytes::copy_from_slice(password.as_bytes());
    let changed: ChannelChanged = context.ask_with(channel(wish), password).await?;
    context.output.answer(&changed, |output, changed: &ChannelChanged| output.line(&changed.done))
}

const fn channel(wish: ChannelOperation) -> Operation {
    Operation::Channel { wish }
}

fn address(arguments: AddressArguments) -> Result<ChannelOperation, Failure> {
    let AddressArguments { address, name, default, takes_plus, signatures } = arguments;
    let read_one = |signature: &String| {
        let (language, file) = signature.split_once('=').ok_or_else(|| {
            Failure::new(Kind::Usage, "a signature is a language and a file, such as --signature de=signature.txt")
        })?;
        Ok((language.to_owned(), read(Path::new(file))?.to_string()))
    };
    let signatures = signatures.iter().map(read_one).collect::<Result<Vec<_>, Failure>>()?;
    Ok(ChannelOperation::SetAddress { address, name, is_default: default, takes_plus, signatures })
}

fn server(arguments: ServerArguments) -> Result<(ChannelOperation, Zeroizing<String>), Failure> {
    let ServerArguments { host, port, tls, user, password_file, authority, address } = arguments;
    let usual = match tls {
        Encryption::Implicit => 465,
        Encryption::Starttls => 587,
        Encryption::None => 25,
    };
    let authority = authority.map(|file| read(&file)).transpose()?.map(|pem| pem.to_string());
    let password = password_file.map(|file| read(&file)).transpose()?.unwrap_or_default();
    let password = Zeroizing::new(password.trim_end_matches(['\r', '\n']).to_owned());
    let wish = ChannelOperation::SetServer { address, host, port: port.unwrap_or(usual), tls, user, authority };
    Ok((wish, password))
}

/// A file's text, or that of standard input.
fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().take(FILE_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(FILE_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::io(format_args!("cannot read {}", file.display()), &error))?;
    Ok(text)
}

fn list(output: &Output, shown: &ChannelsShown) -> Result<(), Failure> {
    if shown.addresses.is_empty() {
        output.line("no address of ours yet: add one with doorward channel address")?;
    }
    let rows: Vec<Vec<String>> = { shown.addresses.iter() }
        .map(|own| {
            let marks = [(own.is_default, "default"), (own.takes_plus, "takes plus")];
            let marks: Vec<&str> = marks.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
            let name = own.name.clone().unwrap_or_default();
            vec![own.id.clone(), own.address.clone(), name, marks.join(", "), own.signatures.join(",")]
        })
        .collect();
    output.table(&["ID", "ADDRESS", "NAME", "", "SIGNATURES"], &rows)?;
    let rows: Vec<Vec<String>> = { shown.servers.iter() }
        .map(|server| {
            let state = server.retry_at.as_ref().map_or_else(
                || "in use".to_owned(),
                |at| format!("failed {} times, tried again {}", server.failures, at.short()),
            );
            vec![
                format!("{}:{}", server.host, server.port),
                format!("{:?}", server.tls).to_lowercase(),
                server.user.clone().unwrap_or_default(),
                server.address.clone().unwrap_or_else(|| "all addresses".to_owned()),
                state,
            ]
        })
        .collect();
    output.table(&["SERVER", "TLS", "USER", "FOR", "STATE"], &rows)?;
    output.line(format_args!("mail is held back for {} s", shown.undo_seconds))
}

fn trial(output: &Output, shown: &TrialShown) -> Result<(), Failure> {
    for stage in &shown.passed {
        output.line(format_args!("{stage:<10} ok"))?;
    }
    match &shown.trouble {
        None => output.line("the mail server took the test mail"),
        Some(trouble) => output.line(format_args!("{:<10} {}", trouble.stage, trouble.words)),
    }
}

fn failed(output: &Output, shown: &FailedMails) -> Result<(), Failure> {
    if shown.mails.is_empty() {
        return output.line("no mail has failed");
    }
    let rows: Vec<Vec<String>> = { shown.mails.iter() }
        .map(|mail| {
            let (stage, words) = (mail.stage.clone().unwrap_or_default(), mail.words.clone().unwrap_or_default());
            vec![mail.message.to_string(), mail.conversation.to_string(), mail.failed_at.short(), stage, words]
        })
        .collect();
    output.table(&["MESSAGE", "CONVERSATION", "FAILED (UTC)", "STAGE", "WORDS"], &rows)?;
    match &shown.next {
        Some(next) => output.line(format_args!("more: --cursor {next}")),
        None => Ok(()),
    }
}
