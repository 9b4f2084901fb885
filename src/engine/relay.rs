//! 委託: what of a parcel that came can be passed on, to whom, and the parcel that does it.
//!
//! Nobody is offered whom a file does not justify: to a provider go persons who stand in the 予定 we sent there, to a centre
//! the persons it entrusted to us. At a provider who has no 予定 yet others may be chosen, person by person; a centre never
//! gets somebody it did not send us.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};

use super::failure::{of_history, of_pack};
use super::model::{Failure, RelayCandidate, RelayOffer, RelayRequest, RelayReview};
use super::outgoing::Together;
use super::subject::subjects_of;
use super::terminal::Terminal;
use crate::entrust::{self, Address, Serials, Way, readdress};
use crate::folders::Taken;
use crate::history::{HistoryError, NewOutgoing, Stored};
use crate::parcel::{Content, Hop, ParcelId};
use crate::standard::{self, FileName, OfficeNumber, People, PersonKey, Role, ServiceType};

/// So many parcels of a centre are looked into for the persons it entrusted to us, the newest.
const LOOKED_INTO: u32 = 500;
/// The files by which a centre entrusts somebody.
const ENTRUSTING: [&str; 2] = ["UPKIHON_", "UPYOBO_"];

type Files = Vec<(String, Vec<u8>)>;

/// A parcel that came, with what of it may go on.
struct Origin {
    way: Way,
    stored: Stored,
    files: Files,
    /// How it was addressed to us.
    our_service: ServiceType,
    months: BTreeSet<standard::Month>,
}

impl Terminal {
    /// Which way a parcel can be passed on, told from its files' names: back to a centre only where one has entrusted
    /// anybody to us.
    pub(super) fn relay_way(&self, stored: &Stored) -> Result<Option<Way>, HistoryError> {
        let mut names = stored.files.iter().filter_map(|file| FileName::parse(&file.name).ok());
        let way = names.find_map(|name| Way::of(&name)).filter(|_| stored.incoming);
        if way == Some(Way::ToCentre) {
            for prefix in ENTRUSTING {
                if self.history.has_come(prefix)? {
                    return Ok(way);
                }
            }
            return Ok(None);
        }
        Ok(way)
    }

    /// To whom a parcel can be passed on, and of whom; `None` when it cannot be.
    pub fn relay_offer(&self, id: ParcelId) -> Result<Option<RelayOffer>, HistoryError> {
        let Some(origin) = self.origin(id)? else { return Ok(None) };
        let persons = entrust::persons(origin.way, &origin.files);
        let of_parcel: BTreeSet<PersonKey> = persons.iter().cloned().collect();
        let known = match origin.way {
            Way::ToProvider => self.planned_for()?,
            Way::ToCentre => self.entrusted_by()?,
        };
        let mut candidates = Vec::new();
        for office in self.history.offices()? {
            let role = office.service.role();
            let fits = match origin.way {
                Way::ToProvider => matches!(role, Some(Role::Provider | Role::Both)),
                Way::ToCentre => known.contains_key(&office.office),
            };
            if fits && office.office != self.office && office.office != origin.stored.line.partner {
                let theirs = known.get(&office.office).into_iter().flat_map(|(_, persons)| persons);
                let persons = theirs.filter(|person| of_parcel.contains(person)).cloned().collect();
                candidates.push(RelayCandidate { office: office.office, name: office.name, persons });
            }
        }
        candidates.sort_by_key(|candidate: &RelayCandidate| std::cmp::Reverse(candidate.persons.len()));
        let people = People::new(tables_of(&origin.files));
        let names: BTreeMap<PersonKey, String> =
            people.iter().filter_map(|person| Some((person.key.clone(), person.name.clone()?))).collect();
        let mut named = Vec::new();
        for person in persons {
            let name = match names.get(&person) {
                Some(name) => Some(name.clone()),
                None => self.history.person_name(&person)?,
            };
            named.push((person, name.unwrap_or_default()));
        }
        Ok(Some(RelayOffer { origin: id, way: origin.way, persons: named, candidates: candidates.into() }))
    }

