//! Connections, one at a time.

use embedded_io::{ErrorKind, ErrorType, Read, Write};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address};
use zerostack_core::drive::Connect;

use super::Lan9118;
use crate::board::{read, ticks_ms};

/// What TCP keeps until it is read or acknowledged.
pub struct Buffers {
    /// Bytes that came in; a multiple of the longest segment is best.
    pub receive: &'static mut [u8],
    /// Bytes that go out.
    pub send: &'static mut [u8],
}

/// One connection at a time to the server.
pub struct Tcp<'s> {
    device: Lan9118,
    interface: Interface,
    sockets: SocketSet<'s>,
    handle: SocketHandle,
    port: u16,
    server_port: u16,
}

impl<'s> Tcp<'s> {
    /// The place for the one socket.
    pub const fn sockets() -> [SocketStorage<'s>; 1] {
        [SocketStorage::EMPTY]
    }

    /// An interface with the address that QEMU's user network gives.
    pub fn new(
        mut device: Lan9118,
        sockets: &'s mut [SocketStorage<'s>],
        buffers: Buffers,
    ) -> Self {
        let mut config = Config::new(EthernetAddress(Lan9118::ADDRESS).into());
        config.random_seed = u64::from(ticks_ms());
        let mut interface = Interface::new(config, &mut device, now());
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::new(Ipv4Address::new(10, 0, 2, 15).into(), 24));
        });
        let socket =
            Socket::new(SocketBuffer::new(buffers.receive), SocketBuffer::new(buffers.send));
        let mut sockets = SocketSet::new(sockets);
        let handle = sockets.add(socket);
        let server_port = read(PORT_ADDRESS) as u16;
        Self { device, interface, sockets, handle, port: FIRST_PORT, server_port }
    }

    /// Moves packets until there is an answer, or for [`TIMEOUT_MS`].
    fn wait_for<T>(&mut self, ask: impl FnMut(&mut Socket<'s>) -> Option<T>) -> Option<T> {
        self.wait(TIMEOUT_MS, ask)
    }

    /// Moves packets until there is an answer, or for so long.
    fn wait<T>(&mut self, ms: u32, mut ask: impl FnMut(&mut Socket<'s>) -> Option<T>) -> Option<T> {
        let start = ticks_ms();
        while ticks_ms().wrapping_sub(start) < ms {
            self.interface.poll(now(), &mut self.device, &mut self.sockets);
            let answer = ask(self.sockets.get_mut(self.handle));
            if answer.is_some() {
                return answer;
            }
        }
        None
    }
}

impl Connect for Tcp<'_> {
    type Connection = Self;

    fn connect(&mut self) -> Option<&mut Self> {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        if !(socket.may_send() && socket.may_recv()) {
            socket.abort();
            self.interface.poll(now(), &mut self.device, &mut self.sockets);
            self.port = if self.port == u16::MAX { FIRST_PORT } else { self.port + 1 };
            let context = self.interface.context();
            let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
            socket.connect(context, (SERVER, self.server_port), self.port).ok()?;
            self.wait_for(|socket| match (socket.may_send(), socket.is_open()) {
                (false, true) => None,
                (stands, _) => Some(stands),
            })
            .filter(|stands| *stands)?;
        }
        Some(self)
    }

    fn readable(&mut self) -> Option<&mut Self> {
        self.wait(MOMENT_MS, |socket| (socket.can_recv() || !socket.may_recv()).then_some(()))?;
        Some(self)
    }

    fn release(&mut self, reusable: bool) {
        if !reusable {
            self.sockets.get_mut::<Socket<'_>>(self.handle).abort();
            self.interface.poll(now(), &mut self.device, &mut self.sockets);
        }
    }
}

impl ErrorType for Tcp<'_> {
    type Error = ErrorKind;
}

impl Read for Tcp<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        self.wait_for(|socket| match (socket.can_recv(), socket.may_recv()) {
            (true, _) => socket.recv_slice(out).ok(),
            (false, true) => None,
            (false, false) => Some(0),
        })
        .ok_or(ErrorKind::TimedOut)
    }
}

impl Write for Tcp<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.wait_for(|socket| match (socket.can_send(), socket.may_send()) {
            (true, _) => socket.send_slice(bytes).ok(),
            (false, true) => None,
            (false, false) => Some(0),
        })
        .filter(|count| *count > 0 || bytes.is_empty())
        .ok_or(ErrorKind::ConnectionReset)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.interface.poll(now(), &mut self.device, &mut self.sockets);
        Ok(())
    }
}

fn now() -> Instant {
    Instant::from_millis(ticks_ms())
}

/// QEMU's user network calls the host's loopback so.
const SERVER: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

/// The server's port is stored here, after the RAM of this image: QEMU's loader writes it.
const PORT_ADDRESS: usize = 0x2001_0000;

const FIRST_PORT: u16 = 49152;

const TIMEOUT_MS: u32 = 30_000;

/// How long the end of a body is waited for.
const MOMENT_MS: u32 = 250;
