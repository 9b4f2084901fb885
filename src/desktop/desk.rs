//! What the window asks of the desktop around it: choosing files and showing folders.
//!
//! Dialogs run on a thread of their own, so a slow network drive does not freeze the window; the choice comes back
//! through [`Tell`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::preview::Preview;
use super::printing::Target;
use crate::engine::support;
use crate::parcel::ParcelId;
use crate::standard::{Month, OfficeNumber};

/// What is to be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    FilesToSend,
    FolderToSend,
    /// Files that go along to this receiver.
    Attachments(OfficeNumber),
    Folder(FolderSlot),
    SaveAs {
        parcel: ParcelId,
        index: usize,
        name: String,
    },
    SavePdf {
        name: String,
    },
    SaveSupport,
    /// The record, as CSV.
    SaveRecord {
        name: String,
    },
    /// A PKCS#12 file.
    CertificateFile,
    /// 送受信一覧 of a month, as a PDF or as CSV.
    SaveRegister {
        month: Month,
        pdf: bool,
        name: String,
    },
}

/// Which folder of the settings is to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FolderSlot {
    Outgoing,
    /// One more beside it.
    MoreOutgoing,
    Import,
    /// That of the n-th rule.
    ImportRule(usize),
    /// The two of the national system.
    HandOver,
    Download,
}

/// What was chosen, or made meanwhile. Cancelling tells nothing.
#[derive(Clone, Debug)]
pub enum Chosen {
    ToSend(Vec<PathBuf>),
    Attachments(OfficeNumber, Vec<PathBuf>),
    Folder(FolderSlot, PathBuf),
    SaveAs {
        parcel: ParcelId,
        index: usize,
        to: PathBuf,
    },
    SavePdf(PathBuf),
    SaveSupport(PathBuf),
    SaveRecord(PathBuf),
    CertificateFile(PathBuf),
    SaveRegister {
        month: Month,
        pdf: bool,
        to: PathBuf,
    },
    PdfMade {
        bytes: Arc<[u8]>,
        to: Target,
        name: String,
    },
    PdfStopped,
    PdfFailed,
    Preview(Preview),
    /// What was to be opened is not there.
    FolderMissing(PathBuf),
    /// The system has nothing to open it with.
    NotOpened,
}

/// Where the choice goes.
pub type Tell = Box<dyn FnOnce(Chosen) + Send>;

/// The desktop around the window; tests put a scripted one here.
pub trait Desk {
    /// Asks the user; must not wait.
    fn choose(&mut self, choice: Choice, tell: Tell);
    /// Shows a folder in the file manager; must not wait. Tells only that it could not.
    fn open_folder(&mut self, folder: &Path, tell: Tell);
    /// Shows an address in the browser; must not wait. Tells only that it could not.
    fn open_page(&mut self, address: &str, tell: Tell);
    /// Opens a document in the system's viewer; must not wait. Tells only that it could not.
    fn open_document(&mut self, name: &str, bytes: Arc<[u8]>, tell: Tell);
}

/// The real one.
#[derive(Debug, Default)]
pub(super) struct Native {
    /// Copies for the viewer, readable by this user only and gone when the window closes.
    copies: Arc<Mutex<Option<tempfile::TempDir>>>,
}

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

    fn open_folder(&mut self, folder: &Path, tell: Tell) {
        hand_over("open-folder", folder.into(), Some(folder.to_owned()), tell);
    }

    fn open_page(&mut self, address: &str, tell: Tell) {
        hand_over("open-page", address.into(), None, tell);
    }

    fn open_document(&mut self, name: &str, bytes: Arc<[u8]>, tell: Tell) {
        let (name, copies) = (name.to_owned(), self.copies.clone());
        let opening = move || {
            if let Err(err) = open_copy(&copies, &name, &bytes) {
                tracing::warn!(%err, "the viewer did not open");
                tell(Chosen::NotOpened);
            }
        };
        if let Err(err) = std::thread::Builder::new().name("open-document".into()).spawn(opening) {
            tracing::warn!(%err, "no thread for the viewer");
        }
    }
}

/// Gives a folder or an address to whatever the system opens it with. What opens folders would not say that there is none.
fn hand_over(thread: &'static str, what: OsString, folder: Option<PathBuf>, tell: Tell) {
    let opening = move || {
        if let Some(missing) = folder.filter(|folder| !folder.is_dir()) {
            tell(Chosen::FolderMissing(missing));
        } else if let Err(err) = open::that_detached(&what) {
            tracing::warn!(%err, thread, "the system did not open it");
            tell(Chosen::NotOpened);
        }
    };
    if let Err(err) = std::thread::Builder::new().name(thread.into()).spawn(opening) {
        tracing::warn!(%err, "no thread to open something with");
    }
}

/// What a crash left behind is older than any window.
const STALE: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
const COPIES: &str = "tayori-copy-";

fn open_copy(copies: &Mutex<Option<tempfile::TempDir>>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let Ok(mut copies) = copies.lock() else { return Ok(()) };
    let folder = match copies.take() {
        Some(folder) => folder,
        None => {
            sweep();
            tempfile::Builder::new().prefix(COPIES).tempdir()?
        }
    };
    let beside = tempfile::Builder::new().tempdir_in(folder.path())?.keep();
    let path = beside.join(name);
    *copies = Some(folder);
    std::fs::write(&path, bytes)?;
    open::that_detached(&path)
}

fn sweep() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(COPIES));
        let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
        if ours && age.is_some_and(|age| age > STALE) {
            let _ = std::fs::remove_dir_all(entry.path()); // not ours to remove, then
        }
    }
}

fn ask(choice: Choice) -> Option<Chosen> {
    let dialog = rfd::FileDialog::new();
    match choice {
        Choice::FilesToSend => dialog.pick_files().map(Chosen::ToSend),
        Choice::FolderToSend => dialog.pick_folder().map(|folder| Chosen::ToSend(vec![folder])),
        Choice::Attachments(receiver) => {
            let dialog = dialog.add_filter("PDF, JPEG, PNG, GIF, TXT", &["pdf", "jpg", "jpeg", "png", "gif", "txt"]);
            dialog.pick_files().map(|paths| Chosen::Attachments(receiver, paths))
        }
        Choice::Folder(slot) => dialog.pick_folder().map(|folder| Chosen::Folder(slot, folder)),
        Choice::SaveAs { parcel, index, name } => {
            dialog.set_file_name(name).save_file().map(|to| Chosen::SaveAs { parcel, index, to })
        }
        Choice::CertificateFile => {
            let dialog = dialog.add_filter("PKCS#12", &["p12", "pfx", "P12", "PFX"]);
            dialog.pick_file().map(Chosen::CertificateFile)
        }
        Choice::SaveRegister { month, pdf, name } => {
            let dialog = if pdf { dialog.add_filter("PDF", &["pdf"]) } else { dialog.add_filter("CSV", &["csv"]) };
            dialog.set_file_name(name).save_file().map(|to| Chosen::SaveRegister { month, pdf, to })
        }
        Choice::SaveSupport => dialog.set_file_name(support::NAME).save_file().map(Chosen::SaveSupport),
        Choice::SaveRecord { name } => {
            dialog.set_file_name(name).add_filter("CSV", &["csv"]).save_file().map(Chosen::SaveRecord)
        }
        Choice::SavePdf { name } => {
            dialog.set_file_name(name).add_filter("PDF", &["pdf"]).save_file().map(Chosen::SavePdf)
        }
    }
}
