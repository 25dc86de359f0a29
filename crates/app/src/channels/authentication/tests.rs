//! What a sender, honest or not, gets from the checks, asked of a name server on loopback.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner};
use proptest::prelude::*;

use self::dns::{Mood, StubDns};
use super::examine::SIGNATURES;
use super::*;

// The file is taken in directly: depending on the test kit would build this crate twice.
#[path = "../../../../testkit/src/dns.rs"]
#[allow(dead_code, unreachable_pub, reason = "the stub serves other tests too")]
mod dns;

const MAIL: &str = "From: Ada <ada@example.org>\r\nTo: desk@example.net\r\nSubject: My  order\r\n\r\nWhere is it?\r\n";
/// Long enough for every answer of loopback, short enough for the tests that wait for silence.
const SHORT: Duration = Duration::from_millis(900);

fn authenticator(dns: &StubDns) -> Authenticator {
    bounded(dns, failures::BELIEVED_FOR)
}

fn bounded(dns: &StubDns, failure_believed_for: Duration) -> Authenticator {
    Authenticator::bounded(&ResolverConfig::Servers(vec![dns.address()]), SHORT, failure_believed_for).unwrap()
}

fn client(ip: &str, mail_from: &str) -> Client {
    Client { ip: Some(ip.parse().unwrap()), helo: Some("mx.example.org".into()), mail_from: Some(mail_from.into()) }
}

/// A signer whose public key is published under `<selector>._domainkey.<domain>`.
fn publish(dns: &StubDns, selector: &str, domain: &str) -> Ed25519Key {
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let public = STANDARD.encode(key.public_key());
    dns.txt(&format!("{selector}._domainkey.{domain}"), &format!("v=DKIM1; k=ed25519; p={public}"));
    key
}

fn signed_by(key: impl SigningKey, selector: &str, domain: &str, way: Canonicalization, mail: &str) -> String {
    let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(["From", "To", "Subject"]);
    let signer = signer.header_canonicalization(way).body_canonicalization(way);
    signer.sign(mail.as_bytes()).unwrap().to_header() + mail
}

fn signed(dns: &StubDns, domain: &str) -> String {
    signed_by(publish(dns, "s1", domain), "s1", domain, Canonicalization::Relaxed, MAIL)
}

async fn spf(dns: &StubDns, ip: &str) -> Verdict {
    authenticator(dns).check(MAIL.as_bytes(), &client(ip, "ada@example.org")).await.spf
}

#[tokio::test]
async fn spf_tells_the_domains_servers_from_others() {
    let dns = StubDns::start();
    dns.txt("example.org", "v=spf1 ip4:192.0.2.0/24 a:out.example.org mx ~all");
    dns.ip("out.example.org", "198.51.100.7".parse().unwrap());
    dns.mx("example.org", 10, "mx.example.org");
    dns.ip("mx.example.org", "2001:db8::25".parse().unwrap());
    for ours in ["192.0.2.9", "::ffff:192.0.2.9", "198.51.100.7", "2001:db8::25"] {
        assert_eq!(spf(&dns, ours).await, Verdict::Pass, "{ours}");
    }
    assert_eq!(spf(&dns, "203.0.113.1").await, Verdict::SoftFail);
    dns.txt("strict.example", "v=spf1 -all");
    let verdicts = authenticator(&dns).check(MAIL.as_bytes(), &client("203.0.113.1", "<x@strict.example>")).await;
    assert_eq!((verdicts.spf, verdicts.spf_domain.as_deref()), (Verdict::Fail, Some("strict.example")));
}

#[tokio::test]
async fn a_bounce_is_checked_by_the_greeting() {
    let dns = StubDns::start();
    dns.txt("mx.example.org", "v=spf1 ip4:192.0.2.1 -all");
    let verdicts = authenticator(&dns).check(MAIL.as_bytes(), &client("192.0.2.1", "<>")).await;
    assert_eq!((verdicts.spf, verdicts.spf_domain.as_deref()), (Verdict::Pass, Some("mx.example.org")));
}

#[tokio::test]
async fn a_domain_without_records_gets_no_verdict() {
    let dns = StubDns::start();
    let verdicts = authenticator(&dns).check(MAIL.as_bytes(), &client("192.0.2.1", "ada@example.org")).await;
    assert_eq!((verdicts.spf, verdicts.dkim, verdicts.dmarc), (Verdict::None, Verdict::None, Verdict::None));
}

