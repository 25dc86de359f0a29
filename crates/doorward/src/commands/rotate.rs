//! `doorward rotate`: a new key epoch; what was shredded under the old one is gone from backups too.

use super::Context;
use crate::exit::Failure;
use crate::operations::{Operation, Rotated};

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let rotated: Rotated = context.ask(Operation::Rotate).await?;
    context.output.answer(&rotated, |output, rotated: &Rotated| {
        output.line(format_args!("epoch {} is in force: {} keys wrapped anew", rotated.epoch, rotated.rewrapped))?;
        rotated.destroyed.iter().try_for_each(|epoch| output.line(format_args!("epoch {epoch} is destroyed")))
    })
}
