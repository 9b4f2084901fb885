//! Forms on paper: asks what is wanted, makes the PDF on a thread of its own, and hands it to be saved or opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use egui::{Frame, Id, Margin, RichText, Ui};

use super::app::Action;
use super::desk::{Choice, Chosen};
use super::forms::{FormKind, PersonForms};
use super::icons as ic;
use super::paper::{self, Form, pdf};
use super::screens::person_name;
use super::theme::{bold, reg};
use super::tokens::*;
use super::widgets::{Btn, button, para, segmented, text};
use crate::engine::model::ParcelView;
use crate::register::Register;
use crate::words::{Lang, window as w};

/// What is to go on paper.
#[derive(Clone, Debug)]
pub struct Job {
    pub view: Arc<ParcelView>,
    /// `None`: everybody.
    pub person: Option<usize>,
    /// `None`: every form there is.
    pub form: Option<FormKind>,
    pub to: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    File(PathBuf),
    /// Opened in the system's viewer, where it is printed.
    Viewer,
}

/// The question, and the job under way.
#[derive(Debug)]
pub(super) struct Printing {
    view: Arc<ParcelView>,
    person: usize,
    form: Option<FormKind>,
    everybody: bool,
    every_form: bool,
    making: Option<Making>,
    /// Not drawn yet.
    fresh: bool,
}

/// How far a thread is.
#[derive(Clone, Debug)]
pub(super) struct Making {
    done: Arc<AtomicUsize>,
    total: usize,
    stop: Arc<AtomicBool>,
}

impl Printing {
    pub fn new(view: Arc<ParcelView>, person: usize, form: Option<FormKind>) -> Self {
        Self { view, person, form, everybody: false, every_form: true, making: None, fresh: true }
    }

    fn job(&self, to: Target) -> Job {
        Job {
            view: self.view.clone(),
            person: (!self.everybody).then_some(self.person),
            form: self.form.filter(|_| !self.every_form),
            to,
        }
    }

    /// The job for the file that was chosen.
    pub fn job_for(&self, to: PathBuf) -> Job {
        self.job(Target::File(to))
    }

    /// Starts; the answer comes through `tell`.
    pub fn start(&mut self, job: Job, tell: impl FnOnce(Chosen) + Send + 'static) {
        let total = job.person.map_or(self.view.people.len(), |_| 1);
        let making = Making { done: Arc::default(), total, stop: Arc::default() };
        self.making = Some(making.clone());
        let work = move || {
            let chosen = match make(&job, &making) {
                Ok(Some(bytes)) => Chosen::PdfMade { bytes: Arc::from(bytes), to: job.to, name: file_name(&job.view) },
                Ok(None) => Chosen::PdfStopped,
                Err(error) => {
                    tracing::error!(%error, "a PDF was not made");
                    Chosen::PdfFailed
                }
            };
            tell(chosen);
        };
        if let Err(err) = std::thread::Builder::new().name("paper".into()).spawn(work) {
            tracing::warn!(%err, "no thread for a PDF");
            self.making = None;
        }
    }

    /// Draws the question. `None` goes on asking; `Some(None)` closes it.
    pub fn show(&mut self, ui: &mut Ui, lang: Lang) -> Option<Option<Action>> {
        let mut answer = None;
        let frame = Frame::popup(ui.style()).corner_radius(R12).inner_margin(Margin::same(24));
        let modal = egui::Modal::new(Id::unique("tayori-print")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(480.0_f32.min(ui.ctx().content_rect().width() - 64.0));
            ui.spacing_mut().item_spacing.y = 12.0;
            ui.label(RichText::new(w::print_title(lang)).font(bold(20.0)).color(gray_900()));
            match &self.making {
                Some(making) => making.show(ui, lang, w::print_progress),
                None => answer = self.question(ui, lang),
            }
        });
        if modal.should_close() && self.making.is_none() {
            answer = answer.or(Some(None));
        }
        answer
    }

    fn question(&mut self, ui: &mut Ui, lang: Lang) -> Option<Option<Action>> {
        let people = self.view.people.len();
        if people > 1 {
            text(ui, w::print_who(lang), bold(16.0), gray_900());
            let all = w::print_everybody(lang, people);
            if let Some(pressed) = segmented(ui, &[w::print_this_person(lang), &all], self.everybody.into(), TARGET) {
                self.everybody = pressed == 1;
            }
        }
        if !self.everybody
            && let Some(person) = self.view.people.get(self.person)
        {
            text(ui, person_name(lang, person), reg(16.0), gray_800());
        }
        if let Some(form) = self.form {
            text(ui, w::print_which(lang), bold(16.0), gray_900());
            let names = [form.short_name(), w::print_every_form(lang)];
            if let Some(pressed) = segmented(ui, &names, self.every_form.into(), TARGET) {
                self.every_form = pressed == 1;
            }
        }
        para(ui, w::print_hint(lang), 14.0, gray_700());
        let mut answer = None;
        ui.horizontal_wrapped(|ui| {
            let print = button(ui, Btn::Primary, ic::PRINT, w::print_open(lang));
            // Enter prints, without the mouse: that is what most came for.
            if std::mem::take(&mut self.fresh) {
                print.request_focus();
            }
            if print.clicked() {
                answer = Some(Some(Action::Print(Box::new(self.job(Target::Viewer)))));
            }
            if button(ui, Btn::Outline, ic::SAVE, w::save_pdf(lang)).clicked() {
                answer = Some(Some(Action::Choose(Choice::SavePdf { name: file_name(&self.view) })));
            }
            if button(ui, Btn::Text, "", w::cancel(lang)).clicked() {
                answer = Some(None);
            }
        });
        answer
    }
}

