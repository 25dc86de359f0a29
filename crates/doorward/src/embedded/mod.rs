//! The product that this binary is made of. The only place where the command line meets the
//! domains: it opens a data folder and carries operations out.

mod agents;
mod answers;
mod channels;
mod demonstration;
mod failures;
mod folder;
mod keys;
mod mailboxes;
mod opened;
mod operator;
mod restore;

use std::io::BufRead;
use std::sync::Arc;

use app::channels::mail::{Entry, Mbox};
use futures_util::future::BoxFuture;

use crate::configuration::Settings;
use crate::exit::{Failure, Kind};
use crate::operations::{Demonstration, Initialise, Initialised, MboxEntry, Opened, Product, Restore, Restored};
use crate::progress::ProgressSink;

/// Everything in this process.
pub struct Embedded;

impl Product for Embedded {
    fn initialise<'a>(
        &'a self,
        settings: &'a Settings,
        wish: Initialise,
    ) -> BoxFuture<'a, Result<Initialised, Failure>> {
        Box::pin(folder::initialise(settings, wish))
    }

    fn open<'a>(&'a self, settings: &'a Settings) -> BoxFuture<'a, Result<Arc<dyn Opened>, Failure>> {
        Box::pin(async move {
            let opened: Arc<dyn Opened> = Arc::new(opened::OpenFolder::open(settings).await?);
            Ok(opened)
        })
    }

    fn demonstrate<'a>(&'a self, settings: &'a Settings) -> BoxFuture<'a, Result<Arc<dyn Demonstration>, Failure>> {
        Box::pin(async move {
            let opened: Arc<dyn Demonstration> = Arc::new(demonstration::Stage::open(settings).await?);
            Ok(opened)
        })
    }

    fn restore<'a>(
        &'a self,
        settings: &'a Settings,
        wish: Restore,
        progress: &'a ProgressSink,
    ) -> BoxFuture<'a, Result<Restored, Failure>> {
        Box::pin(restore::restore(settings, wish, progress))
    }

    fn split_mbox(
        &self,
        reader: &mut dyn BufRead,
        each: &mut dyn FnMut(MboxEntry) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for entry in Mbox::new(reader) {
            match entry {
                Ok(Entry::Mail { raw, .. }) => each(MboxEntry::Mail(raw))?,
                Ok(Entry::TooLarge { size, .. }) => each(MboxEntry::TooLarge { bytes: size })?,
                Err(error) => return Err(Failure::new(Kind::Data, error)),
            }
        }
        Ok(())
    }
}
