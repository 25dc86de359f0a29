//! Files of customers, as they are.

use super::super::tests::Bench;
use super::*;
use crate::access::OrganisationWide;
use crate::identity::Role;

fn import(columns: &[(&str, &str)], dry_run: bool) -> Import {
    let columns = columns.iter().map(|(column, target)| ((*column).to_owned(), target.parse().unwrap())).collect();
    Import { columns, dry_run }
}

impl Bench {
    async fn import(&self, text: &str) -> Result<Imported, ImportError> {
        self.import_as(&import(&[], false), text).await
    }

    async fn import_as(&self, import: &Import, text: &str) -> Result<Imported, ImportError> {
        let permit = self.ask(Role::Administrator, OrganisationWide).await?;
        self.vault.import(&self.audit, &permit, import, text.as_bytes(), |_| {}).await
    }

    async fn found(&self, address: &str) -> Option<kernel::CustomerId> {
        let point = super::super::Normalised::email(address).unwrap();
        let kind = point.kind();
        let blind = self.vault.blind(self.organisation, kind.index(), point.normalised().as_bytes()).unwrap();
        let organisation = self.organisation;
        self.write(move |tx| Vault::find_by_contact(tx, organisation, kind, &blind)).await
    }
}

fn counts(report: &Imported) -> (u64, u64, u64, u64, usize) {
    (report.read, report.created, report.updated, report.unchanged, report.rejected.len())
}

const FILE: &str = "Vorname;Nachname;E-Mail;Telefon;Straße;PLZ;Ort;Kundennummer\n\
    Maija;Virtanen;maija@example.fi;+358 40 123 4417;Katu 1;00100;Helsinki;10042\n\
    Jürgen;Müller;j@example.de;;Weg 2;10115;Berlin;10043\n";

#[tokio::test]
async fn a_file_with_german_headings_needs_no_mapping_and_changes_nothing_the_second_time() {
    let bench = Bench::new().await;
    assert_eq!(counts(&bench.import(FILE).await.unwrap()), (2, 2, 0, 0, 0));
    assert_eq!(counts(&bench.import(FILE).await.unwrap()), (2, 0, 0, 2, 0));
    let maija = bench.found("maija@example.fi").await.unwrap();
    assert_eq!(
        bench.masked(maija).await,
        [
            "name: Maija Virtanen",
            "email: m•••@•••.fi",
            "phone: ••• 4417",
            "postal_address: •••",
            "customer_number: •••"
        ]
    );
    let entries = bench.entries(maija).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["action"], "customer.imported");
    assert_eq!(entries[0]["detail"], "email, phone, name, postal_address, customer_number");
}

#[tokio::test]
async fn a_later_file_brings_known_customers_up_to_date() {
    let bench = Bench::new().await;
    bench.import(FILE).await.unwrap();
    let later = "name,email,phone\nMaija Korhonen,MAIJA@example.fi,+358 40 123 4417\n,j@example.de,+49 30 901820\n";
    assert_eq!(counts(&bench.import(later).await.unwrap()), (2, 0, 2, 0, 0));
    let (maija, other) = (bench.found("maija@example.fi").await.unwrap(), bench.found("j@example.de").await.unwrap());
    assert_eq!(bench.actions(maija).await, ["customer.imported", "value.changed"]);
    assert_eq!(bench.masked(maija).await[0], "name: Maija Korhonen");
    assert_eq!(bench.masked(other).await[0], "name: Jürgen Müller", "an empty cell changes nothing");
    let by_phone = "phone,email\n0049 30 901820,juergen@example.de\n";
    assert_eq!(counts(&bench.import(by_phone).await.unwrap()), (1, 0, 1, 0, 0));
    assert_eq!(bench.found("juergen@example.de").await, Some(other));
}

#[tokio::test]
async fn rows_of_one_file_that_share_an_address_are_one_customer() {
    let bench = Bench::new().await;
    let text = "name,email,phone\nMaija,m@example.fi,\nMaija V,M@example.fi,+358401234417\n\
        Maija V,other@example.fi,+358 40 1234417\nMaija V,m@example.fi,\n";
    let dry = bench.import_as(&import(&[], true), text).await.unwrap();
    assert_eq!(counts(&dry), (4, 1, 2, 1, 0));
    assert_eq!(bench.found("m@example.fi").await, None, "a dry run stores nothing");
    let report = bench.import(text).await.unwrap();
    assert_eq!(report, dry, "and foretells the same");
    assert_eq!(bench.found("other@example.fi").await, bench.found("m@example.fi").await);
}

#[tokio::test]
async fn several_columns_of_contact_points_are_all_taken() {
    let bench = Bench::new().await;
    let text = "E-Mail;Mail;Telefon;Handy\na@example.de;b@example.de;+49 30 901820;+49 170 1234567\n\
        c@example.de;C@example.de;;\n";
    assert_eq!(counts(&bench.import(text).await.unwrap()), (2, 2, 0, 0, 0));
    let both = bench.found("a@example.de").await.unwrap();
    assert_eq!(bench.found("b@example.de").await, Some(both));
    assert_eq!(bench.masked(both).await.len(), 4);
    assert_eq!(bench.masked(bench.found("c@example.de").await.unwrap()).await.len(), 1);
}

