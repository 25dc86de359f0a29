//! What is sealed has a number of its own, and only what must be found is indexed.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::vault::Index;

static COLUMNS: Statement =
    Statement::new("tests.COLUMNS", "SELECT name FROM pragma_table_info('customer_value') ORDER BY name");

#[test]
fn every_column_has_a_number_of_its_own() {
    let distinct: BTreeSet<_> = Column::ALL.map(Column::slot).into_iter().collect();
    assert_eq!(distinct, (0..Column::ALL.len()).collect());
    let classes: BTreeSet<_> = Column::ALL.map(|column| column.field_class().0).into_iter().collect();
    assert_eq!(classes.len(), Column::ALL.len());
}

#[tokio::test]
async fn fields_with_few_possible_values_cannot_be_found_by_hashing_them() {
    let bench = Bench::new().await;
    let customer = bench.customer("maija@example.fi", "Maija Virtanen").await;
    let values = [
        ("birth_date", "1980-12-31"),
        ("customer_number", "10042"),
        ("postal_address", "00100 Helsinki"),
        ("iban", "FI2112345600000785"),
        ("language", "fi"),
    ];
    for (field, value) in values {
        bench.set(customer, field, value).await.unwrap();
    }
    let columns = bench.write(|tx| Ok(tx.query(&COLUMNS, &[], |row| row.text(0))?)).await;
    assert_eq!(columns, ["created_at", "customer", "field", "id", "org", "sealed"]);

    bench.context.db.scrub().await.unwrap();
    let stored = std::fs::read(bench.folder.path().join("doorward.sqlite")).unwrap();
    let address = bench.vault.blind(bench.organisation, Index::Email, b"maija@example.fi").unwrap();
    let key = bench.context.keyring.index_key(bench.organisation).unwrap();
    let mut hashes = HashMap::from([(address, ("email", Index::Email.number()))]);
    for (field, value) in values {
        hashes.extend((0..=300).map(|number| (key.blind(number, value.as_bytes()), (field, number))));
    }
    let found: BTreeSet<_> = stored.windows(32).filter_map(|window| hashes.get(window)).copied().collect();
    assert_eq!(found, BTreeSet::from([("email", 1)]), "the address is found, so the search works; nothing else is");
}
