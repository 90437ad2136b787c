//! The PHP host's tests, on the PHP of the system's packages, against real servers.
//!
//! Cargo builds the binaries with which the tests compare. PHP, its extensions, PHPUnit, PHP_CodeSniffer, MariaDB and
//! PostgreSQL come from apt-get; the missing ones are printed and installed. The tests start their own servers, on sockets in
//! their own folders.

use crate::apt;
use crate::command::{Counts, cargo, root, run, run_counted, target_folder};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest supported PHP.
const PHP_MIN: &str = "8.2";

/// Programs that the tests need, and Debian's packages of them.
const NEEDED: &[(&str, &str)] = &[
    ("php", "php-cli"),
    ("phpunit", "phpunit"),
    ("phpcs", "php-codesniffer"),
    ("composer", "composer"),
    ("mariadbd", "mariadb-server"),
];
/// Files and folders by which a package is recognized, and the package.
const NEEDED_FILES: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "postgresql"),
    ("/usr/share/php/Psr/Log", "php-psr-log"),
    ("/usr/share/php/Nyholm/Psr7", "php-nyholm-psr7"),
    ("/usr/share/php/Illuminate/Database", "php-illuminate-database"),
    ("/usr/share/php/Illuminate/Events", "php-illuminate-events"),
];
/// Extensions of PHP, and Debian's packages of them.
const NEEDED_EXTENSIONS: &[(&str, &str)] = &[
    ("pdo_sqlite", "php-sqlite3"),
    ("pdo_mysql", "php-mysql"),
    ("mysqli", "php-mysql"),
    ("pdo_pgsql", "php-pgsql"),
    ("mbstring", "php-mbstring"),
    ("dom", "php-xml"),
    ("FFI", "php-common"),
];

/// Installs, builds, and runs the tests.
pub fn test(counts: &mut Counts) -> Result<()> {
    apt::ensure("the PHP host's tests", &missing)?;
    let version = php(&["-r", "echo PHP_VERSION;"])?;
    let supported = php(&["-r", &format!("echo (int) version_compare(PHP_VERSION, '{PHP_MIN}', '>=');")])?;
    ensure!(supported == "1", "the PHP host needs PHP {PHP_MIN} or newer; this is {version}");
    println!("on PHP {version}");
    let host = root().join("hosts/php");
    let built = build()?;
    run(Command::new("phpcs").args(["-q", "--report=emacs"]).current_dir(&host))?;
    let mut test = Command::new("phpunit");
    test.current_dir(&host).env("HOOKWRIGHT_BIN", &built.binary).env("HOOKWRIGHT_HISTORY", &built.history);
    test.env("HOOKWRIGHT_NATIVE", &built.native).env("HOOKWRIGHT_PSR", psr_extension()?);
    run_counted(&mut test, counts, summary)
}

struct Built {
    binary: PathBuf,
    history: PathBuf,
    native: PathBuf,
}