    /// The parcel that passes another one on, checked as any other; nothing is sent yet.
    pub fn relay(&self, request: &RelayRequest, now: Timestamp) -> Result<(NewOutgoing, RelayReview), Failure> {
        let failed = |error: HistoryError| of_history(&error);
        let Some(origin) = self.origin(request.origin).map_err(failed)? else { return Err(Failure::NothingToPassOn) };
        let persons: BTreeSet<PersonKey> = request.persons.iter().cloned().collect();
        let entrusted = self.entrusted_by().map_err(failed)?;
        if origin.way == Way::ToCentre {
            let theirs = entrusted.get(&request.to).map(|(_, persons)| persons);
            if persons.iter().any(|person| theirs.is_none_or(|theirs| !theirs.contains(person))) {
                return Err(Failure::PersonNotEntrusted);
            }
        }
        let (mut files, mut hops) = (origin.files.clone(), Vec::new());
        hops.extend(self.hops_of(&origin.stored).map_err(failed)?);
        if origin.way == Way::ToCentre {
            for plan in self.plans_beside(&origin).map_err(failed)? {
                hops.extend(self.hops_of(&plan).map_err(failed)?);
                files.extend(self.history.contents(plan.line.id).map_err(failed)?);
            }
        }
        hops.sort_by_key(|hop| hop.written);
        hops.dedup_by_key(|hop| hop.parcel);
        let address = Address {
            sender: self.office,
            sender_service: origin.our_service,
            receiver: request.to,
            receiver_service: self.service_of(request.to, &entrusted).map_err(failed)?,
        };
        let last = files
            .iter()
            .filter_map(|(name, _)| FileName::parse(name).ok())
            .filter_map(|name| self.history.newest_sent(&FileName { receiver: request.to, ..name }).ok().flatten())
            .max();
        let local = now.to_zoned(TimeZone::fixed(offset(9))).datetime();
        let files =
            readdress(origin.way, &files, &persons, &address, &mut Serials::after(local, last)).map_err(|error| {
                tracing::warn!(%error, parcel = %request.origin, "nothing to pass on");
                Failure::NothingToPassOn
            })?;
        let taken: Vec<Taken> = files
            .iter()
            .map(|(name, bytes)| Taken { path: name.into(), name: name.clone(), bytes: bytes.clone() })
            .collect();
        let checked = self.check(&taken, Together::OneParcel).map_err(failed)?;
        let bundle = self.bundle(request.to, &taken, &checked).map_err(failed)?;
        let subjects = subjects_of(files.iter().map(|(name, _)| name.as_str()));
        let message = request.message.trim().to_owned();
        let content = Content::new(ParcelId::new(), self.office, request.to, now, message, files).with_chain(hops);
        content.pack().map_err(|error| of_pack(&error))?;
        let partner_name = self.history.name_of(request.to).map_err(failed)?;
        let review = RelayReview { request: request.clone(), way: origin.way, bundle };
        Ok((NewOutgoing { content, partner_name, subjects, checked }, review))
    }

    /// The same, put into the outbox when nothing forbids it; it leaves at `leaves`.
    pub fn send_relay(
        &mut self,
        request: &RelayRequest,
        now: Timestamp,
        leaves: Timestamp,
    ) -> Result<ParcelId, Failure> {
        let (parcel, review) = self.relay(request, now)?;
        if !review.bundle.may_be_sent() {
            return Err(Failure::ChecksFailed { errors: parcel.checked.summary().errors });
        }
        let id = parcel.content.manifest.id;
        self.queue(vec![parcel], now, leaves).map_err(|error| of_history(&error))?;
        Ok(id)
    }

    fn origin(&self, id: ParcelId) -> Result<Option<Origin>, HistoryError> {
        let Some(stored) = self.history.parcel(id)?.filter(|stored| stored.incoming) else { return Ok(None) };
        let files = self.history.contents(id)?;
        let names: Vec<FileName> = files.iter().filter_map(|(name, _)| FileName::parse(name).ok()).collect();
        let Some(way) = names.iter().find_map(Way::of) else { return Ok(None) };
        let of_way: Vec<&FileName> = names.iter().filter(|name| Way::of(name) == Some(way)).collect();
        let Some(our_service) = of_way.first().map(|name| name.receiver_service) else { return Ok(None) };
        let months = of_way.iter().filter_map(|name| name.month).collect();
        Ok(Some(Origin { way, stored, files, our_service, months }))
    }

