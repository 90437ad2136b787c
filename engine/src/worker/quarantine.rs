//! Isolation: a lane whose leases keep ending without a word is worked on alone, one delivery at a time, each written down
//! before it is touched. So whatever it is that a worker dies of, the next one knows it; in the end it is not made again.
//!
//! A claim counts against its lane if the lease is not given back in order, until so many deliveries have been recorded since, under
//! leases that were given back, as may have been in flight, or nothing is left that was due. What is recorded in the middle of a lease
//! proves nothing about what is still in flight.

use super::{Delivery, Held, Pump, Registration, send};
use crate::ports::HttpErrorKind;
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Quarantine, QueuedDelivery};
use crate::support::error::Error;
use crate::support::limits::{
    IN_FLIGHT_MAX, LANE_IN_FLIGHT_MAX, QUARANTINE_ALONE_CLAIMS, QUARANTINE_CLAIMS, QUARANTINE_FAILED_CLAIMS,
    QUARANTINE_LANES_MAX,
};
use crate::support::time;

/// How many lanes a pump holds at once, together with one that so many claims are held against: fewer and fewer, so that
/// whoever is to blame has less and less company.
pub(super) fn together(claims: u32) -> usize {
    if claims < QUARANTINE_CLAIMS {
        IN_FLIGHT_MAX
    } else if claims < QUARANTINE_ALONE_CLAIMS {
        QUARANTINE_LANES_MAX
    } else {
        1
    }
}

/// What is held against a lane that is claimed once more, as its row says it. What was recorded before is known to the worker alone:
/// if it does not come back, that counts no more.
pub(super) fn claimed(quarantine: &Quarantine) -> Quarantine {
    Quarantine { claims: quarantine.claims.saturating_add(1), recorded: None, ..quarantine.clone() }
}

/// What is held against a lane that is given back, after so many records under this lease.
///
/// Without one it is as if this lease had not been. With enough of them, counted since the last lease that ran out, it is nothing; but
/// where they were made alone, the next lease has little company. With fewer, they are remembered, and it is alone again if it was.
/// Where nothing is left that was due, nothing is left that could be to blame.
pub(super) fn released(
    quarantine: &Quarantine,
    recorded: usize,
    enough: usize,
    is_through: bool,
) -> Option<Quarantine> {
    let mut claims = quarantine.claims.saturating_sub(1);
    let mut in_all = quarantine.recorded.unwrap_or(0) as usize + recorded;
    if recorded > 0 {
        claims = claims.min(QUARANTINE_ALONE_CLAIMS);
        if in_all >= enough {
            claims = if quarantine.claims > QUARANTINE_ALONE_CLAIMS { QUARANTINE_CLAIMS } else { 0 };
            in_all = 0;
        }
    }
    if is_through || claims == 0 {
        return None;
    }
    let mut kept = Quarantine {
        claims,
        recorded: u32::try_from(in_all).ok().filter(|in_all| *in_all > 0),
        ..Quarantine::default()
    };
    if recorded == 0 {
        kept.delivery = quarantine.delivery.clone();
        kept.since_ms = quarantine.since_ms;
    }
    Some(kept)
}

/// What was chosen, if it may be touched: of a lane that is alone, what is written down in its row. None: it is not to be made
/// now, or not again.
pub(super) fn admitted(
    pump: &mut Pump<'_>,
    chosen: Vec<(Lane, Delivery)>,
) -> Result<Option<Vec<(Lane, Delivery)>>, Error> {
    let Some((lane, delivery)) = chosen.first() else { return Ok(Some(chosen)) };
    let Some(held) = pump.lanes.get(lane).filter(|held| held.is_isolated()) else { return Ok(Some(chosen)) };
    if held.quarantine.delivery.as_ref().is_some_and(|suspect| delivery.is(suspect)) {
        if held.quarantine.claims <= QUARANTINE_FAILED_CLAIMS {
            return Ok(Some(chosen));
        }
        let attempt = condemned(&held.quarantine, pump.now_ms());
        for (lane, delivery) in chosen {
            send::end(pump, lane, delivery, attempt.clone());
        }
        return Ok(None);
    }
    let (lane, delivery) = (lane.clone(), delivery.clone());
    let named = name(pump, &lane, &delivery);
    if let Ok(true) = named {
        return Ok(Some(chosen));
    }
    send::put_back(pump, chosen);
    named.map(|_| None)
}