#[tokio::test]
async fn an_spf_record_that_includes_itself_ends() {
    let dns = StubDns::start();
    dns.txt("example.org", "v=spf1 include:a.example.org -all");
    dns.txt("a.example.org", "v=spf1 include:example.org -all");
    assert_eq!(spf(&dns, "192.0.2.1").await, Verdict::PermError);
    assert!(dns.questions() < 20, "{} questions", dns.questions());
}

#[tokio::test]
async fn a_signature_holds_until_one_byte_changes() {
    let dns = StubDns::start();
    let authenticator = authenticator(&dns);
    let mail = signed(&dns, "example.org");
    let verdicts = authenticator.check(mail.as_bytes(), &Client::default()).await;
    assert_eq!((verdicts.dkim, verdicts.dkim_domains), (Verdict::Pass, vec!["example.org".to_owned()]));

    for (part, changed) in [("Where is it?", "Where is it!"), ("My  order", "Our order"), ("Ada <ada@", "Eva <ada@")] {
        let verdicts = authenticator.check(mail.replace(part, changed).as_bytes(), &Client::default()).await;
        assert_eq!((verdicts.dkim, verdicts.dkim_domains.len()), (Verdict::Fail, 0), "{part}");
    }
}

#[tokio::test]
async fn an_rsa_key_too_long_for_one_string_and_one_datagram_works() {
    let dns = StubDns::start();
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let key = RsaKey::<Sha256>::from_key_der(private.as_ref().to_vec().try_into().unwrap()).unwrap();
    let note = "n".repeat(1_200);
    dns.txt("rsa._domainkey.example.org", &format!("v=DKIM1; n={note}; p={}", STANDARD.encode(public.as_ref())));
    let mail = signed_by(key, "rsa", "example.org", Canonicalization::Simple, MAIL);
    assert_eq!(authenticator(&dns).check(mail.as_bytes(), &Client::default()).await.dkim, Verdict::Pass);
    assert_eq!(dns.questions_about("rsa._domainkey.example.org"), 2, "by UDP, and again by TCP");
}

#[tokio::test]
async fn a_mail_that_came_by_pipe_or_mailbox_keeps_its_signature() {
    let dns = StubDns::start();
    let authenticator = authenticator(&dns);
    for (selector, way) in [("s1", Canonicalization::Relaxed), ("s2", Canonicalization::Simple)] {
        let folded = MAIL.replace("My  order", "My\r\n\torder");
        let mail = signed_by(publish(&dns, selector, "example.org"), selector, "example.org", way, &folded);
        let piped = format!("From ada@example.org Mon Jan  5 10:00:00 2026\n{}", mail.replace("\r\n", "\n"));
        assert_eq!(authenticator.check(piped.as_bytes(), &Client::default()).await.dkim, Verdict::Pass, "{way:?}");
    }
}

#[tokio::test]
async fn a_large_mail_is_checked_too() {
    let dns = StubDns::start();
    let mail = MAIL.to_owned() + &"line of a long mail\r\n".repeat(limits::LARGE_BODY_BYTES / 20);
    let key = publish(&dns, "s1", "example.org");
    let mail = signed_by(key, "s1", "example.org", Canonicalization::Relaxed, &mail);
    assert!(mail.len() > limits::LARGE_BODY_BYTES);
    assert_eq!(authenticator(&dns).check(mail.as_bytes(), &Client::default()).await.dkim, Verdict::Pass);
}

#[tokio::test]
async fn dmarc_wants_the_proven_domain_to_be_the_authors() {
    let dns = StubDns::start();
    let authenticator = authenticator(&dns);
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    dns.txt("attacker.example", "v=spf1 ip4:192.0.2.66 -all");
    dns.txt("example.org", "v=spf1 ip4:192.0.2.1 -all");

    let by_spf = authenticator.check(MAIL.as_bytes(), &client("192.0.2.1", "ada@example.org")).await;
    assert_eq!((by_spf.dmarc, by_spf.policy), (Verdict::Pass, Some(Policy::Reject)));
    let by_dkim = authenticator.check(signed(&dns, "example.org").as_bytes(), &Client::default()).await;
    assert_eq!((by_dkim.dmarc, by_dkim.spf), (Verdict::Pass, Verdict::NotChecked));
    let of_subdomain = signed(&dns, "mail.example.org");
    assert_eq!(authenticator.check(of_subdomain.as_bytes(), &Client::default()).await.dmarc, Verdict::Pass);

    // SPF and DKIM both pass, for a domain that is not the author's.
    let forged = signed(&dns, "attacker.example");
    let forged = authenticator.check(forged.as_bytes(), &client("192.0.2.66", "x@attacker.example")).await;
    assert_eq!((forged.spf, forged.dkim, forged.dmarc), (Verdict::Pass, Verdict::Pass, Verdict::Fail));
    assert_eq!(
        forged.summary(),
        "spf=pass (attacker.example) dkim=pass (attacker.example) dmarc=fail (example.org, policy reject)"
    );
}

