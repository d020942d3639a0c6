//! Who may use whom: the table of layers, against every manifest.
//!
//! Everything that is not in the table is forbidden, so no cycle can form and no layer can learn of
//! one above it. A dependency of the tests may point down, never sideways or up.

use super::Finding;
use crate::repo::{Dependency, Kind, Package, Repo};

const CHECK: &str = "layers";

/// One line of the table.
struct Layer {
    package: &'static str,
    level: u8,
    /// Ours that it may use.
    ours: &'static [&'static str],
    /// Others' that it may use outside its tests.
    others: &'static [&'static str],
}

const fn layer(
    level: u8,
    package: &'static str,
    ours: &'static [&'static str],
    others: &'static [&'static str],
) -> Layer {
    Layer { package, level, ours, others }
}

const LOW: &[&str] = &["corio-base", "corio-trace"];

const LAYERS: &[Layer] = &[
    layer(0, "corio-base", &[], &["parking", "rustix"]),
    layer(0, "corio-trace", &["corio-base"], &["log", "libc", "pin-project-lite"]),
    layer(0, "corio-macros", &[], &["syn", "quote", "proc-macro2"]),
    layer(1, "corio-task", LOW, &["pin-project-lite"]),
    layer(1, "corio-timer", LOW, &["futures-core"]),
    layer(1, "corio-reactor", LOW, &["polling", "rustix", "futures-io", "libc"]),
    layer(1, "corio-sync", LOW, &["futures-core", "concurrent-queue", "pin-project-lite"]),
    layer(
        2,
        "corio-executor",
        &["corio-task", "corio-base", "corio-trace"],
        &["concurrent-queue", "pin-project-lite"],
    ),
    layer(1, "corio-io", LOW, &["futures-core", "futures-io", "futures-util", "memchr"]),
    layer(2, "corio-watchdog", LOW, &["libc", "framehop", "backtrace", "object"]),
    layer(2, "corio-blocking", &["corio-task", "corio-base", "corio-trace"], &["concurrent-queue"]),
    layer(
        3,
        "corio-signal",
        &["corio-reactor", "corio-base", "corio-trace"],
        &["signal-hook-registry", "rustix", "libc", "futures-core"],
    ),
    layer(
        3,
        "corio-net",
        &["corio-reactor", "corio-timer", "corio-blocking", "corio-base", "corio-trace"],
        &["socket2", "rustix", "futures-io", "futures-core", "dns-lookup", "libc"],
    ),
    layer(
        3,
        "corio-fs",
        &["corio-blocking", "corio-task", "corio-base", "corio-trace"],
        &["futures-io", "futures-core", "rustix"],
    ),
    layer(
        3,
        "corio-process",
        &["corio-signal", "corio-reactor", "corio-timer", "corio-base", "corio-trace"],
        &["rustix", "libc", "futures-io", "futures-core"],
    ),
    layer(
        3,
        "corio-stream",
        &[
            "corio-net",
            "corio-reactor",
            "corio-executor",
            "corio-sync",
            "corio-timer",
            "corio-task",
            "corio-base",
            "corio-trace",
        ],
        &[
            "futures-io",
            "futures-core",
            "memchr",
            "pin-project-lite",
            "rustix",
            "socket2",
            "rustls",
        ],
    ),
    layer(
        3,
        "corio-inspect",
        &[
            "corio-net",
            "corio-io",
            "corio-executor",
            "corio-reactor",
            "corio-sync",
            "corio-timer",
            "corio-base",
            "corio-trace",
        ],
        &["httparse", "libc", "serde", "serde_json", "rustix"],
    ),
    layer(
        4,
        "corio",
        &[
            "corio-base",
            "corio-trace",
            "corio-macros",
            "corio-task",
            "corio-timer",
            "corio-reactor",
            "corio-executor",
            "corio-signal",
            "corio-net",
            "corio-sync",
            "corio-blocking",
            "corio-io",
            "corio-fs",
            "corio-process",
            "corio-stream",
            "corio-watchdog",
            "corio-inspect",
        ],
        &["futures-core", "pin-project-lite"],
    ),
    layer(5, "corio-cli", &["corio-inspect"], &["lexopt", "ratatui", "signal-hook"]),
];

/// At the top level; they may use anything, and nothing may use them.
const TOP: [&str; 4] = ["corio-benches", "corio-embed-tests", "corio-planted-tests", "xtask"];

/// Runtimes of others: `tests/embed` and `benches` know them, so that no crate's tests (and no loom
/// model) ever builds one.
const FOREIGN_RUNTIMES: [&str; 9] = [
    "tokio",
    "smol",
    "async-std",
    "async-executor",
    "async-io",
    "monoio",
    "glommio",
    "compio",
    "embassy-executor",
];

