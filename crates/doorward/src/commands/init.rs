//! `doorward init`: a data folder, its root key and an organisation.

use clap::Args;

use super::Context;
use crate::exit::{Failure, Kind};
use crate::operations::{Initialise, Initialised};

/// Longest name of an organisation, in characters.
const NAME_CHARS: usize = 200;

// `--organisation` is the setting of that name: here it names the organisation that is made.
#[derive(Args)]
#[command(after_help = "Example:\n  doorward init --organisation Elm --admin-email admin@elm.example\n\n\
    The root key is made where --root-key-file says, never overwritten, and never in the data folder:\n\
    keep a copy of it and of the keyring beside it, apart from every backup of the data.")]
pub(crate) struct InitArguments {
    /// Address of the first administrator
    #[arg(long, value_name = "ADDRESS")]
    admin_email: String,
}

pub(crate) async fn run(context: &Context, arguments: InitArguments) -> Result<(), Failure> {
    let organisation = context.settings.organisation.as_deref().map(str::trim).unwrap_or_default();
    if organisation.is_empty() || organisation.chars().count() > NAME_CHARS {
        return Err(Failure::new(
            Kind::Usage,
            format_args!("name the organisation with --organisation, in at most {NAME_CHARS} characters"),
        ));
    }
    if !arguments.admin_email.contains('@') {
        return Err(Failure::new(Kind::Usage, "--admin-email is an e-mail address, as in admin@elm.example"));
    }
    let wish = Initialise { organisation: organisation.to_owned(), admin_email: arguments.admin_email };
    let _owner = context.take_folder().await?;
    let made = context.product.initialise(&context.settings, wish).await?;
    context.output.answer(&made, |output, made: &Initialised| {
        output.line(format_args!("made {} in {}", made.organisation, made.data.display()))?;
        if let Some(root_key) = &made.root_key {
            output.line(format_args!("root key   {}", root_key.display()))?;
        }
        output.line(format_args!("keyring    {}", made.keyring.display()))?;
        output
            .line("keep a copy of both in a safe place, apart from backups of the data: without them nothing opens")?;
        output.line(format_args!(
            "start doorward serve, then enrol the administrator once, until {} UTC, at",
            made.expires_at.short()
        ))?;
        output.line(&made.enrolment_url)
    })
}
