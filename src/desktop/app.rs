//! The window's one state and its one door: events come in by `logic`, wishes go out by `apply`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};
use jiff::Timestamp;

use super::desk::{Choice, Chosen, Desk, Native};
use super::forms::FormKind;
use super::model::{ChangedPartner, Look, Model};
use super::paper::Form;
use super::place::{Place, Placing};
use super::printing::{self, Job, Printing, Target};
use super::screens::mending::Mending;
use super::screens::{
    DraftsPage, EntranceScreen, HelpPage, Home, LoginDialog, Mailbox, MonthList, Outbox, PartnersPage, RelayDialog,
    SearchPage, SettingsPage, TrustQuestion, Writing, inbox, sent,
};
use super::tokens::use_palette;
use super::{chrome, nav, preview, theme, undo, widgets};
use crate::engine::Engine;
use crate::engine::model::{
    Command, DiagnosisCommand, Entrance, Event, Failure, Login, Notice, ParcelLine, ParcelView, SendRequest, ToShow,
};
use crate::notice::Attention;
use crate::notice::badge::Badge;
use crate::notice::tray::{Tray, TrayAsk};
use crate::parcel::ParcelId;
use crate::standard::{Month, OfficeNumber};
use crate::words::Lang;

/// What the middle of the window shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Home,
    Inbox,
    Sent,
    Drafts,
    Outbox,
    Search,
    Compose,
    Bulk,
    Partners,
    Settings,
    /// Help, and what stands in the way.
    Help,
}

/// What a screen asked for.
#[derive(Clone, Debug)]
pub enum Action {
    Go(Page),
    Ask(Command),
    /// Choose a parcel of a list, as if it had been clicked there.
    OpenParcel(Page, ParcelId),
    /// Show only those parcels of a list in which this stands.
    SearchIn(Page, String),
    Choose(Choice),
    OpenFolder(PathBuf),
    /// Show an address in the browser.
    OpenPage(String),
    /// Look at these beside what was already chosen for sending.
    Examine(Vec<PathBuf>),
    ExamineOutgoing,
    StartOver,
    Send(Vec<SendRequest>),
    /// Leave off what takes a while.
    Stop,
    /// Take these back before they leave.
    Undo(Vec<ParcelId>),
    /// These files go along to this receiver.
    Attach(OfficeNumber, Vec<PathBuf>),
    /// Look at what would be put right in a file.
    AskMend(Mending),
    /// The same for a file of a draft, beside what else is being written.
    MendDraft(Vec<PathBuf>, Mending),
    /// This file goes put right.
    Mend(PathBuf),
    EditTemplates,
    /// Show the month board of this month.
    SeeMonth(Month),
    /// Write to this partner, beginning with these words.
    WriteTo(OfficeNumber, String),
    /// Asked for; a question comes first.
    Withdraw(ParcelId),
    /// Ask what of a parcel is to go on paper.
    AskPrint {
        view: Arc<ParcelView>,
        person: usize,
        form: Option<FormKind>,
    },
    Print(Box<Job>),
    /// Open this as a PDF in the system's viewer.
    PrintPaper(Box<Form>),
    /// The code that is shown was written down.
    CodeRead,
    ClosePreview,
    /// 委託: pass a parcel on; to whom and of whom is asked.
    PassOn(ParcelId),
    /// Show both numbers of a partner whose key has changed.
    AskTrust(ChangedPartner),
    LogIn,
    ChangePassword,
    SetLook(Look),
    CloseToast(usize),
}

