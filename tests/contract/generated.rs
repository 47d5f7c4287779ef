//! Keeps the parts of documents that are made from the code: `<!-- made from SOURCE -->` to `<!-- end -->`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use shared::base::settings::{
    Unset,
    setting::{self, Setting},
};

use crate::contract::{
    documents::{arms, documents, root},
    house::sources,
};

const BEGINS: &str = "<!-- made from ";
const ENDS: &str = "<!-- end -->";

/// A table row of cells.
fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The table of settings, from their list.
fn settings() -> String {
    let mut table = "| setting | meaning | functions | default |\n|---|---|---|---|\n".to_owned();
    for Setting { name, functions, unset, meaning } in setting::ALL {
        let functions = if functions.is_empty() { "all".to_owned() } else { functions.join(", ") };
        let unset = match unset {
            Unset::Required => "required".to_owned(),
            Unset::Nothing => "none".to_owned(),
            Unset::Default(value) => format!("`{value}`"),
        };
        table += &row(&[&format!("`{name}`"), meaning, &functions, &unset]);
    }
    table
}

/// The table of routes, from the functions' code.
fn routes() -> String {
    let mut files = sources("functions");
    files.sort();
    let mut table = "| route | function | file |\n|---|---|---|\n".to_owned();
    for (path, text) in &files {
        let folder = path.parent().unwrap();
        let function = folder.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for (route, handler) in arms(text) {
            let handler = format!("async fn {}(", handler.split('(').next().unwrap());
            let of = |(path, text): &&(PathBuf, String)| path.parent() == Some(folder) && text.contains(&handler);
            let (file, _) = files.iter().find(of).unwrap_or_else(|| panic!("{route}: no {handler}"));
            let file = file.file_name().unwrap().to_str().unwrap();
            table += &row(&[&format!("`{route}`"), function, &format!("`{file}`")]);
        }
    }
    table
}

/// The price of a million logins by this method, in whole US dollars, as the benchmark found it.
fn million(method: &str) -> u32 {
    let costs = include_str!("../evidence/speed.md").lines();
    let row = costs.filter_map(|line| line.strip_prefix("| ")).find(|line| line.starts_with(&format!("{method} |")));
    let cell = row.and_then(|row| row.rsplit("**").nth(1)).unwrap_or_else(|| panic!("no price of {method}"));
    cell.parse().unwrap()
}

/// The lowest and the highest price of a month with a million logins by this method. The higher one has the user's first
/// login of the day in each. `idle` is what the deployment costs without any login.
fn prices(method: &str, idle: u32) -> String {
    let lowest = million(method) + idle;
    format!("{lowest} to {}", lowest + million("the first of a user's day, besides"))
}

/// What a deployment costs in a month without any login, in whole US dollars. See `infra/guide/costs.md`.
const IDLE: u32 = 9;

/// The table of the deployment's variables, from their file.
fn variables() -> String {
    let text = include_str!("../../infra/terraform/variables.tf");
    let mut table = "| variable | meaning | default |\n|---|---|---|\n".to_owned();
    for block in format!("\n{text}").split("\nvariable \"").skip(1) {
        let (name, body) = block.split_once("\" {\n").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let value = |field: &str| {
            let mut lines =
                body.lines().filter_map(|line| line.strip_prefix("  ")?.strip_prefix(field)?.split_once("= "));
            lines.find(|(between, _)| between.trim().is_empty()).map(|(_, value)| value)
        };
        let meaning: String = serde_json::from_str(value("description").unwrap()).unwrap();
        // The fields of an object have defaults of their own.
        let fields = body.lines().filter_map(|line| line.strip_prefix("    ")?.split_once("= optional("));
        let fields = fields.map(|(field, optional)| {
            let optional = optional.strip_suffix(')').unwrap_or_else(|| panic!("{name}: {optional}"));
            let (_, default) = optional.rsplit_once(", ").unwrap_or(("", "null"));
            format!("`{} = {default}`", field.trim())
        });
        let fields: Vec<_> = fields.collect();
        let default = match value("default") {
            None => "required".to_owned(),
            Some(_) if !fields.is_empty() => fields.join("<br>"),
            Some(default) => format!("`{default}`"),
        };
        table += &row(&[&format!("`{name}`"), &meaning, &default]);
    }
    table
}