    /// A parcel and the ones it passed on itself.
    fn hops_of(&self, stored: &Stored) -> Result<Vec<Hop>, HistoryError> {
        let line = &stored.line;
        let mut hops = self.history.chain(line.id)?;
        let (sender, receiver) =
            if stored.incoming { (line.partner, self.office) } else { (self.office, line.partner) };
        hops.push(Hop { parcel: line.id, sender, receiver, written: line.at });
        Ok(hops)
    }

    /// The 予定 that went to the provider for the months of its 実績, the newest of each.
    fn plans_beside(&self, origin: &Origin) -> Result<Vec<Stored>, HistoryError> {
        let mut plans = BTreeMap::new();
        for month in &origin.months {
            let newest = self.history.newest_parcel_sent(origin.stored.line.partner, &format!("UPPLAN_{month}_"))?;
            if let Some(id) = newest
                && let Some(stored) = self.history.parcel(id)?
            {
                plans.insert(id, stored);
            }
        }
        Ok(plans.into_values().collect())
    }

    /// The persons in the newest 予定 that went to each provider.
    fn planned_for(&self) -> Result<BTreeMap<OfficeNumber, (ServiceType, BTreeSet<PersonKey>)>, HistoryError> {
        let mut known = BTreeMap::new();
        for office in self.history.receivers_of("UPPLAN_")? {
            if let Some((name, bytes)) = self.history.newest_file_sent(office, "UPPLAN_")?
                && let Ok(name) = FileName::parse(&name)
                && let Ok(table) = standard::read(&name, &bytes)
            {
                known.insert(office, (name.receiver_service, table.rows().map(|row| row.person()).collect()));
            }
        }
        Ok(known)
    }

    /// The persons each centre sent us, and the service it wrote as.
    fn entrusted_by(&self) -> Result<BTreeMap<OfficeNumber, (ServiceType, BTreeSet<PersonKey>)>, HistoryError> {
        let mut known: BTreeMap<OfficeNumber, (ServiceType, BTreeSet<PersonKey>)> = BTreeMap::new();
        let parcels: BTreeSet<_> = ENTRUSTING
            .into_iter()
            .map(|prefix| self.history.parcels_with_file(prefix, LOOKED_INTO))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        for (id, office) in parcels {
            let files = self.history.contents(id)?;
            let Some(service) = sender_service(&files).filter(|service| service.role() == Some(Role::Planner)) else {
                continue;
            };
            let entry = known.entry(office).or_insert((service, BTreeSet::new()));
            entry.1.extend(entrust::persons(Way::ToProvider, &files));
        }
        Ok(known)
    }

    /// As what an office is written to: as it wrote, or as we wrote to it last, or as the directory has it.
    fn service_of(
        &self,
        office: OfficeNumber,
        entrusted: &BTreeMap<OfficeNumber, (ServiceType, BTreeSet<PersonKey>)>,
    ) -> Result<ServiceType, HistoryError> {
        if let Some((service, _)) = entrusted.get(&office) {
            return Ok(*service);
        }
        let planned = self.planned_for()?;
        let directory = self.history.office(office)?.map(|known| known.service);
        let known = planned.get(&office).map(|(service, _)| *service).or(directory);
        known.ok_or(HistoryError::Unreadable { what: "the service of an office" })
    }
}

fn sender_service(files: &Files) -> Option<ServiceType> {
    files.iter().find_map(|(name, _)| FileName::parse(name).ok()).map(|name| name.sender_service)
}

fn tables_of(files: &Files) -> Vec<standard::Table> {
    files.iter().filter_map(|(name, bytes)| standard::read(&FileName::parse(name).ok()?, bytes).ok()).collect()
}