/// Opens one sheet in the system's viewer, where it is printed.
pub(super) fn open(form: Form, tell: impl FnOnce(Chosen) + Send + 'static) {
    let work = move || {
        let made = pdf::write(std::iter::once(form), "便り", || true);
        tell(match made {
            Ok(Some(bytes)) => {
                Chosen::PdfMade { bytes: Arc::from(bytes), to: Target::Viewer, name: "便り.pdf".to_owned() }
            }
            _ => Chosen::PdfFailed,
        });
    };
    if let Err(err) = std::thread::Builder::new().name("paper".into()).spawn(work) {
        tracing::warn!(%err, "no thread for a PDF");
    }
}

impl Making {
    /// How far it is, and the way to leave off. `words` says it.
    pub fn show(&self, ui: &mut Ui, lang: Lang, words: fn(Lang, usize, usize) -> String) {
        let done = self.done.load(Ordering::Relaxed).min(self.total);
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
        if how_far(ui, lang, &words(lang, done, self.total), done, self.total) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Words, a bar, and a button; tells whether that was pressed.
pub(super) fn how_far(ui: &mut Ui, lang: Lang, words: &str, done: usize, total: usize) -> bool {
    text(ui, words, reg(16.0), gray_800());
    #[expect(clippy::cast_precision_loss, reason = "a bar on the screen")]
    let part = done as f32 / total.max(1) as f32;
    ui.add(egui::ProgressBar::new(part).desired_height(16.0).fill(blue_900()));
    button(ui, Btn::Outline, ic::CLOSE, w::stop(lang)).clicked()
}

/// No person's name: it may lie in a list of recently used files.
fn file_name(view: &ParcelView) -> String {
    format!("便り_{}.pdf", view.line.partner)
}

fn make(job: &Job, making: &Making) -> Result<Option<Vec<u8>>, pdf::PdfError> {
    let view = &job.view;
    let people = view.people.iter().enumerate().filter(|(at, _)| job.person.is_none_or(|only| only == *at));
    let forms = people.flat_map(|(_, person)| {
        making.done.fetch_add(1, Ordering::Relaxed);
        let of = PersonForms { people: &view.people, person, sheets: &view.sheets };
        let wanted = of.kinds().into_iter().filter(|kind| job.form.is_none_or(|only| only == *kind));
        wanted.flat_map(|kind| of.forms(kind)).collect::<Vec<_>>()
    });
    pdf::write(forms, "便り", || !making.stop.load(Ordering::Relaxed))
}

/// Makes the month's list, as a PDF or as CSV, on a thread of its own.
pub(super) fn register(
    register: Arc<Register>,
    pdf: bool,
    to: PathBuf,
    tell: impl FnOnce(Chosen) + Send + 'static,
) -> Option<Making> {
    let making = Making { done: Arc::default(), total: register.rows.len(), stop: Arc::default() };
    let going = making.clone();
    let work = move || {
        let go_on = |done| {
            going.done.store(done, Ordering::Relaxed);
            !going.stop.load(Ordering::Relaxed)
        };
        let made = if pdf {
            paper::register::write(&register, go_on).map_err(|error| error.to_string())
        } else {
            register.csv(go_on).map_err(|error| error.to_string())
        };
        tell(match made {
            Ok(Some(bytes)) => Chosen::PdfMade { bytes: Arc::from(bytes), to: Target::File(to), name: String::new() },
            Ok(None) => Chosen::PdfStopped,
            Err(error) => {
                tracing::error!(error, "the month's list was not made");
                Chosen::PdfFailed
            }
        });
    };
    let begun = std::thread::Builder::new().name("register".into()).spawn(work);
    begun.inspect_err(|err| tracing::warn!(%err, "no thread for a list")).ok().map(|_| making)
}
