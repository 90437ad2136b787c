//! The platform: registers and changes webhooks, reports events, repeats some of them, in transactions or not. It draws
//! each action and remembers as much as it needs to draw the next. The `checkers` judge the answers.

use std::collections::BTreeMap;

use super::filters;
use super::job::Job;
use super::net;
use super::odd;
use super::params::{Params, SlowCommits};
use super::patterns;
use super::receiver::Health;
use super::rng::Rng;
use super::statuses;
use base64::Engine as _;

/// An application's next action right after it has reported an event, while the event is being routed.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// Registers a webhook for everything.
    Register,
    /// Has the newest message sent to the newest webhook.
    Redeliver,
    /// Exchanges a webhook's pattern for another one.
    Exchange,
}

/// A receiver, which belongs to one registration.
#[derive(Debug)]
pub struct Receiver {
    /// How it behaves.
    pub health: Health,
}

/// The platform's memory.
#[derive(Debug)]
pub struct Workload {
    rng: Rng,
    /// Draws what concerns strict order.
    strict: Rng,
    /// Draws what is done with jobs.
    jobs_rng: Rng,
    /// Draws which webhooks are paused.
    pauses: Rng,
    odd: Rng,
    /// Draws the statuses that webhooks set.
    statuses: Rng,
    /// Draws lists with wide patterns and exclusions, where the seed has them.
    wide: Option<Rng>,
    /// Draws the filters of jobs, where the seed has them.
    filters: Option<Rng>,
    /// Draws what is erased, and which tenants keep no bodies.
    kept: Rng,
    /// How many subjects there are; 0: each event has its own.
    subjects: u64,
    tenants: Vec<&'static str>,
    types: &'static [&'static str],
    patterns: &'static [&'static str],
    profile: &'static str,
    markers: u64,
    /// Tenant, id and JSON of each event with an id, and its number.
    events: Vec<(String, String, u64)>,
    /// Tenant and webhook of each registration known to have succeeded.
    pub webhooks: Vec<(String, String)>,
    /// Tenant and id of each message known to have been accepted.
    pub messages: Vec<(String, String)>,
    /// Tenant and id of each job known to have begun.
    pub jobs: Vec<(String, String)>,
    /// Message and webhook of each delivery that waits for another attempt, in the order of the last.
    waiting: Vec<(String, String)>,
    /// The last redelivery, which somebody else may want as well.
    redelivered: Option<Job>,
    /// Each application's next actions, in reverse order.
    bursts: BTreeMap<usize, Vec<Next>>,
    /// One for each registration.
    pub receivers: Vec<Receiver>,
    schedules: Vec<&'static str>,
}

const TENANTS: &[&str] = &["acme", "Globex Ü", "initech"];
const SCHEDULES: &[&str] = &["[]", "[1]", "[1,2,4]", "[5,60]", "[30,300,1800]", "[5,300,1800,7200,18000,36000]"];

impl Workload {
    /// That of a seed.
    pub fn new(seed: u64, params: &Params) -> Workload {
        let mut rng = Rng::of(seed, "workload", 0);
        let perfex = params.profile == "perfex-assets";
        let schedules = match (params.hot, params.redeliveries) {
            // A waiting delivery must wait until a redelivery finds it, and only briefly, so that both want it at the
            // same time.
            (true, 10) if params.slow_commits == SlowCommits::OfPlatform => vec!["[1,1,1,1,1,1,1,1]"],
            (true, 10) => vec!["[4,4,4,4]"],
            (true, _) => vec!["[1,1,1,1]"],
            _ => (0..3).map(|_| rng.pick(SCHEDULES)).collect(),
        };
        Workload {
            tenants: TENANTS[..params.tenants].to_vec(),
            types: if perfex {
                &["asset.lost", "asset.created", "alert.low_stock"]
            } else {
                &["a.b.c", "a.b", "order.paid"]
            },
            patterns: if perfex {
                &["*", "asset.*", "asset.lost"]
            } else {
                &["*", "a.*", "a.b.*", "a.b.c", "order.paid"]
            },
            profile: params.profile,
            kept: Rng::of(seed, "kept", 1),
            subjects: if params.erasures > 0 { 4 } else { 0 },
            rng,
            strict: Rng::of(seed, "strict", 1),
            odd: Rng::of(seed, "odd", 1),
            statuses: Rng::of(seed, "statuses", 1_000),
            jobs_rng: Rng::of(seed, "jobs", 1),
            wide: params.wide.then(|| Rng::of(seed, "patterns", 1)),
            filters: params.filters.then(|| Rng::of(seed, "filters", 1)),
            pauses: Rng::of(seed, "pauses", 1),
            jobs: Vec::new(),
            schedules,
            markers: 0,
            events: Vec::new(),
            webhooks: Vec::new(),
            messages: Vec::new(),
            waiting: Vec::new(),
            redelivered: None,
            bursts: BTreeMap::new(),
            receivers: Vec::new(),
        }
    }

