//! What is being written: files, receivers, words, attachments. 新規作成 and 一括送信 are two views of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bundle::{AstrayCard, Details};
use super::mending::Mending;
use super::templates::TemplatesDialog;
use crate::desktop::model::Model;
use crate::engine::model::{Bundle, Command, Examined, SendRequest, SendResult};
use crate::engine::outgoing::is_attachment;
use crate::engine::templates::Fields;
use crate::standard::{FileName, OfficeNumber, ServiceType};
use crate::words::mail;

/// How far the user is with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Choosing,
    Reviewing,
    /// Asked for; the engine has not put it into the outbox yet.
    Sending,
}

/// What is typed and unfolded while something is being sent.
#[derive(Debug, Default)]
pub(in crate::desktop) struct Writing {
    pub(super) stage: Stage,
    /// By receiver, so that words survive when more files come.
    pub(super) letters: HashMap<OfficeNumber, Letter>,
    /// Receivers chosen by hand: they get words and attachments.
    pub(super) chosen: Vec<Bundle>,
    /// What is said to everybody who gets no words of their own (一括送信).
    pub(super) common: String,
    /// Files that were put right.
    mended: Vec<PathBuf>,
    /// The files of the last look.
    looked_at: Vec<PathBuf>,
    /// Names of files that cannot be attached, told once.
    pub(super) not_attached: Vec<String>,
    /// What became of the last sending.
    pub(super) results: Option<Arc<[SendResult]>>,
    pub(super) astray: AstrayCard,
    pub(super) receiver_query: String,
    pub(super) mending: Mending,
    pub(super) templates: TemplatesDialog,
    /// What was sent last: undone, it is on the table again.
    before: Option<Box<Before>>,
}

/// What was on the table before it was sent.
#[derive(Debug)]
struct Before {
    examined: Option<Arc<Examined>>,
    letters: HashMap<OfficeNumber, Letter>,
    chosen: Vec<Bundle>,
    common: String,
    mended: Vec<PathBuf>,
}

/// The user's part of one bundle.
#[derive(Debug)]
pub(super) struct Letter {
    pub include: bool,
    pub message: String,
    pub attached: Vec<PathBuf>,
    pub details: Details,
    /// Unfolded in 一括送信.
    pub open: bool,
}

impl Default for Letter {
    fn default() -> Self {
        let (message, attached) = (String::new(), Vec::new());
        Self { include: true, message, attached, details: Details::default(), open: false }
    }
}

impl Writing {
    /// Nothing is on the table any more.
    pub fn start_over(&mut self) {
        *self = Self { before: self.before.take(), ..Self::default() };
    }

    pub fn is_sending(&self) -> bool {
        self.stage == Stage::Sending
    }

    /// The engine has it: begin anew next time, and keep what it was for as long as it can be undone.
    pub fn sent(&mut self, examined: Option<Arc<Examined>>) {
        let old = std::mem::take(self);
        let Self { letters, chosen, common, mended, .. } = old;
        self.before = Some(Box::new(Before { examined, letters, chosen, common, mended }));
    }

    /// The engine could not take it: everything typed is still there.
    pub fn not_sent(&mut self) {
        if self.stage == Stage::Sending {
            self.stage = Stage::Choosing;
        }
    }

    /// What became of it, receiver by receiver.
    pub fn told(&mut self, results: Arc<[SendResult]>) {
        self.results = Some(results);
    }

    /// What was sent last is somebody else's: undoing it brings nothing back here.
    pub fn forget(&mut self) {
        self.before = None;
    }

    /// What was sent is taken back: on the table again, unless something else is there by now.
    pub fn undone(&mut self, now: Option<&Examined>) -> Option<Option<Arc<Examined>>> {
        if now.is_some() || !self.chosen.is_empty() {
            return None;
        }
        let Before { examined, letters, chosen, common, mended } = *self.before.take()?;
        *self = Self { letters, chosen, common, mended, ..Self::default() };
        Some(examined)
    }

    pub fn back_to_choosing(&mut self) {
        if self.stage == Stage::Reviewing {
            self.stage = Stage::Choosing;
        }
    }

    /// The files of the last look, to be looked at again together with others; `under_way` while its answer is not there.
    pub fn paths(&self, examined: Option<&Examined>, under_way: bool) -> Vec<PathBuf> {
        if under_way && !self.looked_at.is_empty() {
            return self.looked_at.clone();
        }
        let Some(examined) = examined else { return Vec::new() };
        let bundled = examined.bundles.iter().flat_map(|bundle| &bundle.files).map(|file| file.path.clone());
        let astray = examined.astray.iter().map(|astray| astray.path.clone());
        bundled.chain(astray.filter(|path| !self.is_attached(path))).collect()
    }

    /// Asks for a look at these files.
    pub fn examine(&mut self, paths: Vec<PathBuf>) -> Command {
        self.looked_at.clone_from(&paths);
        let mended: Vec<PathBuf> = self.mended.iter().filter(|path| paths.contains(path)).cloned().collect();
        if mended.is_empty() { Command::Examine(paths) } else { Command::ExamineMended { paths, mended } }
    }