#[tokio::test]
async fn dmarc_does_not_fail_a_mail_whose_client_is_unknown() {
    let dns = StubDns::start();
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let broken = signed(&dns, "example.org").replace("Where", "There");
    let verdicts = authenticator(&dns).check(broken.as_bytes(), &Client::default()).await;
    assert_eq!((verdicts.dkim, verdicts.dmarc), (Verdict::Fail, Verdict::NotChecked));
}

#[tokio::test]
async fn a_second_from_field_proves_nothing() {
    let dns = StubDns::start();
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let mail = format!("From: Chief <chief@example.org>\r\n{}", signed(&dns, "example.org"));
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &Client::default()).await;
    assert_eq!((verdicts.dmarc, verdicts.author_domain), (Verdict::PermError, None));
}

#[tokio::test]
async fn a_signature_that_leaves_the_author_open_is_no_signature() {
    let dns = StubDns::start();
    let key = publish(&dns, "s1", "example.org");
    let signer = DkimSigner::from_key(key).domain("example.org").selector("s1").headers(["To", "Subject"]);
    let mail = signer.sign(MAIL.as_bytes()).unwrap().to_header() + MAIL;
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &Client::default()).await;
    assert_eq!((verdicts.dkim, dns.questions_about("s1._domainkey.example.org")), (Verdict::PermError, 0));
}

#[tokio::test]
async fn the_authors_broken_signature_is_not_hidden_by_a_strangers_good_one() {
    let dns = StubDns::start();
    let broken = signed(&dns, "example.org").replace("Where", "There");
    let stranger = publish(&dns, "s1", "attacker.example");
    let mail = signed_by(stranger, "s1", "attacker.example", Canonicalization::Relaxed, &broken);
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &Client::default()).await;
    assert_eq!((verdicts.dkim, verdicts.dkim_domains), (Verdict::Fail, vec!["attacker.example".to_owned()]));
}

#[tokio::test]
async fn one_silent_domain_does_not_hide_the_proof_by_another() {
    let dns = StubDns::start();
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    dns.behave("s1._domainkey.silent.example", Mood::Silent);
    dns.behave("silent.example", Mood::Silent);
    let good = signed(&dns, "example.org");
    let stranger = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let mail = signed_by(stranger, "s1", "silent.example", Canonicalization::Relaxed, &good);
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &client("192.0.2.1", "x@silent.example")).await;
    assert_eq!((verdicts.spf, verdicts.dkim, verdicts.dmarc), (Verdict::TempError, Verdict::Pass, Verdict::Pass));
}

#[tokio::test]
async fn silent_dns_ends_and_is_asked_once_per_domain() {
    let dns = StubDns::start();
    dns.behave_to_all(Some(Mood::Silent));
    let mail = signed(&dns, "example.org");
    let from = client("192.0.2.1", "ada@example.org");
    let authenticator = authenticator(&dns);
    let all = |verdicts: Verdicts| [verdicts.spf, verdicts.dkim, verdicts.dmarc];
    assert_eq!(all(authenticator.check(mail.as_bytes(), &from).await), [Verdict::TempError; 3]);
    let asked = dns.questions();
    assert_eq!(dns.questions_about("_dmarc.example.org").min(1), 1);
    assert_eq!(all(authenticator.check(mail.as_bytes(), &from).await), [Verdict::TempError; 3]);
    assert_eq!(dns.questions(), asked);
}

#[tokio::test]
async fn a_failing_server_is_asked_again_when_the_failure_is_forgotten() {
    let dns = StubDns::start();
    dns.behave("example.org", Mood::Failing);
    dns.txt("example.org", "v=spf1 ip4:192.0.2.1 -all");
    let from = client("192.0.2.1", "ada@example.org");
    let (long, short) = (authenticator(&dns), bounded(&dns, Duration::ZERO));
    assert_eq!(long.check(MAIL.as_bytes(), &from).await.spf, Verdict::TempError);
    assert_eq!(short.check(MAIL.as_bytes(), &from).await.spf, Verdict::TempError);
    dns.recover("example.org");
    assert_eq!(long.check(MAIL.as_bytes(), &from).await.spf, Verdict::TempError);
    assert_eq!(short.check(MAIL.as_bytes(), &from).await.spf, Verdict::Pass);
}

