"""Looks for a test that fails with each mutant of `switch.py`.

First each test runs by itself, which tells how long it takes and which mutants it reaches. Then each mutant is switched
on, and the tests that reach it run until one fails or hangs, the likeliest first. Results are stored in COPY, so a run
can be stopped and continued.

    kill.py COPY [--seconds N] [--only ID,ID]   N: leave a mutant undecided after N seconds of tests (default: no limit)
"""

import argparse, collections, concurrent.futures, json, os, pathlib, re, subprocess, threading, time

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("copy", type=pathlib.Path)
ARGUMENTS.add_argument("--seconds", type=float, default=float("inf"))
ARGUMENTS.add_argument("--only", default="")
ARGUMENTS = ARGUMENTS.parse_args()
COPY, LOCK, WORKERS = ARGUMENTS.copy.resolve(), threading.Lock(), 2


def binaries():
    """The test binaries, each with the folder in which cargo would run it."""
    out = subprocess.run(["cargo", "test", "--workspace", "--no-run", "--message-format=json", "--quiet"], cwd=COPY, check=True, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            yield message["executable"], pathlib.Path(message["manifest_path"]).parent


def run(binary, folder, names, limit, environment):
    """The tests that failed, or a note that the binary hung or died."""
    command = [binary, "--exact", "--test-threads=2", *names]
    try:
        out = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=limit, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return ["(it hangs)"]
    failed = re.findall(r"^test (\S+)(?: - should panic)? \.\.\. FAILED$", out.stdout, re.M)
    return failed or ([] if out.returncode == 0 else ["(it dies)"])


def reach():
    """Each test that passes, with its time and the mutants that it reaches."""
    path = COPY / "reach.json"
    if path.exists():
        return json.loads(path.read_text())
    tests = []
    for binary, folder in binaries():
        listed = subprocess.run([binary, "--list", "--format=terse"], cwd=folder, capture_output=True, text=True).stdout
        names = re.findall(r"^(.*): test$", listed, re.M)
        # Unit tests are fast enough to run together.
        tests += [(binary, folder, [name]) for name in names] if pathlib.Path(binary).name.startswith("tests-") else [(binary, folder, names)]

    def one(test):
        binary, folder, names = test
        reached = COPY / f"reached.{threading.get_ident()}"
        reached.write_text("")
        began = time.time()
        failed = run(binary, folder, names, 1800, {"MUTANTS_REACHED": str(reached)}) if names else []
        if failed:
            print("fails without a mutant, left out:", failed, flush=True)
        return {"binary": binary, "folder": str(folder), "names": [name for name in names if name not in failed], "seconds": time.time() - began,
                "reached": sorted(int(line) for line in reached.read_text().split())}

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = [test for test in pool.map(one, tests) if test["names"]]
    path.write_text(json.dumps(found))
    return found


def main():
    tests, mutants = reach(), json.loads((COPY / "mutants.json").read_text())
    results = COPY / "results.jsonl"
    known = {one["id"]: one for one in map(json.loads, results.read_text().splitlines())} if results.exists() else {}
    by_mutant = collections.defaultdict(list)
    for test in tests:
        for mutant in test["reached"]:
            by_mutant[mutant].append(test)
    killers = collections.defaultdict(collections.Counter)
    only = {int(one) for one in ARGUMENTS.only.split(",") if one}

    def judge(mutant):
        place = mutant["file"], mutant["function"]
        with LOCK:
            recent = collections.Counter(killers[place])
        likely = lambda test: (-sum(recent[name] for name in test["names"]), test["seconds"] * len(test["reached"]) ** 0.5 / len(test["names"]))
        left, spent, tried = sorted(by_mutant[mutant["id"]], key=likely), 0.0, set(known.get(mutant["id"], {}).get("tried", []))
        left = [test for test in left if test["names"][0] not in tried]
        size, by = 1, None
        while not by and (now := [test for test in left if spent + test["seconds"] <= ARGUMENTS.seconds]):
            batch = [test for test in now if test["binary"] == now[0]["binary"]][:size]
            left = [test for test in left if test not in batch]
            names, seconds = [name for test in batch for name in test["names"]], sum(test["seconds"] for test in batch)
            switched = {"MUTANT": str(mutant["id"])}
            limit = 30 + 5 * seconds
            failed = run(batch[0]["binary"], batch[0]["folder"], names, limit, switched)
            # A single failure may be chance, so the test must fail twice.
            again = [name for name in failed[:1] if name in names]
            if again:
                failed = run(batch[0]["binary"], batch[0]["folder"], again, limit, switched)
            by, spent, size = (failed or [None])[0], spent + seconds, min(size * 2, 16)
            tried |= {test["names"][0] for test in batch}
        state = "killed" if by else "undecided" if left else "survives" if by_mutant[mutant["id"]] else "reached by no test"
        with LOCK:
            if by:
                killers[place][by] += 1
            with results.open("a") as file:
                file.write(json.dumps({"id": mutant["id"], "state": state, "by": by, "tried": [] if by else sorted(tried)}) + "\n")
            known[mutant["id"]] = {"state": state}
            counts = collections.Counter(one["state"] for one in known.values())
            print(dict(counts), mutant["id"], state, by or "", flush=True)

    open_ = [one for one in mutants if known.get(one["id"], {}).get("state") in (None, "undecided")]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(judge, [one for one in open_ if not only or one["id"] in only]))
    for one in mutants:
        if (state := known.get(one["id"], {}).get("state")) not in (None, "killed"):
            print(f"{state}: {one['id']} {one['file']}, {one['function']}: `{one['text']}` → `{one['with']}`")


main()