    /// From now on this file goes put right.
    pub fn mend(&mut self, path: PathBuf) {
        if !self.mended.contains(&path) {
            self.mended.push(path);
        }
    }

    pub fn ask_mend(&mut self, mending: Mending) {
        self.mending = mending;
    }

    pub fn edit_templates(&mut self, model: &Model) {
        self.templates.open(model);
    }

    pub fn is_asking(&self) -> bool {
        self.mending.is_open() || self.templates.is_open()
    }

    /// Takes files along to one receiver. Other kinds than those the exchange carries are named instead.
    pub fn attach(&mut self, receiver: OfficeNumber, paths: Vec<PathBuf>) {
        self.not_attached.clear();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let letter = self.letters.entry(receiver).or_default();
            if !is_attachment(&name) {
                self.not_attached.push(name);
            } else if !letter.attached.contains(&path) {
                letter.attached.push(path);
            }
        }
    }

    fn is_attached(&self, path: &Path) -> bool {
        self.letters.values().any(|letter| letter.attached.iter().any(|attached| attached == path))
    }

    /// What cannot go and was not attached to anything.
    pub(super) fn astray(&self, examined: &Examined) -> Vec<crate::engine::model::Astray> {
        examined.astray.iter().filter(|astray| !self.is_attached(&astray.path)).cloned().collect()
    }

    /// Writes to this office, too.
    pub(super) fn choose(&mut self, receiver: OfficeNumber, name: String, service: Option<ServiceType>) {
        if self.chosen.iter().any(|bundle| bundle.receiver == receiver) {
            return;
        }
        self.chosen.push(Bundle {
            receiver,
            receiver_name: name,
            receiver_service: service,
            files: Vec::new(),
            subjects: Vec::new(),
            findings: Vec::new(),
            persons: 0,
        });
    }

    /// Writes to this partner, beginning with these words. Whom the directory does not know is named by number.
    pub fn write_to(&mut self, model: &Model, receiver: OfficeNumber, message: &str) {
        let known = model.partners.iter().find(|partner| partner.office == receiver);
        let name = known.map(|partner| partner.name.clone()).unwrap_or_default();
        self.choose(receiver, name, known.and_then(|partner| partner.service));
        let letter = self.letters.entry(receiver).or_default();
        letter.include = true;
        super::letter::add_words(&mut letter.message, message);
        self.stage = Stage::Choosing;
    }

    /// Everybody it goes to: who the files name, then who was chosen by hand.
    pub(super) fn bundles<'a>(&'a self, examined: Option<&'a Examined>) -> Vec<&'a Bundle> {
        let named = examined.map(|examined| examined.bundles.as_slice()).unwrap_or_default();
        let is_named = |bundle: &&Bundle| named.iter().any(|other| other.receiver == bundle.receiver);
        named.iter().chain(self.chosen.iter().filter(|bundle| !is_named(bundle))).collect()
    }

    /// Whether this bundle would go now.
    pub(super) fn includes(&self, bundle: &Bundle) -> bool {
        let letter = self.letters.get(&bundle.receiver);
        let has_words = !self.common.trim().is_empty()
            || letter.is_some_and(|letter| !letter.message.trim().is_empty() || !letter.attached.is_empty());
        bundle.may_be_sent() && letter.is_none_or(|letter| letter.include) && (has_words || !bundle.files.is_empty())
    }

    /// What would be sent now.
    pub(super) fn requests(&self, model: &Model) -> Vec<SendRequest> {
        let bundles = self.bundles(model.examined.as_deref());
        let included = bundles.into_iter().filter(|bundle| self.includes(bundle));
        included
            .map(|bundle| {
                let letter = self.letters.get(&bundle.receiver);
                let files = bundle.files.iter().map(|file| &file.path);
                let attached = letter.map(|letter| letter.attached.as_slice()).unwrap_or_default();
                let paths = files.chain(attached).cloned().collect();
                let mended = bundle.files.iter().filter(|file| file.mended).map(|file| file.path.clone()).collect();
                SendRequest { mended, ..SendRequest::new(bundle.receiver, paths, self.message(model, bundle)) }
            })
            .collect()
    }

    /// The words for one receiver: their own, or what is said to everybody.
    pub(super) fn message(&self, model: &Model, bundle: &Bundle) -> String {
        let own = self.letters.get(&bundle.receiver).map(|letter| letter.message.trim()).unwrap_or_default();
        if own.is_empty() { fill(model, bundle, self.common.trim()) } else { own.to_owned() }
    }
}

/// A text with its fields filled in for one receiver.
pub(super) fn fill(model: &Model, bundle: &Bundle, text: &str) -> String {
    let month = bundle.files.iter().find_map(|file| FileName::parse(&file.name).ok()).and_then(|name| name.month);
    let today = model.now.to_zoned(model.zone.clone()).date();
    let month = month.map_or_else(|| mail::month(today.year(), today.month()), |month| month.label_ja());
    let office = model.settings.as_ref().map(|settings| settings.office_name.as_str()).unwrap_or_default();
    let fields = Fields { month: &month, office, receiver: &bundle.receiver_name };
    crate::engine::templates::fill(text, &fields)
}
