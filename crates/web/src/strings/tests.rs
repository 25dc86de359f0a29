use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_bundle::FluentResource;

use super::*;

/// Keys of a language with the names of the values that each takes.
fn keys(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for (file, source) in FILES.into_iter().zip(sources(locale)) {
        if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
            panic!("{}/{file}.ftl cannot be read: {errors:?}", locale.code());
        }
        let mut current = String::new();
        for line in source.lines() {
            if let Some((key, _)) = line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                current = key.to_owned();
                assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{}: {key} twice", locale.code());
            }
            let Some(values) = keys.get_mut(&current) else { continue };
            for part in line.split('$').skip(1) {
                values.insert(part.chars().take_while(char::is_ascii_alphanumeric).collect());
            }
        }
    }
    keys
}

/// The texts of every template and every source file of this crate.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src"), root.join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "html" || end == "svg") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Keys that a text asks for by name.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    [".t(\"", ".t1(\"", ".t2(\""]
        .into_iter()
        .flat_map(move |call| text.split(call).skip(1).filter_map(|rest| rest.split_once('"').map(|(key, _)| key)))
}

#[test]
fn every_language_has_every_sentence_with_the_same_values() {
    let english = keys(Locale::En);
    for locale in Locale::ALL {
        let theirs = keys(locale);
        for (key, values) in &english {
            assert_eq!(theirs.get(key), Some(values), "{key} in {}", locale.code());
        }
        let extra: Vec<&String> = theirs.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(extra.is_empty(), "{} has keys that English has not: {extra:?}", locale.code());
    }
}

#[test]
fn every_sentence_that_a_page_asks_for_is_there_and_every_one_there_is_asked_for() {
    let (known, texts) = (keys(Locale::En), texts());
    for (path, text) in texts.iter().filter(|(path, _)| !path.ends_with("strings/tests.rs")) {
        for key in asked(text) {
            assert!(known.contains_key(key), "{path} asks for {key}, which no file has");
        }
    }
    for key in known.keys() {
        let quoted = format!("\"{key}\"");
        assert!(texts.iter().any(|(_, text)| text.contains(&quoted)), "no page says {key}");
    }
}

#[test]
fn every_sentence_can_be_said() {
    for locale in Locale::ALL {
        for (key, values) in keys(locale) {
            for number in [0, 1, 2, 5, 21] {
                let values: FluentArgs<'_> =
                    values.iter().map(|name| (name.as_str(), FluentValue::from(number))).collect();
                let (_, bundle) = Locale::ALL.into_iter().zip(BUNDLES.iter()).find(|(l, _)| *l == locale).unwrap();
                let mut errors = Vec::new();
                let pattern = bundle.get_message(&key).unwrap().value().unwrap();
                let said = bundle.format_pattern(pattern, Some(&values), &mut errors);
                assert!(errors.is_empty() && !said.is_empty(), "{key} in {}: {errors:?}", locale.code());
            }
        }
    }
}

#[test]
fn plurals_follow_the_language() {
    let said = |locale: Locale, number: u32| Strings::of(locale).t1("age-days", "count", number);
    assert_eq!((said(Locale::En, 1).as_str(), said(Locale::En, 2).as_str()), ("1 day", "2 days"));
    assert_eq!((said(Locale::Ru, 1).as_str(), said(Locale::Ru, 2).as_str()), ("1 день", "2 дня"));
    assert_eq!((said(Locale::Ru, 5).as_str(), said(Locale::Ru, 21).as_str()), ("5 дней", "21 день"));
    assert_eq!((said(Locale::Pl, 1).as_str(), said(Locale::Pl, 5).as_str()), ("1 dzień", "5 dni"));
}

#[test]
fn the_language_is_the_one_that_the_reader_likes_best() {
    for (header, locale) in [
        ("fi", Locale::Fi),
        ("sv, de-AT;q=0.8, en;q=0.5", Locale::De),
        ("en;q=0.2, ru;q=0.9", Locale::Ru),
        ("pl;q=0, fi;q=0.1", Locale::Fi),
        ("", Locale::En),
        ("sv", Locale::En),
        (";;;,,,q=", Locale::En),
        ("de;q=NaN, fi;q=2", Locale::En),
    ] {
        assert_eq!(negotiate(header), locale, "{header}");
    }
}
