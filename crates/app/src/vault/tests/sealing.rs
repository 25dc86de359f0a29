//! A sealed value opens in its own place and nowhere else, and only what must be found is indexed.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::vault::Index;

static SEALED: Statement =
    Statement::new("tests.SEALED", "SELECT id, sealed FROM customer_value WHERE org = $1 AND customer = $2");
static PUT: Statement = Statement::new("tests.PUT", "UPDATE customer_value SET sealed = $3 WHERE org = $1 AND id = $2");
static COLUMNS: Statement =
    Statement::new("tests.COLUMNS", "SELECT name FROM pragma_table_info('customer_value') ORDER BY name");

#[tokio::test]
async fn a_value_moved_to_any_other_row_column_or_customer_does_not_open() {
    let bench = Bench::new().await;
    let elsewhere = OrganisationId::new(bench.clock.now(), &SystemEntropy);
    bench.context.keyring.add_organisation(elsewhere).unwrap();
    let new = |organisation| {
        let subject = CustomerId::new(bench.clock.now(), &SystemEntropy);
        bench.vault.new_keys(organisation, subject.into()).unwrap().keys
    };
    let (own, other, foreign) = (new(bench.organisation), new(bench.organisation), new(elsewhere));
    let (row, next_row) = ([1; 16], [2; 16]);
    for column in Column::ALL {
        let sealed = own.seal(column, &row, b"secret", &*bench.context.entropy).unwrap();
        assert_eq!(&**own.open(column, &row, &sealed).unwrap(), b"secret", "{column:?} in its place");
        assert!(own.open(column, &next_row, &sealed).is_err(), "{column:?} in another row");
        assert!(other.open(column, &row, &sealed).is_err(), "{column:?} of another customer");
        assert!(foreign.open(column, &row, &sealed).is_err(), "{column:?} of another organisation");
        for target in Column::ALL.into_iter().filter(|target| *target != column) {
            assert!(own.open(target, &row, &sealed).is_err(), "{column:?} in {target:?}");
        }
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            let refused = own.open(column, &row, &changed).unwrap_err();
            assert!(matches!(refused, Error::Sealed(_)), "{column:?} changed at {position}: {refused}");
        }
    }
}

#[test]
fn every_column_has_a_number_of_its_own() {
    let distinct: BTreeSet<_> = Column::ALL.map(Column::slot).into_iter().collect();
    assert_eq!(distinct, (0..Column::ALL.len()).collect());
}

#[tokio::test]
async fn somebody_with_sql_cannot_put_one_value_in_the_place_of_another() {
    let bench = Bench::new().await;
    let (maija, other) = (bench.customer("m@example.fi", "Maija").await, bench.customer("o@example.fi", "Other").await);
    bench.set(maija, "company", "Company of Maija").await.unwrap();
    let organisation = bench.organisation;
    let rows = async |customer: CustomerId| {
        bench
            .write(move |tx| {
                let values = [id(&organisation), id(&customer)];
                Ok(tx.query(&SEALED, &values, |row| Ok((row.array::<16>(0)?, row.blob(1)?)))?)
            })
            .await
    };
    let (own, foreign) = (rows(maija).await, rows(other).await);
    for (target, sealed) in [(own[0].0, own[1].1.clone()), (own[0].0, foreign[0].1.clone())] {
        bench.write(move |tx| Ok(tx.execute_one(&PUT, &[id(&organisation), blob(&target), blob(&sealed)])?)).await;
        assert!(matches!(bench.vault.masked(organisation, maija).await, Err(Error::Sealed(_))));
    }
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
