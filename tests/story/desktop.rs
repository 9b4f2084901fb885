//! The real program in a real window: started, given a file, clicked, and the other office has it.
//!
//! There is one blue button on a screen, and it is the next step: that is what is looked for and clicked.
#![cfg(all(feature = "desktop", target_os = "linux"))]

use std::path::Path;
use std::process::{Child, Command, Stdio};

use image::{Rgb, RgbImage};

use crate::screen::Screen;
use crate::world::{NORTH, SOUTH, Town, eventually, files_in, report, report_name, text};

const BLUE: Rgb<u8> = Rgb([0x00, 0x17, 0xc1]);

/// A window that is closed with the test.
struct Window(Child);

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the largest blue area of the page is, outside the bar on top and the navigation.
fn blue_button(picture: &RgbImage) -> Option<(u32, u32)> {
    let is_blue = |x: u32, y: u32| *picture.get_pixel(x, y) == BLUE;
    let mut seen = vec![false; (picture.width() * picture.height()) as usize];
    let mut best: Option<(usize, (u32, u32))> = None;
    for y in 70..picture.height() - 40 {
        for x in 220..picture.width() {
            let mut area = Vec::new();
            let mut next = vec![(x, y)];
            while let Some((x, y)) = next.pop() {
                let at = (y * picture.width() + x) as usize;
                if std::mem::replace(&mut seen[at], true) || !is_blue(x, y) {
                    continue;
                }
                area.push((x, y));
                next.push((x.saturating_sub(1), y));
                next.push(((x + 1).min(picture.width() - 1), y));
                next.push((x, y.saturating_sub(1)));
                next.push((x, (y + 1).min(picture.height() - 1)));
            }
            if area.len() > 2_000 && best.is_none_or(|(most, _)| area.len() > most) {
                let middle = |of: fn(&(u32, u32)) -> u32| {
                    let (least, most) = (area.iter().map(of).min()?, area.iter().map(of).max()?);
                    Some(least.midpoint(most))
                };
                best = Some((area.len(), (middle(|at| at.0)?, middle(|at| at.1)?)));
            }
        }
    }
    best.map(|(_, at)| at)
}

fn look(screen: &Screen, path: &Path) -> RgbImage {
    screen.picture(path);
    image::open(path).unwrap().into_rgb8()
}

#[test]
fn what_is_handed_to_the_real_window_and_clicked_reaches_the_other_office() {
    let tools = Screen::of(1366, 768).filter(|screen| screen.xdotool(&["version"]));
    let Some(screen) = tools else {
        assert!(std::env::var_os("CI").is_none(), "Xvfb or xdotool is missing: scripts/setup tests installs them");
        eprintln!("skipped: no Xvfb or no xdotool (scripts/setup tests installs them)");
        return;
    };
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    let seen = town.dir().join("screen.png");
    // Outside the watched folder: only the hand-over brings it.
    let file = town.dir().join(report_name(0));
    crate::world::write_settled(&file, &report(0));

    let quiet = |command: &mut Command| screen.on(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _window = Window(quiet(&mut north.command(&[])));
    eventually("the window opens", || screen.xdotool(&["search", "--name", "Tayori"]));
    let mut second = quiet(&mut north.command(&["open", text(&file)]));
    eventually("the second start hands the file over and ends", || second.try_wait().unwrap().is_some());

    // Whatever the next step is, it is taken until the parcel is written: a click that comes too soon is in vain.
    eventually("it is sent", || {
        let written = !north.states("outbox").is_empty() || !north.states("sent").is_empty();
        if !written && let Some((x, y)) = blue_button(&look(&screen, &seen)) {
            screen.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "sleep", "0.3", "click", "1"]);
        }
        written
    });
    eventually("the other office has it", || {
        south.must(&["receive"]);
        files_in(&south.import) == [(report_name(0), report(0))]
    });
    screen.picture(&pictures.join("story.png"));
}
