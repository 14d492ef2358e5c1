//! What a batch changes in the tables, within the transaction that it came in.

use crate::batch::{Batch, Event, Source, Teller};
use crate::clock::Sent;
use crate::figures::Changed;
use crate::order;
use crate::orders::{add_order, add_refund};
use crate::tally::Tallies;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::value::RawValue;
use shopbell_core::event::{PAGE_VIEW, PURCHASE, REFUND, funnel_step};
use std::borrow::Cow;

/// What becomes of a batch: stored, or refused in a sentence.
pub(crate) type Outcome = Result<(), String>;

/// Stores a batch, each event once by its id.
pub(crate) fn add(
    transaction: &Connection,
    batch: &Batch,
    received_at: u64,
    changed: &mut Changed,
) -> rusqlite::Result<Outcome> {
    let sent = Sent {
        at: batch.sent_at,
        offset_ms: batch.sent_offset_ms,
        received_at,
        is_history: batch.teller != Teller::Anyone,
    };
    let Some(place) = session(transaction, batch, sent)? else {
        let sentence = "session.id is of another device; accepted is a session of this one, or a new one";
        return Ok(Err(sentence.to_owned()));
    };
    changed.insert(place);
    let (mut figures, mut tallies, mut tabs) = (Figures::default(), Tallies::default(), Tabs::default());
    for event in &batch.events {
        let is_new = add_event(transaction, batch, event, sent)?;
        if is_new {
            match &*event.name {
                PURCHASE => add_order(transaction, batch, event, place, changed)?,
                REFUND => add_refund(transaction, batch, event, changed)?,
                _ => {}
            }
            figures.count(event, event.time as i64 - sent.skew_ms(event.time, Some(event.offset_ms)));
            tallies.count(
                &event.name,
                &event.url,
                event.props.as_deref().map_or("{}", RawValue::get),
                event.time as i64,
            );
        }
        if is_new || is_told_by_another(transaction, batch, event)? {
            tabs.count(event);
        }
    }
    figures.write(transaction, place)?;
    tallies.write(transaction, &batch.site, place)?;
    tabs.write(transaction, batch, received_at)?;
    Ok(Ok(()))
}

/// The place of a batch's session, which is made if there is none, as every batch can. Nothing where it is of another device.
/// Where tabs began it at once, each in its way, the earliest beginning counts.
fn session(transaction: &Connection, batch: &Batch, sent: Sent) -> rusqlite::Result<Option<i64>> {
    let session = &batch.session;
    let known: Option<(i64, String, String, i64)> = transaction
        .prepare_cached("SELECT place, device_id, reason, started_at FROM sessions WHERE site = ?1 AND id = ?2")?
        .query_row([&batch.site, &session.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let place = if let Some((place, device_id, reason, started_at)) = known {
        // A session that only the shop's server has told of has no reason yet; the server need not know the device.
        let is_unbegun = reason.is_empty();
        let told = batch.device.stored_id();
        if is_unbegun && device_id.is_empty() && !told.is_empty() {
            set_device(transaction, place, told)?;
        } else if device_id != told && !(batch.teller == Teller::Server && told.is_empty()) {
            return Ok(None);
        }
        if !session.reason.is_empty() && (is_unbegun || (session.started_at as i64) < started_at) {
            begin(transaction, batch, place, sent)?;
        }
        place
    } else {
        let place = insert_session(transaction, batch)?;
        begin(transaction, batch, place, sent)?;
        place
    };
    if let Some(user_id) = &session.user_id {
        transaction
            .prepare_cached("UPDATE sessions SET user_id = ?2 WHERE place = ?1 AND user_id IS NOT ?2")?
            .execute(params![place, user_id])?;
    }
    if let Some(previous) = &session.previous {
        transaction
            .prepare_cached("UPDATE sessions SET previous = ?2 WHERE place = ?1 AND previous IS NULL")?
            .execute(params![place, previous.get()])?;
    }
    Ok(Some(place))
}

fn insert_session(transaction: &Connection, batch: &Batch) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached(
            "INSERT INTO sessions (site, id, device_id, number, reason, started_at, last_event_at, landing_page)
             VALUES (?1, ?2, '', 0, '', 0, 0, '')",
        )?
        .execute([&batch.site, &batch.session.id])?;
    let place = transaction.last_insert_rowid();
    set_device(transaction, place, batch.device.stored_id())?;
    Ok(place)
}

/// Says whose a session is, with the number that all of a device's sessions have.
fn set_device(transaction: &Connection, place: i64, device_id: &str) -> rusqlite::Result<()> {
    let same = "SELECT device FROM sessions WHERE device_id = ?1 AND device_id <> '' LIMIT 1";
    let device: Option<i64> = transaction.prepare_cached(same)?.query_row([device_id], |row| row.get(0)).optional()?;
    transaction
        .prepare_cached("UPDATE sessions SET device_id = ?2, device = ?3 WHERE place = ?1")?
        .execute(params![place, device_id, device.unwrap_or(place)])?;
    Ok(())
}

/// Writes how a session began.
fn begin(transaction: &Connection, batch: &Batch, place: i64, sent: Sent) -> rusqlite::Result<()> {
    let session = &batch.session;
    let source = session.source.named();
    let text = |source: &Option<Source>| source.as_ref().and_then(|source| serde_json::to_string(&source.named()).ok());
    let skew_ms = sent.skew_ms(session.started_at, None);
    let (started_at, began_at) = (session.started_at as i64, session.started_at as i64 - skew_ms);
    let listed_at = listed_at(transaction, batch, started_at.min(began_at))?;
    transaction
        .prepare_cached(
            "UPDATE sessions SET number = ?2, reason = ?3, previous_id = coalesce(?4, previous_id), started_at = ?5,
                last_event_at = max(last_event_at, ?5), clock_skew_ms = ?6, began_at = ?5 - ?6,
                ended_at = max(ended_at, ?5 - ?6), listed_at = ?20, landing_page = ?7, source = ?8, medium = ?9, campaign = ?10, term = ?11,
                content = ?12, campaign_id = ?13, click_id = ?14, referrer = ?15, channel = ?16, first_touch = ?17,
                last_non_direct = ?18, bot = coalesce(?19, bot), device_class = coalesce(?21, device_class)
             WHERE place = ?1",
        )?
        .execute(params![
            place,
            session.number as i64,
            session.reason,
            session.previous_id,
            started_at,
            skew_ms,
            session.landing_page,
            source.source,
            source.medium,
            source.campaign,
            source.term,
            source.content,
            source.campaign_id,
            source.click_id,
            source.referrer,
            source.channel,
            text(&session.first_touch),
            text(&session.last_non_direct),
            batch.device.bot,
            listed_at,
            batch.device.class(),
        ])?;
    Ok(())
}

/// Where a session stands in lists: not before the device's sessions that it follows, whatever its clock says.
fn listed_at(transaction: &Connection, batch: &Batch, told: i64) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached(
            "SELECT max(?3, coalesce(max(listed_at), ?3)) FROM sessions
             WHERE device_id = ?1 AND device_id <> '' AND number BETWEEN 1 AND ?2 - 1",
        )?
        .query_row(params![batch.device.stored_id(), batch.session.number as i64, told], |row| row.get(0))
}

