//! One mail, examined: what is asked, at the same time and within the time, and what the answers mean.
//!
//! Every question goes through here, so that here is where a failed one is remembered. It never asks
//! about more signatures than the limit, however many the mail carries.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::verify::VerifySignature;
use mail_auth::dkim::DkimError;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, DnsError, Error, MessageAuthenticator,
    SpfOutput, SpfResult, dmarc,
};
use tokio::time::{Instant, timeout_at};

use super::Client;
use super::failures::Failures;
use super::header::{self, HeaderBlock};
use super::verdict::{self, Policy, Verdict, Verdicts};

/// Signatures of one mail that are checked, counted from the top.
pub(super) const SIGNATURES: usize = 5;
/// Field names that one signature may list; 1,000 fields are read at most, so more is made up.
const SIGNED_FIELDS: usize = 200;
/// Bytes of an envelope sender or greeting that are believed; RFC 5321 allows 256 and 255.
const ENVELOPE_BYTES: usize = 512;

/// The identity that SPF speaks about (RFC 7208 §2.3, §2.4).
pub(super) struct Envelope<'a> {
    ip: IpAddr,
    helo: &'a str,
    sender: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// `None` when the client did not say enough to ask anything.
    pub(super) fn of(client: &'a Client) -> Option<Self> {
        let text =
            |text: &'a Option<String>| text.as_deref().map(str::trim).filter(|text| text.len() <= ENVELOPE_BYTES);
        let helo = text(&client.helo).unwrap_or_default();
        let sender = text(&client.mail_from)
            .map(|sender| sender.trim_start_matches('<').trim_end_matches('>'))
            .filter(|sender| sender.contains('@'));
        let ip = client.ip?.to_canonical();
        (sender.is_some() || !helo.is_empty()).then_some(Self { ip, helo, sender })
    }

    fn domain(&self) -> &'a str {
        self.sender.and_then(|sender| sender.rsplit_once('@')).map_or(self.helo, |(_, domain)| domain)
    }
}

/// The resolver with its limits.
pub(super) struct Examiner {
    pub(super) dns: MessageAuthenticator,
    pub(super) time_for_all: Duration,
    pub(super) failures: Failures,
}

impl Examiner {
    /// Asks everything there is to ask about one mail; comes back within the time for all.
    pub(super) async fn examine(&self, raw: &[u8], block: HeaderBlock, envelope: Option<&Envelope<'_>>) -> Verdicts {
        let begun = Instant::now();
        // The last quarter is kept for DMARC, so that one dead domain does not hide a proof by another.
        let (first, last) = (begun + self.time_for_all * 3 / 4, begun + self.time_for_all);

        // Without a signature the body is of no interest, and a costly header block is not parsed.
        let read = if block.signatures == 0 || block.excessive { raw.get(..block.bytes).unwrap_or(raw) } else { raw };
        let read = header::as_signed(read, block.bytes);
        let message = (!block.excessive).then(|| AuthenticatedMessage::parse_with_opts(&read, None, true)).flatten();
        let author = message.as_ref().and_then(author_domain);
        let signed = message.as_ref().map(one_signature_each).unwrap_or_default();

        let (spf, dkim) = tokio::join!(
            self.spf(envelope, first),
            join_all(signed.iter().map(|message| self.signature(message, first)))
        );
        let unusable = block.signatures.min(SIGNATURES) > signed.len();
        let mut verdicts = Verdicts {
            spf: spf.as_ref().map_or(Verdict::NotChecked, |output| spf_verdict(output.result())),
            spf_domain: envelope.and_then(|envelope| verdict::domain(envelope.domain())),
            dkim: best_signature(&dkim, unusable, author.as_deref()),
            dkim_domains: proven_domains(&dkim),
            ..Verdicts::default()
        };
        if block.excessive || block.authors > 1 {
            // Which From field is the author's cannot be said: no proof may come of it.
            verdicts.dmarc = Verdict::PermError;
        } else if let (Some(message), Some(author)) = (message.as_ref(), author) {
            let asked = DmarcQuestion { message, author: &author, dkim: &dkim, spf: spf.as_ref(), envelope };
            (verdicts.dmarc, verdicts.policy) = self.dmarc(&asked, last).await;
            verdicts.author_domain = Some(author);
        }
        verdicts
    }

