//! The harness of these tests: a window, and the engine's end of it played by hand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::made_up;
use crate::painter::Painter;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{App, Choice, Chosen, Desk, Look, Page, Tell};
use tayori::engine::model::*;
use tayori::engine::{Backend, Engine};

pub const JST: &str = "Asia/Tokyo";

/// A window and the engine's end of it.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub backend: Backend,
}

/// A desktop that answers every dialog at once and opens nothing.
#[derive(Default)]
pub struct Scripted {
    pub files: Vec<PathBuf>,
    pub folder: PathBuf,
    pub opened: Arc<Mutex<Vec<PathBuf>>>,
    pub documents: Documents,
    /// Nothing here can be opened outside the window.
    pub opens_nothing: bool,
}

pub type Documents = Arc<Mutex<Vec<(String, Arc<[u8]>)>>>;

impl Desk for Scripted {
    fn choose(&mut self, choice: Choice, tell: Tell) {
        tell(match choice {
            Choice::FilesToSend => Chosen::ToSend(self.files.clone()),
            Choice::Attachments(receiver) => Chosen::Attachments(receiver, self.files.clone()),
            Choice::FolderToSend => Chosen::ToSend(vec![self.folder.clone()]),
            Choice::Folder(slot) => Chosen::Folder(slot, self.folder.clone()),
            Choice::SaveAs { parcel, index, name } => Chosen::SaveAs { parcel, index, to: self.folder.join(name) },
            Choice::CertificateFile => Chosen::CertificateFile(self.folder.join("証明書.p12")),
            Choice::SaveRegister { month, pdf, name } => {
                Chosen::SaveRegister { month, pdf, to: self.folder.join(name) }
            }
            Choice::SaveSupport => Chosen::SaveSupport(self.folder.join("support.zip")),
            Choice::SaveRecord { name } => Chosen::SaveRecord(self.folder.join(name)),
            Choice::SavePdf { name } => Chosen::SavePdf(self.folder.join(name)),
        });
    }

    fn open_document(&mut self, name: &str, bytes: Arc<[u8]>, tell: Tell) {
        if self.opens_nothing {
            return tell(Chosen::NotOpened);
        }
        self.documents.lock().unwrap().push((name.to_owned(), bytes));
    }

    fn open_page(&mut self, address: &str, tell: Tell) {
        if self.opens_nothing {
            return tell(Chosen::NotOpened);
        }
        self.opened.lock().unwrap().push(address.into());
    }

    fn open_folder(&mut self, folder: &Path, tell: Tell) {
        if self.opens_nothing {
            return tell(Chosen::FolderMissing(folder.to_owned()));
        }
        self.opened.lock().unwrap().push(folder.to_owned());
    }
}

pub struct Dropped(pub PathBuf);

impl std::fmt::Debug for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window must not read files".into())
    }
}

pub fn window() -> Window {
    window_of([1280.0, 1700.0], Look::default(), Scripted::default())
}

pub fn window_of(size: [f32; 2], look: Look, desk: Scripted) -> Window {
    let (engine, backend) = Engine::pair();
    let harness = Harness::builder()
        .with_size(size)
        .with_theme(egui::Theme::Light)
        .with_max_steps(24)
        .with_render_cursor(false)
        .renderer(Painter::default())
        .build_eframe(move |cc| {
            let zone = jiff::tz::TimeZone::get(JST).unwrap();
            let app = App::new(&cc.egui_ctx, engine, look.lang).with_zone(zone).with_desk(Box::new(desk));
            let app = app.with_now(made_up::noon());
            app.with_look(&cc.egui_ctx, look, None)
        });
    let mut window = Window { harness, backend };
    window.tell(Event::Settings(made_up::settings()));
    window.tell(Event::Status(made_up::online()));
    window.tell(Event::Lists(Lists::default()));
    window
}

/// A window on an ordinary day.
pub fn full_window() -> Window {
    let mut window = window();
    window.tell(Event::Lists(made_up::lists()));
    window
}

impl Window {
    pub fn tell(&mut self, event: Event) {
        self.backend.events.send(event).unwrap();
        self.harness.run();
    }

    pub fn press(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.run();
    }

    /// The words of the navigation, from top to bottom: every screen there is.
    pub fn screens(&self) -> Vec<String> {
        let rows = self.harness.get_all_by_role(Role::Tab).filter_map(|row| row.accesskit_node().label());
        rows.map(|label| label.split('　').next().unwrap_or_default().to_owned()).collect()
    }

