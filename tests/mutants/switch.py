"""Compiles every mutant into one build, each behind a switch.

A build for each of some 1,400 mutants would take days. So this reads what cargo-mutants would change, adds what is changed by hand
(`by_hand.toml`: conditions and updates of the table, which are strings to the compiler), and writes a copy of the workspace in
which `shared::mutants::on(N)` chooses between the code and its mutant N. What does not compile is taken out again.

    switch.py COPY        writes the copy, its list of mutants (COPY/mutants.json), and builds its tests
"""

import json, pathlib, re, shutil, subprocess, sys, tomllib
import tree_sitter, tree_sitter_rust

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
PACKAGES = ["shared", "enroll", "verify", "policy", "recovery", "send-sms"]
EXPRESSIONS = ("string_literal", "macro_invocation", "call_expression", "array_expression")
# Functions that stay `const`, since a constant is made with them.
CONSTANT = set()
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))

MODULE = '''//! Which mutant this process is (`MUTANT`), and in `MUTANTS_REACHED` a file of those whose place it came by.
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
    """What cargo-mutants would change, and what is changed by hand."""
    packages = [word for package in PACKAGES for word in ("-p", package)]
    out = subprocess.run(["cargo", "mutants", "--list", "--json", *packages], cwd=ROOT, check=True, capture_output=True)
    mutants = []
    for one in json.loads(out.stdout):
        what = re.search(r"^\+\+\+ (.*)$", one["diff"], re.M).group(1)
        span = [(one["span"][end]["line"], one["span"][end]["column"]) for end in ("start", "end")]
        mutants.append({"file": one["file"], "what": what, "genre": one["genre"], "with": one["replacement"], "span": span,
                        "function": one["function"] and one["function"]["span"]})
    for file, functions in tomllib.loads((HERE / "by_hand.toml").read_text()).items():
        for function, changes in functions.items():
            for text, *other in changes:
                mutants.append({"file": file, "what": " → ".join([f"`{text}`", *(f"`{to}`" for to in other)]) + f" in {function}",
                                "genre": "ByHand", "function": function, "text": text,
                                "with": other[0] if other else f"({text} OR attribute_exists(pk))"})
    for number, one in enumerate(mutants):
        one["id"] = number
    return mutants


class File:
    """A source file, and the mutants that are to be switched in it."""

    def __init__(self, path, mutants):
        self.path, self.source = path, (ROOT / path).read_bytes()
        self.tree = PARSER.parse(self.source).root_node
        starts, at = [0], 0
        for line in self.source.split(b"\n"):
            at += len(line) + 1
            starts.append(at)
        self.starts = starts
        self.at, self.left = {}, []
        for one in mutants:
            node = self.place(one)
            if node is None:
                self.left.append(one)
            else:
                self.at.setdefault((node.start_byte, node.end_byte, node.type), []).append(one)

    def offset(self, place):
        line, column = place
        start = self.starts[line - 1]
        text = self.source[start:self.starts[line]].decode()
        return start + len(text[:column - 1].encode())

    def place(self, one):
        """The node that carries the mutant's switch."""
        if one["genre"] == "ByHand":
            text = one["text"].encode()
            function = self.function(self.tree, one["function"].encode())
            within = self.source[function.start_byte:function.end_byte]
            if within.count(text) != 1:
                sys.exit(f"{self.path}: {one['text']!r} is {within.count(text)} times in {one['function']}")
            start = function.start_byte + within.index(text)
            node = self.tree.descendant_for_byte_range(start, start + len(text))
            # An expression as a whole: the smallest that can stand as the branch of an `if`.
            while node.type not in EXPRESSIONS or node.parent.type == "token_tree":
                node = node.parent
            one["replaced"] = (start - node.start_byte, len(text))
            return node
        start, end = self.offset(one["span"][0]), self.offset(one["span"][1])
        # A field's span takes the comma after it in.
        node = self.tree.descendant_for_byte_range(start, start + 1 if one["genre"] == "StructField" else end)
        wanted = {"BinaryOperator": ("binary_expression", "compound_assignment_expr"), "UnaryOperator": ("unary_expression",),
                  "MatchArm": ("match_arm",), "MatchArmGuard": None, "StructField": ("field_initializer", "shorthand_field_initializer"),
                  "FnValue": ("block",)}[one["genre"]]
        if wanted is None:
            return node if node.end_byte - node.start_byte == end - start else None
        if one["genre"] == "FnValue":
            while node and node.type != "function_item":
                node = node.parent
            # Two branches of an `impl Trait` are two types.
            if node is None or "impl " in self.text(node.child_by_field_name("return_type") or node.child_by_field_name("name")):
                return None
            return node.child_by_field_name("body")
        while node and node.type not in wanted:
            node = node.parent
        if node is None:
            return None
        if one["genre"] == "BinaryOperator" and node.child_by_field_name("operator").start_byte != start:
            return None
        inside = node
        while inside:
            length = inside.child_by_field_name("length")
            if inside.type in ("const_item", "static_item", "array_type") or length and length.start_byte <= start < length.end_byte:
                return None
            inside = inside.parent
        return node

    def function(self, node, name):
        """The function of this name, in and below the node."""
        if node.type == "function_item" and node.child_by_field_name("name").text == name:
            return node
        return next((found for child in node.children if (found := self.function(child, name))), None)

    def within(self, name):
        """The mutants in the function of this name."""
        function = self.function(self.tree, name.encode())
        places = [(place, ones) for place, ones in self.at.items() if function and function.start_byte <= place[0] < function.end_byte]
        return [one for _, ones in places for one in ones]

    def needed_at(self, text, offset):
        """The mutants of the arms, of the `match` at this place, that have no guard but their switch."""
        node = PARSER.parse(text).root_node.descendant_for_byte_range(offset, offset + 1)
        while node.type != "match_expression":
            node = node.parent
        arms = node.child_by_field_name("body").named_children
        return {int(found[1]) for arm in arms if (found := re.match(rb"^[^=]*? if /\*m(\d+)\*/!\S*/\*e\d+\*/ =>", arm.text))}

    def written(self, skip):
        return self.emit(self.tree, skip)

    def text(self, node):
        return self.source[node.start_byte:node.end_byte].decode()

    def emit(self, node, skip):
        here = [one for one in self.at.get((node.start_byte, node.end_byte, node.type), []) if one["id"] not in skip]
        plain = self.children(node, skip)
        if not here:
            if node.type == "function_item" and node.child_by_field_name("name").text not in CONSTANT:
                plain = re.sub(r"\bconst (?=fn )", "", plain, count=1)
            return plain
        genre = here[0]["genre"]
        on = lambda one: f"{self.crate()}::mutants::on({one['id']})"
        mark = lambda one, code: f"/*m{one['id']}*/{code}/*e{one['id']}*/"
        if genre == "FnValue":
            early = "".join(mark(one, f"if {on(one)} {{ return {one['with']}; }}") for one in here)
            return "{" + early + plain[1:]
        if genre == "MatchArm":
            pattern = node.child_by_field_name("pattern")
            condition = pattern.child_by_field_name("condition")
            inner = self.children(node, skip)
            head = self.emit(pattern.named_children[0], skip)
            rest = inner[len(self.emit(pattern, skip)):]
            off = mark(here[0], f"!{on(here[0])}")
            guard = f"{off} && ({self.emit(condition, skip)})" if condition else off
            return f"{head} if {guard}{rest}"
        if genre == "StructField":
            name = self.text(node.children[0])
            value = self.emit(node.child_by_field_name("value"), skip) if node.type == "field_initializer" else name
            branch = mark(here[0], f"if {on(here[0])} {{ base.{name} }} else")
            return f"{name}: {branch} {{ {value} }}"
        branches = "".join(f"if {on(one)} {{ {mark(one, self.mutated(node, one, skip))} }} else " for one in here)
        whole = f"({branches}{{ {plain} }})"
        return whole if node.type != "compound_assignment_expr" else whole[1:-1]

    def mutated(self, node, one, skip):
        genre = one["genre"]
        if genre == "ByHand":
            start, length = one["replaced"]
            text = self.source[node.start_byte:node.end_byte]
            return (text[:start] + one["with"].encode() + text[start + length:]).decode()
        if genre == "MatchArmGuard":
            return one["with"]
        if genre == "UnaryOperator":
            return self.emit(node.named_children[0], skip)
        left, right = (self.emit(node.child_by_field_name(side), skip) for side in ("left", "right"))
        return f"{left} {one['with']} {right}"

    def children(self, node, skip):
        if node.type == "struct_expression":
            # A field that is left out is its base's: the base is made once, for both.
            fields = node.child_by_field_name("body")
            base = next((child for child in fields.children if child.type == "base_field_initializer"), None)
            if base and any((child.start_byte, child.end_byte, child.type) in self.at for child in fields.children):
                head = self.source[node.start_byte:fields.start_byte].decode()
                others = "".join(f"{self.emit(child, skip)}, " for child in fields.named_children if child != base)
                return f"({{ let base = {self.emit(base.named_children[0], skip)}; {head}{{ {others}..base }} }})"
        if not node.children or node.type in ("string_literal", "raw_string_literal", "token_tree"):
            return self.text(node)
        out, at = [], node.start_byte
        for child in node.children:
            out += [self.source[at:child.start_byte].decode(), self.emit(child, skip)]
            at = child.end_byte
        return "".join(out) + self.source[at:node.end_byte].decode()

    def crate(self):
        return "crate" if self.path.startswith("shared/") else "::shared"


def copy(to):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    for path in filter(None, listed.stdout.decode().split("\0")):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, to / path)
    module = to / "shared/src/mutants.rs"
    module.write_text(MODULE)
    library = to / "shared/src/lib.rs"
    library.write_text(library.read_text().replace("pub mod account;", "#[allow(missing_docs)]\npub mod mutants;\npub mod account;", 1))
    manifest = to / "Cargo.toml"
    text = re.sub(r'(?m)^(\w+ = )(\{ level = )?"(?:deny|warn)"', lambda found: f'{found[1]}{found[2] or ""}"allow"', manifest.read_text())
    manifest.write_text(text)


def broken(to, files, skip):
    """The mutants of whose code the compiler complains."""
    command = ["cargo", "check", "--workspace", "--tests", "--message-format=json", "--quiet", "--keep-going"]
    out = subprocess.run(command, cwd=to, capture_output=True, text=True)
    bad, elsewhere = set(), []
    for line in out.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") != "compiler-message" or message["message"]["level"] != "error":
            continue
        code = (message["message"]["code"] or {}).get("code")
        spans = [span for span in message["message"]["spans"] if span["is_primary"]]
        found = set()
        for span in spans:
            if span["file_name"] not in files:
                continue
            text = (to / span["file_name"]).read_bytes()
            open_marks = []
            for mark in re.finditer(rb"/\*([me])(\d+)\*/", text[:span["byte_end"]]):
                if mark[1] == b"m":
                    open_marks.append(int(mark[2]))
                elif open_marks and open_marks[-1] == int(mark[2]) and mark.end() <= span["byte_start"]:
                    open_marks.pop()
            if open_marks:
                found.add(open_marks[-1])
            elif code == "E0004":
                # Arms that are needed: those without a guard of their own.
                found |= files[span["file_name"]].needed_at(text, span["byte_start"])
            elif code == "E0015" and (name := re.search(r"`(?:\w+::)*(?:<.*>::)?(\w+)(?:::<.*>)?`", message["message"]["message"])):
                CONSTANT.add(name[1].encode())
                found |= {one["id"] for file in files.values() for one in file.within(name[1])}
        bad |= found
        if not (found - skip) and spans:
            elsewhere.append(message["message"]["rendered"])
    return bad, elsewhere, out


def main():
    to = pathlib.Path(sys.argv[1]).resolve()
    mutants = listed()
    copy(to)
    files = {path: File(path, [one for one in mutants if one["file"] == path]) for path in sorted({one["file"] for one in mutants})}
    skip = set()
    while True:
        for path, file in files.items():
            (to / path).write_text(file.written(skip))
        constant = len(CONSTANT)
        bad, elsewhere, out = broken(to, files, skip)
        new = bad - skip
        print(f"{len(new)} more do not compile, {len(elsewhere)} errors elsewhere", flush=True)
        if not new and len(CONSTANT) == constant:
            if out.returncode:
                sys.exit("\n".join(elsewhere) or out.stderr)
            break
        skip |= new
    left = {one["id"] for file in files.values() for one in file.left}
    for one in mutants:
        one["state"] = "does not compile" if one["id"] in skip else "not switched" if one["id"] in left else "live"
    (to / "mutants.json").write_text(json.dumps(mutants, indent=1))
    for state in ("live", "does not compile", "not switched"):
        print(sum(one["state"] == state for one in mutants), state)
    subprocess.run(["cargo", "test", "--workspace", "--no-run"], cwd=to, check=True)


main()
