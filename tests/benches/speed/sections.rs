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
            "Cold start\n\n\
             Each release binary runs as its own process behind a Lambda Runtime API: {} starts of each in turn, \
             after one that does not count. `init` is the time from the start of the process to its first poll. Then \
             it answers one event against the embedded AWS: an activation, a login, a recovery code, a text or a \
             code. The peak of memory is the highest of all starts, also after heavier events. These are the begin of \
             an app with its QR code and of a phone, an email, and a page of a hundred members. They are also a login \
             and a code with {} workspaces that require MFA. All calls use plain HTTP, so no TLS session is included. \
             The binaries are read from the page cache. `hello` is a `lambda_http` function with a JSON log and a \
             fixed answer. Numbers are medians with quartiles. Ratios are taken start by start.",
            hello.init.len(),
            workspace::MOST
        ));
        self.table(&[
            "",
            "binary, MB",
            "init, ms",
            "ratio to `hello`",
            "init, CPU ms",
            "ratio to `hello`",
            "first event, ms",
            "CPU in total, ms",
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
        self.section(
            "Calls in a row\n\n\
             The AWS calls of a warm request, as they went over the wire, with the notice after a recovery code or an \
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
        let times = |warm: &Warm| warm.function.took.len();
        let [least, most] = [fast.iter().map(times).min(), fast.iter().map(times).max()].map(Option::unwrap_or_default);
        self.section(&format!(
            "Warm requests\n\n\
             A function and a program (`bare`) answer in turn, against the embedded AWS without latency. `bare` makes \
             the same AWS calls with the same SDK and nothing else. Each request is made {least} times and a login \
             {most} times, after {WARMING} that do not count. Both programs read the same event. The time is what the \
             Runtime API sees, and a good part of it is the embedded AWS's. The CPU time is the program's own. A \
             challenged login only reads, and an allowed one also signs. For two requests, a bar limits the CPU \
             milliseconds beyond their calls, and not a ratio to them. The begin of an app, once in an app's life, \
             draws a QR code without any call. A page of members makes few calls, checks an assertion, and reads and \
             writes a hundred members.",
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
            "The same where AWS takes as long as it does\n\n\
             DynamoDB takes 4 ms a call, KMS 6 ms, SNS and SES 60 ms, each plus about 1 ms because of timers. Each \
             request is made {least} times, and a login three times as often. The last column is the function's own \
             time: how much longer a request took than its calls alone, pair by pair. Timers and the machine also \
             affect it. If its quartiles are on both sides of 0, a single request can't be told from noise. The bar \
             limits an upper bound of its median, with 97.5 % confidence. The picture shows a function's own time \
             only if a lower bound of that median is above 0, with the same confidence.",
        ));
        self.table(&["", "AWS's latency in a row, ms", "ms", "its calls alone, ms", "beyond them, ms"]);
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
            "Growth\n\n\
             The same requests on tables of growing size, in turn. Some are by a user with one factor and one \
             workspace. Others are by a user with the most that is allowed: six active factors, three pending ones, \
             and 50 workspaces that all require MFA. The rest are pages of a growing workspace's members: the first \
             one, and a deep one that begins in the middle. Units are DynamoDB's, for reads and writes. The embedded \
             one counts them by the size of the rows that each call touches. Ratios to the smallest table are taken \
             request by request. The time by the clock includes SQLite's share. For the deep page that share grows, \
             so its bar limits only the CPU time.",
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
            "Cost\n\n\
             US dollars of a million logins by each method, at the list prices in `speed/cost.rs`. The calls are \
             those that went over the wire. The embedded DynamoDB counts the units. The functions' time is from this \
             machine with AWS's real latency, and each request is rounded up to a millisecond. It was measured on \
             {ARCH} with a whole core, and is multiplied by the price of arm64 with 256 MB, which is the default of a \
             deployment. Nothing was measured on arm64.",
        ));
        self.costs(cost::table(costs));
    }
}