/// Whether the event was new.
fn add_event(transaction: &Connection, batch: &Batch, event: &Event, sent: Sent) -> rusqlite::Result<bool> {
    let props = event.props.as_ref().map(|props| match &*event.name {
        PURCHASE => order::fit(props.get()),
        _ => Cow::Borrowed(props.get()),
    });
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO events (site, id, session_id, name, time, offset_ms, tab_id, page_id, seq, url, title, consent,
                props, sent_at, received_at, clock_skew_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            batch.site,
            event.id,
            batch.session.id,
            event.name,
            event.time as i64,
            event.offset_ms as i64,
            event.tab_id,
            event.page_id,
            event.seq as i64,
            event.url,
            event.title,
            event.consent,
            props,
            batch.sent_at as i64,
            sent.received_at as i64,
            sent.skew_ms(event.time, Some(event.offset_ms)),
        ])?;
    Ok(inserted == 1)
}

/// Whether an event that is there already was told by another tab, and this one's place among its own tab's events for
/// the first time.
fn is_told_by_another(transaction: &Connection, batch: &Batch, event: &Event) -> rusqlite::Result<bool> {
    let inserted = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO told_twice (site, device_id, tab_id, seq)
             SELECT ?1, ?5, ?3, ?4 FROM events WHERE site = ?1 AND id = ?2 AND (tab_id <> ?3 OR seq <> ?4)",
        )?
        .execute(params![batch.site, event.id, event.tab_id, event.seq as i64, batch.device.stored_id()])?;
    Ok(inserted == 1)
}

/// What new events add to their session.
#[derive(Default)]
struct Figures {
    events: i64,
    page_views: i64,
    last_event_at: i64,
    ended_at: i64,
    step: usize,
    steps: i64,
}

impl Figures {
    fn count(&mut self, event: &Event, happened_at: i64) {
        // An order is a step of the session that it is of, which its order says.
        let step = if event.name == PURCHASE { 0 } else { funnel_step(&event.name) };
        self.events += 1;
        self.page_views += i64::from(event.name == PAGE_VIEW);
        self.last_event_at = self.last_event_at.max(event.time as i64);
        self.ended_at = self.ended_at.max(happened_at);
        self.step = self.step.max(step);
        self.steps |= 1 << step;
    }

    fn write(&self, transaction: &Connection, place: i64) -> rusqlite::Result<()> {
        transaction
            .prepare_cached(
                "UPDATE sessions SET events = events + ?2, page_views = page_views + ?3,
                    last_event_at = max(last_event_at, ?4), ended_at = max(ended_at, ?5), funnel_step = max(funnel_step, ?6),
                    funnel_steps = funnel_steps | ?7
                 WHERE place = ?1",
            )?
            .execute(params![
                place,
                self.events,
                self.page_views,
                self.last_event_at,
                self.ended_at,
                self.step as i64,
                self.steps
            ])?;
        Ok(())
    }
}

/// By tab, how far its events are told at least, and how many of them have come.
#[derive(Default)]
struct Tabs<'a>(Vec<(&'a str, i64, i64)>);

impl<'a> Tabs<'a> {
    fn count(&mut self, event: &'a Event) {
        let told = event.seq as i64 + 1;
        match self.0.iter_mut().find(|(tab, ..)| *tab == event.tab_id) {
            Some((_, most, received)) => (*most, *received) = ((*most).max(told), *received + 1),
            None if event.tab_id.is_empty() => {}
            None => self.0.push((&event.tab_id, told, 1)),
        }
    }

    fn write(&self, transaction: &Connection, batch: &Batch, received_at: u64) -> rusqlite::Result<()> {
        for (tab_id, told, received) in &self.0 {
            transaction
                .prepare_cached(
                    "INSERT INTO tabs (site, device_id, tab_id, told, received, first_at, latest_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
                     ON CONFLICT DO UPDATE SET told = max(told, excluded.told), received = received + excluded.received,
                        latest_at = excluded.latest_at",
                )?
                .execute(params![batch.site, batch.device.stored_id(), tab_id, told, received, received_at as i64])?;
        }
        Ok(())
    }
}
