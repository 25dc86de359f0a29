//! What a database's schema is, read from the engine's own catalog in a form to compare.

use std::collections::BTreeMap;

use testkit::postgres::Database;

/// One table as both engines can tell it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Name, type in PostgreSQL's word, whether it may be NULL; in order.
    pub(crate) columns: Vec<(String, String, bool)>,
    /// The columns of each unique key, the primary one first by name.
    pub(crate) unique: BTreeMap<String, Vec<String>>,
    /// The columns of each other index.
    pub(crate) indexes: BTreeMap<String, Vec<String>>,
    /// Columns, the other table, its columns.
    pub(crate) foreign: Vec<(Vec<String>, String, Vec<String>)>,
}

pub(crate) type Schema = BTreeMap<String, Table>;

pub(crate) fn of_sqlite(connection: &rusqlite::Connection) -> Schema {
    let texts = |query: &str, parameter: &str| -> Vec<Vec<Option<String>>> {
        let mut statement = connection.prepare(query).expect("a query of the catalog");
        let width = statement.column_count();
        let rows = statement.query_map([parameter], |row| (0..width).map(|column| row.get(column)).collect());
        rows.expect("rows").collect::<Result<_, _>>().expect("texts")
    };
    let some = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let mut schema = Schema::new();
    for table in texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE ?1", "sqlite_%") {
        let name = some(&table[0]);
        let mut read = Table::default();
        for column in texts("SELECT name, type, CAST(\"notnull\" OR pk > 0 AS TEXT) FROM pragma_table_info(?1)", &name)
        {
            let kind = match some(&column[1]).as_str() {
                "INTEGER" | "BIGINT" => "bigint",
                "BLOB" => "bytea",
                "TEXT" => "text",
                other => panic!("{name}: the type {other} has no like on PostgreSQL"),
            };
            read.columns.push((some(&column[0]), kind.to_owned(), some(&column[2]) == "0"));
        }
        let query = "SELECT name, CAST(\"unique\" AS TEXT), origin FROM pragma_index_list(?1)";
        for index in texts(query, &name) {
            let query = "SELECT coalesce(name, '') FROM pragma_index_info(?1) ORDER BY seqno";
            let columns = texts(query, &some(&index[0])).iter().map(|row| some(&row[0])).collect();
            let is_primary = some(&index[2]) == "pk";
            let key = if is_primary { format!("{name}_pkey") } else { some(&index[0]) };
            if some(&index[1]) == "1" { &mut read.unique } else { &mut read.indexes }.insert(key, columns);
        }
        let mut foreign: BTreeMap<String, (Vec<String>, String, Vec<String>)> = BTreeMap::new();
        let query =
            "SELECT CAST(id AS TEXT), \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq";
        for row in texts(query, &name) {
            let key = foreign.entry(some(&row[0])).or_default();
            key.0.push(some(&row[2]));
            key.1 = some(&row[1]);
            key.2.push(some(&row[3]));
        }
        read.foreign = foreign.into_values().collect();
        read.foreign.sort();
        schema.insert(name, read);
    }
    schema
}

pub(crate) fn of_postgres(database: &Database<'_>) -> Schema {
    let mut schema = Schema::new();
    let columns = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";
    for row in rows(database, columns) {
        let table = schema.entry(row[0].clone()).or_default();
        table.columns.push((row[1].clone(), row[2].clone(), row[3] == "YES"));
    }
    let indexes = "SELECT t.relname, i.relname, CAST(x.indisunique AS TEXT),
            (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        WHERE t.relnamespace = 'public'::regnamespace";
    for row in rows(database, indexes) {
        let table = schema.get_mut(&row[0]).expect("an index has a table");
        let columns = row[3].split(',').map(str::to_owned).collect();
        if row[2] == "true" { &mut table.unique } else { &mut table.indexes }.insert(row[1].clone(), columns);
    }
    let names = |keys: &str, table: &str| {
        format!(
            "(SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(c.{keys}) WITH ORDINALITY AS k (attnum, n)
              JOIN pg_attribute a ON a.attrelid = c.{table} AND a.attnum = k.attnum)"
        )
    };
    let foreign = format!(
        "SELECT CAST(c.conrelid::regclass AS TEXT), {}, CAST(c.confrelid::regclass AS TEXT), {} FROM pg_constraint c
         WHERE c.contype = 'f'",
        names("conkey", "conrelid"),
        names("confkey", "confrelid")
    );
    for row in rows(database, &foreign) {
        let split = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let table = schema.get_mut(&row[0]).expect("a foreign key has a table");
        table.foreign.push((split(&row[1]), row[2].clone(), split(&row[3])));
        table.foreign.sort();
    }
    schema
}

/// The whole definition in the engine's own words, for equality only.
pub(crate) fn text_of_sqlite(connection: &rusqlite::Connection) -> Vec<String> {
    let query = "SELECT type || ' ' || name || ': ' || sql FROM sqlite_schema
        WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name";
    let mut statement = connection.prepare(query).expect("a query of the catalog");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

/// The whole definition in the engine's own words, for equality only.
pub(crate) fn text_of_postgres(database: &Database<'_>) -> Vec<String> {
    let query = "SELECT * FROM (
            SELECT format('column %s %s %s %s %s %s', attrelid::regclass, attnum, attname,
                format_type(atttypid, atttypmod), attnotnull, (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d
                WHERE d.adrelid = attrelid AND d.adnum = attnum)) AS line
            FROM pg_attribute JOIN pg_class r ON r.oid = attrelid
            WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM pg_index
            JOIN pg_class i ON i.oid = indexrelid WHERE i.relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT format('relation %s %s', relname, relkind) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ) AS lines ORDER BY line";
    rows(database, query).into_iter().map(|row| row.concat()).collect()
}

/// The rows of a query, all columns as text.
pub(crate) fn rows(database: &Database<'_>, query: &str) -> Vec<Vec<String>> {
    let (url, query) = (database.url(), query.to_owned());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connected");
            tokio::spawn(connection);
            let mut rows = Vec::new();
            for message in client.simple_query(&query).await.expect("a query of the catalog") {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    rows.push((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect());
                }
            }
            rows
        })
    })
    .join()
    .expect("rows")
}
