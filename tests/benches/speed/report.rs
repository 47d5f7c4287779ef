//! The results of a run in `tests/evidence`: the measured part of `speed.md`, and its picture.

use std::{env, fmt::Write, fs, path::Path, process::Command};

use shared::base::clock::Clock;

use crate::{
    bars::{Bar, Bars},
    picture,
};

/// The sections so far, and the panels of the picture.
pub struct Report {
    begun: String,
    commit: String,
    load: String,
    sections: String,
    panels: Vec<picture::Panel>,
    cost: String,
    bars: String,
}

impl Report {
    /// An empty report that begins now.
    pub fn new() -> Self {
        let (begun, load) = (Clock::system().now().rfc3339(), load());
        Self {
            begun,
            commit: commit(),
            load,
            sections: String::new(),
            panels: Vec::new(),
            cost: String::new(),
            bars: String::new(),
        }
    }

    /// Sets the section of the bars.
    pub fn bars(&mut self, bars: &Bars) {
        let line = |bar: &Bar| {
            let verdict = if bar.met() { "met" } else { "**missed**" };
            format!("| {} | {} | {}{} | {verdict} |\n", bar.what, bar.shown(), bar.limit, bar.unit)
        };
        let lines: String = bars.all().iter().map(line).collect();
        self.bars = format!(
            "\n## Is every limit held?\n\n\
             For warm requests, a bar limits an upper bound of the median with 97.5 % confidence. That bound is a \
             little higher than the medians above. For starts and growth, a bar limits the median.\n\n\
             | | measured | at most | |\n|---|---|---|---|\n{lines}"
        );
    }

    /// Writes the results into the documents.
    pub fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("evidence");
        assert_eq!(commit(), self.commit, "the code changed meanwhile: nothing is written");
        let text = format!(
            "Written by `cargo bench -p tests --bench speed`, which began {} on commit `{}`, with {}. The machine is {} ({}) \
             with {} cores. Its load was {} at the beginning and {} at the end. `a (b–c)` is a median and its \
             quartiles.\n\n\
             ![What a user waits for, by memory, and where the time of a request goes](speed.svg)\n{}{}",
            self.begun,
            self.commit,
            told("rustc", &["--version"]),
            processor(),
            env::consts::ARCH,
            std::thread::available_parallelism().map_or(0, usize::from),
            self.load,
            load(),
            self.sections,
            self.bars,
        );
        put(&folder.join("speed.md"), "measured", &text);
        fs::write(folder.join("speed.svg"), picture::draw(&self.panels)).unwrap();
        put(&folder.join("../../infra/guide/costs.md"), "cost", &self.cost);
        println!("written: {}", folder.join("speed.md").display());
    }

    /// Adds the cost of logins, which is a finished table.
    pub fn costs(&mut self, table: String) {
        self.sections += &table;
        self.cost = table;
    }

    /// Adds a panel to the picture.
    pub fn draw(&mut self, panel: picture::Panel) {
        self.panels.push(panel);
    }

    /// Prints the results of a partial run.
    pub fn print(&self) {
        println!("{}{}", self.sections, self.bars);
    }

    /// Begins a section with its heading and its first text.
    pub fn section(&mut self, text: &str) {
        write!(self.sections, "\n## {text}\n\n").unwrap();
    }

    /// Begins a table.
    pub fn table(&mut self, heads: &[&str]) {
        self.row(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
        writeln!(self.sections, "|{}", "---|".repeat(heads.len())).unwrap();
    }

    /// Adds a row to the table.
    pub fn row(&mut self, cells: &[String]) {
        writeln!(self.sections, "| {} |", cells.join(" | ")).unwrap();
    }
}

/// Puts a text between its marks in a document.
fn put(path: &Path, mark: &str, text: &str) {
    let (begins, ends) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let document = fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(&begins).unwrap();
    let (_, after) = rest.split_once(&ends).unwrap();
    fs::write(path, format!("{before}{begins}{text}{ends}{after}")).unwrap();
}

/// The commit that is measured. It ends in `-dirty` if there are uncommitted changes.
fn commit() -> String {
    told("git", &["describe", "--always", "--dirty", "--exclude=*"])
}

fn told(program: &str, arguments: &[&str]) -> String {
    let told = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "a processor without a name".to_owned(), |(_, name)| name.trim().to_owned())
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    text.split(' ').next().unwrap_or_default().to_owned()
}
