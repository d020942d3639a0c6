//! Groups: messages for all who have joined.
//!
//! A receiver binds the group's port (with `reuse_address`, if it is not the only one on the machine) and
//! joins; a sender sends to the group's address, and need not join.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use socket2::SockRef;

use super::UdpSocket;

impl UdpSocket {
    /// Joins a group of IPv4 on the interface with that address; unspecified, the system chooses one.
    ///
    /// # Errors
    /// `InvalidInput` if it is no group's address, and what else the system says.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.inner().join_multicast_v4(&group, &interface)
    }

    /// Leaves a group of IPv4 that was joined with the same interface.
    ///
    /// # Errors
    /// `AddrNotAvailable` if it was not joined, and what else the system says.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.inner().leave_multicast_v4(&group, &interface)
    }

    /// Joins a group of IPv6 on the interface with that number; 0 lets the system choose one.
    ///
    /// # Errors
    /// As [`UdpSocket::join_multicast_v4`].
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner().join_multicast_v6(group, interface)
    }

    /// Leaves a group of IPv6 that was joined with the same interface.
    ///
    /// # Errors
    /// As [`UdpSocket::leave_multicast_v4`].
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner().leave_multicast_v6(group, interface)
    }

    /// Whether this machine's members of the group get what this socket sends over IPv4.
    ///
    /// # Errors
    /// What the system says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.inner().multicast_loop_v4()
    }

    /// Sets whether this machine's members of the group get what this socket sends over IPv4.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_multicast_loop_v4(&self, loops: bool) -> io::Result<()> {
        self.inner().set_multicast_loop_v4(loops)
    }

    /// Whether this machine's members of the group get what this socket sends over IPv6.
    ///
    /// # Errors
    /// What the system says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.inner().multicast_loop_v6()
    }

    /// Sets whether this machine's members of the group get what this socket sends over IPv6.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_multicast_loop_v6(&self, loops: bool) -> io::Result<()> {
        self.inner().set_multicast_loop_v6(loops)
    }

    /// How many hops a message to a group may take; 1, which is usual, stays in the local network.
    ///
    /// # Errors
    /// What the system says.
    pub fn multicast_ttl(&self) -> io::Result<u32> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? { socket.multicast_hops_v6() } else { socket.multicast_ttl_v4() }
    }

    /// Sets how many hops a message to a group may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_multicast_ttl(&self, ttl: u32) -> io::Result<()> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? {
            socket.set_multicast_hops_v6(ttl)
        } else {
            socket.set_multicast_ttl_v4(ttl)
        }
    }

    /// Sets the interface, by its address, that messages to groups of IPv4 leave by.
    ///
    /// # Errors
    /// `AddrNotAvailable` if no interface has it, and what else the system says.
    pub fn set_multicast_interface_v4(&self, interface: Ipv4Addr) -> io::Result<()> {
        SockRef::from(self.inner()).set_multicast_if_v4(&interface)
    }

    /// Sets the interface, by its number, that messages to groups of IPv6 leave by.
    ///
    /// # Errors
    /// As [`UdpSocket::set_multicast_interface_v4`].
    pub fn set_multicast_interface_v6(&self, interface: u32) -> io::Result<()> {
        SockRef::from(self.inner()).set_multicast_if_v6(interface)
    }
}