/// The crates that may name this runtime of others: its bare I/O traits, which are compiled only where they
/// are asked for, and bring no runtime. It must be optional and without any feature.
const BARE_TRAITS: ([&str; 5], &str) =
    (["corio-net", "corio-io", "corio-fs", "corio-process", "corio-stream"], "tokio");

/// Finds every edge that the table does not have.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    repo.packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Finding> {
    if TOP.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let manifest = format!("{}/Cargo.toml", package.folder);
    let Some(layer) = find(&package.name) else {
        let text = format!("`{}` has no line in the table of layers", package.name);
        return vec![Finding::file(CHECK, &manifest, text)];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| forbidden(layer, dependency))
        .map(|text| Finding::file(CHECK, &manifest, text))
        .collect()
}

fn forbidden(layer: &Layer, dependency: &Dependency) -> Option<String> {
    let (from, to) = (layer.package, dependency.name.as_str());
    let is_ours = to.starts_with("corio");
    let allowed = match dependency.kind {
        Kind::Dev if is_ours => {
            // A facade's own examples and tests may name the facade.
            to == from || find(to).is_some_and(|other| other.level < layer.level)
        }
        Kind::Dev => !FOREIGN_RUNTIMES.contains(&to),
        // The model checker, and more features of what is used anyway.
        Kind::Loom => to == "loom" || layer.ours.contains(&to) || layer.others.contains(&to),
        Kind::Normal | Kind::Build if is_ours => layer.ours.contains(&to),
        Kind::Normal if to == BARE_TRAITS.1 && BARE_TRAITS.0.contains(&from) => dependency.bare,
        Kind::Normal | Kind::Build => layer.others.contains(&to),
    };
    if allowed {
        return None;
    }
    Some(match (dependency.kind, is_ours) {
        (Kind::Dev, true) => format!("tests of `{from}` may not use `{to}`: it is not below"),
        (Kind::Dev, false) => {
            format!("tests of `{from}` may not use the runtime `{to}`: write them in tests/embed")
        }
        (_, true) => format!("`{from}` may not use `{to}`: the table of layers has no such edge"),
        (_, false) => format!("`{from}` may not use `{to}`: others' crates are listed one by one"),
    })
}

fn find(package: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.package == package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_points_down() {
        let place = |package| LAYERS.iter().position(|layer| layer.package == package);
        for layer in LAYERS {
            for used in layer.ours {
                let used = find(used).unwrap_or_else(|| panic!("`{used}` has no line"));
                // L0 is a small world of its own: trace stands on base. L3 is what programs reach for:
                // one may stand on another that is before it in the table.
                let is_before = place(used.package) < place(layer.package);
                let down = used.level < layer.level
                    || (layer.level == 0 && used.ours.is_empty())
                    || (layer.level == 3 && used.level == 3 && is_before);
                assert!(down, "{} uses {}, which is not below it", layer.package, used.package);
            }
        }
    }

    #[test]
    fn edges_outside_the_table_are_found() {
        let check_bare = |from: &str, to: &str, kind: Kind, bare: bool, allowed: bool| {
            let layer = find(from).unwrap();
            let found = forbidden(layer, &Dependency { name: to.to_owned(), kind, bare });
            assert_eq!(found.is_none(), allowed, "{from} -> {to} ({kind:?}): {found:?}");
        };
        let check = |from: &str, to: &str, kind: Kind, allowed: bool| {
            check_bare(from, to, kind, false, allowed);
        };
        check("corio-task", "corio-base", Kind::Normal, true);
        check("corio-task", "corio-timer", Kind::Normal, false);
        check("corio-task", "corio-timer", Kind::Dev, false);
        check("corio-task", "corio-executor", Kind::Dev, false);
        check("corio-net", "corio-executor", Kind::Dev, true);
        check("corio-net", "corio-executor", Kind::Normal, false);
        check("corio-timer", "futures", Kind::Dev, true);
        check("corio-timer", "tokio", Kind::Dev, false);
        check("corio-timer", "libc", Kind::Normal, false);
        check("corio-timer", "loom", Kind::Loom, true);
        check("corio-executor", "concurrent-queue", Kind::Loom, true);
        check("corio-timer", "loom", Kind::Normal, false);
        check("corio-base", "corio-base", Kind::Dev, true);
        check("corio-net", "tokio", Kind::Normal, false);
        check_bare("corio-net", "tokio", Kind::Normal, true, true);
        check_bare("corio-net", "tokio", Kind::Dev, true, false);
        check_bare("corio-timer", "tokio", Kind::Normal, true, false);
    }
}