/// The window.
pub struct App {
    engine: Engine,
    pub(super) model: Model,
    pub(super) page: Page,
    pub(super) query: String,
    pub(super) home: Home,
    partners: PartnersPage,
    pub(super) inbox: Mailbox,
    pub(super) sent: Mailbox,
    pub(super) drafts: DraftsPage,
    pub(super) writing: Writing,
    pub(super) outbox: Outbox,
    pub(super) search: SearchPage,
    /// The month's list, while it is made.
    month_list: MonthList,
    pub(super) settings: SettingsPage,
    entrance: EntranceScreen,
    pub(super) login: LoginDialog,
    pub(super) help: HelpPage,
    /// The terminal was set up in this window.
    was_set_up: bool,
    trust: TrustQuestion,
    relay: RelayDialog,
    /// The parcel whose withdrawal is to be confirmed.
    pub(super) withdrawing: Option<ParcelId>,
    /// What is to go on paper, while it is asked and made.
    pub(super) printing: Option<Printing>,
    desk: Box<dyn Desk>,
    chosen: Receiver<Chosen>,
    choosing: Sender<Chosen>,
    keep_look: Option<Box<dyn Fn(Look)>>,
    attention: Attention,
    tray: Option<(Tray, Receiver<TrayAsk>)>,
    badge: Badge,
    /// What a clicked notice spoke of, until it is in a list.
    wanted: Option<ParcelId>,
    /// Asked for by the tray's menu: then closing closes.
    quitting: bool,
    zoomed: Option<Look>,
    /// A clock that stands still, for tests and pictures.
    stands_at: Option<Timestamp>,
    placing: Option<Placing>,
    /// How often it was looked for news: the second time, the first frame is on the screen.
    passes: u8,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("page", &self.page).field("query", &self.query).finish_non_exhaustive()
    }
}

impl App {
    pub fn new(ctx: &Context, engine: Engine, lang: Lang) -> Self {
        theme::apply(ctx);
        let (choosing, chosen) = channel();
        Self {
            engine,
            model: Model::new(Look { lang, ..Look::default() }),
            page: Page::Home,
            query: String::new(),
            home: Home::default(),
            partners: PartnersPage::default(),
            inbox: Mailbox::new(inbox::LIST),
            sent: Mailbox::new(sent::LIST),
            drafts: DraftsPage::default(),
            writing: Writing::default(),
            outbox: Outbox,
            search: SearchPage::default(),
            month_list: MonthList::default(),
            settings: SettingsPage::default(),
            entrance: EntranceScreen::default(),
            login: LoginDialog::default(),
            help: HelpPage::default(),
            was_set_up: false,
            trust: TrustQuestion::default(),
            relay: RelayDialog::default(),
            withdrawing: None,
            printing: None,
            desk: Box::new(Native::default()),
            chosen,
            choosing,
            keep_look: None,
            attention: Attention::default(),
            tray: None,
            badge: Badge::default(),
            wanted: None,
            quitting: false,
            zoomed: None,
            stands_at: None,
            placing: None,
            passes: 0,
        }
    }

    /// Starts with the look of the last time.
    #[must_use]
    pub fn with_look(mut self, ctx: &Context, look: Look, keep: Option<Box<dyn Fn(Look)>>) -> Self {
        self.model.look = look;
        self.keep_look = keep;
        self.zoom(ctx);
        self
    }

    /// Who is told whether somebody looks at the window.
    #[must_use]
    pub fn with_attention(mut self, attention: Attention) -> Self {
        self.attention = attention;
        self
    }

    /// With an icon beside the clock and a number at the window's place on the task bar, where the system shows them.
    #[must_use]
    pub fn with_tray(mut self, ctx: &Context, lang: Lang) -> Self {
        let (tell, asked) = channel();
        let ctx = ctx.clone();
        let tray = Tray::show(lang, move |asked| {
            let _ = tell.send(asked); // the window may be gone by then
            ctx.request_repaint();
        });
        self.tray = tray.inspect_err(|error| tracing::warn!(%error, "no icon")).ok().map(|tray| (tray, asked));
        self.badge = Badge::show();
        self
    }

    /// Another desktop around the window than the real one.
    #[must_use]
    pub fn with_desk(mut self, desk: Box<dyn Desk>) -> Self {
        self.desk = desk;
        self
    }

    /// Where the window stood, and who is told where it stands when it is closed.
    #[must_use]
    pub fn with_place(mut self, place: Option<Place>, keep: Option<Box<dyn Fn(Place)>>) -> Self {
        self.placing = Some(Placing::new(place, keep));
        self
    }