#[tokio::test]
async fn two_known_customers_in_one_row_are_not_merged_by_a_file() {
    let bench = Bench::new().await;
    bench.import("email,phone\na@example.fi,+358401234417\nb@example.fi,+358401234418\n").await.unwrap();
    let text = "email,phone\na@example.fi,+358401234418\n";
    for dry_run in [true, false] {
        let report = bench.import_as(&import(&[], dry_run), text).await.unwrap();
        assert_eq!(counts(&report), (1, 0, 0, 0, 1));
        assert_eq!(report.rejected[0].field.as_deref(), Some("phone"));
    }
}

#[tokio::test]
async fn a_rejected_row_is_told_by_number_field_and_reason_and_the_others_are_taken() {
    let bench = Bench::new().await;
    let text = "name,email,birth_date\nSecret One,not-an-address,1971-01-01\nGood,good@example.fi,\n\
        Secret Two,two@example.fi,1971-13-77\nSecret Three,,1971-01-01\nSecret Four,four@example.fi\n";
    let report = bench.import(text).await.unwrap();
    assert_eq!(counts(&report), (5, 1, 0, 0, 4));
    let mut told: Vec<_> = report.rejected.iter().map(|row| (row.row, row.field.as_deref())).collect();
    told.sort_unstable();
    assert_eq!(told, [(1, Some("email")), (3, Some("birth_date")), (4, None), (5, None)]);
    let json = serde_json::to_string(&report).unwrap();
    for value in ["Secret", "not-an-address", "two@", "four@", "1971"] {
        assert!(!json.contains(value), "{value} in {json}");
    }
}

#[tokio::test]
async fn a_column_that_is_not_understood_is_refused_before_anything_is_stored() {
    let bench = Bench::new().await;
    let text = "name,email,Shoe size\nMaija,m@example.fi,38\n";
    assert!(matches!(bench.import(text).await, Err(ImportError::UnknownColumn { number: 3 })));
    assert_eq!(bench.found("m@example.fi").await, None);
    let mapped = |target| import(&[("Shoe size", target)], false);
    let unknown = bench.import_as(&mapped("shoe_size"), text).await;
    assert!(matches!(unknown, Err(ImportError::Vault(Error::UnknownField(name))) if name == "shoe_size"));
    assert_eq!(counts(&bench.import_as(&mapped("-"), text).await.unwrap()), (1, 1, 0, 0, 0));

    let elsewhere = import(&[("Shoes", "-")], false);
    assert!(matches!(bench.import_as(&elsewhere, text).await, Err(ImportError::MissingColumn(_))));
    assert!(
        matches!(bench.import("name,Full name,mail\n").await, Err(ImportError::TwiceMapped(field)) if field == "name")
    );
    assert!(matches!(bench.import("name,company\n").await, Err(ImportError::NoContact)));
    let headless = bench.import("Maija Virtanen,maija@example.fi\n").await.unwrap_err();
    assert!(!headless.to_string().contains("Maija"), "the first line may be somebody's data");
}

#[tokio::test]
async fn an_import_that_stopped_is_taken_up_by_running_it_again() {
    let bench = Bench::new().await;
    let text: String = std::iter::once("email,name\n".to_owned())
        .chain((0..450).map(|n| format!("p{n}@example.fi,P {n}\n")))
        .collect();
    let (vault, audit) = (bench.vault.clone(), bench.audit.clone());
    let permit = bench.ask(Role::Administrator, OrganisationWide).await.unwrap();
    let whole = text.clone();
    let stopped = tokio::spawn(async move {
        let stop = |report: &Imported| assert!(report.created < 200, "the power fails");
        vault.import(&audit, &permit, &import(&[], false), whole.as_bytes(), stop).await.map(drop)
    });
    assert!(stopped.await.is_err(), "it stopped after the first batch");
    assert!(bench.found("p199@example.fi").await.is_some() && bench.found("p200@example.fi").await.is_none());
    assert_eq!(counts(&bench.import(&text).await.unwrap()), (450, 250, 0, 200, 0));
    assert_eq!(counts(&bench.import(&text).await.unwrap()), (450, 0, 0, 450, 0));
}

#[tokio::test]
async fn two_imports_at_once_make_nobody_twice() {
    let bench = Bench::new().await;
    let file = |name: &str| {
        let rows = (0..600).map(|n| format!("p{n}@example.fi,{name} {n}\n"));
        std::iter::once("email,name\n".to_owned()).chain(rows).collect::<String>()
    };
    let (one, other) = (file("P"), file("P"));
    let (one, other) = tokio::join!(bench.import(&one), bench.import(&other));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.created + other.created, 600);
    assert_eq!(one.unchanged + other.unchanged, 600);
}
