//! The flags that every command takes: one per setting, and `--config` and `--json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::setting::Setting;

const HEADING: &str = "Settings (flag over environment over file)";

/// What the command line said about the settings.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--json`.
    pub json: bool,
    /// The settings that were given.
    pub given: BTreeMap<Setting, String>,
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let command = command
            .arg(
                Arg::new("json")
                    .long("json")
                    .action(ArgAction::SetTrue)
                    .global(true)
                    .help("Print JSON only, for machines"),
            )
            .arg(
                Arg::new("config")
                    .long("config")
                    .value_name("FILE")
                    .value_parser(clap::value_parser!(PathBuf))
                    .global(true)
                    .hide_short_help(true)
                    .help_heading(HEADING)
                    .help("Configuration file [DOORWARD_CONFIG] [default: doorward.toml in the data folder]"),
            );
        Setting::ALL.into_iter().fold(command, |command, setting| {
            let description = setting.describe();
            command.arg(
                Arg::new(description.name)
                    .long(description.name)
                    .value_name(description.value)
                    .global(true)
                    .hide_short_help(!description.everyday)
                    .help_heading(HEADING)
                    .help(format!("{} [{}]", description.help, setting.variable())),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = Setting::ALL
            .into_iter()
            .filter_map(|setting| Some((setting, matches.get_one::<String>(setting.name())?.clone())))
            .collect();
        Ok(Self { config: matches.get_one::<PathBuf>("config").cloned(), json: matches.get_flag("json"), given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
