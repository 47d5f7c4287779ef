//! The sections of the report: what was measured, how, and the results.

use std::env::consts::ARCH;

use crate::{
    cold::Starts,
    cost::{self, Cost},
    growth::Grown,
    picture,
    report::Report,
    warm::{WARMING, Warm},
    workspace,
};

impl Report {
    /// Writes the section of cold starts.
    pub fn cold(&mut self, starts: &[Starts]) {
        let hello = &starts[0];
        self.section(&format!(
            "Cold start\n\nEach release binary as a process of its own behind a Lambda Runtime API, {} starts of each in turn, after one whose times do not count: from \
             the start of the process to its first poll (`init`), then one event (an activation, a login, a recovery code, a \
             text, a code) against the embedded AWS. The peak of memory is the highest of all starts, \
             after its heavier events too: the begin of an app with its QR code and of a phone, an email, a page of a hundred members, a \
             login and a code with {} workspaces that require MFA. All of it is over plain HTTP: no TLS session is in it. The \
             binaries are read from the page cache. `hello` is a \
             `lambda_http` function with a JSON log and a fixed answer. Medians, with quartiles; ratios are taken start by start.",
            hello.init.len(),
            workspace::MOST
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
                format!("{:.1}", one.memory.quantile(1.0)),
            ]);
        }
        self.draw(picture::cold(starts));
    }

    /// Writes the sections of calls in a row and of warm requests, without and with latency.
    pub fn warm(&mut self, fast: &[Warm], slow: &[Warm]) {
        self.section("Calls in a row\n\nThe AWS calls of a warm request, as they went over the wire, with the notice that follows a recovery code and an \
             activation: those joined by + are under way at the same time. Units are DynamoDB's, to read and to write. Those of every route that makes \
             more than one are held by `tests/contract/round_trips.rs`.");
        self.table(&["", "in a row", "calls", "units", "bytes of the bodies, there and back"]);
        for Warm { name, chain, .. } in fast {
            let steps = chain
                .0
                .iter()
                .map(|step| step.iter().map(|call| format!("`{}`", call.operation)).collect::<Vec<_>>().join(" + "));
            let steps = steps.collect::<Vec<_>>().join(" → ");
            let [units, bytes] = [chain.units().to_string(), chain.bytes().to_string()];
            self.row(&[(*name).to_owned(), chain.0.len().to_string(), steps, units, bytes]);
        }
        let times = |warm: &Warm| warm.function.took.len();
        let [least, most] = [fast.iter().map(times).min(), fast.iter().map(times).max()].map(Option::unwrap_or_default);
        self.section(&format!(
            "Warm requests\n\nA function, and a program (`bare`) that makes the very same AWS calls with the same SDK and nothing \
             else, asked in turn, {least} times each and a login {most} times, after {WARMING} that do not count, against the embedded AWS without latency. Both read the same event; the time is \
             what the Runtime API sees, of which a good part is the embedded AWS's; the processor's time is the program's own. Where \
             a login is challenged it makes reads and no more, where it is allowed it signs. Two are not held to a share of their calls, \
             but to milliseconds of the processor beyond them: the begin of an app, once in an app's life, which draws a QR code that no call has a part \
             in, and a page of members, few calls with an assertion to check and a hundred members to read and to write.",
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
        let least = slow.iter().map(times).min().unwrap_or_default();
        self.section(&format!(
            "The same where AWS takes as long as it does\n\nDynamoDB 4 ms, KMS 6 ms, SNS and SES 60 ms a call (each a millisecond or so \
             more, as timers go); {least} times each, and logins six times as often. What a request takes beyond its calls alone, pair by pair, is the function's own, and whatever timers and \
             the machine did to the one and not to the other: where its quartiles lie on both sides of 0, a single request tells nothing from noise. The bar holds \
             what the median of all such requests is at most, with 97.5 % confidence; the picture shows a function's own where that median is more than 0 as surely.",
        ));
        self.table(&["", "its chain, ms", "ms", "its calls alone, ms", "beyond them, ms"]);
        for warm in slow {
            let (function, bare) = (&warm.function.took, &warm.bare.took);
            self.row(&[
                warm.name.to_owned(),
                format!("{:.0}", warm.chain.latency()),
                function.to_string(),
                bare.to_string(),
                warm.beyond().to_string(),
            ]);
        }
        self.draw(picture::warm(fast));
        self.draw(picture::slow(slow));
    }

    /// Writes the section of growth.
    pub fn growth(&mut self, grown: &[Grown]) {
        self.section(
            "Growth\n\nThe same requests on tables of growing size, in turn: by a user with one factor and one workspace, and by one with all \
             that is allowed, six active factors, three pending ones and 50 workspaces, which all require MFA; and pages of \
             a growing workspace's members, the deep one from its middle on. Units are DynamoDB's, to read and to write, as the \
             embedded one counts them by the size of the rows that each call touches. Ratios to the smallest table's are taken \
             request by request. The time by the clock has SQLite's share too. It is not held of the deep page, where that share grows: \
             of that page the processor's time is held.",
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
            "Cost\n\nUS dollars of a million logins by each method, at the list prices in `speed/cost.rs`: the calls as they went over the \
             wire, DynamoDB's units as the embedded one counts them, the functions' time on this machine where AWS takes as long as it does, each request's \
             rounded up to a millisecond. That time is {ARCH}'s, with a whole core, and is multiplied by the price of arm64 with 256 MB, on which \
             the functions are deployed by default: nothing was measured there.",
        ));
        self.costs(cost::table(costs));
    }
}
