//! File, environment and flags laid over each other, in that order of rising force.
//!
//! A value may be a secret (a database address holds a password): it is never echoed in an error.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::setting::Setting;
use super::{Flags, places};
use crate::exit::{Failure, Kind};

/// The largest configuration file that is read, in bytes.
const FILE_BYTES: u64 = 64 * 1024;

/// How the environment is asked; a function, so that a test brings its own.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The environment of this process.
pub fn process_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable's text; an empty one counts as unset.
pub(super) fn variable(environment: Lookup<'_>, name: &str) -> Result<Option<String>, Failure> {
    match environment(name) {
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => value
            .into_string()
            .map(Some)
            .map_err(|_| Failure::new(Kind::Configuration, format_args!("{name} is not UTF-8: set it to plain text"))),
        None => Ok(None),
    }
}

/// Where a value came from, for the error that names it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Environment,
    Flag,
}

/// A value and its source.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) setting: Setting,
    pub(super) value: String,
    pub(super) source: Source,
}

impl Given {
    /// A refusal that names the setting where the user wrote it, and not its value.
    pub(super) fn refuse(&self, what_to_do: impl fmt::Display) -> Failure {
        let kind = if self.source == Source::Flag { Kind::Usage } else { Kind::Configuration };
        let name = self.setting.name();
        let place = match &self.source {
            Source::File(path) => format!("{name} in {}", path.display()),
            Source::Environment => self.setting.variable(),
            Source::Flag => format!("--{name}"),
        };
        Failure::new(kind, format_args!("{place}: {what_to_do}"))
    }
}

/// All settings that somebody gave.
pub(super) struct Layers {
    pub(super) data: PathBuf,
    given: BTreeMap<Setting, Given>,
}

impl Layers {
    /// Reads the file, asks the environment, lays the flags on top.
    pub(super) fn gather(flags: &Flags, environment: Lookup<'_>) -> Result<Self, Failure> {
        let mut above = BTreeMap::new();
        for setting in Setting::ALL {
            if let Some(value) = variable(environment, &setting.variable())? {
                above.insert(setting, Given { setting, value, source: Source::Environment });
            }
        }
        for (&setting, value) in &flags.given {
            above.insert(setting, Given { setting, value: value.clone(), source: Source::Flag });
        }
        let named = match &flags.config {
            Some(path) => Some(path.clone()),
            None => variable(environment, "DOORWARD_CONFIG")?.map(PathBuf::from),
        };
        let mut given = match &named {
            Some(path) => read(path)?.ok_or_else(|| {
                Failure::new(
                    Kind::Configuration,
                    format_args!("the configuration file {} does not exist", path.display()),
                )
            })?,
            None => BTreeMap::new(),
        };
        given.extend(above);
        let data = match given.get(&Setting::Data) {
            Some(value) => places::resolve(Path::new(&value.value)),
            None => places::resolve(&places::default_data(environment)?),
        };
        if named.is_none() {
            let path = data.join(super::FILE_NAME);
            for (setting, value) in read(&path)?.unwrap_or_default() {
                if setting == Setting::Data {
                    return Err(value.refuse("a file in the data folder cannot move the data folder: remove the key"));
                }
                given.entry(setting).or_insert(value);
            }
        }
        Ok(Self { data, given })
    }

    pub(super) fn get(&self, setting: Setting) -> Option<&Given> {
        self.given.get(&setting)
    }

    /// The value made into what it means, or `None` when nobody gave it.
    pub(super) fn parsed<T>(
        &self,
        setting: Setting,
        what_to_do: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(given) = self.get(setting) else { return Ok(None) };
        parse(&given.value).map(Some).ok_or_else(|| given.refuse(what_to_do))
    }
}

/// The settings of a file, or `None` when there is no file.
fn read(path: &Path) -> Result<Option<BTreeMap<Setting, Given>>, Failure> {
    let wrong = |what: &dyn fmt::Display| Failure::new(Kind::Configuration, format_args!("{}: {what}", path.display()));
    let mut text = String::new();
    match std::fs::File::open(path) {
        Ok(file) => {
            file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| Failure::io(path.display(), &error))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io(format_args!("cannot read {}", path.display()), &error)),
    }
    if text.len() as u64 > FILE_BYTES {
        return Err(wrong(&format_args!("a configuration file has at most {FILE_BYTES} bytes")));
    }
    // The parser's own display quotes the line, which may hold a password.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        wrong(&format_args!("line {line}: {}", error.message()))
    })?;
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        let setting = Setting::named(&key).ok_or_else(|| wrong(&format_args!("unknown setting {key:?}")))?;
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Boolean(truth) => truth.to_string(),
            toml::Value::Integer(number) => number.to_string(),
            _ => return Err(wrong(&format_args!("{key} is a text, a number or true or false"))),
        };
        settings.insert(setting, Given { setting, value, source: Source::File(path.to_path_buf()) });
    }
    Ok(Some(settings))
}
