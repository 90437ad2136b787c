//! The part that recovering and replaying share: checks that the webhook takes deliveries, bounds a step, and asks for each
//! delivery once.

use crate::delivery::order::Place;
use crate::delivery::redeliver::{Last, QueuePlace, asked_attempt, put_again, put_first, put_same};
use crate::delivery::target::inactive_reason;
use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::{Direction, Entry};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, Empty, JobFilter, JobState, Message, Webhook};
use crate::support::error::Error;
use crate::support::limits::{
    ATTEMPT_NUMBER_MAX, JOB_ATTEMPT_ROWS_MAX, JOB_LEASE_MS, JOB_PAUSE_MS, JOB_PAUSE_MS_MAX, JOB_QUEUED_ROWS_MAX,
    JOB_SINGLE_CLAIMS, JOB_SKIP_CLAIMS, JOB_STEP_BYTES_MAX, JOB_STEP_MS_MAX, JOB_STEP_REDELIVERIES_MAX,
    JOB_STEP_SCANNED_MAX, UNUSABLE_MS,
};

/// The deliveries that one step asks for.
pub(super) struct Asks {
    pub lane: Lane,
    pub webhook: Webhook,
    pub filter: JobFilter,
    began_ms: u64,
    /// The earliest time at which the next delivery is due, in milliseconds.
    due_ms: u64,
    /// In strict order, the place of the next delivery in the queue.
    behind: Option<Place>,
    /// Ids of the messages asked for.
    asked: Vec<String>,
    bytes: usize,
    looks: u32,
    /// The next message is left out, because no worker came back from it.
    pub leaves_out: bool,
    looks_max: u32,
}