    /// `None` when there is nothing to ask about.
    async fn spf(&self, envelope: Option<&Envelope<'_>>, until: Instant) -> Option<SpfOutput> {
        let envelope = envelope?;
        let domain = envelope.domain();
        let failed = || SpfOutput::new(domain.to_owned()).with_result(SpfResult::TempError);
        let name = domain.to_ascii_lowercase();
        if self.failures.holds(&name) {
            return Some(failed());
        }
        // The host name appears only in explanations, which nobody here reads.
        let question = match envelope.sender {
            Some(sender) => SpfParameters::verify_mail_from(envelope.ip, envelope.helo, "localhost", sender),
            None => SpfParameters::verify_ehlo(envelope.ip, envelope.helo, "localhost"),
        };
        let output = timeout_at(until, self.dns.verify_spf(question)).await.unwrap_or_else(|_| failed());
        if output.result() == SpfResult::TempError {
            self.failures.remember(&name);
        }
        Some(output)
    }

    /// Checks the one signature of `message`, which [`one_signature_each`] made.
    async fn signature<'x>(&self, message: &'x AuthenticatedMessage<'x>, until: Instant) -> DkimOutput<'x> {
        let failed = || DkimOutput::temp_err(Error::Dns(DnsError::Resolver(String::new())));
        let Some(signature) = message.dkim_headers.first().map(|field| &field.header) else {
            return DkimOutput::perm_err(Error::ParseError);
        };
        let name = signature.domain_key().to_ascii_lowercase();
        if self.failures.holds(&name) {
            return failed().with_signature(signature);
        }
        let output = timeout_at(until, self.dns.verify_dkim(message))
            .await
            .ok()
            .and_then(|mut outputs| outputs.pop())
            .unwrap_or_else(|| failed().with_signature(signature));
        if matches!(output.result(), DkimResult::TempError(_)) {
            self.failures.remember(&name);
        }
        output
    }

    async fn dmarc(&self, asked: &DmarcQuestion<'_>, until: Instant) -> (Verdict, Option<Policy>) {
        let name = format!("_dmarc.{}", asked.author);
        if self.failures.holds(&name) {
            return (Verdict::TempError, None);
        }
        let nothing = SpfOutput::default();
        let question = DmarcParameters::new(
            asked.message,
            asked.dkim,
            asked.envelope.map_or("", Envelope::domain),
            asked.spf.unwrap_or(&nothing),
        );
        let output = timeout_at(until, self.dns.verify_dmarc(question)).await.ok();
        let verdict = output.as_ref().map_or(Verdict::TempError, |output| dmarc_verdict(&output.result()));
        let record = output.as_ref().and_then(DmarcOutput::dmarc_record);
        if verdict == Verdict::TempError && record.is_none() {
            self.failures.remember(&name);
        }
        let policy = output.as_ref().filter(|_| record.is_some()).map(|output| policy(output.policy()));
        // Without the client's address SPF might have proven what DKIM did not.
        let verdict = if verdict == Verdict::Fail && asked.spf.is_none() { Verdict::NotChecked } else { verdict };
        (verdict, policy)
    }
}

/// What DMARC builds on.
struct DmarcQuestion<'a> {
    message: &'a AuthenticatedMessage<'a>,
    author: &'a str,
    dkim: &'a [DkimOutput<'a>],
    spf: Option<&'a SpfOutput>,
    envelope: Option<&'a Envelope<'a>>,
}

