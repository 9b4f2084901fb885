//! What the window asks of the desktop around it: choosing files and showing folders.
//!
//! Dialogs run on a thread of their own, so a slow network drive does not freeze the window; the choice comes back
//! through [`Tell`].

use std::path::{Path, PathBuf};

use crate::parcel::ParcelId;

/// What is to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    FilesToSend,
    FolderToSend,
    OutgoingFolder,
    ImportFolder,
    SaveAs { parcel: ParcelId, index: usize, name: String },
}

/// What was chosen. Cancelling tells nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    ToSend(Vec<PathBuf>),
    OutgoingFolder(PathBuf),
    ImportFolder(PathBuf),
    SaveAs { parcel: ParcelId, index: usize, to: PathBuf },
}

/// Where the choice goes.
pub type Tell = Box<dyn FnOnce(Chosen) + Send>;

/// The desktop around the window; tests put a scripted one here.
pub trait Desk {
    /// Asks the user; must not wait.
    fn choose(&mut self, choice: Choice, tell: Tell);
    /// Shows a folder in the file manager; must not wait.
    fn open_folder(&mut self, folder: &Path);
}

/// The real one.
#[derive(Debug)]
pub(super) struct Native;

impl Desk for Native {
    fn choose(&mut self, choice: Choice, tell: Tell) {
        let asking = move || {
            if let Some(chosen) = ask(choice) {
                tell(chosen);
            }
        };
        if let Err(err) = std::thread::Builder::new().name("dialog".into()).spawn(asking) {
            tracing::warn!(%err, "no thread for a file dialog");
        }
    }

    fn open_folder(&mut self, folder: &Path) {
        let folder = folder.to_owned();
        let opening = move || {
            if let Err(err) = open::that_detached(&folder) {
                tracing::warn!(%err, "the file manager did not open");
            }
        };
        if let Err(err) = std::thread::Builder::new().name("open-folder".into()).spawn(opening) {
            tracing::warn!(%err, "no thread for the file manager");
        }
    }
}

fn ask(choice: Choice) -> Option<Chosen> {
    let dialog = rfd::FileDialog::new();
    match choice {
        Choice::FilesToSend => dialog.pick_files().map(Chosen::ToSend),
        Choice::FolderToSend => dialog.pick_folder().map(|folder| Chosen::ToSend(vec![folder])),
        Choice::OutgoingFolder => dialog.pick_folder().map(Chosen::OutgoingFolder),
        Choice::ImportFolder => dialog.pick_folder().map(Chosen::ImportFolder),
        Choice::SaveAs { parcel, index, name } => {
            dialog.set_file_name(name).save_file().map(|to| Chosen::SaveAs { parcel, index, to })
        }
    }
}
