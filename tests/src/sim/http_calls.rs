//! Requests in the simulated world: they are judged when they are submitted, travel, and come back to the call that
//! waits for them.

use hookwright_engine::ports::{Completion, HttpError, HttpErrorKind, Request, Response, Signal, WaitResult};

use super::agenda::Due;
use super::checkers::sends::{self, Sender, Told};
use super::checkers::{Failure, delay, during, ensure};
use super::coverage::Count;
use super::ids::{CallId, InstanceId, RequestId};
use super::job::Job;
use super::net::{self, Sent};
use super::ops::Reply;
use super::receiver::Health;
use super::rows::{Secret, Webhook};
use super::world::World;

/// Number of waits of almost no time in a row that show a worker that turns in circles.
const SHORT_WAITS_MAX: u32 = 100;

impl World {
    /// Takes requests over.
    pub fn submit(&mut self, instance: InstanceId, call: CallId, requests: Vec<Request>) -> Result<Reply, Failure> {
        for request in requests {
            self.send(instance, call, &request)?;
        }
        Ok(Reply::Submitted)
    }

    fn send(&mut self, instance: InstanceId, call: CallId, request: &Request) -> Result<(), Failure> {
        let receiver = sends::receiver_of(&request.url).and_then(|receiver| self.workload.receivers.get(receiver));
        let health = receiver.map_or(Health::Well, |receiver| receiver.health);
        let clock_us = self.clock_us(instance);
        let sender = Sender {
            call,
            began_us: self.calls[call].began_us,
            delivers: matches!(&*self.calls[call].job, Job::Deliver(_)),
            now_us: self.now_us,
            clock_us,
            in_flight: &self.instances[instance].in_flight,
            clock_slack_ms: self.params.clock_slack_ms(),
            skew_ms: self.params.faults.clock_off_ms_max * 2,
            wild_clocks: self.params.wild_clocks(),
            profile: self.params.profile,
            read: &self.calls[call].read,
        };
        let told = sends::judge(&self.model, &mut self.requests.bodies, &self.requests.sent, sender, request)?;
        self.count_request(&request.url);
        let mut fate =
            net::fate(&mut self.streams.network, &self.faults, health, self.params.answer_us_max, self.now_us, request);
        let loses = told.message.is_some() && self.streams.losses.chance(self.faults.completion_lost);
        if loses {
            fate = net::lost(fate, self.now_us, request);
            self.coverage.add(Count::LostCompletions);
            self.observed.excuses.add(self.now_us, delay::NETWORK_US);
        }
        self.count_told(&told);
        let signer = self.count_signer(&told, clock_us / 1_000);
        let asks = if told.message.is_some() { self.wish(health, &mut fate.result) } else { None };
        let outcome = self.outcome_of(health, &fate.result);
        self.judge_pace(&told, health, request.timeout_ms)?;
        let id = self.requests.sent.len();
        let duration_ms = u32::try_from((fate.completes_us - self.now_us) / 1_000).unwrap_or(u32::MAX);
        if let Some(message) = &told.message
            && let Some(lane) = self.model.lanes.get_mut(&told.lane)
            && let Some(delivery) = lane.deliveries.get_mut(message)
        {
            delivery.requests.push(id);
        }
        self.requests.sent.push(Sent {
            call,
            lane: told.lane,
            message: told.message,
            lease: told.lease,
            number: told.number,
            quarantined: told.quarantined,
            sent_us: self.now_us,
            clock_us,
            arrives_us: fate.arrives_us,
            outcome,
            retry_after_s: fate.retry_after_s,
            answered: None,
            wish: asks.is_some(),
            aborts: asks == Some("abort-message"),
            completion_lost: loses,
            signer,
            completed: false,
            over: false,
            recorded: false,
            lost: false,
        });
        self.instances[instance].in_flight.push(id);
        let completion = Completion { id: request.id, duration_ms, result: fate.result };
        self.requests.results.push((!loses).then_some(completion));
        self.at(fate.completes_us - self.now_us, Due::Complete(instance, call, id));
        Ok(())
    }

