//! The profiles and secrets by which `listen` and `verify` judge a request. The engine verifies the signature.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use hookwright_engine::limits::TIMESTAMP_TOLERANCE_S;
use hookwright_engine::profile::Profile;
use hookwright_engine::secret::Secret;
use hookwright_engine::verify::{self, Received, Verdict};

use super::profiles;

/// The options of both commands.
#[derive(clap::Args)]
#[group(id = "judge")]
pub struct Options {
    /// Profile of the request: `standard`, `perfex-assets`, `datagerry`, `perscom`, `assetsup`, or `auto`
    ///
    /// May be repeated, or be a list with commas. `auto`, the default, chooses the profile by the request's headers.
    #[arg(long, env = "HOOKWRIGHT_PROFILE", value_name = "NAME", value_delimiter = ',')]
    profile: Vec<String>,
    /// File with a profile of your own; may be repeated
    ///
    /// `--profile` can name it. Without `--profile`, only the profiles of these files are used.
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// Secret of the webhook, as its registration returned it; may be repeated
    ///
    /// Other users of the machine can see the option, but not the variable. The variable may contain several secrets, one a
    /// line.
    #[arg(long, env = "HOOKWRIGHT_SECRET", hide_env_values = true, value_name = "SECRET", value_delimiter = '\n')]
    secret: Vec<String>,
    /// Largest difference between the signed time and now, in seconds
    ///
    /// Only Standard Webhooks sign the time.
    #[arg(long, env = "HOOKWRIGHT_TOLERANCE_S", value_name = "SECONDS", default_value_t = TIMESTAMP_TOLERANCE_S)]
    tolerance_s: u64,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// The profiles by which a request is judged.
#[derive(Debug)]
pub struct Judge {
    candidates: Vec<Candidate>,
    tolerance_s: u64,
}

/// A profile, with the secrets that it accepts.
#[derive(Debug)]
struct Candidate {
    profile: Profile,
    secrets: Vec<Secret>,
}

/// The judgement of a request.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The profile that the request's headers show.
    pub profile: Option<&'a Profile>,
    /// The type of the request's event.
    pub event_type: Option<String>,
    /// The verdict on its signature; `None` without a profile.
    pub verdict: Option<Verdict>,
}

impl Judged<'_> {
    /// Returns the verdict as a word for programs.
    pub fn word(&self) -> &'static str {
        self.verdict.as_ref().map_or("unrecognised", Verdict::word)
    }

    /// Returns the verdict for people.
    pub fn detail(&self) -> String {
        match &self.verdict {
            Some(verdict) => verdict.to_string(),
            None => "unrecognised: no header of a profile; name the profile with --profile".to_owned(),
        }
    }
}

impl Judge {
    /// Reads the profiles and the secrets. Errors never quote a secret.
    pub fn new(options: &Options) -> Result<Judge> {
        let profiles = profiles(options)?;
        let candidate = |profile| Candidate { profile, secrets: Vec::new() };
        let mut candidates: Vec<Candidate> = profiles.into_iter().map(candidate).collect();
        for (number, text) in (1..).zip(&options.secret) {
            let mut refused = None;
            let mut fits = false;
            for Candidate { profile, secrets } in &mut candidates {
                match Secret::parse(profile, text) {
                    Ok(secret) => {
                        secrets.push(secret);
                        fits = true;
                    }
                    Err(error) => refused = Some(error),
                }
            }
            if let (false, Some(error)) = (fits, refused) {
                return Err(error).with_context(|| format!("secret number {number} fits no profile"));
            }
        }
        Ok(Judge { candidates, tolerance_s: options.tolerance_s })
    }

    /// Returns true if there is a secret.
    pub fn has_secrets(&self) -> bool {
        self.candidates.iter().any(|candidate| !candidate.secrets.is_empty())
    }

    /// Returns the names of the profiles.
    pub fn names(&self) -> String {
        self.candidates.iter().map(|candidate| candidate.profile.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Judges a request that arrived at this time.
    pub fn judge(&self, received: &Received<'_>, at: SystemTime) -> Judged<'_> {
        let now_s = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let profiles: Vec<&Profile> = self.candidates.iter().map(|candidate| &candidate.profile).collect();
        let profile = match profiles.as_slice() {
            [only] => Some(*only),
            several => verify::recognise(several, received),
        };
        let secrets = |profile: &Profile| {
            self.candidates.iter().find(|candidate| candidate.profile == *profile).map(|candidate| &candidate.secrets)
        };
        let verdict = profile
            .and_then(|profile| Some(verify::verify(profile, secrets(profile)?, received, now_s, self.tolerance_s)));
        let event_type = profile.and_then(|profile| verify::event_type(profile, received));
        Judged { profile, event_type, verdict }
    }
}

fn profiles(options: &Options) -> Result<Vec<Profile>> {
    let texts = profiles::read(&options.profile_file)?;
    let mut profiles = texts.iter().map(|text| Profile::parse(text)).collect::<Result<Vec<_>, _>>()?;
    // If profiles are named, only these are used, also of the files.
    if !options.profile.is_empty() && !options.profile.iter().any(|name| name == "auto") {
        profiles.retain(|own| options.profile.contains(&own.name));
    }
    let all = Profile::BUILTIN_NAMES.map(str::to_owned);
    let is_auto = |names: &[String]| names.is_empty() || names.iter().any(|name| name == "auto");
    let names = match options.profile.as_slice() {
        [] if !profiles.is_empty() => &[],
        names if is_auto(names) => &all[..],
        names => names,
    };
    for name in names {
        if profiles.iter().any(|own| own.name == *name) {
            continue;
        }
        let Some(profile) = Profile::builtin(name) else {
            bail!("{name:?} is not a profile; write auto, {}", Profile::BUILTIN_NAMES.join(", "));
        };
        if !profiles.contains(profile) {
            profiles.push(profile.clone());
        }
    }
    Ok(profiles)
}