#[tokio::test]
async fn answers_and_absences_are_asked_for_once() {
    let dns = StubDns::start();
    dns.txt("example.org", "v=spf1 ip4:192.0.2.1 -all");
    let (mail, from) = (signed(&dns, "example.org"), client("192.0.2.1", "ada@example.org"));
    let authenticator = authenticator(&dns);
    let first = authenticator.check(mail.as_bytes(), &from).await;
    let asked = dns.questions();
    let second = authenticator.check(mail.as_bytes(), &from).await;
    assert_eq!((first.spf, first.dkim, first.dmarc), (Verdict::Pass, Verdict::Pass, Verdict::None));
    assert!(first == second);
    assert_eq!(dns.questions(), asked);
}

#[tokio::test]
async fn nothing_is_asked_without_client_and_signature() {
    let dns = StubDns::start();
    let authenticator = authenticator(&dns);
    let no_identity = Client { ip: Some("192.0.2.1".parse().unwrap()), ..Client::default() };
    let no_address = Client { mail_from: Some("ada@example.org".into()), ..Client::default() };
    for client in [Client::default(), no_identity, no_address] {
        let verdicts = authenticator.check(MAIL.as_bytes(), &client).await;
        assert_eq!(
            (verdicts.spf, verdicts.dkim, verdicts.dmarc),
            (Verdict::NotChecked, Verdict::None, Verdict::NotChecked)
        );
    }
    let off = Authenticator::new(&ResolverConfig::Off).unwrap();
    let verdicts = off.check(signed(&dns, "example.org").as_bytes(), &client("192.0.2.1", "ada@example.org")).await;
    assert!(verdicts == Verdicts::default());
    assert_eq!(dns.questions(), 0);
}

#[tokio::test]
async fn a_thousand_signatures_cost_a_handful_of_questions() {
    let dns = StubDns::start();
    let good = signed(&dns, "example.org");
    let signature = good.strip_suffix(MAIL).unwrap();
    let mail: String = (0..900).map(|n| signature.replace("s=s1", &format!("s=s{}", n + 2))).collect::<String>() + MAIL;
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &Client::default()).await;
    assert_eq!(verdicts.dkim, Verdict::PermError, "no such keys");
    assert!(dns.questions() <= SIGNATURES + 5, "{} questions", dns.questions());
}

#[tokio::test]
async fn a_header_made_to_be_costly_is_not_checked() {
    let dns = StubDns::start();
    let names = "a:bb:ccc:dddd:\r\n ".repeat(1_000);
    let mail = format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from:{names}; b=AA; bh=AA\r\n{MAIL}");
    let verdicts = authenticator(&dns).check(mail.as_bytes(), &client("192.0.2.1", "ada@example.org")).await;
    assert_eq!((verdicts.spf, verdicts.dkim, verdicts.dmarc), (Verdict::None, Verdict::PermError, Verdict::PermError));
    let oversize = "DKIM-Signature: v=1\r\n".to_owned() + MAIL + &"x".repeat(limits::MAIL_BYTES);
    assert!(authenticator(&dns).check(oversize.as_bytes(), &Client::default()).await == Verdicts::default());
}

#[test]
fn an_empty_list_of_servers_is_refused_with_advice() {
    let error = Authenticator::new(&ResolverConfig::Servers(Vec::new())).err().unwrap();
    assert!(error.to_string().contains("name at least one"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_mail_client_or_record_brings_the_check_down(
        raw in proptest::collection::vec(any::<u8>(), 0..400),
        place in 0..400_usize,
        piece in "[ -~\r\n]{0,40}",
        helo in "\\PC{0,80}",
        mail_from in "\\PC{0,80}",
        record in "(v=spf1|v=DKIM1;|v=DMARC1;)[ -~]{0,120}",
    ) {
        let dns = StubDns::start();
        dns.txt("s1._domainkey.example.org", &record);
        dns.txt("_dmarc.example.org", &record);
        dns.txt("example.org", &record);
        let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let mut spliced = signed_by(key, "s1", "example.org", Canonicalization::Relaxed, MAIL);
        spliced.insert_str(place.min(spliced.len()), &piece);
        let strange = Client { ip: Some("192.0.2.1".parse().unwrap()), helo: Some(helo), mail_from: Some(mail_from) };
        let known = client("192.0.2.1", "ada@example.org");
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let authenticator = authenticator(&dns);
            for (mail, client) in [(raw.as_slice(), &strange), (spliced.as_bytes(), &known)] {
                let verdicts = authenticator.check(mail, client).await;
                assert!(!verdicts.summary().contains(['\n', '\r', '<']));
            }
        });
    }
}