    /// Goes to every screen, and to every tab that one has, and looks.
    pub fn everywhere(&mut self, mut look: impl FnMut(&mut Window, &str)) {
        let home = self.screens();
        for screen in &home {
            self.go(screen);
            look(self, screen);
            for tab in self.screens().into_iter().filter(|tab| !home.contains(tab)) {
                self.go(&tab);
                look(self, &format!("{screen} {tab}"));
            }
        }
    }

    /// Every text that is drawn.
    pub fn texts(&self) -> Vec<String> {
        fn of(shape: &egui::Shape, into: &mut Vec<String>) {
            match shape {
                egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| of(shape, into)),
                egui::Shape::Text(text) => into.push(text.galley.text().to_owned()),
                _ => {}
            }
        }
        let mut texts = Vec::new();
        self.harness.output().shapes.iter().for_each(|clipped| of(&clipped.shape, &mut texts));
        texts
    }

    /// Chooses a row of the navigation by the word it begins with.
    pub fn go(&mut self, label: &str) {
        let row = self
            .harness
            .get_all_by_role(Role::Tab)
            .find(|node| node.accesskit_node().label().is_some_and(|name| name.split('　').next() == Some(label)));
        row.unwrap_or_else(|| panic!("no navigation row {label}")).click();
        self.harness.run();
    }

    /// What it looks like now, without the pointer.
    pub fn harness_picture(&mut self) -> image::RgbaImage {
        self.harness.remove_cursor();
        self.harness.run_steps(2);
        self.harness.render().unwrap()
    }

    pub fn key(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.harness.run();
    }

    pub fn says(&self, words: &str) -> bool {
        self.harness.query_all_by_label_contains(words).next().is_some()
    }

    #[track_caller]
    pub fn must_say(&self, words: &str) {
        assert!(self.says(words), "nowhere in the window: {words}");
    }

    pub fn commands(&self) -> Vec<Command> {
        self.backend.commands.try_iter().collect()
    }

    /// What was asked for, as text that can be compared.
    pub fn asked(&self) -> Vec<String> {
        self.commands().iter().map(|command| format!("{command:?}")).collect()
    }

    pub fn page(&self) -> Page {
        self.harness.state().page()
    }

    /// Goes on drawing until a thread of the window has done its part.
    #[track_caller]
    pub fn wait_for(&mut self, done: impl Fn(&Self) -> bool) {
        let begun = std::time::Instant::now();
        while !done(self) {
            assert!(begun.elapsed().as_secs() < 60, "it does not come");
            std::thread::sleep(std::time::Duration::from_millis(5));
            self.harness.run_steps(1);
        }
    }

    /// Opens the first parcel of the inbox and answers as the engine would.
    pub fn open_first(&mut self, change: impl FnOnce(&mut ParcelView)) {
        self.go("受信");
        self.harness.get_by_role(Role::ListBox).focus();
        self.harness.run();
        self.key(egui::Key::ArrowDown);
        let chosen = self.harness.state().selected().expect("a row is chosen");
        let line = self.harness.state().model().line(chosen).expect("it is listed").clone();
        let mut view = made_up::view(&line, true);
        change(&mut view);
        self.tell(Event::Opened(Arc::new(view)));
    }
}

/// Every control that can be pressed lies within the window's width and does not vanish to nothing.
#[track_caller]
pub fn inside(window: &Window, what: &str) {
    let width = window.harness.ctx.content_rect().width();
    let roles = [Role::Button, Role::Tab, Role::RadioButton, Role::CheckBox, Role::SearchInput, Role::TextInput];
    for role in roles {
        for node in window.harness.query_all_by_role(role) {
            let name = node.accesskit_node().label().unwrap_or_default();
            let rect = node.rect();
            assert!(
                rect.left() >= -0.5 && rect.right() <= width + 0.5 && rect.width() > 8.0,
                "{what}: {role:?} {name} at {rect:?} in a window {width} wide"
            );
        }
    }
}

/// What a person types into a field, by its label.
pub fn type_into(window: &mut Window, role: Role, label: &str, words: &str) {
    window.harness.get_by_role_and_label(role, label).focus();
    window.harness.run();
    window.harness.get_by_role_and_label(role, label).type_text(words);
    window.harness.run();
}