    /// Counts a request by its kind.
    fn count_told(&mut self, told: &Told) {
        self.coverage.add(if told.message.is_some() { Count::Requests } else { Count::Tests });
        if told.message.is_some() && told.number == 0 {
            self.coverage.add(Count::StaleSends);
        }
    }

    /// Counts requests during a rotation. Returns the secret whose signature a request has if it has room for one only.
    fn count_signer(&mut self, told: &Told, clock_ms: u64) -> Option<String> {
        let lane = self.model.lanes.get(&told.lane)?;
        let is_live = |secret: &&Secret| secret.until_ms.is_none_or(|until_ms| until_ms > clock_ms);
        let live: Vec<&Secret> = lane.registration()?.secrets.iter().filter(is_live).collect();
        let signer = live.last()?.sealed.clone();
        self.coverage.add_many(Count::Overlaps, usize::from(live.len() > 1));
        let delivery = told.message.as_ref().and_then(|message| lane.deliveries.get(message));
        let before = delivery.and_then(|delivery| delivery.requests.last()).map(|&id| &self.requests.sent[id]);
        let switched = before.is_some_and(|before| before.signer.as_ref() != Some(&signer));
        self.coverage.add_many(Count::Switched, usize::from(switched));
        Some(signer)
    }

    /// Counts what a receiver returns. Returns its status, or the kind of the failure.
    fn outcome_of(&mut self, health: Health, result: &Result<Response, HttpError>) -> Result<u16, HttpErrorKind> {
        self.coverage.add_many(Count::OddAnswers, usize::from(matches!((health, result), (Health::Odd, Ok(_)))));
        let outcome = match result {
            Ok(response) => Ok(response.status),
            Err(error) => Err(error.kind),
        };
        if outcome.is_err() {
            self.coverage.add(Count::NetworkFaults);
            if matches!(health, Health::Well) {
                self.observed.excuses.add(self.now_us, delay::NETWORK_US);
            }
        } else if outcome.is_ok_and(|status| status >= 300) {
            self.coverage.add(Count::ReceiverFaults);
        }
        outcome
    }

    /// Judges that an attempt comes neither too soon nor too late.
    fn judge_pace(&mut self, told: &Told, health: Health, timeout_ms: u32) -> Result<(), Failure> {
        if told.number > 0 && told.message.is_some() {
            let lane = &self.model.lanes[&told.lane];
            // A quarantined delivery is written down before it is read.
            let quarantined = lane.lease.quarantine.delivery.is_some();
            let slack_us = self.params.send_slack_us() * if quarantined { 2 } else { 1 };
            if self.observed.paces.judge(&told.lane, lane, &told.lease, self.now_us, slack_us)? {
                self.coverage.add(Count::RateBreaches);
            }
            if told.crowded {
                self.coverage.add(Count::SlotBreaches);
            }
        }
        // A receiver that takes longer than it may is not healthy either.
        let in_time = self.params.answer_us_max + net::TRAVEL_US_MAX < u64::from(timeout_ms) * 1_000;
        if let (Some(message), 1, Health::Well, true) = (&told.message, told.number, health, in_time) {
            self.waited(&told.lane, message)?;
        }
        Ok(())
    }

    /// A healthy webhook is sent a message for the first time.
    fn waited(&mut self, lane_id: &str, message: &str) -> Result<(), Failure> {
        let params = &self.params;
        // Where each call of the store takes a second, others' calls are what takes the time.
        if !params.patient
            || params.storage_us_max > 100_000
            || params.poison > 0
            || params.restore.is_some()
            || self.script.is_some()
        {
            return Ok(());
        }
        let lane = &self.model.lanes[lane_id];
        let accepted_us = self.model.messages[message].accepted_us;
        let plain = |webhook: &Webhook| {
            webhook.active
                && webhook.paused_until_ms == 0
                && !webhook.strict_order
                && webhook.rate_per_minute.is_none_or(|rate| rate == 0)
        };
        let steady = during(lane, accepted_us, self.now_us).into_iter().all(|state| state.is_some_and(plain));
        let delivery = &lane.deliveries[message];
        if !steady || !delivery.log.is_empty() || !delivery.moved.is_empty() || !delivery.requests.is_empty() {
            return Ok(());
        }
        self.coverage.add(Count::Waits);
        let about = || format!("{message} was sent to {lane_id} for the first time");
        let jobs = self.model.jobs.len();
        delay::first_attempt(params, &self.observed.excuses, lane, jobs, (accepted_us, self.now_us), about)
    }

