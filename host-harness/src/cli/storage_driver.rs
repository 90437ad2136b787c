//! `hookwright storage-driver`: runs a store of this host as a driver of `check-storage`. It is an example for other drivers.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookwright_host::stores;
use hookwright_storage_check::{Handle, Offer, serve};

/// The options of `storage-driver`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// `sqlite:FILE`, which `check-storage` empties, or `memory:`
    #[arg(long, env = "HOOKWRIGHT_CHECKED_STORE", value_name = "STORE")]
    store: String,
}

/// Executes calls until stdin ends.
pub fn run(options: &Options) -> Result<ExitCode> {
    serve(&Store(options.store.clone()), std::io::stdin().lock(), std::io::stdout()).context("running the store")?;
    Ok(ExitCode::SUCCESS)
}

struct Store(String);

impl Offer for Store {
    fn is_durable(&self) -> bool {
        self.0 != "memory:"
    }

    fn open(&self) -> Result<Handle, String> {
        stores::open(&self.0).map_err(|error| format!("{error:#}"))
    }

    fn reset(&self) -> Result<Handle, String> {
        if let Some(file) = self.0.strip_prefix("sqlite:") {
            for suffix in ["", "-wal", "-shm"] {
                let path = PathBuf::from(format!("{file}{suffix}"));
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(format!("removing {}: {error}", path.display()));
                    }
                    _ => {}
                }
            }
        }
        self.open()
    }
}
