//! Decides what is told outside the window, and when. Knows no system and reads no clock.
//!
//! Notices are gathered for a moment, so that twenty parcels are one toast; what comes in quiet hours is told in one
//! when they are over; and once a morning there is a summary. Of a parcel its partner and kind are told, of a person
//! nothing.

use std::collections::HashSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::desks::is_for;
use crate::engine::habits::{NoticeHabits, Sound};
use crate::engine::model::{Connection, Event, Failure, Lists, Names, Notice, ParcelLine, State, Subject, ToShow};
use crate::parcel::ParcelId;
use crate::words::failure::Sentence;
use crate::words::notices::{self as words, Morning};
use crate::words::{Lang, failure, outside, window};

/// What comes within so short a time is one notice.
const GATHER: SignedDuration = SignedDuration::from_secs(2);
/// And so long at least from one notice to the next.
const APART: SignedDuration = SignedDuration::from_secs(10);
/// A morning's summary later than this is no morning's any more.
const MORNING_ENDS: Time = Time::constant(12, 0, 0, 0);

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    pub said: Sentence,
    /// The same for what is outside this computer: numbers and partners only.
    pub outside: Sentence,
    /// What a click shows.
    pub place: ToShow,
    pub sound: Sound,
    /// Whether it is to be shown on this computer; a phone is told all the same.
    pub here: bool,
    /// A window and a `tayori watch` beside it both know of it. A parcel arrives in one of them only.
    pub is_common: bool,
}

impl Ring {
    fn common(self) -> Ring {
        Ring { is_common: true, ..self }
    }

    fn outside(self, outside: Sentence) -> Ring {
        Ring { outside, ..self }
    }
}

/// Gathers what happened until it is told.
#[derive(Debug)]
pub struct Ringer {
    lang: Lang,
    zone: TimeZone,
    habits: NoticeHabits,
    arrivals: Vec<Arrival>,
    failures: Vec<(Sentence, Option<ParcelId>)>,
    drafted: (usize, usize),
    /// When the first of them came.
    since: Option<Timestamp>,
    last_ring: Option<Timestamp>,
    lists: Option<Lists>,
    /// The desk this terminal looks after; `None` for every one.
    desk: Option<String>,
    /// What came for other desks alone.
    others: HashSet<ParcelId>,
    drafts: usize,
    offline: Option<Failure>,
    /// The day whose summary was told.
    told: Option<Date>,
    /// Somebody looks at the window: it says itself what happened.
    pub in_front: bool,
}

#[derive(Clone, Debug)]
struct Arrival {
    parcel: ParcelId,
    partner: String,
    subjects: Vec<Subject>,
    files: usize,
    persons: Names,
}

impl Ringer {
    /// `told` is the day whose summary was told last, as far as it is known.
    pub fn new(lang: Lang, zone: TimeZone, habits: NoticeHabits, told: Option<Date>) -> Self {
        Self {
            lang,
            zone,
            habits,
            arrivals: Vec::new(),
            failures: Vec::new(),
            drafted: (0, 0),
            since: None,
            last_ring: None,
            lists: None,
            desk: None,
            others: HashSet::new(),
            drafts: 0,
            offline: None,
            told,
            in_front: false,
        }
    }

    pub fn habits(&self) -> &NoticeHabits {
        &self.habits
    }

    /// How many parcels nobody has opened.
    pub fn unread(&self) -> usize {
        self.lists.as_ref().map_or(0, |lists| lists.inbox.iter().filter(|line| line.unread).count())
    }

    /// The day whose summary was told.
    pub fn told(&self) -> Option<Date> {
        self.told
    }

