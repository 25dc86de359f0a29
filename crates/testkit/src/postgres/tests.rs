use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

async fn ask(url: &str, question: &str) -> Result<i64, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.query_one(question, &[]).await.map(|row| row.get(0))
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own_that_goes_with_it() {
    let (mine, other) = (database(), database());
    mine.execute("create table seen(a bigint); insert into seen values (7)").expect("statements run");
    assert_eq!(ask(&mine.url(), "select a from seen").await.expect("my own table"), 7);
    assert!(ask(&other.url(), "select a from seen").await.is_err());

    let count = format!("select count(*) from pg_database where datname = '{}'", mine.name());
    let still = Cluster::shared().url("postgres");
    assert_eq!(ask(&still, &count).await.expect("a count"), 1);
    drop(mine);
    assert_eq!(ask(&still, &count).await.expect("a count"), 0);
}

#[tokio::test]
async fn another_user_of_the_machine_stays_outside() {
    let port = Cluster::shared().port();
    for stranger in [
        format!("postgresql://postgres@127.0.0.1:{port}/postgres"),
        format!("postgresql://postgres:guess@127.0.0.1:{port}/postgres"),
    ] {
        assert!(ask(&stranger, "select 1::bigint").await.is_err());
    }
}

#[tokio::test]
async fn what_was_committed_survives_a_crash() {
    let cluster = Cluster::start(Durability::Durable, Transport::Plain).expect("a cluster");
    let database = cluster.database();
    database.execute("create table kept(a bigint); insert into kept values (41)").expect("statements run");
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.expect("in");
    let connection = tokio::spawn(connection);
    client.batch_execute("begin; insert into kept values (42)").await.expect("not committed");

    cluster.crash_and_recover().expect("it comes back");

    assert!(connection.await.expect("the task ends").is_err(), "the connection broke");
    assert_eq!(ask(&database.url(), "select sum(a)::bigint from kept").await.expect("readable"), 41);
}

#[tokio::test]
async fn a_cluster_with_tls_takes_nothing_else_and_its_certificate_is_good() {
    let cluster = Cluster::start(Durability::Fast, Transport::Tls).expect("a cluster");
    let plain = cluster.url("postgres").replace("sslmode=require", "sslmode=disable");
    assert!(ask(&plain, "select 1::bigint").await.is_err());

    let mut trusted = rustls::RootCertStore::empty();
    let authority =
        rustls::pki_types::pem::PemObject::from_pem_slice(cluster.ca_certificate().expect("an authority").as_bytes());
    trusted.add(authority.expect("a certificate")).expect("a good one");
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    for url in [cluster.url("postgres"), cluster.url("postgres").replace("127.0.0.1", "localhost")] {
        let tls = tokio_postgres_rustls::MakeRustlsConnect::new(config.clone());
        let (client, connection) = tokio_postgres::connect(&url, tls).await.expect("in over TLS");
        tokio::spawn(connection);
        let row =
            client.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await.expect("a row");
        assert!(row.get::<_, bool>(0));
    }
}

/// The test starts itself once more as the victim, which tells its cluster's folder and hangs.
#[test]
fn a_killed_test_leaves_no_server_and_no_folder() {
    const NAME: &str = "postgres::tests::a_killed_test_leaves_no_server_and_no_folder";
    const VICTIM: &str = "DOORWARD_PG_TEST_VICTIM";
    if std::env::var_os(VICTIM).is_some() {
        let cluster = Cluster::start(Durability::Fast, Transport::Plain).expect("a cluster");
        println!("\nholds {} {}", cluster.port(), cluster.server.socket_folder().display());
        std::thread::sleep(Duration::from_mins(2));
        return;
    }
    let mut victim = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", NAME, "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let told = BufReader::new(victim.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let holds = { told }.find_map(|line| line.strip_prefix("holds ").map(str::to_owned)).expect("it has a cluster");
    let (port, folder) = holds.split_once(' ').expect("port and folder");
    let port: u16 = port.parse().expect("a port");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() && Path::new(folder).exists());

    victim.kill().expect("it is killed");
    victim.wait().expect("it is dead");

    let began = Instant::now();
    while Path::new(folder).exists() || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(30), "the cluster outlived its test");
        std::thread::sleep(Duration::from_millis(20));
    }
}
