//! Somebody who may write to the database, but has no keys, copies sealed values from one place to
//! another: none opens anywhere but where it was sealed.

use app::Actor;
use app::audit::VerifyOptions;
use app::channels::mailbox::{LogIn, Method, PutAway, Security, Server};
use app::channels::{MailServer, NewMailbox, NewReply, Outcome, OwnAddressDetails, Tls, Writing};
use app::desk::{Draft, Item, Thread, ThreadRequest};
use app::identity::Role;
use app::vault::Column;
use db::{Engine, Statement, blob, id};
use envelope::SubjectId;
use kernel::{ConversationId, CustomerId, Id as _, OrganisationId, QuarantineId};
use testkit::{ENGINES, Letter, TestApp};

/// Whose key seals a column.
#[derive(Clone, Copy)]
enum Owner {
    /// The one whom this column names.
    Named(&'static str),
    /// The organisation itself.
    Organisation,
}

/// A column of sealed values. Every column of the schema whose name ends in `sealed` is in [`SEALED`].
struct Sealed {
    column: Column,
    table: &'static str,
    name: &'static str,
    /// The column of the id that its values are bound to.
    row: &'static str,
    owner: Owner,
    /// Whether it holds the key of a file instead of a value.
    is_file_key: bool,
}

const fn value(column: Column, table: &'static str, name: &'static str, owner: &'static str) -> Sealed {
    Sealed { column, table, name, row: "id", owner: Owner::Named(owner), is_file_key: false }
}

const fn own(column: Column, table: &'static str, name: &'static str, row: &'static str) -> Sealed {
    Sealed { owner: Owner::Organisation, row, ..value(column, table, name, "") }
}

const SEALED: [Sealed; 22] = [
    value(Column::CustomerValue, "customer_value", "sealed", "customer"),
    value(Column::ContactPoint, "contact_point", "sealed", "customer"),
    value(Column::Subject, "conversation", "subject_sealed", "customer"),
    value(Column::Message, "message", "sealed", "customer"),
    value(Column::AttachmentDescription, "attachment", "description_sealed", "customer"),
    Sealed { is_file_key: true, ..value(Column::AttachmentKey, "attachment", "key_sealed", "customer") },
    value(Column::Note, "note", "sealed", "customer"),
    value(Column::AuditEntry, "audit_entry", "sealed", "subject"),
    own(Column::AgentEmail, "agent", "email_sealed", "id"),
    own(Column::AgentName, "agent", "name_sealed", "id"),
    own(Column::SessionPlace, "session", "place_sealed", "id"),
    own(Column::Passkey, "passkey", "sealed", "id"),
    own(Column::PasswordHash, "password", "hash_sealed", "agent"),
    own(Column::TotpSecret, "password", "totp_sealed", "agent"),
    own(Column::Ceremony, "ceremony", "state_sealed", "id"),
    value(Column::Draft, "draft", "sealed", "customer"),
    own(Column::OwnAddress, "own_address", "sealed", "id"),
    own(Column::MailServer, "mail_server", "sealed", "scope"),
    own(Column::MailboxUser, "mailbox", "user_sealed", "id"),
    own(Column::MailboxSecret, "mailbox", "secret_sealed", "id"),
    Sealed { row: "message", ..value(Column::OutgoingMail, "outgoing_mail", "sealed", "customer") },
    Sealed { is_file_key: true, ..own(Column::QuarantineKey, "quarantine", "key_sealed", "id") },
];

static SQLITE_COLUMNS: Statement = Statement::new(
    "moved.SQLITE_COLUMNS",
    "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND c.name LIKE '%sealed'",
);
static POSTGRES_COLUMNS: Statement = Statement::new(
    "moved.POSTGRES_COLUMNS",
    "SELECT table_name::text, column_name::text FROM information_schema.columns
     WHERE table_schema = current_schema() AND column_name LIKE '%sealed'",
);

#[tokio::test]
async fn every_sealed_column_of_the_schema_is_among_those_that_are_moved() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let statement = if engine == Engine::Sqlite { &SQLITE_COLUMNS } else { &POSTGRES_COLUMNS };
        let read = move |tx: &mut db::Tx<'_>| tx.query(statement, &[], |row| Ok((row.text(0)?, row.text(1)?)));
        let mut schema = test.app.context.db.read::<_, db::Error, _>("moved.columns", read).await.unwrap();
        let mut known: Vec<_> = SEALED.iter().map(|sealed| (sealed.table.to_owned(), sealed.name.to_owned())).collect();
        schema.sort();
        known.sort();
        assert_eq!(schema, known, "{engine:?}");
        for column in Column::ALL {
            assert_eq!(SEALED.iter().filter(|sealed| sealed.column == column).count(), 1, "{column:?}");
        }
        test.close().await;
    }
}