    pub fn hear(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::Notice(notice) => self.gather(notice, now),
            Event::Lists(lists) => self.take(lists),
            Event::Drafts(drafts) => self.drafts = drafts.drafts.len(),
            Event::Settings(settings) => {
                self.habits = settings.notices.clone();
                self.desk.clone_from(&settings.desk);
            }
            Event::Status(status) => self.note_connection(&status.connection, now),
            _ => {}
        }
    }

    /// What is for other desks alone is none of this terminal's news.
    fn take(&mut self, lists: &Lists) {
        let (own, others): (Vec<&ParcelLine>, Vec<&ParcelLine>) =
            lists.inbox.iter().partition(|line| is_for(self.desk.as_deref(), &line.desks));
        self.others = others.into_iter().map(|line| line.id).collect();
        let inbox = if self.others.is_empty() { lists.inbox.clone() } else { own.into_iter().cloned().collect() };
        self.lists = Some(Lists { inbox, ..lists.clone() });
    }

    fn gather(&mut self, notice: &Notice, now: Timestamp) {
        match notice {
            Notice::Arrived { parcel, partner_name, subjects, files, persons } => self.arrivals.push(Arrival {
                persons: if self.habits.persons { persons.clone() } else { Names::default() },
                parcel: *parcel,
                partner: partner_name.clone(),
                subjects: subjects.clone(),
                files: *files,
            }),
            Notice::Drafted { drafts, troubled } => {
                self.drafted = (self.drafted.0 + drafts, self.drafted.1 + troubled);
            }
            Notice::Failed(failure) => self.failures.push((failure::failure(self.lang, failure), None)),
            Notice::ParcelFailed { parcel, .. } => {
                self.failures.push((window::notice(self.lang, notice), Some(*parcel)));
            }
            // What somebody has just asked for, they see in the window.
            _ => return,
        }
        self.since.get_or_insert(now);
    }

    /// A hub that is away for a moment is no news. What a person has to do something about is, once.
    fn note_connection(&mut self, connection: &Connection, now: Timestamp) {
        match connection {
            Connection::Offline(Failure::HubUnreachable | Failure::HubTroubled { .. } | Failure::HubNonsense) => {}
            Connection::Offline(failure) if self.offline.as_ref() != Some(failure) => {
                self.failures.push((failure::failure(self.lang, failure), None));
                self.since.get_or_insert(now);
                self.offline = Some(failure.clone());
            }
            Connection::Online => self.offline = None,
            _ => {}
        }
    }

    /// Somebody wants to see what a notice looks like.
    pub fn trial(&self) -> Ring {
        Ring { here: true, ..self.rung(outside::trial(self.lang), ToShow::Window, self.habits.sound) }
    }

    /// When [`Ringer::ring`] has something to say, if nothing else happens.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let gathered = self.since.map(|since| self.after_quiet(self.gathered_at(since).max(now)));
        let morning = self.morning_at(now).map(|at| self.after_quiet(at.max(now)));
        gathered.into_iter().chain(morning).min()
    }

    fn gathered_at(&self, since: Timestamp) -> Timestamp {
        let add = |at: Timestamp, gap: SignedDuration| at.checked_add(gap).unwrap_or(at);
        let apart = self.last_ring.map_or(since, |last| add(last, APART));
        add(since, GATHER).max(apart)
    }

    /// The same time, or the end of the quiet hours it falls into.
    fn after_quiet(&self, at: Timestamp) -> Timestamp {
        let Some(quiet) = self.habits.quiet.filter(|quiet| quiet.hold(at.to_zoned(self.zone.clone()).time())) else {
            return at;
        };
        let local = at.to_zoned(self.zone.clone());
        let today = local.date().to_datetime(quiet.until).to_zoned(self.zone.clone());
        let end = today
            .ok()
            .filter(|end| end.timestamp() > at)
            .or_else(|| local.date().tomorrow().ok()?.to_datetime(quiet.until).to_zoned(self.zone.clone()).ok());
        end.map_or(at, |end| end.timestamp())
    }

    /// When the next morning's summary is due: today's if it was not told yet and the morning is not over.
    fn morning_at(&self, now: Timestamp) -> Option<Timestamp> {
        let morning = self.habits.morning?;
        let local = now.to_zoned(self.zone.clone());
        let (today, ends) = (local.date(), MORNING_ENDS.max(morning));
        let over = self.told == Some(today) || local.time() >= ends;
        let day = if over { today.tomorrow().ok()? } else { today };
        Some(day.to_datetime(morning).to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    /// What is to be told now; empty when nothing is due.
    pub fn ring(&mut self, now: Timestamp) -> Vec<Ring> {
        let mut rings = Vec::new();
        if self.morning_at(now).is_some_and(|at| self.after_quiet(at.max(now)) <= now) && self.lists.is_some() {
            self.told = Some(now.to_zoned(self.zone.clone()).date());
            let found = self.morning(now);
            if !found.is_quiet() {
                rings.push(self.rung(words::morning(self.lang, &found), ToShow::Window, Sound::Silent).common());
            }
        }
        if self.since.is_some_and(|since| self.after_quiet(self.gathered_at(since).max(now)) <= now) {
            self.since = None;
            self.last_ring = Some(now);
            rings.extend(self.ring_arrivals());
            rings.extend(self.ring_failures());
            let (drafts, troubled) = std::mem::take(&mut self.drafted);
            if drafts > 0 {
                rings.push(
                    self.rung(words::drafted(self.lang, drafts, troubled), ToShow::Drafts, Sound::Silent).common(),
                );
            }
        }
        rings
    }

    fn ring_arrivals(&mut self) -> Option<Ring> {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.retain(|arrival| !self.others.contains(&arrival.parcel));
        let sound = self.habits.sound;
        match arrivals.as_slice() {
            [] => None,
            [Arrival { parcel, partner, subjects, files, persons }] => {
                let said = words::arrived(self.lang, partner, subjects, *files, persons);
                let outside = outside::arrived(self.lang, std::slice::from_ref(partner), 1);
                Some(self.rung(said, ToShow::Parcel(*parcel), sound).outside(outside))
            }
            [.., _] => {
                let mut partners: Vec<String> = Vec::new();
                for arrival in &arrivals {
                    partners.retain(|partner| *partner != arrival.partner);
                    partners.push(arrival.partner.clone());
                }
                Some(self.rung(words::several_arrived(self.lang, &partners, arrivals.len()), ToShow::Window, sound))
            }
        }
    }

    fn ring_failures(&mut self) -> Option<Ring> {
        let mut failures = std::mem::take(&mut self.failures);
        let count = failures.len();
        let is_common = failures.iter().all(|(_, parcel)| parcel.is_none());
        let (first, parcel) = failures.drain(..).next()?;
        let sound = if self.habits.sound == Sound::Silent { Sound::Silent } else { Sound::Loud };
        let ring = match count {
            1 => self.rung(first, parcel.map_or(ToShow::Window, ToShow::Parcel), sound),
            _ => self.rung(words::several_failed(self.lang, &first, count), ToShow::Window, sound),
        };
        Some(Ring { is_common, outside: outside::failed(self.lang, count), ..ring })
    }

    fn rung(&self, said: Sentence, place: ToShow, sound: Sound) -> Ring {
        let here = self.habits.toasts && !self.in_front;
        Ring { outside: said.clone(), said, place, sound, here, is_common: false }
    }

    fn morning(&self, now: Timestamp) -> Morning {
        let Some(lists) = &self.lists else { return Morning::default() };
        let day_before = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
        let count = |lines: &[ParcelLine], which: &dyn Fn(&State) -> bool| {
            lines.iter().filter(|line| which(&line.state)).count()
        };
        Morning {
            arrived: lists.inbox.iter().filter(|line| line.at >= day_before).count(),
            to_import: count(&lists.inbox, &|state| matches!(state, State::Arrived | State::Accepted)),
            waiting_for: count(&lists.sent, &|state| matches!(state, State::Accepted)),
            drafts: self.drafts,
            failed: count(&lists.outbox, &|state| matches!(state, State::Failed(_))),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;
    use crate::engine::habits::QuietHours;
    use crate::engine::model::{Settings, Status};

    /// A day in May, by a clock the test sets.
    fn at(clock: &str) -> Timestamp {
        format!("2026-05-11T{clock}+09:00").parse().unwrap()
    }

    fn ringer(habits: NoticeHabits) -> Ringer {
        let today = at("00:00:00").to_zoned(tokyo()).date();
        Ringer::new(Lang::Ja, tokyo(), habits, Some(today))
    }

    fn tokyo() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(9))
    }

    fn arrived(partner: &str) -> Event {
        let subjects = vec![Subject::Actuals];
        let persons = Names(["一色", "二階堂", "三好", "四方"].map(str::to_owned).into());
        let parcel = ParcelId::new();
        Event::Notice(Notice::Arrived { parcel, partner_name: partner.into(), subjects, files: 2, persons })
    }

    #[test]
    fn what_came_for_another_desk_is_told_at_that_desk() {
        let mut ringer = ringer(NoticeHabits::default());
        let mut settings = Settings::new(
            "3191000017".parse().unwrap(),
            String::new(),
            String::new(),
            std::path::PathBuf::new(),
            std::path::PathBuf::new(),
        );
        settings.desk = Some("訪問".into());
        ringer.hear(&Event::Settings(settings), at("10:00:00"));
        let lines: Vec<ParcelLine> = [vec!["通所".to_owned()], vec!["訪問".to_owned()], vec![]]
            .into_iter()
            .map(|desks| ParcelLine { desks, ..line(State::Arrived, "10:00:00") })
            .collect();
        for (line, partner) in lines.iter().zip(["通所あて", "訪問あて", "みんなあて"]) {
            let mut event = arrived(partner);
            if let Event::Notice(Notice::Arrived { parcel, .. }) = &mut event {
                *parcel = line.id;
            }
            ringer.hear(&event, at("10:00:00"));
        }
        ringer.hear(&Event::Lists(Lists { inbox: lines.into(), ..Lists::default() }), at("10:00:01"));
        assert_eq!(ringer.unread(), 2);
        let told = said(&ringer.ring(at("10:00:02"))).join(" ");
        assert!(told.contains("訪問あて") && told.contains("みんなあて") && !told.contains("通所あて"), "{told}");
    }

    fn line(state: State, when: &str) -> ParcelLine {
        ParcelLine {
            id: ParcelId::new(),
            incoming: true,
            partner: "3171000048".parse().unwrap(),
            partner_name: "北".into(),
            state,
            at: at(when),
            unread: true,
            files: 1,
            subjects: vec![],
            has_message: false,
            way: crate::engine::model::Way::Hub,
            errors: 0,
            warnings: 0,
            accepted_at: None,
            overdue_since: None,
            importing: None,
            assigned: None,
            desks: vec![],
        }
    }

    fn said(rings: &[Ring]) -> Vec<String> {
        rings.iter().map(|ring| format!("{}|{}", ring.said.what, ring.said.todo)).collect()
    }

    #[test]
    fn one_parcel_is_one_notice_with_partner_and_kind() {
        let mut ringer = ringer(NoticeHabits::default());
        ringer.hear(&arrived("北の訪問介護"), at("10:00:00"));
        assert!(ringer.ring(at("10:00:01")).is_empty());
        assert_eq!(ringer.due(at("10:00:01")), Some(at("10:00:02")));
        let rings = ringer.ring(at("10:00:02"));
        assert_eq!(said(&rings), ["北の訪問介護 から届きました|実績　ファイル 2 個"]);
        assert!(matches!(rings[0].place, ToShow::Parcel(_)) && rings[0].here && rings[0].sound == Sound::Soft);
        assert!(ringer.ring(at("10:10:00")).is_empty(), "once");
    }

    #[test]
    fn persons_are_named_here_where_that_is_wanted_and_never_outside() {
        let mut ringer = ringer(NoticeHabits { persons: true, ..NoticeHabits::default() });
        ringer.hear(&arrived("北の訪問介護"), at("10:00:00"));
        let rings = ringer.ring(at("10:00:02"));
        let expected = "北の訪問介護 から届きました|実績　ファイル 2 個\n一色 様、二階堂 様、三好 様 ほか1人";
        assert_eq!(said(&rings), [expected]);
        let outside = &rings[0].outside;
        assert_eq!((outside.what.as_str(), outside.todo.as_str()), ("1 件届きました", "北の訪問介護"));
        assert!(!format!("{:?}", arrived("北")).contains("一色"), "a log shows a number");
    }

    #[test]
    fn what_leaves_the_computer_is_a_number_and_partners() {
        let mut ringer = ringer(NoticeHabits::default());
        let failure = Failure::FolderMissing { path: "C:/便り/送信".into() };
        ringer.hear(&Event::Notice(Notice::Failed(failure)), at("10:00:00"));
        ringer.hear(&Event::Notice(Notice::Drafted { drafts: 2, troubled: 1 }), at("10:00:00"));
        let rings = ringer.ring(at("10:00:02"));
        assert!(rings[0].said.what.contains("C:/便り/送信"));
        let outside: Vec<&str> = rings.iter().map(|ring| ring.outside.what.as_str()).collect();
        assert_eq!(outside, ["うまくいかなかったことが 1 件あります", "送り先 2 件の下書きができました"]);
        assert!(!rings.iter().any(|ring| ring.outside.todo.contains("C:/")));
    }

    #[test]
    fn twenty_parcels_are_one_notice() {
        let mut ringer = ringer(NoticeHabits::default());
        for number in 0..20 {
            ringer.hear(&arrived(&format!("事業所{}", number % 5)), at("10:00:00"));
        }
        let rings = ringer.ring(at("10:00:02"));
        assert_eq!(said(&rings), ["20 件届きました|事業所4、事業所3、事業所2 ほか"]);
        assert_eq!(rings[0].place, ToShow::Window);
        ringer.hear(&arrived("また北"), at("10:00:03"));
        assert!(ringer.ring(at("10:00:06")).is_empty(), "the next one gathers for longer");
        assert_eq!(ringer.ring(at("10:00:12")).len(), 1);
    }

    #[test]
    fn quiet_hours_are_quiet_and_tell_everything_in_one_afterwards() {
        let quiet = Some(QuietHours { from: time(18, 0, 0, 0), until: time(8, 0, 0, 0) });
        let mut ringer = ringer(NoticeHabits { quiet, morning: None, ..NoticeHabits::default() });
        ringer.hear(&arrived("北"), at("19:00:00"));
        let next_day: Timestamp = "2026-05-12T08:00:00+09:00".parse().unwrap();
        assert_eq!(ringer.due(at("19:00:05")), Some(next_day));
        for hour in 19..24 {
            ringer.hear(&arrived("南"), at(&format!("{hour}:30:00")));
            assert!(ringer.ring(at(&format!("{hour}:40:00"))).is_empty());
        }
        assert_eq!(said(&ringer.ring(next_day)), ["6 件届きました|南、北"]);
    }

    #[test]
    fn the_morning_says_what_waits_once_a_day_and_nothing_when_nothing_does() {
        let mut ringer = Ringer::new(Lang::Ja, tokyo(), NoticeHabits::default(), None);
        ringer.hear(&Event::Lists(Lists::default()), at("07:00:00"));
        assert!(ringer.ring(at("08:29:59")).is_empty());
        assert!(ringer.ring(at("08:30:00")).is_empty(), "nothing waits");
        let mut ringer = Ringer::new(Lang::Ja, tokyo(), NoticeHabits::default(), None);
        let inbox = vec![line(State::Arrived, "01:00:00"), line(State::Imported, "02:00:00")];
        let sent = vec![line(State::Accepted, "03:00:00"), line(State::Arrived, "04:00:00")];
        let lists = Lists { inbox: inbox.into(), sent: sent.into(), outbox: vec![].into() };
        assert!(ringer.ring(at("08:40:00")).is_empty(), "before the lists are known nothing can be said");
        ringer.hear(&Event::Lists(lists), at("08:40:00"));
        let rings = ringer.ring(at("08:50:00"));
        let expected = "おはようございます。今朝のまとめです|きのうの朝から届いたもの 2 件\nまだ取り込んでいないもの 1 件\n相手にまだ届いていないもの 1 件";
        assert_eq!(said(&rings), [expected]);
        assert!(ringer.ring(at("09:00:00")).is_empty());
        let told = ringer.told();
        assert!(told.is_some());
        assert_eq!(ringer.due(at("09:00:00")), Some("2026-05-12T08:30:00+09:00".parse().unwrap()));
    }

    #[test]
    fn a_computer_switched_on_in_the_afternoon_has_no_morning() {
        let mut ringer = Ringer::new(Lang::Ja, tokyo(), NoticeHabits::default(), None);
        let inbox = vec![line(State::Arrived, "01:00:00")];
        ringer.hear(&Event::Lists(Lists { inbox: inbox.into(), ..Lists::default() }), at("13:00:00"));
        assert!(ringer.ring(at("13:00:10")).is_empty());
    }

    #[test]
    fn what_went_wrong_is_told_and_a_hub_that_is_away_for_a_moment_is_not() {
        let mut ringer = ringer(NoticeHabits::default());
        let offline = |failure| Event::Status(Status::of(Connection::Offline(failure)));
        ringer.hear(&offline(Failure::HubUnreachable), at("10:00:00"));
        assert_eq!(ringer.due(at("10:00:00")), Some("2026-05-12T08:30:00+09:00".parse().unwrap()));
        ringer.hear(&offline(Failure::CertificateExpired), at("10:00:00"));
        ringer.hear(&offline(Failure::CertificateExpired), at("10:01:00"));
        let rings = ringer.ring(at("10:02:00"));
        assert_eq!(rings.len(), 1);
        assert_eq!(
            (rings[0].said.what.as_str(), rings[0].sound),
            ("この事業所の電子証明書の期限が切れています。", Sound::Loud)
        );
        ringer.hear(&Event::Notice(Notice::Failed(Failure::FileLocked { name: "a.CSV".into() })), at("11:00:00"));
        ringer.hear(&Event::Notice(Notice::Failed(Failure::DiskFull)), at("11:00:00"));
        assert_eq!(ringer.ring(at("11:00:05"))[0].said.what, "うまくいかなかったことが 2 件あります");
    }

    #[test]
    fn who_looks_at_the_window_needs_no_toast_but_a_phone_is_told() {
        let mut ringer = ringer(NoticeHabits::default());
        ringer.in_front = true;
        ringer.hear(&arrived("北"), at("10:00:00"));
        assert!(!ringer.ring(at("10:00:02"))[0].here);
    }
}
