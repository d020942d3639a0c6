//! What the repository holds: its packages, as cargo sees them, and its text files.
//!
//! Read once per command. Packages come from `cargo metadata --no-deps`, which asks no network.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Fail;
use crate::shell;
use crate::source::{Source, has_word};

/// The package that measures; it alone depends on other runtimes, so most commands leave it out.
pub(crate) const BENCHES: &str = "corio-benches";

/// The profile of programs that are run and not measured, and the folder in `target` where they lie.
pub(crate) const CHECKED: &str = "checked";

/// Folders that hold nothing written by hand.
const NOT_OURS: [&str; 3] = [".git", "target", "node_modules"];

/// Ends of the names of files that are read as text.
const TEXT: [&str; 9] = [".rs", ".md", ".toml", ".txt", ".yml", ".yaml", ".sh", ".svg", "/run"];

/// A dependency as a manifest names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether it is optional and without any feature, not even the default ones.
    pub(crate) bare: bool,
}

/// Which table of the manifest a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
    /// Of any table, but only under `cfg(loom)`.
    Loom,
}

/// One package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, from the root, with `/`.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Whether it may go to a registry.
    pub(crate) published: bool,
    /// Names of metadata that it lacks though a published package should have them.
    pub(crate) lacks: Vec<&'static str>,
}

/// The whole repository.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) packages: Vec<Package>,
    /// Rust files.
    pub(crate) sources: Vec<Source>,
    /// Other text files: path from the root, and text.
    pub(crate) texts: Vec<(String, String)>,
    /// Every file's path from the root.
    pub(crate) paths: Vec<String>,
}

impl Repo {
    /// Reads packages and files.
    ///
    /// # Errors
    /// Cargo cannot read a manifest, or a file cannot be read.
    pub(crate) fn read() -> Result<Repo, Fail> {
        let metadata = Metadata::ask()?;
        let mut paths = Vec::new();
        walk(shell::root(), "", &mut paths)?;
        paths.sort();
        let mut repo =
            Repo { packages: metadata.packages, sources: Vec::new(), texts: Vec::new(), paths };
        for path in &repo.paths {
            if !TEXT.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            let text = std::fs::read_to_string(shell::root().join(path))
                .map_err(|error| format!("cannot read {path}: {error}"))?;
            if path.ends_with(".rs") {
                repo.sources.push(Source::new(path, &text));
            } else {
                repo.texts.push((path.clone(), text));
            }
        }
        Ok(repo)
    }

    /// The Rust files below `folder`, which is from the root and without a last `/`.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| {
            source.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// Whether the loom models of the crate in `folder` name this file or a public type of it.
    pub(crate) fn has_model(&self, folder: &str, source: &Source) -> bool {
        let mut names = source.public_types();
        names.push(source.name().trim_end_matches(".rs"));
        let mut models = self.below(folder).filter(|model| {
            let rest = &model.path[folder.len()..];
            ["/tests/loom.rs", "/tests/loom/", "/tests/loom_"].iter().any(|at| rest.starts_with(at))
        });
        models.any(|model| {
            model.lines.iter().any(|line| names.iter().any(|name| has_word(&line.raw, name)))
        })
    }
}

/// What `cargo metadata` says.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target: PathBuf,
}

impl Metadata {
    /// Asks cargo.
    ///
    /// # Errors
    /// A manifest does not parse; the message is cargo's.
    pub(crate) fn ask() -> Result<Metadata, Fail> {
        let mut command = shell::cargo(["metadata", "--no-deps", "--format-version", "1"]);
        let said = shell::output_within(&mut command, std::time::Duration::from_secs(120))?;
        if !said.status.success() {
            return Err(format!("cargo metadata failed:\n{}", said.stderr).into());
        }
        let json: Value = serde_json::from_str(&said.stdout)?;
        let packages = json["packages"].as_array().ok_or("cargo metadata without packages")?;
        let mut packages: Vec<Package> = packages.iter().map(package).collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Metadata { packages, target: PathBuf::from(text(&json["target_directory"])) })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn package(json: &Value) -> Package {
    let manifest = PathBuf::from(text(&json["manifest_path"]));
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let folder = folder.strip_prefix(shell::root()).unwrap_or(folder);
    let dependencies = json["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lacks = ["description", "license", "repository", "rust_version", "keywords", "categories"];
    let absent = |name: &&str| match &json[*name] {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => true,
    };
    Package {
        name: text(&json["name"]),
        folder: folder.to_string_lossy().replace('\\', "/"),
        dependencies: dependencies.iter().map(dependency).collect(),
        published: json["publish"].is_null(),
        lacks: lacks.into_iter().filter(absent).collect(),
    }
}

fn dependency(json: &Value) -> Dependency {
    let kind = match (json["target"].as_str(), json["kind"].as_str()) {
        (Some("cfg(loom)"), _) => Kind::Loom,
        (_, Some("dev")) => Kind::Dev,
        (_, Some("build")) => Kind::Build,
        _ => Kind::Normal,
    };
    let bare = json["optional"] == true
        && json["uses_default_features"] == false
        && json["features"].as_array().is_some_and(Vec::is_empty);
    Dependency { name: text(&json["name"]), kind, bare }
}

fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), Fail> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) && !name.starts_with("target-") {
                walk(&entry.path(), &format!("{path}/"), paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