/// A value as it lies in its row.
#[derive(Clone)]
struct Stored {
    organisation: OrganisationId,
    sealed: &'static Sealed,
    row: [u8; 16],
    owner: SubjectId,
    bytes: Vec<u8>,
}

/// A statement about one column. A test is short, so what it asks may live as long as it does.
fn statement(name: &str, sealed: &Sealed, text: String) -> &'static Statement {
    let name = format!("moved.{name}.{}.{}", sealed.table, sealed.name);
    Box::leak(Box::new(Statement::new(name.leak(), text.leak())))
}

/// Everything that lies sealed in an organisation.
async fn everything(test: &TestApp, organisation: OrganisationId) -> Vec<Stored> {
    static TABLE: [Sealed; 22] = SEALED;
    let mut all = Vec::new();
    for sealed in &TABLE {
        let Sealed { table, name, row, .. } = sealed;
        let owner = match sealed.owner {
            Owner::Named(column) => column,
            Owner::Organisation => "org",
        };
        let text =
            format!("SELECT {row}, {owner}, {name} FROM {table} WHERE org = $1 AND {name} IS NOT NULL ORDER BY {row}");
        let select = statement("ALL", sealed, text);
        let read = move |tx: &mut db::Tx<'_>| {
            tx.query(select, &[id(&organisation)], |row| Ok((row.array(0)?, row.array(1)?, row.blob(2)?)))
        };
        let rows = test.app.context.db.read::<_, db::Error, _>("moved.all", read).await.unwrap();
        let stored =
            |(row, owner, bytes)| Stored { organisation, sealed, row, owner: SubjectId::from_bytes(owner), bytes };
        all.extend(rows.into_iter().filter(|(_, _, bytes): &(_, _, Vec<u8>)| !bytes.is_empty()).map(stored));
    }
    all
}

/// Whether bytes open in the place of a stored value.
async fn opens(test: &TestApp, place: &Stored, bytes: &[u8]) -> bool {
    let (vault, organisation, owner) = (test.app.vault.clone(), place.organisation, place.owner);
    let keys = move |tx: &mut db::Tx<'_>| vault.keys(tx, organisation, owner);
    let keys = test.app.context.db.read("moved.keys", keys).await.unwrap().expect("everybody has keys");
    if place.sealed.is_file_key {
        keys.open_file_key(place.sealed.column, &place.row, bytes).is_ok()
    } else {
        keys.open(place.sealed.column, &place.row, bytes).is_ok()
    }
}

/// What a test's organisation holds: two customers who wrote, and a mail that nobody could read.
struct House {
    conversations: Vec<ConversationId>,
    customers: Vec<CustomerId>,
    quarantine: Vec<QuarantineId>,
}

async fn furnish(test: &TestApp, organisation: OrganisationId) -> House {
    let (mut conversations, mut customers) = (Vec::new(), Vec::new());
    let (desk, vault) = (testkit::desk(&test.app), testkit::vault(&test.app));
    for name in ["Maija", "Otto"] {
        let body = "--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/csv\n\
            Content-Disposition: attachment; filename=\"a.csv\"\n\n1,2\n--b--\n";
        let from = format!("{name} <{name}@x.example>");
        let letter = Letter::new(&from, name).id(name).header("Content-Type", "multipart/mixed; boundary=b").text(body);
        let Outcome::Received { conversation, .. } = test.mail_to(organisation, letter).await.unwrap() else {
            panic!("a conversation begins")
        };
        desk.add_note(organisation, conversation, testkit::agent(), name).await.unwrap();
        let shown = desk.show(organisation, conversation, testkit::agent(), ThreadRequest::default()).await.unwrap();
        for (field, value) in [("company", name), ("customer_number", "10042")] {
            vault.set_value(organisation, shown.customer, field, value).await.unwrap();
        }
        conversations.push(conversation);
        customers.push(shown.customer);
    }
    let mut quarantine = Vec::new();
    for poison in [&b"\x01 one \x02"[..], b"\x01 two \x02"] {
        let Outcome::Quarantined(id) = test.mail_to(organisation, poison).await.unwrap() else { panic!("quarantine") };
        quarantine.push(id);
    }
    furnish_office(test, organisation, &conversations).await;
    House { conversations, customers, quarantine }
}

fn mailbox(user: &str) -> NewMailbox {
    let host = "mail.elm.example".to_owned();
    NewMailbox {
        name: format!("Mailbox of {user}"),
        server: Server { host, port: 993, security: Security::Tls, authority: None },
        log_in: LogIn { user: user.to_owned(), secret: format!("secret of {user}").into(), method: Method::Password },
        folder: "INBOX".to_owned(),
        put_away: PutAway::Move("Doorward".to_owned()),
        since: None,
    }
}