/// The mail once per usable signature, so that each is asked about by itself and at the same time.
///
/// Not usable are signatures that leave the author open (RFC 6376 §5.4 wants From signed), that
/// count on SHA-1 (RFC 8301), or that list more fields than a mail has.
fn one_signature_each<'x>(message: &AuthenticatedMessage<'x>) -> Vec<AuthenticatedMessage<'x>> {
    let usable = message.dkim_headers.iter().filter(|field| {
        let signature = &field.header;
        signature.a != Algorithm::RsaSha1
            && signature.h.len() <= SIGNED_FIELDS
            && signature.h.iter().any(|name| name.eq_ignore_ascii_case("From"))
    });
    usable
        .take(SIGNATURES)
        .map(|field| {
            let mut field = field.clone();
            // Neither a report to the signer nor a third party's permission is wanted: both cost questions.
            field.header.r = false;
            field.header.atps = None;
            AuthenticatedMessage {
                headers: message.headers.clone(),
                body_hashes: message.body_hashes.clone(),
                dkim_headers: vec![field],
                ..AuthenticatedMessage::default()
            }
        })
        .collect()
}

fn author_domain(message: &AuthenticatedMessage<'_>) -> Option<String> {
    verdict::domain(message.from().rsplit_once('@')?.1)
}

/// The best of the signatures by the author's domain, or of all when it has none.
fn best_signature(outputs: &[DkimOutput<'_>], unusable: bool, author: Option<&str>) -> Verdict {
    let best = |outputs: &mut dyn Iterator<Item = &DkimOutput<'_>>| {
        outputs.map(|output| dkim_verdict(output.result())).min_by_key(|verdict| verdict.rank())
    };
    let by_author = |output: &&DkimOutput<'_>| {
        output.signature().zip(author).is_some_and(|(signature, author)| related(&signature.d, author))
    };
    best(&mut outputs.iter().filter(by_author)).or_else(|| best(&mut outputs.iter())).unwrap_or(if unusable {
        Verdict::PermError
    } else {
        Verdict::None
    })
}

/// Whether one domain is the other or lies below it. Only for choosing what to show: DMARC decides
/// by the published records what belongs together.
fn related(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let below =
        |name: &str, parent: &str| name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below(&one, &other) || below(&other, &one)
}

fn proven_domains(outputs: &[DkimOutput<'_>]) -> Vec<String> {
    let mut domains = Vec::new();
    for output in outputs.iter().filter(|output| *output.result() == DkimResult::Pass) {
        let domain = output.signature().and_then(|signature| verdict::domain(&signature.d));
        domains.extend(domain.filter(|domain| !domains.contains(domain)));
    }
    domains
}

fn spf_verdict(result: SpfResult) -> Verdict {
    match result {
        SpfResult::Pass => Verdict::Pass,
        SpfResult::Fail => Verdict::Fail,
        SpfResult::SoftFail => Verdict::SoftFail,
        SpfResult::Neutral => Verdict::Neutral,
        SpfResult::TempError => Verdict::TempError,
        SpfResult::PermError => Verdict::PermError,
        SpfResult::None => Verdict::None,
    }
}

fn dkim_verdict(result: &DkimResult) -> Verdict {
    match result {
        DkimResult::Pass => Verdict::Pass,
        // A body that is not the signed one is a failed signature in RFC 8601's words.
        DkimResult::Fail(_) | DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch)) => Verdict::Fail,
        DkimResult::Neutral(_) => Verdict::Neutral,
        DkimResult::PermError(_) => Verdict::PermError,
        DkimResult::TempError(_) => Verdict::TempError,
        DkimResult::None => Verdict::None,
    }
}

fn dmarc_verdict(result: &DmarcResult) -> Verdict {
    match result {
        DmarcResult::Pass => Verdict::Pass,
        DmarcResult::Fail(_) => Verdict::Fail,
        DmarcResult::TempError(_) => Verdict::TempError,
        DmarcResult::PermError(_) => Verdict::PermError,
        DmarcResult::None => Verdict::None,
    }
}

fn policy(policy: dmarc::Policy) -> Policy {
    match policy {
        dmarc::Policy::Reject => Policy::Reject,
        dmarc::Policy::Quarantine => Policy::Quarantine,
        dmarc::Policy::None | dmarc::Policy::Unspecified => Policy::None,
    }
}
