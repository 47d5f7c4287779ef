"""Compiles every mutant of `by_hand.toml` into one build, each behind a switch.

The table's conditions and updates are text to the compiler, so a general tool can't mutate them. A build per mutant
would take days. So this script writes a copy of the workspace in which each mutated function has its own body and one
body per mutant. `shared::mutants::on(N)` chooses. `tests/contract/mutants.rs` checks that each text can be found.

    switch.py COPY        writes the copy and its list of mutants (COPY/mutants.json), and builds its tests
"""

import json, pathlib, re, shutil, subprocess, sys, tomllib

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent

MODULE = '''//! Which mutant this process is (`MUTANT`), and in `MUTANTS_REACHED` a file of those whose function it came by.
use std::{collections::BTreeSet, io::Write, sync::{LazyLock, Mutex}};
static MUTANT: LazyLock<Option<u32>> = LazyLock::new(|| std::env::var("MUTANT").ok()?.parse().ok());
static REACHED: LazyLock<Option<Mutex<(BTreeSet<u32>, std::fs::File)>>> = LazyLock::new(|| {
    let path = std::env::var_os("MUTANTS_REACHED")?;
    Some(Mutex::new((BTreeSet::new(), std::fs::File::create(path).expect("a file of the reached"))))
});
#[must_use]
pub fn on(mutant: u32) -> bool {
    if let Some(reached) = &*REACHED {
        let mut reached = reached.lock().expect("the reached");
        if reached.0.insert(mutant) {
            writeln!(reached.1, "{mutant}").expect("a line");
        }
    }
    *MUTANT == Some(mutant)
}
'''


def listed():
    """The mutants. A text alone becomes a condition that always holds. Of a pair, the second replaces the first."""
    mutants = []
    for file, functions in tomllib.loads((HERE / "by_hand.toml").read_text()).items():
        for function, changes in functions.items():
            for text, *other in changes:
                to = other[0] if other else f"({text} OR attribute_exists(pk))"
                mutants.append({"id": len(mutants), "file": file, "function": function, "text": text, "with": to})
    return mutants


def switched(code, function, mutants):
    """A file whose function has one body per mutant. Rustfmt's indentation tells where a body ends."""
    found = re.search(rf"^( *)[^/\n]*\bfn {function}[(<](?:.*\n)*?.*\{{\n((?:.*\n)*?)\1\}}\n", code, re.M)
    if not found:
        sys.exit(f"no function {function}")
    body = found[2]
    bodies = []
    for one in mutants:
        if body.count(one["text"]) != 1:
            sys.exit(f"{one['file']}: {one['text']!r} is {body.count(one['text'])} times in {function}")
        bodies.append(f"if crate::mutants::on({one['id']}) {{\n{body.replace(one['text'], one['with'])}}} else ")
    start, end = found.span(2)
    return f"{code[:start]}{''.join(bodies)}{{\n{body}}}\n{code[end:]}"


def copy(to):
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    for path in filter(None, files.stdout.decode().split("\0")):
        if (ROOT / path).exists():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, to / path)
    (to / "shared/src/mutants.rs").write_text(MODULE)
    library = to / "shared/src/lib.rs"
    library.write_text(re.sub(r"(?m)^pub mod ", "#[allow(missing_docs)]\npub mod mutants;\npub mod ", library.read_text(), count=1))
    manifest = to / "Cargo.toml"
    manifest.write_text(re.sub(r'(?m)^(\w+ = )(\{ level = )?"(?:deny|warn)"', lambda found: f'{found[1]}{found[2] or ""}"allow"', manifest.read_text()))


def main():
    to = pathlib.Path(sys.argv[1]).resolve()
    mutants = listed()
    copy(to)
    for file, function in dict.fromkeys((one["file"], one["function"]) for one in mutants):
        here = [one for one in mutants if (one["file"], one["function"]) == (file, function)]
        (to / file).write_text(switched((to / file).read_text(), function, here))
    (to / "mutants.json").write_text(json.dumps(mutants, indent=1))
    subprocess.run(["cargo", "test", "--workspace", "--no-run"], cwd=to, check=True)


main()