/// What a part is made from `source`, for a document in `folder`.
fn made(source: &str, folder: &Path) -> String {
    match source {
        "settings" => settings(),
        "variables.tf" => variables(),
        "routes" => routes(),
        "the price of logins by app" => prices("an authenticator app", 0),
        "the price of a month by app" => prices("an authenticator app", IDLE),
        "the price of a month by text" => prices("a text", IDLE),
        file => {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_else(|_| panic!("{}/{file}", folder.display()));
            let language = match file.rsplit('.').next().unwrap() {
                "mjs" | "js" => "js",
                "py" => "python",
                "rs" => "rust",
                "tfvars" => "hcl",
                other => panic!("a snippet in {other}"),
            };
            format!("```{language}\n{text}```\n")
        }
    }
}

/// The document with each part made again, within a line too. Adds the sources to `used`.
fn renewed(document: &Path, text: &str, used: &mut BTreeSet<PathBuf>) -> String {
    let folder = document.parent().unwrap();
    let mut renewed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGINS) {
        let (source, after) = after.split_once(" -->").unwrap();
        let (old, after) = after.split_once(ENDS).unwrap_or_else(|| panic!("{}: no end", document.display()));
        assert!(!old.contains(BEGINS), "{}: {source} has no end", document.display());
        used.insert(folder.join(source));
        renewed.extend([before, BEGINS, source, " -->"]);
        let made = made(source, folder);
        if old.starts_with('\n') {
            // A block of lines, with the indentation of its mark.
            let indent = before.rsplit('\n').next().unwrap();
            let line = |line: &str| if line == "\n" { line.to_owned() } else { format!("{indent}{line}") };
            let lines: String = made.split_inclusive('\n').map(line).collect();
            renewed.extend(["\n", &lines, indent]);
        } else {
            renewed += &made;
        }
        renewed += ENDS;
        rest = after;
    }
    renewed + rest
}

#[test]
fn every_made_part_of_a_document_is_current() {
    let mut used = BTreeSet::new();
    let mut stale = Vec::new();
    for document in documents(&root()) {
        let text = fs::read_to_string(&document).unwrap();
        let renewed = renewed(&document, &text, &mut used);
        if renewed != text {
            fs::write(&document, renewed).unwrap();
            stale.push(document);
        }
    }
    assert!(stale.is_empty(), "these were out of date and are written now, so commit them: {stale:?}");
    let guide = root().join("functions/guide");
    let snippets = fs::read_dir(guide.join("snippets")).unwrap().map(|entry| entry.unwrap().path()).collect();
    for (folder, source) in [("functions", "settings"), ("functions", "routes"), ("infra/terraform", "variables.tf")] {
        assert!(used.contains(&root().join(folder).join(source)), "{folder} shows its {source}");
    }
    let shown: BTreeSet<_> = used.into_iter().filter(|path| path.starts_with(&guide)).collect();
    assert_eq!(shown, snippets, "each snippet is on a page");
}

#[test]
fn a_part_that_is_out_of_date_is_made_again() {
    let document = root().join("functions/README.md");
    let old = "before\n  <!-- made from settings -->\n  stale\n  <!-- end -->\nafter\n";
    let text = renewed(&document, old, &mut BTreeSet::new());
    assert!(text.starts_with("before\n  <!-- made from settings -->\n  | setting |"), "{text}");
    assert!(text.contains("\n  | `MFA_TABLE` |") && !text.contains("stale"), "{text}");
    assert!(text.ends_with("\n  <!-- end -->\nafter\n"), "{text}");
    assert_eq!(renewed(&document, &text, &mut BTreeSet::new()), text);
    let inline = "| <!-- made from the price of logins by app -->1<!-- end --> |";
    assert_ne!(renewed(&document, inline, &mut BTreeSet::new()), inline);
}

#[test]
#[should_panic = "has no end"]
fn a_part_without_an_end_swallows_no_text() {
    let text = "<!-- made from settings -->\ntext\n<!-- made from routes -->\n<!-- end -->\n";
    renewed(&root().join("functions/README.md"), text, &mut BTreeSet::new());
}

/// A nested type has commas of its own.
#[test]
fn every_default_of_a_variable_is_shown_whole() {
    let table = variables();
    assert!(table.contains("`routes = {}`") && table.contains("`signing = [\"a\"]`"), "{table}");
    assert!(table.starts_with("| variable | meaning | default |\n|---|---|---|\n| `region` |"), "{table}");
}
