//! The rules by themselves, in instructions, which do not depend on the machine's load: valgrind counts those of a program,
//! built as the functions are, that applies one ten times, and a hundred and ten times; the difference is a hundred
//! applications, for the start and what is made once are in both.

use std::{path::Path, process::Command};

use crate::{
    bars::Bars,
    binary::{Binaries, RULES},
};

/// What was counted of a rule.
pub struct Counted {
    /// What it decides.
    pub what: String,
    /// Instructions of one application.
    pub instructions: f64,
    /// The most that it may take: a fifth more than when it was looked at last.
    pub most: f64,
}

/// Whether there is a valgrind to count with.
pub fn countable() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Counts each rule.
pub fn count(binaries: &Binaries) -> Vec<Counted> {
    println!("rules: instructions, by valgrind");
    let program = binaries.path(RULES);
    let listed = String::from_utf8(Command::new(&program).output().unwrap().stdout).unwrap();
    let counted = listed.lines().map(|line| {
        let (name, rest) = line.split_once(": ").unwrap();
        let (most, what) = rest.split_once(": ").unwrap();
        let instructions = (instructions(&program, name, 110) - instructions(&program, name, 10)) / 100.0;
        Counted { what: what.to_owned(), instructions: instructions.round(), most: most.parse().unwrap() }
    });
    counted.collect()
}

/// Holds each to its ceiling.
pub fn hold(counted: &[Counted], bars: &mut Bars) {
    for rule in counted {
        bars.count(format!("instructions: {}", rule.what), rule.instructions, rule.most);
    }
}

fn instructions(program: &Path, rule: &str, times: u32) -> f64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let done = valgrind.args([rule, &times.to_string()]).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{told}");
    let counted = told.lines().find_map(|line| line.split_once("Collected :")).unwrap().1;
    counted.trim().parse().unwrap()
}