    /// A registration, and the receiver that belongs to it.
    pub fn registration(&mut self, params: &Params, now_us: u64) -> Job {
        let tenant = self.rng.pick(&self.tenants).to_owned();
        let events = if params.fan_out { "[\"*\"]".to_owned() } else { self.patterns_json() };
        self.registration_of(params, now_us, tenant, &events)
    }

    fn registration_of(&mut self, params: &Params, now_us: u64, tenant: String, events: &str) -> Job {
        let receiver = self.receivers.len();
        let secret = self.secret();
        let schedule = self.rng.pick(&self.schedules);
        let timeout_ms = self.rng.pick(&[500, 3_000, 10_000, 30_000]);
        // A hot queue is worked on by several at once, so nothing may slow it down.
        let (concurrencies, rates): (&[u32], &[u32]) =
            if params.hot { (&[8], &[0]) } else { (&[1, 2, 8, 8, 20], &[0, 0, 0, 0, 30, 600]) };
        let (concurrency, rate) = (self.rng.pick(concurrencies), self.rng.pick(rates));
        let order = match self.strict.below(10) < params.strict {
            true => self.strict.pick(&[r#","strictOrder":true"#, r#","strictOrder":true,"onExhausted":"pause""#]),
            false => "",
        };
        let statuses =
            if self.statuses.below(10) < params.statuses { statuses::registered(&mut self.statuses) } else { "" };
        let json = format!(
            r#"{{"name":"n","url":"https://h{receiver}.sim.test/in","events":{events},"secret":"{secret}","schedule":{schedule},"timeoutMs":{timeout_ms},"concurrency":{concurrency},"ratePerMinute":{rate}{order}{statuses}}}"#
        );
        let health = match (params.fan_out, params.hot) {
            (true, _) => Health::Well,
            (_, true) if params.faults.receiver > 0 => Health::Flaky,
            _ => net::health(&mut self.rng, &params.faults, now_us),
        };
        let health = if params.odd { odd::instead(&mut self.odd, health, now_us) } else { health };
        self.receivers.push(Receiver { health });
        Job::Register { tenant, json }
    }

    /// Somebody, drawn by somebody else.
    pub fn any_tenant(&self, rng: &mut Rng) -> String {
        rng.pick(&self.tenants).to_owned()
    }

    /// An attempt was recorded, and another one is to follow or not.
    pub fn recorded(&mut self, message: &str, webhook: &str, waits: bool) {
        self.waiting.retain(|(of, by)| of != message || by != webhook);
        if waits {
            self.waiting.push((message.to_owned(), webhook.to_owned()));
        }
    }

    /// Returns the longest pause before an application's next action, in microseconds. The actions of a burst follow one
    /// another at once; where the commits of workers are slow, a registration waits until the routing commit is in
    /// progress.
    pub fn pause_us_max(&self, params: &Params, application: usize) -> u64 {
        let next = self.bursts.get(&application).and_then(|burst| burst.last());
        match (next, params.slow_commits) {
            (None, _) | (Some(Next::Register), SlowCommits::OfWorkers) => params.pause_us_max,
            (Some(_), _) => 1_000,
        }
    }

    /// The next thing that an application does.
    pub fn action(&mut self, params: &Params, now_us: u64, application: usize) -> Job {
        if params.fan_out {
            return self.events(1);
        }
        if let Some(job) = self.less(params) {
            return job;
        }
        if let Some(next) = self.bursts.get_mut(&application).and_then(Vec::pop) {
            return self.next_of_burst(next, params, now_us);
        }
        if self.jobs_rng.below(20) < params.jobs
            && let Some(job) = self.job(now_us)
        {
            return job;
        }
        if self.rng.below(80) < params.changes + params.redeliveries {
            let late = self.rng.below(params.changes + params.redeliveries) < params.redeliveries;
            let burst = if late { vec![Next::Redeliver, Next::Register] } else { vec![Next::Exchange; 3] };
            self.bursts.insert(application, burst);
            return self.events(1);
        }
        if self.rng.below(10) < params.changes {
            return self.change(params, now_us);
        }
        if !self.messages.is_empty() && self.rng.below(20) < params.redeliveries {
            return self.redelivery();
        }
        match self.rng.below(20) {
            0 => self.of_webhook(|tenant, webhook| Job::Test { tenant, webhook }),
            1 => self.of_webhook(|tenant, webhook| Job::Attempts { tenant, webhook }),
            2 if !self.messages.is_empty() => {
                let (tenant, message) = self.messages[self.rng.index(self.messages.len())].clone();
                Job::Message { tenant, message }
            }
            _ => {
                let many = if params.hot { 1 } else { self.rng.pick(&[1, 1, 1, 1, 1, 1, 2, 3, 18]) };
                self.events(many)
            }
        }
    }

    /// A job for a webhook, mostly about all that ever was; or something about a job.
    fn job(&mut self, now_us: u64) -> Option<Job> {
        let rng = &mut self.jobs_rng;
        if !self.jobs.is_empty() && rng.below(6) == 0 {
            let (tenant, id) = self.jobs[self.jobs.len() - 1 - rng.index(self.jobs.len().min(3))].clone();
            return Some(if rng.below(2) == 0 { Job::Cancel { tenant, id } } else { Job::Jobs { tenant } });
        }
        let webhooks = self.webhooks.len();
        let newest = rng.below(3) == 0;
        let (tenant, webhook) =
            self.webhooks.get(if newest { webhooks.saturating_sub(1) } else { rng.index(webhooks.max(1)) })?.clone();
        let time = |ago_s: u64| hookwright_engine::time::rfc3339_millis(now_us - ago_s * 1_000_000);
        let since = match rng.below(3) {
            0 => time(rng.pick(&[10, 200])),
            _ => "1970-01-01T00:00:00Z".to_owned(),
        };
        let until = match rng.below(4) {
            0 => format!(r#","until":"{}""#, time(rng.pick(&[0, 5]))),
            _ => String::new(),
        };
        let recovers = rng.below(2) == 0;
        let filter = self.filters.as_mut().map_or(String::new(), |rng| match rng.below(3) {
            0 => String::new(),
            _ => format!(",{}", filters::draw(rng, recovers, self.profile)),
        });
        let range = format!(r#"{{"since":"{since}"{until}{filter}}}"#);
        Some(match recovers {
            true => Job::Recover { tenant, webhook, range },
            false => Job::Replay { tenant, webhook, range },
        })
    }

    /// Has something removed.
    fn less(&mut self, params: &Params) -> Option<Job> {
        let drawn = if params.erasures + params.settings > 0 { self.kept.below(20) } else { 20 };
        let tenant = (*self.tenants.first()?).to_owned();
        if drawn < params.erasures {
            return Some(Job::Erase { tenant, subject: self.kept.below(self.subjects) });
        }
        let keep_bodies = drawn < params.erasures + params.settings && self.kept.below(3) == 0;
        (drawn < params.erasures + params.settings).then_some(Job::Settings { tenant, keep_bodies })
    }

    fn next_of_burst(&mut self, next: Next, params: &Params, now_us: u64) -> Job {
        match (next, self.messages.last().cloned()) {
            (Next::Register, Some((tenant, _))) => self.registration_of(params, now_us, tenant, "[\"*\"]"),
            (Next::Redeliver, Some((tenant, message))) => {
                let webhook =
                    self.webhooks.iter().rev().find(|(of, _)| *of == tenant).map(|(_, webhook)| webhook.clone());
                Job::Redeliver { tenant, message, webhook }
            }
            _ => {
                let json = self.exchange();
                self.of_webhook(|tenant, webhook| Job::Update { tenant, webhook, json: json.clone() })
            }
        }
    }

    /// Mostly of a message that is still on its way or has just ended, for a webhook of its tenant: one that has it, one that
    /// does not subscribe to it, one that came later; or for all that subscribe.
    fn redelivery(&mut self) -> Job {
        if let Some(job) = self.redelivered.take().filter(|_| self.rng.below(3) > 0) {
            return job;
        }
        if let Some(job) = self.brought_forward() {
            return job;
        }
        let all = self.messages.len();
        let recent = if self.rng.below(3) == 0 { all } else { all.min(3) };
        let (tenant, message) = self.messages[all - 1 - self.rng.index(recent)].clone();
        let of_tenant: Vec<&(String, String)> = self.webhooks.iter().filter(|(of, _)| *of == tenant).collect();
        let webhook = match self.rng.below(8) {
            0..2 => None,
            2 if !self.webhooks.is_empty() => Some(self.webhooks[self.rng.index(self.webhooks.len())].1.clone()),
            _ if of_tenant.is_empty() => None,
            3 => of_tenant.last().map(|(_, newest)| newest.clone()),
            _ => Some(of_tenant[self.rng.index(of_tenant.len())].1.clone()),
        };
        let job = Job::Redeliver { tenant, message, webhook };
        self.redelivered = (self.rng.below(2) == 0).then(|| job.clone());
        job
    }

    /// Of what waits for another attempt, one of the latest.
    fn brought_forward(&mut self) -> Option<Job> {
        let latest = self.waiting.len().min(4);
        if latest == 0 || self.rng.below(4) == 0 {
            return None;
        }
        let (message, webhook) = self.waiting[self.waiting.len() - 1 - self.rng.index(latest)].clone();
        let (tenant, _) = self.webhooks.iter().find(|(_, known)| *known == webhook)?;
        let job = Job::Redeliver { tenant: tenant.clone(), message, webhook: Some(webhook) };
        self.redelivered = Some(job.clone());
        Some(job)
    }

    fn change(&mut self, params: &Params, now_us: u64) -> Job {
        if params.pauses > 0 && self.pauses.below(10) < params.pauses {
            return self.pause(now_us);
        }
        if params.strict > 0 && self.strict.below(4) == 0 {
            let json = self.strict.pick(&[
                r#"{"strictOrder":true}"#,
                r#"{"strictOrder":false}"#,
                r#"{"onExhausted":"pause"}"#,
                r#"{"isActive":true}"#,
            ]);
            return self.of_webhook(|tenant, webhook| Job::Update { tenant, webhook, json: json.to_owned() });
        }
        if params.statuses > 0 && self.statuses.below(4) == 0 {
            let json = statuses::change(&mut self.statuses);
            return self.of_webhook(|tenant, webhook| Job::Update { tenant, webhook, json: json.to_owned() });
        }
        match self.rng.below(10) {
            0 => self.registration(params, now_us),
            1 => self.of_webhook(|tenant, webhook| Job::Unregister { tenant, webhook }),
            2 => self.rotation(),
            _ => self.update(),
        }
    }

    /// Pauses a webhook, or ends its pause.
    fn pause(&mut self, now_us: u64) -> Job {
        let json = match self.pauses.pick(&[0, 1, 5, 30, 200, 3_600]) {
            0 => r#"{"pausedUntil":null}"#.to_owned(),
            seconds => {
                let until = hookwright_engine::time::rfc3339_millis(now_us + seconds * 1_000_000);
                format!(r#"{{"pausedUntil":"{until}"}}"#)
            }
        };
        self.of_webhook(|tenant, webhook| Job::Update { tenant, webhook, json: json.clone() })
    }

    /// The numbers of the other contents that were reported under this id.
    pub fn other_markers<'a>(&'a self, id: &'a str, marker: u64) -> impl Iterator<Item = u64> + 'a {
        let same = move |json: &str| json.split('"').nth(3) == Some(id);
        self.events.iter().filter(move |(_, json, other)| *other != marker && same(json)).map(|(_, _, other)| *other)
    }

    fn of_webhook(&mut self, job: impl Fn(String, String) -> Job) -> Job {
        if self.webhooks.is_empty() {
            return self.events(1);
        }
        let (tenant, webhook) = self.webhooks[self.rng.index(self.webhooks.len())].clone();
        job(tenant, webhook)
    }

    fn update(&mut self) -> Job {
        let json = match self.rng.below(7) {
            5.. => self.exchange(),
            0 => r#"{"isActive":false}"#.to_owned(),
            1 | 2 => r#"{"isActive":true}"#.to_owned(),
            3 => format!(r#"{{"schedule":{}}}"#, self.rng.pick(&self.schedules)),
            _ => format!(r#"{{"events":{}}}"#, self.patterns_json()),
        };
        self.of_webhook(|tenant, webhook| Job::Update { tenant, webhook, json: json.clone() })
    }

    /// One pattern alone, of those that match the first type: where the webhook had another one of them, it is never without.
    fn exchange(&mut self) -> String {
        let all = self.patterns.len() - usize::from(self.profile == "standard");
        if let Some(rng) = self.wide.as_mut()
            && rng.below(2) == 0
        {
            return format!(r#"{{"events":{}}}"#, patterns::draw_first(rng, self.profile));
        }
        format!(r#"{{"events":["{}"]}}"#, self.patterns[self.rng.index(all)])
    }

    fn rotation(&mut self) -> Job {
        let secret = self.secret();
        let overlap_s = self.rng.pick(&[0, 5, 3_600]);
        self.of_webhook(|tenant, webhook| Job::Rotate { tenant, webhook, secret: secret.clone(), overlap_s })
    }

    fn events(&mut self, many: u32) -> Job {
        let tenant = self.rng.pick(&self.tenants).to_owned();
        let (mut events, mut markers) = (Vec::new(), Vec::new());
        let mut ids = Vec::new();
        for _ in 0..many {
            let (event, marker, id) = self.event(&tenant);
            // The same id twice in one call is a case of its own, which the engine's unit tests have.
            if id.as_ref().is_some_and(|id| ids.contains(id)) {
                continue;
            }
            ids.extend(id);
            events.push(event);
            markers.push(marker);
        }
        let transaction = self.rng.below(4) == 0;
        Job::Accept { tenant, events, markers, transaction }
    }

    /// An event, its number and its id: a new one, or one that was reported before, or its id with another content.
    fn event(&mut self, tenant: &str) -> (String, u64, Option<String>) {
        let before: Vec<usize> = (0..self.events.len()).filter(|&index| self.events[index].0 == tenant).collect();
        let repeat = if before.is_empty() { 9 } else { self.rng.below(10) };
        let id = if repeat < 2 {
            let (_, json, marker) = self.events[before[self.rng.index(before.len())]].clone();
            let id = json.split('"').nth(3).unwrap_or_default().to_owned();
            if repeat == 0 || self.rng.below(4) > 0 {
                return (json, marker, Some(id));
            }
            Some(id)
        } else {
            (self.rng.below(4) > 0).then(|| format!("evt-{}", self.markers + 1))
        };
        self.markers += 1;
        let marker = self.markers;
        let kind = if self.rng.below(3) == 0 { self.types[0] } else { self.rng.pick(self.types) };
        let id_json = id.as_ref().map_or(String::new(), |id| format!(r#""id":"{id}","#));
        let subject = if self.subjects > 0 { marker % self.subjects } else { marker };
        let json = format!(
            r#"{{{id_json}"type":"{kind}","occurredAt":"2025-02-04T12:00:00.000Z","subject":{{"type":"asset","id":{subject}}},"data":{{"sim":{marker}}}}}"#
        );
        if id.is_some() {
            self.events.push((tenant.to_owned(), json.clone(), marker));
        }
        (json, marker, id)
    }

    fn patterns_json(&mut self) -> String {
        let first = self.rng.pick(self.patterns);
        let second = self.rng.pick(self.patterns);
        if let Some(rng) = self.wide.as_mut()
            && rng.below(2) == 0
        {
            return patterns::draw(rng, self.profile).to_owned();
        }
        if first == second || self.rng.below(2) == 0 {
            return format!("[\"{first}\"]");
        }
        format!("[\"{first}\",\"{second}\"]")
    }

    /// A new secret.
    pub fn secret(&mut self) -> String {
        let mut bytes = [0; 24];
        self.rng.fill(&mut bytes);
        if self.profile == "standard" {
            format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes))
        } else {
            hex::encode(bytes)
        }
    }
}
