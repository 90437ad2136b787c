//! Tests of the command line and of its page in the docs.

use clap::{Arg, Command, CommandFactory};

use super::*;

const PAGE: &str = include_str!("../../../docs/command-line.md");

/// Every command with its options, clap's own `--help` and `--version` aside.
fn commands() -> Vec<(String, Vec<Arg>)> {
    let mut tree = Cli::command();
    tree.build();
    let options = |command: &Command| {
        let own = command.get_arguments().filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"));
        own.cloned().collect()
    };
    let commands = tree.get_subcommands().filter(|command| command.get_name() != "help");
    commands.map(|command| (command.get_name().to_owned(), options(command))).collect()
}

#[test]
fn the_tree_holds() {
    Cli::command().debug_assert();
    assert!(commands().len() >= 4);
}

#[test]
fn every_option_has_a_variable() {
    for (command, options) in commands() {
        for option in options.iter().filter(|option| !option.is_positional()) {
            let variable = option.get_env().map(|name| name.to_str().unwrap().to_owned());
            let id = option.get_id();
            let variable = variable.unwrap_or_else(|| panic!("{command} --{id} has no variable"));
            assert!(variable.starts_with("HOOKWRIGHT_"), "{command} --{id}: {variable}");
            let is_secret = ["secret", "token", "header", "proxy"].iter().any(|word| id.as_str() == *word);
            assert_eq!(option.is_hide_env_values_set(), is_secret, "{command} --{id}: is its value shown in --help?");
        }
    }
}

#[test]
fn the_last_counts_where_one_is_wanted() {
    let value = |arguments: &[&str], id: &str| {
        let found = Cli::command().try_get_matches_from([&["hookwright"], arguments].concat()).unwrap();
        let (_, found) = found.subcommand().unwrap();
        found.get_raw(id).unwrap().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(value(&["listen", "--status", "500", "--status", "201", "--json", "--json"], "status"), ["201"]);
    assert_eq!(value(&["serve", "--store", "memory:", "--store", "sqlite:a"], "store"), ["sqlite:a"]);
    assert_eq!(value(&["listen", "--secret", "a,b", "--secret", "c"], "secret"), ["a,b", "c"]);
}

#[test]
fn every_option_is_explained() {
    for (command, options) in commands() {
        for option in options {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 10, "{command} {}: {help:?}", option.get_id());
        }
    }
}

#[test]
fn the_page_names_every_option() {
    for (command, options) in commands() {
        let heading = format!("\n## `hookwright {command}`");
        let (_, section) =
            PAGE.split_once(&heading).unwrap_or_else(|| panic!("docs/command-line.md lacks {heading:?}"));
        let section = section.split("\n## ").next().unwrap();
        for option in options.iter().filter(|option| !option.is_positional()) {
            let name = format!("`--{}", option.get_long().unwrap());
            let said = section.match_indices(&name).any(|(at, _)| section[at + name.len()..].starts_with(['`', ' ']));
            assert!(said, "docs/command-line.md, {heading:?}, does not name {name}`");
        }
    }
}
