//! Keeps the parts of documents that are made from the code: `<!-- made from SOURCE -->` to `<!-- end -->`.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use shared::base::settings::setting::{self, Setting};

use crate::contract::documents::{documents, root};

const BEGINS: &str = "<!-- made from ";
const ENDS: &str = "<!-- end -->";

/// A table row of a setting: name, functions, default, meaning.
fn row(setting: &Setting) -> String {
    let functions = if setting.functions.is_empty() { "all".to_owned() } else { setting.functions.join(", ") };
    let default = match setting.default {
        None => "required".to_owned(),
        Some("") => "none".to_owned(),
        Some(default) => format!("`{default}`"),
    };
    format!("| `{}` | {} | {functions} | {default} |\n", setting.name, setting.meaning)
}

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
        let fields = body.lines().filter_map(|line| {
            let (field, optional) = line.strip_prefix("    ")?.split_once("= optional(")?;
            let (_, default) = optional.strip_suffix(')')?.split_once(", ").unwrap_or(("", "null"));
            Some(format!("`{} = {default}`", field.trim()))
        });
        let fields: Vec<_> = fields.collect();
        let default = match value("default") {
            None => "required".to_owned(),
            Some(_) if !fields.is_empty() => fields.join("<br>"),
            Some(default) => format!("`{default}`"),
        };
        writeln!(table, "| `{name}` | {} | {default} |", meaning.replace('|', "\\|")).unwrap();
    }
    table
}

/// What a part is made from `source`, for a document in `folder`.
fn made(source: &str, folder: &Path) -> String {
    match source {
        "settings" => {
            let rows: String = setting::ALL.iter().map(row).collect();
            format!("| setting | meaning | functions | default |\n|---|---|---|---|\n{rows}")
        }
        "variables.tf" => variables(),
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

/// The document with each part made again. Adds the sources to `used`.
fn renewed(document: &Path, text: &str, used: &mut BTreeSet<PathBuf>) -> String {
    let folder = document.parent().unwrap();
    let mut renewed = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        renewed += line;
        let Some((indent, source)) = line.split_once(BEGINS) else { continue };
        let (source, _) = source.split_once(" -->").unwrap();
        used.insert(folder.join(source));
        for made in made(source, folder).split_inclusive('\n') {
            renewed += if made == "\n" { "" } else { indent };
            renewed += made;
        }
        renewed += lines.find(|line| line.trim() == ENDS).unwrap_or_else(|| panic!("{}: no end", document.display()));
    }
    renewed
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
}