/// It is one package, but `--workspace` keeps the features with which its dependencies were built before.
fn build() -> Result<Built> {
    run(&mut cargo(&["build", "--locked", "--workspace", "--lib", "--bin", "hookwright", "--example", "history"]))?;
    let debug = target_folder().join("debug");
    let exe = std::env::consts::EXE_SUFFIX;
    Ok(Built {
        binary: debug.join(format!("hookwright{exe}")),
        history: debug.join("examples").join(format!("history{exe}")),
        native: debug.join(format!(
            "{}hookwright_native{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        )),
    })
}

/// Returns the file of PHP's extension `psr`, which has the PSR-15 interfaces. Its package is unpacked and not installed,
/// because the extension conflicts with the packages that have the other interfaces as files.
fn psr_extension() -> Result<PathBuf> {
    let version = php(&["-r", "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;"])?;
    let folder = root().join(format!("target/tools/psr-{version}"));
    if find_psr(&folder)?.is_none() {
        println!("PHP's extension psr is not in {}; unpacking it there, once", folder.display());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        run(apt::get(&["download", "-qq"]).arg(format!("php{version}-psr")).current_dir(&folder))?;
        let files = std::fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
        let package =
            files.iter().map(std::fs::DirEntry::path).find(|path| path.extension().is_some_and(|e| e == "deb"));
        run(Command::new("dpkg-deb").arg("-x").arg(package.context("apt-get downloaded no package")?).arg(&folder))?;
    }
    find_psr(&folder)?.context("the package of PHP's extension psr has no psr.so")
}

fn find_psr(folder: &Path) -> Result<Option<PathBuf>> {
    // The next folder is named for the version of PHP's binary interface.
    let Ok(entries) = std::fs::read_dir(folder.join("usr/lib/php")) else { return Ok(None) };
    for entry in entries {
        let file = entry.context("the unpacked package cannot be read")?.path().join("psr.so");
        if file.exists() {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn missing() -> Result<Vec<&'static str>> {
    let programs = NEEDED.iter().filter(|(program, _)| !apt::is_in_path(program));
    let files = NEEDED_FILES.iter().filter(|(file, _)| !Path::new(file).exists());
    let mut missing: Vec<&str> = programs.chain(files).map(|(_, package)| *package).collect();
    // The name of its program ends with PHP's version.
    let has_fpm = std::fs::read_dir("/usr/sbin").is_ok_and(|mut programs| {
        programs.any(|one| one.is_ok_and(|one| one.file_name().to_string_lossy().starts_with("php-fpm")))
    });
    missing.extend((!has_fpm).then_some("php-fpm"));
    let loaded = if apt::is_in_path("php") { php(&["-m"])? } else { String::new() };
    let is_loaded = |name: &str| loaded.lines().any(|line| line == name);
    missing.extend(NEEDED_EXTENSIONS.iter().filter(|(name, _)| !is_loaded(name)).map(|(_, package)| *package));
    missing.dedup();
    Ok(missing)
}

fn php(arguments: &[&str]) -> Result<String> {
    let output = Command::new("php").args(arguments).stderr(Stdio::inherit()).output().context("cannot start php")?;
    ensure!(output.status.success(), "php failed ({})", output.status);
    String::from_utf8(output.stdout).context("php's output is not UTF-8")
}

/// Reads a line such as `OK (59 tests, 224 assertions)` or `Tests: 59, Assertions: 223, Errors: 1, Failures: 2.`.
fn summary(line: &str) -> Option<Counts> {
    if let Some(rest) = line.strip_prefix("OK (") {
        let passed = rest.split_once(" test")?.0.parse().ok()?;
        return Some(Counts { passed, failed: 0 });
    }
    let rest = line.strip_prefix("Tests: ")?.strip_suffix('.')?;
    let number = |name: &str| rest.split(", ").find_map(|part| part.strip_prefix(name)?.parse::<u64>().ok());
    let tests = rest.split(", ").next()?.parse::<u64>().ok()?;
    // A skipped test counts as failed, because nothing may be skipped here.
    let failed = ["Errors: ", "Failures: ", "Warnings: ", "Skipped: ", "Incomplete: ", "Risky: "]
        .iter()
        .filter_map(|name| number(name))
        .sum();
    Some(Counts { passed: tests.saturating_sub(failed), failed })
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::command::Counts;

    #[test]
    fn sums_are_read_from_lines_of_phpunit() {
        let check = |line, passed, failed| assert_eq!(summary(line), Some(Counts { passed, failed }), "{line}");
        check("OK (59 tests, 224 assertions)", 59, 0);
        check("OK (1 test, 1 assertion)", 1, 0);
        check("Tests: 59, Assertions: 223, Errors: 1, Failures: 2.", 56, 3);
        check("Tests: 9, Assertions: 20, Skipped: 1.", 8, 1);
        for line in ["", "OK", "Tests: many.", "OK, but incomplete, skipped, or risky tests!"] {
            assert_eq!(summary(line), None, "{line}");
        }
    }
}
