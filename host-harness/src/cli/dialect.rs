//! The profiles and secrets that `listen` and `verify` try a request with. How a signature is checked is the engine's.

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
#[group(id = "dialect")]
pub struct Options {
    /// The dialect of the request: `standard`, `perfex-assets`, `datagerry`, `perscom`, `assetsup`, or `auto`
    ///
    /// May be repeated, or be a list with commas. `auto` takes the one whose headers the request bears, and is what happens
    /// without this option.
    #[arg(long, env = "HOOKWRIGHT_PROFILE", value_name = "NAME", value_delimiter = ',')]
    profile: Vec<String>,
    /// A platform's own profile, in the form of the built-in ones; may be repeated
    ///
    /// `--profile` can name them. Without it only these are tried.
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// A secret that may have signed, as the webhook's answer showed it; may be repeated
    ///
    /// What is typed here can be seen by other users of the machine; the variable cannot. It may hold several, one a line.
    #[arg(long, env = "HOOKWRIGHT_SECRET", hide_env_values = true, value_name = "SECRET", value_delimiter = '\n')]
    secret: Vec<String>,
    /// How far a signed time may be from the present, in seconds
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

/// The profiles that are tried, each with the secrets that it can use.
#[derive(Debug)]
pub struct Dialects {
    tried: Vec<(Profile, Vec<Secret>)>,
    tolerance_s: u64,
}

/// What is said of a request.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Whose it is, as far as its headers tell.
    pub profile: Option<&'a Profile>,
    /// The type of its event.
    pub event_type: Option<String>,
    /// The verdict on its signature; none without a profile.
    pub verdict: Option<Verdict>,
}

impl Judged<'_> {
    /// The verdict as a word for programs.
    pub fn word(&self) -> &'static str {
        self.verdict.as_ref().map_or("unrecognised", Verdict::word)
    }

    /// The verdict for people.
    pub fn detail(&self) -> String {
        match &self.verdict {
            Some(verdict) => verdict.to_string(),
            None => "unrecognised: it bears no header of a profile; name one with --profile".to_owned(),
        }
    }
}

impl Dialects {
    /// Reads the profiles and the secrets. Errors never quote a secret.
    pub fn new(options: &Options) -> Result<Dialects> {
        let profiles = profiles(options)?;
        let mut tried: Vec<(Profile, Vec<Secret>)> = profiles.into_iter().map(|profile| (profile, vec![])).collect();
        for (number, text) in (1..).zip(&options.secret) {
            let mut refused = None;
            let mut fits = false;
            for (profile, secrets) in &mut tried {
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
        Ok(Dialects { tried, tolerance_s: options.tolerance_s })
    }

    /// Whether there is a secret at all.
    pub fn has_secrets(&self) -> bool {
        self.tried.iter().any(|(_, secrets)| !secrets.is_empty())
    }

    /// The names of the profiles that are tried.
    pub fn names(&self) -> String {
        self.tried.iter().map(|(profile, _)| profile.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Looks at a request that came then.
    pub fn judge(&self, received: &Received<'_>, at: SystemTime) -> Judged<'_> {
        let now_s = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let profiles: Vec<&Profile> = self.tried.iter().map(|(profile, _)| profile).collect();
        let profile = match profiles.as_slice() {
            [only] => Some(*only),
            several => verify::recognise(several, received),
        };
        let secrets = |profile: &Profile| self.tried.iter().find(|(tried, _)| tried == profile).map(|(_, own)| own);
        let verdict = profile
            .and_then(|profile| Some(verify::verify(profile, secrets(profile)?, received, now_s, self.tolerance_s)));
        let event_type = profile.and_then(|profile| verify::event_type(profile, received));
        Judged { profile, event_type, verdict }
    }
}

fn profiles(options: &Options) -> Result<Vec<Profile>> {
    let texts = profiles::read(&options.profile_file)?;
    let mut profiles = texts.iter().map(|text| Profile::parse(text)).collect::<Result<Vec<_>, _>>()?;
    // Named ones are those that are wanted; others of the files are then not tried.
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
            bail!("{name:?} is no profile; there are auto, {}", Profile::BUILTIN_NAMES.join(", "));
        };
        if !profiles.contains(profile) {
            profiles.push(profile.clone());
        }
    }
    Ok(profiles)
}
