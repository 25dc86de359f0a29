//! What the columns of a file hold: by what the importer says, else by their headings.

use std::sync::Arc;

use csv::StringRecord;
use kernel::{OrganisationId, Timestamp};
use zeroize::Zeroizing;

use super::super::details::Details;
use super::super::inventory::{Field, FieldId};
use super::super::{Error, Vault};
use super::{ImportError, Target};

/// Usual headings of the product's own fields in English, German, Finnish, Polish and Russian, in
/// the form that [`key`] gives. Values of parts stand in one field in the order of their numbers.
const HEADINGS: &[(FieldId, u8, &str)] = &[
    (
        FieldId::NAME,
        0,
        "fullname customer customername kunde kundenname vollständigername nimi kokonimi asiakas \
         asiakkaannimi imięinazwisko klient nazwa фио полноеимя клиент",
    ),
    (FieldId::NAME, 1, "firstname givenname forename vorname etunimi imię imie имя"),
    (FieldId::NAME, 2, "lastname surname familyname nachname familienname zuname sukunimi nazwisko фамилия"),
    (
        FieldId::EMAIL,
        0,
        "mail emailaddress mailaddress emailadresse mailadresse sähköposti sähköpostiosoite adresemail \
         adresmailowy почта электроннаяпочта эпочта адресэлектроннойпочты",
    ),
    (
        FieldId::PHONE,
        0,
        "phonenumber telephone tel mobile mobilephone cell telefon telefonnummer handy mobil rufnummer \
         puhelin puhelinnumero matkapuhelin gsm numertelefonu komórka телефон номертелефона мобильный \
         мобильныйтелефон",
    ),
    (
        FieldId::POSTAL_ADDRESS,
        0,
        "address postaladdress adresse anschrift postanschrift osoite postiosoite adres adrespocztowy адрес \
         почтовыйадрес",
    ),
    (FieldId::POSTAL_ADDRESS, 1, "street streetaddress straße strasse katuosoite katu ulica улица"),
    (
        FieldId::POSTAL_ADDRESS,
        2,
        "postcode postalcode zip zipcode plz postleitzahl postinumero kodpocztowy индекс почтовыйиндекс",
    ),
    (FieldId::POSTAL_ADDRESS, 3, "city town ort stadt wohnort kaupunki postitoimipaikka miasto miejscowość город"),
    (FieldId::POSTAL_ADDRESS, 4, "country land maa kraj страна"),
    (
        FieldId::BIRTH_DATE,
        0,
        "birthdate dateofbirth birthday dob geburtsdatum geburtstag syntymäaika syntymäpäivä dataurodzenia \
         датарождения",
    ),
    (
        FieldId::CUSTOMER_NUMBER,
        0,
        "customernumber customerno customerid clientid kundennummer kundennr kdnr asiakasnumero asiakasnro \
         numerklienta nrklienta номерклиента",
    ),
    (
        FieldId::COMPANY,
        0,
        "company companyname organisation organization firma firmenname unternehmen yritys yrityksennimi \
         nazwafirmy компания организация",
    ),
    (FieldId::LANGUAGE, 0, "language locale sprache kieli asiointikieli język jezyk язык"),
    (
        FieldId::IBAN,
        0,
        "bankaccount accountnumber bankverbindung konto kontonummer tilinumero pankkitili numerkonta счёт \
         счет банковскийсчёт",
    ),
    (
        FieldId::NOTE,
        0,
        "notes comment comments remark remarks notiz notizen bemerkung anmerkung muistiinpano huomautus \
         lisätiedot uwagi notatka komentarz заметка примечание комментарий",
    ),
];

