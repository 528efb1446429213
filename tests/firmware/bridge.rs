//! The modem's other end: frames of a serial port on one side, TCP on the other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;

const OPEN: u8 = 1;
const DATA: u8 = 2;
const OPENED: u8 = 3;
const CLOSED: u8 = 4;

/// Serves the modem until the board is gone.
pub fn serve(board: UnixStream, server: SocketAddr) -> io::Result<()> {
    // Frames of the connection that reads and of this thread must not mix.
    let to_board = Arc::new(Mutex::new(board.try_clone()?));
    let mut board = io::BufReader::new(board);
    let mut connection: Option<Connection> = None;
    loop {
        let mut head = [0; 2];
        if board.read_exact(&mut head).is_err() {
            return Ok(());
        }
        let mut bytes = vec![0; head[1].into()];
        board.read_exact(&mut bytes)?;
        match head[0] {
            OPEN => {
                // Nothing of the old connection follows the answer.
                drop(connection.take());
                connection = Connection::open(server, &to_board);
                frame(&to_board, if connection.is_some() { OPENED } else { CLOSED }, &[])?;
                if let Some(connection) = &mut connection {
                    connection.start();
                }
            }
            DATA => {
                // `CLOSED` reports that the server closed.
                let _ = connection.as_mut().map(|connection| connection.stream.write_all(&bytes));
            }
            other => return Err(io::Error::other(format!("a frame of kind {other}"))),
        }
    }
}

struct Connection {
    stream: TcpStream,
    to_board: Arc<Mutex<UnixStream>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Connection {
    fn open(server: SocketAddr, to_board: &Arc<Mutex<UnixStream>>) -> Option<Self> {
        let stream = TcpStream::connect(server).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self { stream, to_board: Arc::clone(to_board), reader: None })
    }

    /// Passes on what the server sends.
    fn start(&mut self) {
        let mut stream = self.stream.try_clone().expect("a handle more");
        let to_board = Arc::clone(&self.to_board);
        self.reader = Some(thread::spawn(move || {
            let mut bytes = [0; 255];
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                if frame(&to_board, DATA, &bytes[..count]).is_err() {
                    return;
                }
            }
            let _ = frame(&to_board, CLOSED, &[]);
        }));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it does not panic");
        }
    }
}

fn frame(to: &Mutex<UnixStream>, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let mut frame = vec![kind, bytes.len() as u8];
    frame.extend_from_slice(bytes);
    to.lock().expect("no thread panics").write_all(&frame)
}
