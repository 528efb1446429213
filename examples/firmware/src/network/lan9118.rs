//! SMSC's LAN9118, as it is on the MPS2: packets through two FIFOs, by polling.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::board::{read, write};

/// The Ethernet controller.
pub struct Lan9118 {
    packet: &'static mut [u8],
}

impl Lan9118 {
    /// The longest packet, without its checksum.
    pub const PACKET_BYTES: usize = 1514;

    /// An address of the range that anyone may use.
    pub const ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

    /// Starts it; packets that come in lie in `packet` while they are looked at.
    pub fn start(packet: &'static mut [u8]) -> Self {
        let [a, b, c, d, e, f] = Self::ADDRESS;
        write(HARDWARE, STORE_AND_FORWARD | SEND_FIFO_5_KB);
        write_mac(MAC_ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        write_mac(MAC_ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        write_mac(MAC_CONTROL, MAC_SEND | MAC_RECEIVE);
        write(RECEIVE_CONFIG, 0);
        write(SEND_CONFIG, SEND_ON);
        Self { packet }
    }
}

fn write_mac(register: u32, value: u32) {
    write(MAC_DATA, value);
    write(MAC_COMMAND, MAC_BUSY | register);
    while read(MAC_COMMAND) & MAC_BUSY != 0 {}
}

impl Device for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sender;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sender)> {
        if read(RECEIVE_INFO) >> 16 & 0xff == 0 {
            return None;
        }
        let status = read(RECEIVE_STATUS);
        let bytes = (status >> 16 & 0x3fff) as usize;
        let mut at = 0;
        while at < bytes {
            let word = read(RECEIVE_DATA).to_le_bytes();
            let slots = self.packet.iter_mut().skip(at);
            slots.zip(word).for_each(|(slot, byte)| *slot = byte);
            at += word.len();
        }
        let length = bytes.saturating_sub(CHECKSUM_BYTES);
        let packet = self.packet.get(..length).filter(|_| status & RECEIVE_FAILED == 0)?;
        Some((Received(packet), Sender))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sender> {
        (read(SEND_INFO) & 0xffff > MAX_SEND_BYTES as u32).then_some(Sender)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MAX_SEND_BYTES;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A packet that came in.
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, look: F) -> R {
        look(self.0)
    }
}

/// Room for a packet.
pub struct Sender;

impl phy::TxToken for Sender {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut packet = [0; MAX_SEND_BYTES];
        let packet = packet.get_mut(..length).unwrap_or_default();
        let result = fill(packet);
        let bytes = packet.len() as u32;
        write(SEND_DATA, FIRST_SEGMENT | LAST_SEGMENT | bytes);
        write(SEND_DATA, bytes);
        for word in packet.chunks(4) {
            let mut bytes = [0; 4];
            bytes.iter_mut().zip(word).for_each(|(slot, byte)| *slot = *byte);
            write(SEND_DATA, u32::from_le_bytes(bytes));
        }
        result
    }
}

/// What we send is put together on the stack, so it is short: TCP sends in such pieces.
const MAX_SEND_BYTES: usize = 590;

const CHECKSUM_BYTES: usize = 4;

const BASE: usize = 0x4020_0000;
const RECEIVE_DATA: usize = BASE;
const SEND_DATA: usize = BASE + 0x20;
const RECEIVE_STATUS: usize = BASE + 0x40;
const RECEIVE_CONFIG: usize = BASE + 0x6c;
const SEND_CONFIG: usize = BASE + 0x70;
const HARDWARE: usize = BASE + 0x74;
const RECEIVE_INFO: usize = BASE + 0x7c;
const SEND_INFO: usize = BASE + 0x80;
const MAC_COMMAND: usize = BASE + 0xa4;
const MAC_DATA: usize = BASE + 0xa8;

const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;

const MAC_BUSY: u32 = 1 << 31;
const MAC_SEND: u32 = 1 << 3;
const MAC_RECEIVE: u32 = 1 << 2;
const STORE_AND_FORWARD: u32 = 1 << 20;
const SEND_FIFO_5_KB: u32 = 5 << 16;
const SEND_ON: u32 = 1 << 1;
const RECEIVE_FAILED: u32 = 1 << 15;
const FIRST_SEGMENT: u32 = 1 << 13;
const LAST_SEGMENT: u32 = 1 << 12;