/// Writes down which delivery is about to be made. Answers whether it stands there; if not, the lane is not as it was known.
fn name(pump: &mut Pump<'_>, lane: &Lane, delivery: &Delivery) -> Result<bool, Error> {
    let (host, now_ms) = (pump.host, pump.now_ms());
    let Some(held) = pump.lanes.get_mut(lane) else { return Ok(false) };
    let suspect = Some(QueuedDelivery { message: delivery.message.clone(), number: delivery.number });
    let quarantine =
        Quarantine { claims: QUARANTINE_ALONE_CLAIMS + 1, delivery: suspect, since_ms: Some(now_ms), recorded: None };
    let key = keys::lane(lane);
    let row = rows::Lane {
        token: held.token.clone(),
        until_ms: held.until_ms,
        timer: Some(held.armed.clone()),
        quarantine: Some(quarantine.clone()),
    };
    let mut commit = Commit::default();
    commit.check(&key, Some(held.version));
    commit.put(key.clone(), rows::encode(&row));
    if let Outcome::Applied(versions) = commit.submit(host)? {
        held.version = versions.of(&key)?;
        held.quarantine = Quarantine { recorded: held.quarantine.recorded, ..quarantine };
        return Ok(true);
    }
    // An earlier submission had landed, or the lane is somebody else's.
    if let Some(entry) = host.get_one(&key)? {
        // What cannot be read is not ours.
        let row = rows::decode::<rows::Lane>(&key, &entry.value);
        if let Some(row) = row.ok().filter(|row| row.token == held.token) {
            held.is_now(entry.version, row);
            return Ok(false);
        }
    }
    pump.lanes.remove(lane);
    Ok(false)
}

/// How a delivery ends that is not to be made again.
fn condemned(quarantine: &Quarantine, now_ms: u64) -> Attempt {
    let times = quarantine.claims.saturating_sub(QUARANTINE_ALONE_CLAIMS + 1);
    let since = time::rfc3339_millis(quarantine.since_ms.unwrap_or(now_ms) * 1_000);
    let detail = format!(
        "its worker was gone: {QUARANTINE_ALONE_CLAIMS} times with others, then {times} times with this delivery alone, since {since}"
    );
    Attempt {
        error: Some(HttpErrorKind::Internal),
        detail: Some(detail),
        ..Attempt::new(now_ms, "unknown", AttemptState::Failed)
    }
}

impl Held {
    /// How many records show that what its last worker died of is not among what waits: as many as may have been in flight, but
    /// no more than most webhooks have slots, or a slow one would be alone for long.
    pub(super) fn evidence(&self, proven: bool) -> usize {
        match &self.hook {
            Registration::Active(_) if self.strict || !proven => 1,
            Registration::Active(target) => target.concurrency().min(LANE_IN_FLIGHT_MAX),
            _ => LANE_IN_FLIGHT_MAX,
        }
    }

    /// Whether it is worked on alone, one delivery at a time.
    pub(super) fn is_isolated(&self) -> bool {
        self.quarantine.claims > QUARANTINE_ALONE_CLAIMS
    }

    /// The delivery that was under way when the last worker went comes first, unless the order is strict.
    pub(super) fn bring_suspect_forward(&mut self) {
        let Some(suspect) = self.quarantine.delivery.as_ref().filter(|_| !self.strict) else { return };
        let place = self.ready.iter().position(|delivery| delivery.is(suspect));
        if let Some(delivery) = place.and_then(|place| self.ready.remove(place)) {
            self.ready.push_front(delivery);
        }
    }

    /// Takes over what its row has become under the same lease.
    pub(super) fn is_now(&mut self, version: u64, row: rows::Lane) {
        self.version = version;
        self.quarantine = Quarantine { recorded: self.quarantine.recorded, ..row.quarantine.unwrap_or_default() };
    }
}

impl Delivery {
    pub(super) fn is(&self, QueuedDelivery { message, number }: &QueuedDelivery) -> bool {
        self.message == *message && self.number == *number
    }
}