    /// It is always this moment.
    #[must_use]
    pub fn with_now(mut self, now: Timestamp) -> Self {
        self.stands_at = Some(now);
        self
    }

    /// Times are shown in this zone instead of the PC's.
    #[must_use]
    pub fn with_zone(mut self, zone: jiff::tz::TimeZone) -> Self {
        self.model.zone = zone;
        self
    }

    pub fn page(&self) -> Page {
        self.page
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The parcel chosen on the page that is shown.
    pub fn selected(&self) -> Option<ParcelId> {
        match self.page {
            Page::Inbox => self.inbox.list.selected(),
            Page::Sent => self.sent.list.selected(),
            Page::Search => self.search.found.list.selected(),
            _ => None,
        }
    }

    /// Nothing can be shown before this terminal is set up and its vault is open. Other trouble is told on the screens.
    fn at_the_entrance(&self) -> bool {
        !matches!(self.model.entrance, Entrance::Open | Entrance::Broken(_))
    }

    fn zoom(&mut self, ctx: &Context) {
        if self.zoomed.map(|look| look.text_size) != Some(self.model.look.text_size) {
            ctx.set_zoom_factor(self.model.look.text_size.zoom());
        }
        use_palette(self.model.look.appearance);
        if self.zoomed.map(|look| look.appearance) != Some(self.model.look.appearance) {
            theme::recolor(ctx);
        }
        self.zoomed = Some(self.model.look);
    }

    /// Takes in what the engine told and what was chosen in dialogs.
    fn drain(&mut self, ctx: &Context) {
        self.model.now = self.stands_at.unwrap_or_else(Timestamp::now);
        self.attention.set(ctx.input(|input| input.focused));
        while let Some(event) = self.engine.poll() {
            match &event {
                Event::Notice(Notice::Queued { .. }) if self.relay.is_sending() => self.relay.sent(),
                // Something may also be sent by itself, or from the drafts, while somebody writes.
                Event::Notice(Notice::Queued { .. }) if self.writing.is_sending() => {
                    self.writing.sent(self.model.examined.take());
                }
                Event::Notice(Notice::NotSent(_)) => {
                    self.writing.not_sent();
                    self.relay.refused();
                }
                Event::SendResults(results) => self.writing.told(results.clone()),
                Event::Register(register) => {
                    let tell = self.teller(ctx);
                    self.month_list.gathered(register.clone(), tell);
                }
                Event::RelayOffer(offer) => self.relay.offered(offer),
                Event::RelayReview(review) => self.relay.reviewed(review),
                Event::Lists(_) => {
                    self.search.look_again();
                    tracing::debug!("the lists are there");
                }
                Event::Show(place) => self.come_to_front(ctx, *place),
                Event::HandedOver(paths) => self.apply(ctx, Action::Examine(paths.clone())),
                Event::Settings(settings) if self.settings.kept(settings) => self.model.settings_saved(),
                Event::Content(content) => self.look_at(ctx, content.clone()),
                Event::Login(login) => {
                    self.login.told(self.model.login.as_ref(), login);
                    self.greet(login);
                }
                Event::Entrance(Entrance::Working(_)) => self.was_set_up = true,
                Event::Stored(found) => self.entrance.found(found.clone()),
                Event::LoginRefused(_) => self.login.refused(),
                _ => {}
            }
            self.model.take(event);
        }
        self.open_wanted();
        while let Ok(chosen) = self.chosen.try_recv() {
            self.take_choice(ctx, chosen);
        }
        self.mind_tray(ctx);
    }

    /// The last step of setting up is a trial, which takes somebody who is logged in.
    fn greet(&mut self, login: &Login) {
        if matches!(login, Login::As { .. }) && std::mem::take(&mut self.was_set_up) {
            self.help.welcome = true;
            self.page = Page::Help;
        }
    }

    /// What the icon beside the clock asks, and whether closing the window leaves it there.
    fn mind_tray(&mut self, ctx: &Context) {
        self.badge.set_unread(self.model.counts.unread);
        let Some((tray, asked)) = &mut self.tray else { return };
        tray.set_unread(self.model.counts.unread);
        let asked: Vec<TrayAsk> = asked.try_iter().collect();
        for asked in asked {
            match asked {
                TrayAsk::Open => self.come_to_front(ctx, ToShow::Window),
                TrayAsk::Quit => {
                    self.quitting = true;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
        let stays = self.model.settings.as_ref().is_some_and(|settings| settings.notices.close_to_tray);
        if stays && !self.quitting && ctx.input(|input| input.viewport().close_requested()) {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            ctx.send_viewport_cmd(egui::ViewportCommand::Visible(false));
            self.attention.set(false);
        }
    }

    /// Somebody clicked a notice or started the program again.
    fn come_to_front(&mut self, ctx: &Context, place: ToShow) {
        use egui::ViewportCommand as Ask;
        [Ask::Visible(true), Ask::Minimized(false), Ask::Focus].into_iter().for_each(|ask| ctx.send_viewport_cmd(ask));
        match place {
            ToShow::Window => {}
            ToShow::Drafts => self.page = Page::Drafts,
            ToShow::Parcel(parcel) => self.wanted = Some(parcel),
        }
    }

    /// Opens what a notice spoke of as soon as it is in a list: right after the start none is known yet.
    fn open_wanted(&mut self) {
        let Some(id) = self.wanted else { return };
        let lists = &self.model.lists;
        let holds = |lines: &[ParcelLine]| lines.iter().any(|line| line.id == id);
        let page = if holds(&lists.inbox) {
            Page::Inbox
        } else if holds(&lists.sent) || holds(&lists.outbox) {
            Page::Sent
        } else {
            return;
        };
        self.wanted = None;
        self.open_parcel(page, id);
    }

    fn take_choice(&mut self, ctx: &Context, chosen: Chosen) {
        match chosen {
            Chosen::ToSend(paths) => self.apply(ctx, Action::Examine(paths)),
            Chosen::Attachments(receiver, paths) => self.writing.attach(receiver, paths),
            Chosen::Folder(slot, folder) if self.at_the_entrance() => self.entrance.set_folder(slot, folder),
            Chosen::CertificateFile(file) => self.entrance.set_file(file),
            Chosen::Folder(slot, folder) => self.settings.set_folder(slot, folder),
            Chosen::SaveAs { parcel, index, to } => self.engine.send(Command::SaveFile { parcel, index, to }),
            Chosen::SaveRegister { month, pdf, to } => {
                self.engine.send(Command::Register(month));
                self.month_list.ask(pdf, to);
            }
            Chosen::SaveSupport(to) => self.engine.send(Command::Diagnosis(DiagnosisCommand::Support(to))),
            Chosen::SaveRecord(to) => self.engine.send(Command::ExportAudit(to)),
            Chosen::SavePdf(to) => {
                if let Some(printing) = &self.printing {
                    let job = printing.job_for(to);
                    self.print(ctx, job);
                }
            }
            Chosen::PdfMade { bytes, to, name } => {
                self.paper_done();
                match to {
                    Target::File(to) => self.engine.send(Command::SaveDocument { bytes, to }),
                    Target::Viewer => self.open_document(ctx, &name, bytes),
                }
            }
            Chosen::PdfStopped => self.paper_done(),
            Chosen::PdfFailed => {
                self.paper_done();
                self.model.pdf_failed();
            }
            Chosen::Preview(preview) => self.model.preview = Some(preview),
            Chosen::FolderMissing(path) => {
                let path = path.display().to_string();
                self.model.take(Event::Notice(Notice::Failed(Failure::FolderMissing { path })));
            }
            Chosen::NotOpened => self.model.not_opened(),
        }
    }

    /// Shows a picture or a text in place; a PDF opens in the system's viewer.
    fn look_at(&mut self, ctx: &Context, content: crate::engine::model::Content) {
        if preview::is_pdf(&content.bytes) {
            let name = format!("{}.pdf", content.index + 1);
            return self.open_document(ctx, &name, content.bytes);
        }
        let tell = self.teller(ctx);
        let work = move || tell(Chosen::Preview(preview::of(&content)));
        if let Err(err) = std::thread::Builder::new().name("preview".into()).spawn(work) {
            tracing::warn!(%err, "no thread for a preview");
        }
    }

    fn open_document(&mut self, ctx: &Context, name: &str, bytes: Arc<[u8]>) {
        let tell = self.teller(ctx);
        self.desk.open_document(name, bytes, Box::new(tell));
    }

    /// What was to go on paper, or into a list, is made, or is not wanted any more.
    fn paper_done(&mut self) {
        self.printing = None;
        self.month_list.close();
    }

    fn teller(&self, ctx: &Context) -> impl FnOnce(Chosen) + Send + 'static {
        let (tell, ctx) = (self.choosing.clone(), ctx.clone());
        move |chosen| {
            let _ = tell.send(chosen); // the window may be gone by then
            ctx.request_repaint();
        }
    }

    fn print(&mut self, ctx: &Context, job: Job) {
        let tell = self.teller(ctx);
        if let Some(printing) = &mut self.printing {
            printing.start(job, tell);
        }
    }

    /// Does what a screen asked for. The only door; nothing here waits.
    pub(super) fn apply(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Go(page) => self.page = page,
            Action::AskTrust(changed) => self.trust.ask(changed),
            Action::PassOn(id) => {
                self.relay.ask(id);
                self.engine.send(Command::OfferRelay(id));
            }
            Action::LogIn => self.login.open(),
            Action::ChangePassword => self.login.change_password(),
            Action::Ask(command) => self.engine.send(command),
            Action::OpenParcel(page, id) => self.open_parcel(page, id),
            Action::SearchIn(page, query) => {
                self.query = query;
                self.page = page;
            }
            Action::Choose(choice) => self.choose(ctx, choice),
            Action::OpenFolder(folder) => {
                let tell = self.teller(ctx);
                self.desk.open_folder(&folder, Box::new(tell));
            }
            Action::OpenPage(address) => {
                let tell = self.teller(ctx);
                self.desk.open_page(&address, Box::new(tell));
            }
            Action::Examine(paths) => self.examine(paths),
            Action::ExamineOutgoing => {
                self.show_writing();
                self.model.examining = true;
                self.engine.send(Command::ExamineOutgoing);
            }
            Action::StartOver => {
                self.writing.start_over();
                self.model.examined = None;
                self.model.examining = false;
            }
            Action::Send(requests) => {
                self.engine.send(Command::Send(requests));
                match self.page {
                    Page::Compose => self.page = Page::Outbox,
                    Page::Bulk => {}
                    _ => self.writing.forget(),
                }
            }
            Action::Stop => self.stop(),
            Action::Undo(parcels) => self.undo(parcels),
            Action::Attach(receiver, paths) => self.writing.attach(receiver, paths),
            Action::AskMend(mending) => self.writing.ask_mend(mending),
            Action::MendDraft(paths, mending) => {
                self.examine(paths);
                self.writing.ask_mend(mending);
            }
            Action::Mend(path) => {
                self.writing.mend(path);
                self.examine(Vec::new());
            }
            Action::EditTemplates => self.writing.edit_templates(&self.model),
            Action::SeeMonth(month) => {
                self.page = Page::Home;
                self.engine.send(Command::ShowBoard(Some(month)));
            }
            Action::WriteTo(receiver, message) => {
                self.page = Page::Compose;
                self.writing.write_to(&self.model, receiver, &message);
            }
            Action::Withdraw(id) => self.withdrawing = Some(id),
            Action::AskPrint { view, person, form } => self.printing = Some(Printing::new(view, person, form)),
            Action::PrintPaper(form) => printing::open(*form, self.teller(ctx)),
            Action::CodeRead => self.model.code = None,
            Action::Print(job) => self.print(ctx, *job),
            Action::ClosePreview => self.model.preview = None,
            Action::SetLook(look) => {
                self.model.look = look;
                self.zoom(ctx);
                if let Some(keep) = &self.keep_look {
                    keep(look);
                }
            }
            Action::CloseToast(at) => {
                if at < self.model.toasts.len() {
                    self.model.toasts.remove(at);
                }
            }
        }
    }

    fn open_parcel(&mut self, page: Page, id: ParcelId) {
        self.page = page;
        let mailbox = if page == Page::Sent { &mut self.sent } else { &mut self.inbox };
        if mailbox.list.selected() != Some(id) {
            mailbox.list.select(Some(id));
        }
        mailbox.reading_alone = true;
        self.engine.send(Command::Open(id));
    }

    fn choose(&mut self, ctx: &Context, choice: Choice) {
        let tell = self.teller(ctx);
        self.desk.choose(choice, Box::new(tell));
    }

    /// What is dropped or chosen comes beside what is already there.
    fn examine(&mut self, paths: Vec<PathBuf>) {
        let under_way = self.model.examining;
        let mut all = self.writing.paths(self.model.examined.as_deref(), under_way);
        all.extend(paths);
        let mut seen = std::collections::HashSet::new();
        all.retain(|path| seen.insert(path.clone()));
        self.show_writing();
        self.writing.back_to_choosing();
        self.model.examining = true;
        self.engine.send(self.writing.examine(all));
    }

    /// Goes where files are looked at, if that is not here.
    fn show_writing(&mut self) {
        if self.page != Page::Bulk {
            self.page = Page::Compose;
        }
    }

    /// Leaves off looking at files, sending them, gathering a list, or writing the record into a file.
    fn stop(&mut self) {
        self.engine.send(Command::Stop);
        self.model.examining = false;
        self.model.progress = None;
        self.writing.not_sent();
        self.month_list.close();
    }

    /// Takes back what has not left yet; what was written is on the table again.
    fn undo(&mut self, parcels: Vec<ParcelId>) {
        self.engine.send(Command::Undo(parcels));
        if let Some(examined) = self.writing.undone(self.model.examined.as_deref()) {
            self.model.examined = examined;
            self.show_writing();
        }
    }

    /// Keys that work everywhere.
    fn shortcuts(&mut self, ui: &mut Ui) -> Option<Action> {
        let pressed = |modifiers, key| ui.input_mut(|i| i.consume_shortcut(&KeyboardShortcut::new(modifiers, key)));
        if pressed(Modifiers::COMMAND, Key::N) {
            return Some(Action::Go(Page::Compose));
        }
        if pressed(Modifiers::NONE, Key::F1) {
            return Some(Action::Go(Page::Help));
        }
        if pressed(Modifiers::NONE, Key::F5) {
            return Some(Action::Ask(Command::Exchange));
        }
        if pressed(Modifiers::COMMAND, Key::F) {
            self.page = Page::Search;
            ui.memory_mut(|memory| memory.request_focus(SearchPage::field_id()));
            return None;
        }
        let typing =
            ui.memory(|memory| memory.focused()).is_some_and(|id| egui::TextEdit::load_state(ui.ctx(), id).is_some());
        if !typing && pressed(Modifiers::COMMAND, Key::Z) {
            return undo::undo(&self.model);
        }
        if pressed(Modifiers::COMMAND, Key::P) {
            return self.to_print();
        }
        if self.withdrawing.is_none()
            && self.printing.is_none()
            && !self.month_list.is_open()
            && !self.login.is_open()
            && !self.trust.is_open()
            && !self.relay.is_open()
            && !self.home.is_asking()
            && !self.partners.is_asking()
            && !self.writing.is_asking()
            && ui.input(|i| i.key_pressed(Key::Escape))
        {
            self.escape();
        }
        None
    }

    fn to_print(&self) -> Option<Action> {
        let mailbox = match self.page {
            Page::Inbox => &self.inbox,
            Page::Sent => &self.sent,
            Page::Search => &self.search.found,
            _ => return None,
        };
        mailbox.to_print(&self.model)
    }

    /// Esc goes one step back: out of the review, out of a search, back to the list.
    fn escape(&mut self) {
        match self.page {
            Page::Compose | Page::Bulk => self.writing.back_to_choosing(),
            Page::Inbox | Page::Sent if !self.query.is_empty() => self.query.clear(),
            Page::Inbox => self.inbox.reading_alone = false,
            Page::Sent => self.sent.reading_alone = false,
            Page::Search => self.search.step_back(),
            Page::Partners => self.partners.step_back(),
            _ => {}
        }
    }

    fn print_question(&mut self, ui: &mut Ui) -> Option<Action> {
        let lang = self.model.lang();
        let answer = self.printing.as_mut()?.show(ui, lang)?;
        if answer.is_none() {
            self.printing = None;
        }
        answer
    }

    fn dropped(ui: &Ui) -> Option<Action> {
        let paths = ui.input(|i| i.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect::<Vec<_>>());
        (!paths.is_empty()).then_some(Action::Examine(paths))
    }

    fn draw(&mut self, ui: &mut Ui) {
        use_palette(self.model.look.appearance);
        widgets::track_keyboard(ui.ctx());
        if self.at_the_entrance() {
            let asked = self.entrance.show(ui, &self.model);
            widgets::focus_ring(ui.ctx(), &[]);
            if let Some(action) = asked {
                self.apply(ui.ctx(), action);
                ui.ctx().request_repaint();
            }
            return;
        }
        let mut asked = vec![Self::dropped(ui), self.shortcuts(ui)];
        asked.push(chrome::top_bar(self, ui));
        self.login.strip(ui, &self.model);
        asked.push(chrome::status_bar(&self.model, ui));
        asked.push(undo::bar(&self.model, ui));
        asked.push(nav::show(self, ui));
        asked.push(self.show_page(ui));
        if self.page == Page::Search {
            asked.push(self.search.question());
        }
        asked.push(chrome::withdraw_question(self, ui));
        asked.push(self.print_question(ui));
        asked.push(self.month_list.show(ui, &self.model));
        asked.push(self.trust.show(ui, &self.model));
        asked.push(self.relay.show(ui, &self.model));
        asked.push(self.login.show(ui, &self.model));
        asked.push(chrome::toasts(&mut self.model, ui));
        chrome::drop_overlay(&self.model, ui);
        let lists = [&self.inbox, &self.sent, &self.search.found].map(|mailbox| mailbox.list.focus_id());
        widgets::focus_ring(ui.ctx(), &[&lists[..], &[self.partners.focus_id()]].concat());
        for action in asked.into_iter().flatten() {
            self.apply(ui.ctx(), action);
            ui.ctx().request_repaint();
        }
    }
}

impl App {
    /// The screen in the middle.
    fn show_page(&mut self, ui: &mut Ui) -> Option<Action> {
        let model = &self.model;
        match self.page {
            Page::Home => self.home.show(ui, model),
            Page::Inbox => self.inbox.show(ui, model, &model.lists.inbox, &self.query),
            Page::Sent => self.sent.show(ui, model, &model.lists.sent, &self.query),
            Page::Drafts => self.drafts.show(ui, model),
            Page::Outbox => self.outbox.show(ui, model),
            Page::Compose => self.writing.compose(ui, model),
            Page::Bulk => self.writing.bulk(ui, model),
            Page::Partners => self.partners.show(ui, model),
            Page::Search => self.search.show(ui, model),
            Page::Settings => self.settings.show(ui, model),
            Page::Help => self.help.show(ui, model),
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.passes = self.passes.saturating_add(1);
        match self.passes {
            1 => ctx.request_repaint(),
            2 => tracing::debug!("the first frame is painted"),
            _ => {}
        }
        if let Some(placing) = &mut self.placing {
            placing.look(ctx);
        }
        self.drain(ctx);
        self.zoom(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        super::tokens::white().to_normalized_gamma_f32()
    }
}
