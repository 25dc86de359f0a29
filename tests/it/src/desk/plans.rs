//! Lists stay flat: the engines read as much for a page of a long archive as for one of a short.

use db::Statement;
use testkit::load::Shape;

use super::office::MORNING;
use super::{Engine, Office};

const SHORT: usize = 300;
const LONG: usize = 3_000;
const SEEDS: [u64; 2] = [1, 2];

/// A parameter of a question.
#[derive(Clone)]
enum Argument {
    Int(i64),
    Text(&'static str),
    Bytes(Vec<u8>),
}

use Argument::{Bytes, Int, Text};

/// Each question of the lists with parameters that find more than a page.
fn questions(office: &Office) -> Vec<(&'static Statement, Vec<Argument>)> {
    let org = Bytes(kernel::Id::bytes(&office.organisation).to_vec());
    let agent = Bytes(kernel::Id::bytes(&office.agents[0]).to_vec());
    let newest = [org.clone(), Int(i64::MAX), Bytes(vec![0xFF; 16]), Int(51)];
    let oldest = [org.clone(), Int(0), Bytes(vec![0; 16]), Int(51)];
    let states = [Text("new"), Text("open"), Text("waiting"), Text("snoozed"), Text("resolved")];
    let open = [Text("new"), Text("open"), Text(""), Text(""), Text("")];
    let label = Bytes(LABEL.to_vec());
    let list = |start: &[Argument; 4], states: &[Argument], last: &[Argument]| [&start[..], states, last].concat();
    let questions = [
        ("ANYBODY_NEWEST", list(&newest, &states, &[])),
        ("ANYBODY_NEWEST", list(&newest, &open, &[])),
        ("ANYBODY_OLDEST", list(&oldest, &states, &[])),
        ("UNASSIGNED_NEWEST", list(&newest, &open, &[])),
        ("UNASSIGNED_OLDEST", list(&oldest, &states, &[])),
        ("AGENT_NEWEST", list(&newest, &states, std::slice::from_ref(&agent))),
        ("AGENT_OLDEST", list(&oldest, &open, std::slice::from_ref(&agent))),
        ("LABEL_NEWEST", list(&newest, &states, std::slice::from_ref(&label))),
        ("LABEL_OLDEST", list(&oldest, &open, std::slice::from_ref(&label))),
        ("COUNT_UNASSIGNED", vec![org.clone(), Int(20)]),
        ("COUNT_ASSIGNED", vec![org.clone(), Int(20)]),
        ("COUNT_OF_AGENT", vec![org.clone(), Int(20), agent]),
        ("CHANGED", oldest.to_vec()),
        ("DUE", vec![org, Int(MORNING.micros()), Int(64)]),
    ];
    let all = app::statements();
    let find = |name: &str| all.iter().find(|statement| statement.name() == format!("desk.{name}")).copied().unwrap();
    questions.into_iter().map(|(name, arguments)| (find(name), arguments)).collect()
}

const LABEL: [u8; 16] = [7; 16];

/// Half of the archive is settled, half of it is somebody's, a third bears a label, some sleep.
const SCATTER: [&str; 4] = [
    "UPDATE conversation SET assignee = (SELECT id FROM agent ORDER BY id LIMIT 1) WHERE (created_at / 60000000) % 2 = 0",
    "INSERT INTO label (org, id, name, created_at) SELECT org, $LABEL, 'refund', 0 FROM organisation WHERE epoch > 0
        ON CONFLICT (org, name) DO NOTHING",
    "INSERT INTO conversation_label (org, conversation, label, state, activity_at)
        SELECT org, id, $LABEL, state, activity_at FROM conversation WHERE (created_at / 60000000) % 3 = 0
        ON CONFLICT (org, conversation, label) DO NOTHING",
    "UPDATE conversation SET snoozed_until = created_at, state = 'snoozed' WHERE (created_at / 60000000) % 5 = 0",
];

impl Office {
    async fn grow(&self, conversations: usize, seed: u64) {
        let begins = MORNING.minus(std::time::Duration::from_hours(24 * 90));
        let shape = Shape { conversations, seed, begins, resolved_percent: 50, text_chars: 20, ..Shape::default() };
        self.load_shape(shape).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_as_many_steps_for_a_page_of_a_long_archive() {
    let mut office = Office::open(Engine::Sqlite).await;
    office.agents.sort_unstable();
    let mut steps: Vec<Vec<i32>> = Vec::new();
    for (size, seed) in [SHORT, LONG].into_iter().zip(SEEDS) {
        office.grow(size, seed).await;
        let connection = rusqlite::Connection::open(office.sqlite_file()).unwrap();
        for statement in SCATTER {
            connection.execute(&statement.replace("$LABEL", "x'07070707070707070707070707070707'"), []).unwrap();
        }
        let count = |(statement, arguments): (&Statement, Vec<Argument>)| {
            let mut prepared = connection.prepare(&db::dialect::sqlite_text(statement.text())).unwrap();
            let values = arguments.into_iter().map(|argument| match argument {
                Int(value) => rusqlite::types::Value::Integer(value),
                Text(value) => rusqlite::types::Value::Text(value.to_owned()),
                Bytes(value) => rusqlite::types::Value::Blob(value),
            });
            let mut rows = prepared.query(rusqlite::params_from_iter(values)).unwrap();
            let mut found = 0;
            while rows.next().unwrap().is_some() {
                found += 1;
            }
            drop(rows);
            assert!(found > 0, "{} finds something", statement.name());
            prepared.get_status(rusqlite::StatementStatus::VmStep)
        };
        steps.push(questions(&office).into_iter().map(count).collect());
    }
    for (((statement, _), short), long) in questions(&office).into_iter().zip(&steps[0]).zip(&steps[1]) {
        assert!(long * 2 <= short * 3, "{}: {short} steps of {SHORT}, {long} of {LONG}", statement.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_reads_as_many_pages_for_a_page_of_a_long_archive() {
    let mut office = Office::open(Engine::Postgres).await;
    office.agents.sort_unstable();
    let url = office.database.as_ref().unwrap().url();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // The plan that a long-lived connection uses.
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    for (size, seed) in [SHORT, LONG].into_iter().zip(SEEDS) {
        office.grow(size, seed).await;
        for statement in SCATTER {
            client.batch_execute(&statement.replace("$LABEL", r"'\x07070707070707070707070707070707'")).await.unwrap();
        }
    }
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
    for (number, (statement, arguments)) in questions(&office).into_iter().enumerate() {
        let literals: Vec<String> = arguments
            .into_iter()
            .map(|argument| match argument {
                Int(value) => value.to_string(),
                Text(value) => format!("'{value}'"),
                Bytes(value) => value.iter().fold(r"'\x".to_owned(), |hex, byte| hex + &format!("{byte:02x}")) + "'",
            })
            .collect();
        client.batch_execute(&format!("PREPARE q{number} AS {}", statement.text())).await.unwrap();
        let explain = format!("EXPLAIN (ANALYZE, TIMING OFF) EXECUTE q{number} ({})", literals.join(", "));
        let plan: Vec<String> = client.query(&explain, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        // Ten stretches of a page each are the most that any question needs.
        for line in &plan {
            let read = line.rsplit_once("rows=").and_then(|(_, rest)| rest.split(' ').next()?.parse::<usize>().ok());
            let passed = line.split_once("Rows Removed by Filter: ").and_then(|(_, count)| count.parse::<usize>().ok());
            let touched = read.into_iter().chain(passed).max().unwrap_or(0);
            assert!(touched <= 510, "{}: {plan:#?}", statement.name());
        }
        assert!(!plan.iter().any(|line| line.contains("Seq Scan on conversation")), "{}: {plan:#?}", statement.name());
    }
}

/// Questions that read all rows of one kind on purpose: an organisation has a bounded number of them.
const WHOLE: [&str; 2] = ["desk.LABELS", "desk.COUNT_LABELS"];

#[tokio::test(flavor = "multi_thread")]
async fn no_question_of_the_desk_reads_a_whole_organisation() {
    let office = Office::open(Engine::Sqlite).await;
    let connection = rusqlite::Connection::open(office.sqlite_file()).unwrap();
    let mut asked = 0;
    for statement in app::statements() {
        let of_the_desk = statement.name().starts_with("desk.") || statement.name().ends_with("_OF_PAGE");
        if !of_the_desk || statement.text().starts_with("INSERT") || WHOLE.contains(&statement.name()) {
            continue;
        }
        asked += 1;
        let sql = format!("EXPLAIN QUERY PLAN {}", db::dialect::sqlite_text(statement.text()));
        let mut prepared = connection.prepare(&sql).unwrap();
        let nothing = vec![rusqlite::types::Null; prepared.parameter_count()];
        let steps = prepared.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        for step in steps.map(Result::unwrap) {
            // `r` and `c` are the pages that inner questions have ended already.
            let scans = step.starts_with("SCAN ") && !["SCAN r", "SCAN c"].contains(&step.as_str());
            assert!(!scans && !step.ends_with("(org=?)"), "{}: {step}", statement.name());
        }
    }
    assert!(asked > 40, "only {asked}");
}