/// Agents with all that they can sign in with, one of them half way through; addresses of ours with their
/// servers, and a mail that waits to leave by them.
async fn furnish_office(test: &TestApp, organisation: OrganisationId, conversations: &[ConversationId]) {
    for name in ["aino", "lena"] {
        let by_passkey = test.invite_to(organisation, &format!("{name}.key@elm.example"), Role::Agent).await;
        test.enrol(&by_passkey.text, name).await;
        let by_password = test.invite_to(organisation, &format!("{name}.word@elm.example"), Role::Agent).await;
        test.enrol_with_password(&by_password.text, name).await;
        let half_way = test.invite_to(organisation, &format!("{name}.new@elm.example"), Role::Agent).await;
        test.app.identity.begin_enrolment_totp(&half_way.text).await.unwrap();
        let (channels, address) = (&test.app.channels, format!("{name}.desk@elm.example"));
        let details = OwnAddressDetails { address, ..OwnAddressDetails::default() };
        let own = channels.add_own_address(organisation, Actor::Operator, &details, false).await.unwrap();
        let host = "mail.elm.example".to_owned();
        let server = MailServer { host, port: 465, tls: Tls::Implicit, user: None, password: None, authority: None };
        channels.set_mail_server(organisation, Actor::Operator, Some(own), &server).await.unwrap();
        channels.add_mailbox(organisation, Actor::Operator, mailbox(name)).await.unwrap();
    }
    let writer = test.sign_in_to(organisation, "Writer", Role::Agent.into(), kernel::Locale::En).await;
    for conversation in conversations {
        let who = (Actor::Agent(writer.agent), Role::Agent);
        let permit = testkit::permit_as(&test.app, organisation, who, *conversation).await.unwrap();
        let draft = Draft { text: "Half a sentence".to_owned(), ..Draft::default() };
        test.app.desk.save_draft(&permit, &draft).await.unwrap();
        let writing = Writing { text: "An answer.".to_owned(), ..Writing::default() };
        let reply = NewReply { conversation: *conversation, answers: None, to: None, quotes: false, writing };
        test.app.channels.reply(organisation, Actor::Operator, reply).await.unwrap();
        test.clock.advance(std::time::Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_value_copied_to_any_other_row_column_customer_or_organisation_does_not_open() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let other = test.another_organisation("Oak Bank").await;
        let mut all = Vec::new();
        for organisation in [test.organisation, other] {
            furnish(&test, organisation).await;
            all.extend(everything(&test, organisation).await);
        }
        for sealed in &SEALED {
            let rows = all.iter().filter(|stored| stored.sealed.column == sealed.column).count();
            assert!(rows >= 2, "{engine:?}: {rows} rows of {}.{}", sealed.table, sealed.name);
        }
        for (number, from) in all.iter().enumerate() {
            for (place, to) in all.iter().enumerate() {
                let (column, into) = (from.sealed.column, to.sealed.column);
                let opened = opens(&test, to, &from.bytes).await;
                assert_eq!(
                    opened,
                    number == place,
                    "{engine:?}: {column:?} of row {number} in {into:?} of row {place}"
                );
            }
        }
        test.close().await;
    }
}

#[tokio::test]
async fn a_value_changed_in_any_byte_does_not_open() {
    let test = TestApp::on(Engine::Sqlite).await;
    furnish(&test, test.organisation).await;
    let all = everything(&test, test.organisation).await;
    for sealed in &SEALED {
        let stored = all.iter().find(|stored| stored.sealed.column == sealed.column).unwrap();
        for position in 0..stored.bytes.len() {
            let mut changed = stored.bytes.clone();
            changed[position] ^= 1;
            assert!(!opens(&test, stored, &changed).await, "{:?} changed at {position}", sealed.column);
        }
        assert!(!opens(&test, stored, &stored.bytes[..stored.bytes.len() - 1]).await, "{:?} cut", sealed.column);
    }
    test.close().await;
}

/// Whether whoever asks the product for what stands in a column gets an error, or nothing in its place.
/// `None` where no use case opens it yet.
async fn is_refused(test: &TestApp, house: &House, column: Column) -> Option<bool> {
    let (organisation, app) = (test.organisation, &test.app);
    let whole = ThreadRequest { before: None, limit: 100 };
    Some(match column {
        Column::CustomerValue | Column::ContactPoint => {
            let mut refused = false;
            for customer in &house.customers {
                refused |= testkit::vault(app).masked(organisation, *customer).await.is_err();
            }
            refused
        }
        Column::Subject | Column::Message | Column::Note | Column::AttachmentDescription => {
            let mut refused = false;
            for conversation in &house.conversations {
                let thread =
                    testkit::desk(app).show(organisation, *conversation, testkit::agent(), whole).await.unwrap();
                refused |= has_a_gap(&thread, column);
            }
            refused
        }
        Column::QuarantineKey => {
            let mut refused = false;
            for id in &house.quarantine {
                let officer = (testkit::agent(), Role::PrivacyOfficer);
                let may = testkit::permit_as(app, organisation, officer, *id).await.unwrap();
                refused |= app.channels.open_quarantined(&may).await.is_err();
            }
            refused
        }
        Column::AuditEntry => {
            let options = VerifyOptions { bodies: true, ..VerifyOptions::default() };
            !app.audit.verify(organisation, options, &|_, _| ()).await.unwrap().ok
        }
        Column::AgentEmail
        | Column::AgentName
        | Column::AttachmentKey
        | Column::Ceremony
        | Column::Draft
        | Column::MailServer
        | Column::MailboxSecret
        | Column::MailboxUser
        | Column::OutgoingMail
        | Column::OwnAddress
        | Column::Passkey
        | Column::PasswordHash
        | Column::SessionPlace
        | Column::TotpSecret => return None,
    })
}

/// Whether a thread has nothing to show where something of a column belongs.
fn has_a_gap(thread: &Thread, column: Column) -> bool {
    let item = |item: &Item| match (item, column) {
        (Item::Message(message), Column::Message) => message.content.is_none(),
        (Item::Message(message), Column::AttachmentDescription) => {
            message.attachments.iter().any(|attachment| attachment.description.is_none())
        }
        (Item::Note(note), Column::Note) => note.text.is_none(),
        _ => false,
    };
    (column == Column::Subject && thread.subject.is_none()) || thread.items.iter().any(item)
}

/// Puts bytes into the place of a stored value, as somebody with SQL would.
async fn put(test: &TestApp, place: &Stored, bytes: &[u8]) {
    let Sealed { table, name, row, .. } = place.sealed;
    let text = format!("UPDATE {table} SET {name} = $3 WHERE org = $1 AND {row} = $2");
    let update = statement("PUT", place.sealed, text);
    let (organisation, row, bytes) = (place.organisation, place.row, bytes.to_vec());
    let write = move |tx: &mut db::Tx<'_>| tx.execute_one(update, &[id(&organisation), blob(&row), blob(&bytes)]);
    test.app.context.db.write::<_, db::Error, _>("moved.put", write).await.unwrap();
}

#[tokio::test]
async fn whoever_asks_for_a_value_that_was_swapped_in_the_database_never_gets_the_other() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let house = furnish(&test, test.organisation).await;
        test.app.audit.fold(test.organisation).await.unwrap();
        for sealed in &SEALED {
            let all = everything(&test, test.organisation).await;
            let mut rows = all.iter().filter(|stored| stored.sealed.column == sealed.column).rev();
            let Some(place) = rows.next() else { panic!("no row of {}.{}", sealed.table, sealed.name) };
            let same_table = rows.next().or_else(|| all.iter().find(|stored| stored.row != place.row)).unwrap();
            let Some(before) = is_refused(&test, &house, sealed.column).await else { continue };
            assert!(!before, "{engine:?}: {:?} opens before it is touched", sealed.column);
            put(&test, place, &same_table.bytes).await;
            let refused = is_refused(&test, &house, sealed.column).await;
            assert_eq!(refused, Some(true), "{engine:?}: {:?} moved within its table", sealed.column);
            put(&test, place, &place.bytes).await;
        }
        let ids: Vec<[u8; 16]> = house.customers.iter().map(|customer| *customer.bytes()).collect();
        wrapped_keys_open_nothing_elsewhere(test, [ids[0], ids[1]]).await;
    }
}

/// The wrapped data keys of one customer, put in the place of another's.
async fn wrapped_keys_open_nothing_elsewhere(test: TestApp, [from, to]: [[u8; 16]; 2]) {
    static MOVE: Statement = Statement::new(
        "moved.WRAPPED",
        "UPDATE data_key SET wrapped = (SELECT k.wrapped FROM data_key k
            WHERE k.org = $1 AND k.subject = $2 AND k.class = data_key.class AND k.version = data_key.version)
         WHERE org = $1 AND subject = $3",
    );
    let (organisation, engine) = (test.organisation, test.engine);
    let moved = move |tx: &mut db::Tx<'_>| tx.execute(&MOVE, &[id(&organisation), blob(&from), blob(&to)]);
    assert_eq!(test.app.context.db.write::<_, db::Error, _>("moved.wrapped", moved).await.unwrap(), 3);
    // Opened keys are kept in memory.
    let test = test.restart().await;
    let vault = test.app.vault.clone();
    let keys = move |tx: &mut db::Tx<'_>| vault.keys(tx, organisation, SubjectId::from_bytes(to));
    assert!(test.app.context.db.read("moved.keys", keys).await.is_err(), "{engine:?}");
    test.close().await;
}
