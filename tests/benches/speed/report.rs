//! What a run found, written down: `RESULTS.md`, and the picture beside it.

use std::{env, fmt::Write, fs, path::Path, process::Command};

use shared::clock::Clock;

use crate::{
    bars::{Bar, Bars},
    cold::Starts,
    cost::{self, Cost},
    growth::Grown,
    picture,
    rules::Counted,
    store::Alone,
    warm::{Chain, Warm},
};

/// The sections so far, and what the picture needs.
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
    /// An empty one, of this moment.
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

    /// Cold starts.
    pub fn cold(&mut self, starts: &[Starts]) {
        let hello = &starts[0];
        self.section(&format!(
            "Cold start\n\nEach release binary as a process of its own behind a Lambda Runtime API, {} starts of each in turn: from \
             the start of the process to its first poll (`init`), then one event (an activation, a login, a recovery code, a \
             text, a code) against the embedded AWS, over plain HTTP. The peak of memory is that after \
             its heavier events too: the begin of an app with its QR code and of a phone, an email, a page of members. The \
             binaries are read from the page cache. `hello` is a \
             `lambda_http` function with a JSON log and a fixed answer. Medians, with quartiles; ratios are taken start by start.",
            hello.init.len()
        ));
        self.table(&[
            "",
            "binary, MB",
            "init, ms",
            "by hello's",
            "init, CPU ms",
            "by hello's",
            "first event, ms",
            "CPU in all, ms",
            "peak memory, MB",
        ]);
        for one in starts {
            self.row(&[
                format!("`{}`", one.name),
                format!("{:.1}", one.size),
                one.init.to_string(),
                one.init.by(&hello.init).to_string(),
                one.init_cpu.to_string(),
                one.init_cpu.by(&hello.init_cpu).to_string(),
                one.first.to_string(),
                one.cpu.to_string(),
                format!("{:.1}", one.memory.median()),
            ]);
        }
        self.panels.push(picture::cold(starts));
    }

    /// Chains of calls, and warm requests without and with latency.
    pub fn warm(&mut self, chains: &[Chain], fast: &[Warm], slow: &[Warm]) {
        self.section("Calls in a row\n\nThe AWS calls of a warm request, as they went over the wire: those joined by + are under way at the same time. \
             Those of every route that makes more than one are held by `tests/contract/round_trips.rs`.");
        self.table(&["", "in a row", "calls", "bytes of the bodies, there and back"]);
        for chain in chains {
            let steps = chain
                .steps
                .iter()
                .map(|step| step.iter().map(|call| format!("`{}`", call.operation)).collect::<Vec<_>>().join(" + "));
            let bytes: usize = chain.steps.iter().flatten().map(|call| call.sent + call.received).sum();
            let steps = steps.collect::<Vec<_>>().join(" → ");
            self.row(&[chain.what.to_owned(), chain.steps.len().to_string(), steps, bytes.to_string()]);
        }
        self.section(&format!(
            "Warm requests\n\nA function, and a program (`bare`) that makes the very same AWS calls with the same SDK and nothing \
             else, asked in turn, {} times each, against the embedded AWS without latency. Both read the same event; the time is \
             what the Runtime API sees, of which a good part is the embedded AWS's; the processor's time is the program's own. Where \
             a login is challenged it makes reads and no more, where it is allowed it signs. Two are not held to a share of their calls, \
             but to milliseconds of the processor beyond them: the begin of an app, once in an app's life, which draws a QR code that no call has a part \
             in, and a page of members, few calls with an assertion to check and a hundred members to read and to write.",
            fast.first().map_or(0, |warm| warm.function.took.len())
        ));
        self.table(&["", "ms", "its calls alone, ms", "ratio", "CPU ms", "its calls alone, CPU ms", "ratio"]);
        for warm in fast {
            let (function, bare) = (&warm.function, &warm.bare);
            self.row(&[
                warm.name.to_owned(),
                function.took.to_string(),
                bare.took.to_string(),
                function.took.by(&bare.took).to_string(),
                function.cpu.to_string(),
                bare.cpu.to_string(),
                function.cpu.by(&bare.cpu).to_string(),
            ]);
        }
        self.section(
            "The same where AWS takes as long as it does\n\nDynamoDB 4 ms, KMS 6 ms, SNS and SES 60 ms a call (each a millisecond or so \
             more, as timers go). What a request takes beyond its calls alone, pair by pair, is the function's own, and whatever timers and \
             the machine did to the one and not to the other: where its quartiles lie on both sides of 0, a single request tells nothing from noise. The bar holds \
             what the median of all such requests is at most, with 97.5 % confidence.",
        );
        self.table(&["", "its chain, ms", "ms", "its calls alone, ms", "beyond them, ms"]);
        for warm in slow {
            let (function, bare) = (&warm.function.took, &warm.bare.took);
            self.row(&[
                warm.name.to_owned(),
                format!("{:.0}", warm.chain),
                function.to_string(),
                bare.to_string(),
                warm.beyond().to_string(),
            ]);
        }
        self.panels.extend([picture::warm(fast), picture::slow(slow)]);
    }

    /// The growing table.
    pub fn growth(&mut self, grown: &[Grown]) {
        self.section(
            "Growth\n\nThe same requests on tables of growing size, in turn: by users with one factor and one workspace, three and ten, and all \
             that is allowed, seven active factors, or six and three pending, and 50 workspaces, which all require MFA; and pages of \
             a growing workspace's members, the deep one from its middle on. Units are DynamoDB's, to read and to write, as the \
             embedded one counts them by the size of the rows that each call touches. Ratios to the smallest table's are taken \
             request by request. The function's own time is its time by that of its calls alone at the same size, which leaves out \
             what grows in the calls themselves; the time by the clock has it all, SQLite's too.",
        );
        self.table(&[
            "",
            "accounts",
            "members",
            "calls",
            "units",
            "bytes of the bodies",
            "CPU ms",
            "by the smallest's",
            "ms",
            "by the smallest's",
            "its calls alone, ms",
        ]);
        for Grown { what, at } in grown {
            for size in at {
                self.row(&[
                    what.clone(),
                    size.accounts.to_string(),
                    size.members.to_string(),
                    size.calls.len().to_string(),
                    size.units().to_string(),
                    size.bytes().to_string(),
                    size.function.cpu.to_string(),
                    size.function.cpu.by(&at[0].function.cpu).to_string(),
                    size.function.took.to_string(),
                    size.function.took.by(&at[0].function.took).to_string(),
                    size.bare.took.to_string(),
                ]);
            }
        }
    }

    /// A page of members of the store alone.
    pub fn store(&mut self, alone: &[Alone]) {
        self.section(
            "The deep page in the store\n\nThe time by the clock of a page in the middle is not held flat, for SQLite's share of it grows. \
             Here its query is made of the embedded store in this process, without a function or a connection. The store has SQLite look \
             from the first member on for those after the cursor. Asked for the same rows with the cursor as the only bound, it goes \
             straight to them, as DynamoDB does from a cursor: there a page takes the units of its own rows and no others'. What is left of the request, median less median, is all else.",
        );
        self.table(&[
            "members",
            "the request, ms",
            "its query, ms",
            "all else, ms",
            "the same rows by the cursor alone, ms",
        ]);
        for Alone { members, request, query, after_cursor } in alone {
            self.row(&[
                members.to_string(),
                request.to_string(),
                query.to_string(),
                format!("{:.2}", request.median() - query.median()),
                after_cursor.to_string(),
            ]);
        }
    }

    /// What logins cost.
    pub fn cost(&mut self, costs: &[Cost]) {
        self.section(
            "Cost\n\nUS dollars of a million logins by each method, at the list prices in `speed/cost.rs`: the calls as they went over the \
             wire, DynamoDB's units as the embedded one counts them, the functions' time on this machine where AWS takes as long as it does.",
        );
        self.cost = cost::table(costs);
        self.sections += &self.cost;
    }

    /// Instructions.
    pub fn rules(&mut self, counted: &[Counted]) {
        self.section(
            "Rules\n\nInstructions of one application in a program that is built as the functions are, counted by valgrind's callgrind: \
             they do not depend on the machine's load.",
        );
        if counted.is_empty() {
            self.sections += "Not counted: valgrind was not installed.\n";
            return;
        }
        self.table(&["", "instructions"]);
        for rule in counted {
            self.row(&[rule.what.clone(), format!("{:.0}", rule.instructions)]);
        }
    }

    /// What was held.
    pub fn bars(&mut self, bars: &Bars) {
        let line = |bar: &Bar| {
            let verdict = if bar.met() { "met" } else { "**missed**" };
            format!("| {} | {:.2}{} | {}{} | {verdict} |\n", bar.what, bar.measured, bar.unit, bar.limit, bar.unit)
        };
        let lines: String = bars.all().iter().map(line).collect();
        self.bars = format!("\n## Bars\n\n| | measured | at most | |\n|---|---|---|---|\n{lines}");
    }

    /// Writes it all.
    pub fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        assert_eq!(commit(), self.commit, "the code changed meanwhile: nothing is written");
        let text = format!(
            "# How fast, and how it grows\n\nWritten by `cargo bench -p tests --bench speed`, begun {} on commit `{}`, \
             with {}. On {}, {} cores; load {} at the beginning and {} at the end. `a (b–c)` is a median and its quartiles.\n\n\
             ![Cold start, warm requests, and where the time goes](results.svg)\n{}{}",
            self.begun,
            self.commit,
            told("rustc", &["--version"]),
            processor(),
            std::thread::available_parallelism().map_or(0, usize::from),
            self.load,
            load(),
            self.bars,
            self.sections,
        );
        fs::write(folder.join("RESULTS.md"), text).unwrap();
        fs::write(folder.join("results.svg"), picture::draw(&self.panels)).unwrap();
        cost::write(&self.cost);
        println!("written: {}", folder.join("RESULTS.md").display());
    }

    /// Prints what there is, of a run that did not measure all of it.
    pub fn print(&self) {
        println!("{}{}", self.bars, self.sections);
    }

    fn section(&mut self, text: &str) {
        write!(self.sections, "\n## {text}\n\n").unwrap();
    }

    fn table(&mut self, heads: &[&str]) {
        self.row(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>());
        writeln!(self.sections, "|{}", "---|".repeat(heads.len())).unwrap();
    }

    fn row(&mut self, cells: &[String]) {
        writeln!(self.sections, "| {} |", cells.join(" | ")).unwrap();
    }
}

/// The commit that is measured, and whether there is more than it has.
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
    name.map_or_else(|| env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    text.split(' ').next().unwrap_or_default().to_owned()
}