    /// Draws whether a flaky receiver's answer asks for less: no more of this message, or nothing at all.
    fn wish(&mut self, health: Health, result: &mut Result<Response, HttpError>) -> Option<&'static str> {
        let Ok(response) = result else { return None };
        if !matches!(health, Health::Flaky) || !self.streams.wishes.chance(self.params.wishes) {
            return None;
        }
        let wish = self.streams.wishes.pick(&["abort-message", "abort-message", "disable"]);
        response.headers.push(("webhook-delivery".to_owned(), wish.to_owned()));
        self.coverage.add(Count::Wishes);
        Some(wish)
    }

    /// A receiver that answers one thing after the other has been asked once more.
    fn count_request(&mut self, url: &str) {
        let receiver = sends::receiver_of(url).and_then(|receiver| self.workload.receivers.get_mut(receiver));
        if let Some(Health::Says { asked, .. }) = receiver.map(|receiver| &mut receiver.health) {
            *asked += 1;
        }
    }

    /// A request comes back; if its sender is gone, to nobody. Returns the end of the sender's wait, if it waits.
    pub fn complete(&mut self, instance: InstanceId, call: CallId, request: RequestId) -> Option<Reply> {
        let completion = self.requests.results[request].take();
        let life = &mut self.instances[instance];
        let alive = life.running.as_ref().is_some_and(|(running, _)| *running == call);
        if !alive || !life.in_flight.contains(&request) {
            return None;
        }
        life.in_flight.retain(|&in_flight| in_flight != request);
        self.requests.sent[request].completed = true;
        self.requests.sent[request].over = true;
        let Some(completion) = completion else {
            // The completion is lost. The sender gives the request up later, by a clock that may have jumped back until then.
            let clock_us = self.clock_us(instance).saturating_sub(self.params.clock_slack_ms() * 1_000);
            self.requests.sent[request].answered = Some((self.now_us, clock_us));
            return None;
        };
        life.ready.push((request, completion));
        if self.dies_of_answer(instance, request) {
            self.crash(instance);
            return None;
        }
        if self.instances[instance].waits { self.wait_over(instance) } else { None }
    }

    /// The instance waits for what comes back. Returns the end of the wait, if it ends at once.
    pub fn wait(&mut self, instance: InstanceId, timeout_ms: u32) -> Result<Option<Reply>, Failure> {
        let life = &mut self.instances[instance];
        let short = timeout_ms < 10 && life.ready.is_empty();
        life.short_waits = if short { life.short_waits + 1 } else { 0 };
        ensure(life.short_waits < SHORT_WAITS_MAX, "spins", || {
            format!("instance {instance} waited {SHORT_WAITS_MAX} times in a row for less than 10 ms")
        })?;
        life.waits = true;
        if !life.ready.is_empty() || timeout_ms == 0 {
            return Ok(self.wait_over(instance));
        }
        let epoch = life.epoch;
        self.at(u64::from(timeout_ms) * 1_000, Due::WaitOver(instance, epoch));
        Ok(None)
    }

    /// The wait ends. Returns what has come back, unless the instance is gone.
    pub fn wait_over(&mut self, instance: InstanceId) -> Option<Reply> {
        self.instances[instance].waits = false;
        if self.dies_of_hit(instance) {
            self.crash(instance);
            return None;
        }
        let clock_us = self.clock_us(instance);
        let ready = std::mem::take(&mut self.instances[instance].ready);
        ready.iter().for_each(|(request, _)| self.requests.sent[*request].answered = Some((self.now_us, clock_us)));
        let completions = ready.into_iter().map(|(_, completion)| completion).collect();
        let signal = if self.streams.faults.chance(self.faults.drain) {
            self.coverage.add(Count::Drains);
            self.observed.excuses.add(self.now_us, delay::NETWORK_US);
            Signal::Drain
        } else if self.streams.faults.below(4) == 0 {
            Signal::Work
        } else {
            Signal::None
        };
        Some(Reply::Waited(WaitResult { completions, signal }))
    }
}
