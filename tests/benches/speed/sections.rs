//! The sections of the report: what was measured, how, and the results.

use std::env::consts::ARCH;

use crate::{
    cold::{DEFAULT, Function, MEMORY, Starts, UNPREPARED_WITH},
    cost::{self, Cost},
    growth::Grown,
    picture,
    quota::WHOLE,
    report::Report,
    warm::{WARMING, Warm},
};

impl Report {
    /// Writes the sections of the first events, of the next ones, and of memory.
    pub fn cold(&mut self, functions: &[Function]) {
        let rounds = functions[0].at[0].first.len();
        self.section(&format!(
            "How long does a user wait while a function starts?\n\n\
             Milliseconds of the start and of the first event together, and both apart. The last number is the longest \
             of {rounds}. The event is an activation, a login, a recovery code, a text or a code. An instance starts \
             when all others are busy. \"Without connections\" is the same function without the calls of its start.",
        ));
        let memory = MEMORY.map(|memory| {
            if memory == WHOLE { format!("{memory} MB, a whole processor") } else { format!("{memory} MB") }
        });
        let unprepared = UNPREPARED_WITH.map(|memory| format!("{memory} MB without connections"));
        let heads = [String::new()].into_iter().chain(unprepared).chain(memory.clone()).collect::<Vec<_>>();
        self.table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
        for function in functions {
            let cell = |starts: &Starts| {
                let Starts { init, first, both, .. } = starts;
                let [init, first, most] = [init.median(), first.median(), both.quantile(1.0)];
                format!("**{:.0}** = {init:.0} + {first:.0}, at most {most:.0}", both.median())
            };
            let cells = function.unprepared.iter().chain(&function.at).map(cell);
            self.row(&[function.name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
        }
        self.section(&format!(
            "How long does a user wait otherwise?\n\n\
             Milliseconds of the events after the first one, {} in all: the median, and the 99th percentile.",
            functions[0].at[0].warm.len()
        ));
        self.table(&[&["", "AWS's latency alone"][..], &memory.each_ref().map(String::as_str)].concat());
        for function in functions {
            let cells =
                function.at.iter().map(|at| format!("**{:.0}**, {:.0}", at.warm.median(), at.warm.quantile(0.99)));
            let first = [function.name.to_owned(), format!("{:.0}", function.latency)];
            self.row(&first.into_iter().chain(cells).collect::<Vec<_>>());
        }
        self.section(&format!(
            "How much memory should a function have?\n\n\
             US dollars that Lambda costs for a million of these events, by the time above and the price of arm64. A \
             deployment's default is {DEFAULT} MB."
        ));
        self.table(&[&["", "binary, MB", "most memory used, MB"][..], &memory.each_ref().map(String::as_str)].concat());
        for function in functions {
            let cells = function.at.iter().map(|at| format!("{:.2}", cost::of_time(at.warm.mean(), at.memory)));
            let sizes = [format!("{:.1}", function.size), format!("{:.1}", function.peak.quantile(1.0))];
            self.row(&[function.name.to_owned()].into_iter().chain(sizes).chain(cells).collect::<Vec<_>>());
        }
        self.draw(picture::waits(functions.iter().find(|function| function.name == "verify").unwrap()));
    }

    /// Writes the sections of calls and of what a function adds to them.
    pub fn warm(&mut self, fast: &[Warm], slow: &[Warm]) {
        self.section(
            "Which AWS calls does a request make?\n\n\
             The calls of a warm request, as they went over the wire, with the notice after a recovery code or an \
             activation. Calls joined by + are in flight at the same time. Units are DynamoDB's, for reads and \
             writes. `tests/contract/round_trips.rs` checks the calls of every route that makes more than one.",
        );
        self.table(&["", "in a row", "calls", "units", "bytes of requests and responses"]);
        for Warm { name, chain, .. } in fast {
            let steps = chain
                .0
                .iter()
                .map(|step| step.iter().map(|call| format!("`{}`", call.operation)).collect::<Vec<_>>().join(" + "));
            let steps = steps.collect::<Vec<_>>().join(" → ");
            let [units, bytes] = [chain.units().to_string(), chain.bytes().to_string()];
            self.row(&[(*name).to_owned(), chain.0.len().to_string(), steps, units, bytes]);
        }
        self.section(&format!(
            "What does a function add to its calls?\n\n\
             `bare` makes the same calls with the same SDK and nothing else. Both read the same event and take turns, \
             with a whole processor and plain HTTP. The first three columns are with AWS's real latency, {} times each. \
             The others are without latency, {} times, after {WARMING} that do not count. A login is made three times as \
             often. If the quartiles of \"more\" are on both sides of 0, a single request can't be told from noise. The \
             begin of an app draws a QR code, and a page of members reads a hundred members.",
            slow[0].function.took.len(),
            fast[0].function.took.len(),
        ));
        self.table(&[
            "",
            "AWS's latency, ms",
            "takes, ms",
            "more than its calls alone, ms",
            "takes, without latency, ms",
            "by its calls alone",
            "CPU, ms",
            "by its calls alone",
        ]);
        for (fast, slow) in fast.iter().zip(slow) {
            let (function, bare) = (&fast.function, &fast.bare);
            self.row(&[
                fast.name.to_owned(),
                format!("{:.0}", slow.chain.latency()),
                slow.function.took.to_string(),
                slow.beyond().to_string(),
                function.took.to_string(),
                function.took.by(&bare.took).to_string(),
                function.cpu.to_string(),
                function.cpu.by(&bare.cpu).to_string(),
            ]);
        }
        self.draw(picture::slow(slow));
    }

    /// Writes the section of growth.
    pub fn growth(&mut self, grown: &[Grown]) {
        self.section(
            "Does a request slow down as the table grows?\n\n\
             The same requests on tables of growing size, in turn. Some are by a user with one factor and one \
             workspace. Others are by a user with the most that is allowed: six active factors, three pending ones, \
             and 50 workspaces that all require MFA. The rest are pages of a growing workspace's members: the first \
             one, and a deep one that begins in the middle. Units are DynamoDB's, for reads and writes. The embedded \
             one counts them by the size of the rows that each call touches. Ratios to the smallest table are taken \
             request by request. SQLite replaces DynamoDB, and the time by the clock includes its share. For the deep \
             page that share grows, because it walks there from the first member on. So that bar limits only the CPU \
             time.",
        );
        self.table(&[
            "",
            "accounts",
            "members",
            "calls",
            "units",
            "bytes of requests and responses",
            "CPU ms",
            "ratio to the smallest",
            "ms",
            "ratio to the smallest",
        ]);
        for Grown { what, at, .. } in grown {
            for size in at {
                self.row(&[
                    what.clone(),
                    size.accounts.to_string(),
                    size.members.to_string(),
                    size.chain.calls().count().to_string(),
                    size.chain.units().to_string(),
                    size.chain.bytes().to_string(),
                    size.function.cpu.to_string(),
                    size.function.cpu.by(&at[0].function.cpu).to_string(),
                    size.function.took.to_string(),
                    size.function.took.by(&at[0].function.took).to_string(),
                ]);
            }
        }
    }

    /// Writes the section of costs.
    pub fn cost(&mut self, costs: &[Cost]) {
        self.section(&format!(
            "What does a login cost?\n\n\
             US dollars of a million logins by each method, at the list prices in `speed/cost.rs`. The calls are \
             those that went over the wire. The embedded DynamoDB counts the units. The functions' time is from this \
             machine with AWS's real latency, and each request is rounded up to a millisecond. It was measured on \
             {ARCH} with a whole core, and is multiplied by the price of arm64 with 256 MB, which is the default of a \
             deployment. Nothing was measured on arm64.",
        ));
        self.costs(cost::table(costs));
    }
}
