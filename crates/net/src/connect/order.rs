//! Which address is tried first: the families take turns.

use std::net::SocketAddr;

/// Reorders `addresses` so that the families take turns, after `first_family_count` of the family that
/// comes first. Within a family the order stays. 0 changes nothing.
pub(super) fn interleave(addresses: &mut Vec<SocketAddr>, first_family_count: usize) {
    let Some(first) = addresses.first() else { return };
    if first_family_count == 0 {
        return;
    }
    let is_v4 = first.is_ipv4();
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.drain(..).partition(|address| address.is_ipv4() == is_v4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    addresses.extend(first.by_ref().take(first_family_count - 1));
    loop {
        let before = addresses.len();
        addresses.extend(first.next());
        addresses.extend(second.next());
        if addresses.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `4` and `6` are addresses of these families, numbered by their ports as they come.
    #[test]
    fn families_take_turns_after_the_first() {
        let table = [
            ("", 1, vec![]),
            ("4444", 1, vec![0, 1, 2, 3]),
            ("6644", 0, vec![0, 1, 2, 3]),
            ("6644", 1, vec![0, 2, 1, 3]),
            ("4466", 1, vec![0, 2, 1, 3]),
            ("666444", 2, vec![0, 1, 3, 2, 4, 5]),
            ("666444", 3, vec![0, 1, 2, 3, 4, 5]),
            ("666444", 9, vec![0, 1, 2, 3, 4, 5]),
            ("6444", 1, vec![0, 1, 2, 3]),
            ("66664", 1, vec![0, 4, 1, 2, 3]),
            ("4646", 2, vec![0, 2, 1, 3]),
        ];
        for (families, count, expected) in table {
            let mut addresses: Vec<SocketAddr> = families
                .chars()
                .enumerate()
                .map(|(port, family)| match family {
                    '4' => ([127, 0, 0, 1], port as u16).into(),
                    _ => ([0, 0, 0, 0, 0, 0, 0, 1], port as u16).into(),
                })
                .collect();
            interleave(&mut addresses, count);
            let ports: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
            assert_eq!(ports, expected, "{families} by {count}");
        }
    }
}