/// A heading as it is compared: lower case, letters and digits only.
fn key(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// One field, and the columns that hold it or its parts, in the order of the parts.
struct Source {
    field: Arc<Field>,
    parts: Vec<(u8, usize)>,
}

/// What the columns of a file hold.
pub(super) struct Columns(Vec<Source>);

impl Columns {
    /// Finds a target for each column, or refuses the file.
    pub(super) fn understand(
        heading: &StringRecord,
        said: &[(String, Target)],
        inventory: &[Arc<Field>],
    ) -> Result<Self, ImportError> {
        if let Some((column, _)) = said.iter().find(|(column, _)| !heading.iter().any(|name| is_called(name, column))) {
            return Err(ImportError::MissingColumn(column.clone()));
        }
        let mut sources = Self(Vec::new());
        let mut unknown = None;
        for (place, name) in heading.iter().enumerate() {
            let target = said.iter().find(|(column, _)| is_called(name, column)).map(|(_, target)| target);
            match target {
                Some(Target::Ignore) => {}
                Some(Target::Field(wanted)) => {
                    let field = inventory.iter().find(|field| field.name == *wanted);
                    let field = field.ok_or_else(|| Error::UnknownField(wanted.clone()))?;
                    let part = usual(&key(name)).filter(|(id, _)| *id == field.id).map_or(0, |(_, part)| part);
                    sources.add(field, part, place)?;
                }
                None => match by_heading(name, inventory) {
                    Some((field, part)) => sources.add(field, part, place)?,
                    None => unknown = unknown.or(Some(ImportError::UnknownColumn { number: place + 1 })),
                },
            }
        }
        match unknown {
            _ if sources.0.is_empty() => Err(ImportError::NoColumns),
            Some(unknown) => Err(unknown),
            None if sources.0.iter().all(|source| source.field.contact.is_none()) => Err(ImportError::NoContact),
            None => Ok(sources),
        }
    }

    fn add(&mut self, field: &Arc<Field>, part: u8, place: usize) -> Result<(), ImportError> {
        let Some(source) = self.0.iter_mut().find(|source| source.field.id == field.id) else {
            self.0.push(Source { field: Arc::clone(field), parts: vec![(part, place)] });
            return Ok(());
        };
        // A whole value stands alone, and each part once; contact points stand beside each other.
        let is_value = field.contact.is_none();
        if is_value && (part == 0 || source.parts.iter().any(|(known, _)| *known == 0 || *known == part)) {
            return Err(ImportError::TwiceMapped(field.name.clone()));
        }
        source.parts.push((part, place));
        source.parts.sort_unstable();
        Ok(())
    }

    /// What a row wants to be held. Empty cells want nothing.
    pub(super) fn details(
        &self,
        vault: &Vault,
        organisation: OrganisationId,
        row: &StringRecord,
        now: Timestamp,
    ) -> Result<Details, Error> {
        let mut details = Details::default();
        for source in &self.0 {
            for written in source.written(row).iter().filter(|written| !written.is_empty()) {
                details.add(vault, organisation, &source.field, written, now)?;
            }
        }
        Ok(details)
    }
}

impl Source {
    /// The parts of a value as one, contact points each for itself.
    fn written(&self, row: &StringRecord) -> Vec<Zeroizing<String>> {
        let cells = self.parts.iter().filter_map(|(_, place)| row.get(*place)).map(str::trim);
        if self.field.contact.is_some() {
            return cells.map(|cell| Zeroizing::new(cell.to_owned())).collect();
        }
        let between = if self.field.id == FieldId::NAME { " " } else { ", " };
        vec![Zeroizing::new(cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(between))]
    }
}

fn is_called(name: &str, column: &str) -> bool {
    name.trim() == column.trim()
}

fn by_heading<'f>(name: &str, inventory: &'f [Arc<Field>]) -> Option<(&'f Arc<Field>, u8)> {
    let key = key(name);
    if key.is_empty() {
        return None;
    }
    let own = inventory.iter().find(|field| self::key(&field.name) == key || self::key(&field.label) == key);
    own.map(|field| (field, 0)).or_else(|| {
        let (id, part) = usual(&key)?;
        inventory.iter().find(|field| field.id == id).map(|field| (field, part))
    })
}

fn usual(key: &str) -> Option<(FieldId, u8)> {
    HEADINGS
        .iter()
        .find(|(_, _, names)| names.split_whitespace().any(|name| name == key))
        .map(|(id, part, _)| (*id, *part))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_heading_means_two_things() {
        let mut seen = HashSet::new();
        for name in HEADINGS.iter().flat_map(|(_, _, names)| names.split_whitespace()) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(key(name), name, "it would never be met");
        }
    }

    #[test]
    fn headings_are_met_however_they_are_written() {
        for (heading, id) in [
            ("E-Mail-Adresse", FieldId::EMAIL),
            ("SÄHKÖPOSTI", FieldId::EMAIL),
            ("Phone number", FieldId::PHONE),
            ("Imię i nazwisko", FieldId::NAME),
            ("Дата рождения", FieldId::BIRTH_DATE),
            ("Kunden-Nr.", FieldId::CUSTOMER_NUMBER),
        ] {
            assert_eq!(usual(&key(heading)).map(|(id, _)| id), Some(id), "{heading}");
        }
    }
}