impl Asks {
    /// Begins a step. Returns `None` if there is nothing to ask for now, or if the job has ended.
    ///
    /// A queue that is full of due deliveries is left to empty first. New events get their turn in between, and a job does not
    /// make the queue grow.
    pub(super) fn begin(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<Option<Asks>, Error> {
        let lane = Lane::of(work.lane.tenant_part(), work.job.webhook.as_deref().unwrap_or_default());
        let Some(entry) = ctx.host.get_one(&keys::webhook(&lane))? else {
            step.end(JobState::Cancelled, "the webhook was deleted".to_owned());
            return Ok(None);
        };
        let webhook: Webhook = match rows::decode(&entry.key, &entry.value) {
            Ok(webhook) => webhook,
            Err(error) => {
                ctx.tell(&error);
                step.pause_ms = Some(UNUSABLE_MS);
                return Ok(None);
            }
        };
        if let Some(reason) = inactive_reason(ctx.config, &webhook) {
            step.end(JobState::Failed, format!("nothing is delivered to the webhook: {reason}"));
            return Ok(None);
        }
        // Deliveries asked for before come first, unless their time is from a clock that is far ahead.
        let now_ms = ctx.now_ms();
        let asked_ms = work.job.asked_ms.filter(|asked_ms| *asked_ms < now_ms + JOB_LEASE_MS).unwrap_or(0);
        if asked_ms > now_ms {
            step.pause_ms = Some(asked_ms - now_ms);
            return Ok(None);
        }
        let page = ctx.host.scan(&keys::queue_all(&lane), JOB_QUEUED_ROWS_MAX, Direction::Forward)?;
        let full = page.len() == JOB_QUEUED_ROWS_MAX as usize;
        if full && page.last().and_then(|entry| keys::queue_due_ms(&entry.key)).is_some_and(|due_ms| due_ms <= now_ms) {
            step.pause_ms = Some(blocked_ms(ctx, &lane, now_ms)?);
            return Ok(None);
        }
        step.commit.check(&entry.key, Some(entry.version));
        let behind = if webhook.strict_order { Some(Place::last(ctx.host, &lane, now_ms)?) } else { None };
        // Where the job looks at one thing at a time already, its claims are all of this one.
        let claims_max =
            if work.job.single_steps.is_some() { JOB_SKIP_CLAIMS - JOB_SINGLE_CLAIMS } else { JOB_SKIP_CLAIMS };
        let leaves_out = work.job.claims.unwrap_or(0) > claims_max;
        let looks_max = if step.job.single_steps.is_some() { 1 } else { JOB_STEP_SCANNED_MAX };
        Ok(Some(Asks {
            lane,
            webhook,
            filter: work.job.filter(),
            began_ms: now_ms,
            due_ms: asked_ms + 1,
            behind,
            asked: Vec::new(),
            bytes: 0,
            looks: 0,
            leaves_out,
            looks_max,
        }))
    }

    /// Counts a message as scanned. The next step begins after it, in the row with this key. Returns false if the message is left
    /// out.
    pub(super) fn look(&mut self, step: &mut Step, key: &str, message: &str) -> bool {
        self.looks += 1;
        step.job.scanned += 1;
        step.job.place = Some(key.to_owned());
        step.job.after = Some(message.to_owned());
        if self.leaves_out {
            step.job.detail = Some(format!("{message} was left out: no worker came back from it"));
        }
        !self.leaves_out
    }

    /// Returns the number of messages that may be read at once, `most` at most.
    pub(super) fn at_once(&self, most: usize) -> usize {
        most.min(self.looks_max as usize)
    }

    /// Returns true if the step has reached one of its bounds.
    pub(super) fn is_enough(&self, ctx: &JobContext<'_>) -> bool {
        self.asked.len() >= JOB_STEP_REDELIVERIES_MAX
            || self.bytes >= JOB_STEP_BYTES_MAX
            || self.looks >= self.looks_max
            || ctx.now_ms() >= self.began_ms + JOB_STEP_MS_MAX
    }

    /// Finds the last attempt of a delivery. A delivery that this job has asked for before is [`Found::Other`]: times in keys come
    /// from several clocks, so the job can meet the outcome of its own request.
    pub(super) fn last(&self, ctx: &mut JobContext<'_>, work: &Work, message: &str) -> Result<Found, Error> {
        if self.asked.iter().any(|asked| asked == message) {
            return Ok(Found::Other);
        }
        let range = keys::attempts_of_delivery(&self.lane, message);
        let rows = ctx.host.scan(&range, JOB_ATTEMPT_ROWS_MAX, Direction::Reverse)?;
        let mut last = None;
        for Entry { key, value, version } in rows {
            let attempt: Attempt = match rows::decode(&key, &value) {
                Ok(attempt) => attempt,
                Err(error) => {
                    ctx.tell(&error);
                    return Ok(Found::Other);
                }
            };
            if attempt.job.as_deref() == Some(work.lane.webhook()) {
                return Ok(Found::Other);
            }
            let number = keys::parse_attempt(&key).map_or(0, |(_, number)| number);
            last.get_or_insert(Last { key, version, number, attempt });
        }
        Ok(match last {
            None => Found::Nothing,
            Some(last) if last.number >= ATTEMPT_NUMBER_MAX || last.attempt.next_at_ms.is_some() => Found::Other,
            Some(last) => Found::Ended(last),
        })
    }

    /// Asks for a delivery, after its last attempt or for the first time. Deliveries of one step are due in the order asked.
    pub(super) fn ask(&mut self, work: &Work, step: &mut Step, message: Entry, event_type: &str, last: Option<Last>) {
        let queue_place = match &mut self.behind {
            Some(place) => {
                let queue_place = QueuePlace { next_ms: self.began_ms, place: *place, stays: None };
                *place = Place { at_ms: place.at_ms + 1, due_ms: Some(self.began_ms) };
                queue_place
            }
            None => {
                let due_ms = self
                    .due_ms
                    .max(self.began_ms.saturating_sub((JOB_STEP_REDELIVERIES_MAX - self.asked.len()) as u64));
                self.due_ms = due_ms + 1;
                step.job.asked_ms = Some(due_ms);
                QueuePlace { next_ms: due_ms, place: Place::now(due_ms), stays: None }
            }
        };
        let due_ms = queue_place.next_ms;
        let id = keys::last_part(&message.key).to_owned();
        let token = id::derived("again", &[work.lane.webhook(), &id]);
        if self.asked.is_empty() {
            step.commit.put(keys::timer(due_ms, &self.lane, &token), rows::encode(&Empty {}));
        }
        let job = Some(work.lane.webhook().to_owned());
        match last {
            Some(mut last) => {
                last.attempt.job = job;
                put_again(&mut step.commit, &self.lane, &id, last, queue_place, &token);
            }
            None => {
                let asked = Attempt { job, ..asked_attempt(event_type, due_ms, &token) };
                put_first(&mut step.commit, &self.lane, &id, queue_place, asked);
            }
        }
        self.asked.push(id);
        self.bytes += message.value.len();
        step.job.affected += 1;
        put_same(&mut step.commit, message);
    }
}

/// Returns how long a job leaves a full queue alone, in milliseconds. A lane that is free although deliveries are due waits for
/// its timer: in strict order, the retry of the first delivery can be days away.
fn blocked_ms(ctx: &JobContext<'_>, lane: &Lane, now_ms: u64) -> Result<u64, Error> {
    let row = ctx.host.get_one(&keys::lane(lane))?;
    let row = row.and_then(|entry| rows::decode::<rows::Lane>(&entry.key, &entry.value).ok());
    let timer = row.filter(|row| row.until_ms == 0).and_then(|row| row.timer);
    let due_ms = timer.and_then(|timer| keys::parse_timer(&timer)).map_or(0, |(due_ms, _)| due_ms);
    Ok(due_ms.saturating_sub(now_ms).clamp(JOB_PAUSE_MS, JOB_PAUSE_MS_MAX))
}

/// The state of a delivery, as its attempts show it.
pub(super) enum Found {
    /// No attempt.
    Nothing,
    /// The delivery has ended with this attempt.
    Ended(Last),
    /// The delivery is in progress, or cannot be asked for.
    Other,
}

/// A message that can be sent again.
pub(super) struct Sendable {
    /// The message's row.
    pub entry: Entry,
    pub message: Message,
}

/// Returns a stored message if it can be sent again.
pub(super) fn sendable(ctx: &mut JobContext<'_>, entry: Option<Entry>) -> Option<Sendable> {
    let entry = entry?;
    match rows::decode::<Message>(&entry.key, &entry.value) {
        Ok(message) if message.test || message.is_gone() || message.event.is_none() => None,
        Ok(message) => Some(Sendable { entry, message }),
        Err(error) => {
            ctx.tell(&error);
            None
        }
    }
}
