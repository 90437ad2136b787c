//! The built-in profiles: the files of `engine/profiles`, each parsed at its first use.

use crate::profile::definition::Profile;
use std::sync::{Arc, OnceLock};

impl Profile {
    /// The names of the built-in profiles.
    pub const BUILTIN_NAMES: [&str; 5] = ["standard", "perfex-assets", "datagerry", "perscom", "assetsup"];

    const FILES: [&str; 5] = [
        include_str!("../../profiles/standard.json"),
        include_str!("../../profiles/perfex-assets.json"),
        include_str!("../../profiles/datagerry.json"),
        include_str!("../../profiles/perscom.json"),
        include_str!("../../profiles/assetsup.json"),
    ];

    /// Returns the built-in profile of this name.
    pub fn builtin(name: &str) -> Option<&'static Profile> {
        Profile::parsed(name).map(Arc::as_ref)
    }

    /// Returns the built-in profile of this name, to be kept beside profiles of the host.
    pub(crate) fn builtin_shared(name: &str) -> Option<Arc<Profile>> {
        Profile::parsed(name).cloned()
    }

    /// Returns the document of a built-in profile, as an example for others.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        let index = Profile::BUILTIN_NAMES.iter().position(|builtin| *builtin == name)?;
        Some(Profile::FILES[index])
    }

    fn parsed(name: &str) -> Option<&'static Arc<Profile>> {
        static PARSED: [OnceLock<Arc<Profile>>; 5] = [const { OnceLock::new() }; 5];
        let index = Profile::BUILTIN_NAMES.iter().position(|builtin| *builtin == name)?;
        Some(PARSED[index].get_or_init(|| {
            Arc::new(Profile::parse(Profile::FILES[index]).expect("a test parses every built-in profile"))
        }))
    }
}
