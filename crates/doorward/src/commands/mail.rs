//! `doorward mail`: one mail from standard input, as a mail server's pipe gives it.
//!
//! Quiet when all is well: mail servers send what is printed back to the sender.

use std::io::{IsTerminal as _, Read as _};
use std::net::IpAddr;

use bytes::Bytes;
use clap::Args;
use kernel::limits::MAIL_BYTES;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{MailOutcome, Operation, ReceivedVia};

/// Bytes of a mail above the limit that are read and dropped, so that the mail server can finish
/// writing before it is told.
const DROPPED_BYTES: u64 = 256 * 1024 * 1024;

#[derive(Args)]
#[command(
    after_help = "Example:\n  doorward mail --client-ip 192.0.2.7 --mail-from anna@example.org < message.eml\n\n\
    Postfix (master.cf):\n  doorward unix - n n - 8 pipe user=doorward argv=/usr/bin/doorward mail --data /var/lib/doorward\n    \
    --client-ip=${client_address} --helo=${client_helo} --mail-from=${sender}\n\n\
    Exit codes: 0 taken in, 64 wrong use, 65 the mail is empty or too large, 75 anything else: keep\n\
    the mail and try again."
)]
pub(crate) struct MailArguments {
    /// Address of the machine that handed the mail over; SPF is checked against it. What is no
    /// address, as mail servers write for their own mail, counts as not known
    #[arg(long, value_name = "IP")]
    client_ip: Option<String>,
    /// Name that this machine gave
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// Envelope sender
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
}

pub(crate) async fn run(context: &Context, arguments: MailArguments) -> Result<(), Failure> {
    let body = tokio::task::spawn_blocking(read_standard_input)
        .await
        .map_err(|_| Failure::new(Kind::Software, "reading standard input failed"))??;
    let operation = Operation::Mail {
        client_ip: arguments.client_ip.as_deref().and_then(address),
        helo: arguments.helo.filter(|name| !name.is_empty()),
        mail_from: arguments.mail_from,
        received_via: ReceivedVia::Pipe,
    };
    let reached = context.reach().await?;
    let answer = reached.ask::<MailOutcome>(operation, body, &mut |_| {}).await;
    // The mail is durable once it is answered: trouble at the end must not make the server send it again.
    if let Err(failure) = reached.finish().await {
        tracing::warn!(%failure, "the folder was not closed in good order");
    }
    context.output.answer(&answer?, |_, _| Ok(()))
}

/// An address as mail servers write it: bare, in brackets, or with the tag of RFC 5321.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    text.strip_prefix("IPv6:").unwrap_or(text).parse().ok()
}

fn read_standard_input() -> Result<Bytes, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::new(Kind::Usage, "give a mail on standard input: doorward mail < message.eml"));
    }
    let mut input = input.lock();
    let mut mail = Vec::new();
    let limit = MAIL_BYTES as u64;
    input
        .by_ref()
        .take(limit + 1)
        .read_to_end(&mut mail)
        .map_err(|error| Failure::io("cannot read standard input", &error))?;
    if mail.len() > MAIL_BYTES {
        let _ = std::io::copy(&mut input.take(DROPPED_BYTES), &mut std::io::sink());
        return Err(Failure::new(Kind::Data, format_args!("the mail is too large: the limit is {MAIL_BYTES} bytes")));
    }
    if mail.is_empty() {
        return Err(Failure::new(Kind::Data, "there is no mail on standard input"));
    }
    Ok(mail.into())
}
