//! Who is measured, and in which order.

use std::collections::BTreeSet;

use super::PEERS;
use crate::Fail;

/// Something that can be measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) row: String,
    pub(super) peer: String,
    pub(super) unit: String,
}

impl Pair {
    /// Reads a line of `corio-bench --list`.
    ///
    /// # Errors
    /// It has not three parts.
    pub(super) fn parse(line: &str) -> Result<Pair, Fail> {
        let parts: Vec<&str> = line.split('\t').collect();
        let [row, peer, unit] = parts[..] else {
            return Err(format!("`{line}` is not row, peer and unit").into());
        };
        Ok(Pair { row: row.to_owned(), peer: peer.to_owned(), unit: unit.to_owned() })
    }
}

/// The pairs of these rows and peers; all of them where none is named.
///
/// # Errors
/// A name that no pair has.
pub(super) fn select(
    pairs: Vec<Pair>,
    rows: &[String],
    peers: &[String],
) -> Result<Vec<Pair>, Fail> {
    known("row", rows, pairs.iter().map(|pair| pair.row.as_str()))?;
    known("peer", peers, pairs.iter().map(|pair| pair.peer.as_str()))?;
    let wanted = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    let chosen: Vec<Pair> = pairs
        .into_iter()
        .filter(|pair| wanted(rows, &pair.row) && wanted(peers, &pair.peer))
        .collect();
    if chosen.is_empty() { Err("none of these peers can do these rows".into()) } else { Ok(chosen) }
}

fn known<'a>(what: &str, names: &[String], all: impl Iterator<Item = &'a str>) -> Result<(), Fail> {
    let all: BTreeSet<&str> = all.collect();
    match names.iter().find(|name| !all.contains(name.as_str())) {
        Some(name) => {
            let all: Vec<&str> = all.into_iter().collect();
            Err(format!("there is no {what} `{name}`; there are {}", all.join(" ")).into())
        }
        None => Ok(()),
    }
}

/// The rows of `pairs`, each once, in order.
pub(super) fn rows(pairs: &[Pair]) -> Vec<&str> {
    let mut rows: Vec<&str> = Vec::new();
    for pair in pairs {
        if !rows.contains(&pair.row.as_str()) {
            rows.push(&pair.row);
        }
    }
    rows
}

/// The order of visits in `rounds` rounds: everybody once a round, beginning one further each time,
/// and the other way round in every second one. So nobody is always first, after a pause, and nobody
/// always follows the same neighbour.
pub(super) fn visits<'a>(peers: &[&'a str], rounds: usize) -> Vec<&'a str> {
    let mut visits = Vec::with_capacity(peers.len() * rounds);
    for round in 0..rounds {
        let mut order = peers.to_vec();
        order.rotate_left(round % peers.len());
        if round % 2 == 1 {
            order.reverse();
        }
        visits.extend(order);
    }
    visits
}

/// Where a peer stands in the table.
pub(super) fn column(peer: &str) -> usize {
    PEERS.iter().position(|name| *name == peer).unwrap_or(PEERS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Vec<Pair> {
        let lines = ["a\tcorio\tns", "a\traw\tns", "b\tcorio\tbytes"];
        lines.iter().map(|line| Pair::parse(line).unwrap()).collect()
    }

    #[test]
    fn everybody_is_visited_once_a_round() {
        assert_eq!(visits(&["a", "b", "c"], 3).concat(), "abcacbcab");
        assert!(visits(&["a"], 7).len() == 7);
    }

    #[test]
    fn names_select_pairs() {
        assert_eq!(rows(&pairs()), ["a", "b"]);
        let names = |text: &str| vec![text.to_owned()];
        assert_eq!(select(pairs(), &names("a"), &[]).unwrap().len(), 2);
        assert_eq!(select(pairs(), &[], &names("raw")).unwrap().len(), 1);
        assert!(select(pairs(), &names("c"), &[]).is_err());
        assert!(select(pairs(), &names("b"), &names("raw")).is_err());
        assert!(Pair::parse("a b c").is_err());
    }
}
