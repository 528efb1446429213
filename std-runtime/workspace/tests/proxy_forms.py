"""proxy_forms.py PORT: asks the proxy for a server on loopback in many forms; prints those that reach it."""

import os
import socket
import struct
import sys

PORT = int(sys.argv[1])
HOST, PROXY = os.environ["http_proxy"].split("//")[1].strip("/").rsplit(":", 1)
NAMES = [
    "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0", "localhost", "LOCALHOST",
    "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::]", "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "127.0.0.1.",
    "allowed.test@127.0.0.1", "127.0.0.1#allowed.test", "allowed.test%00.127.0.0.1", "ip6-localhost",
    "127.0.0.1 allowed.test", "allowed.test.localhost", "127.0.0.1/allowed.test",
]
GET = b"GET / HTTP/1.0\r\n\r\n"
GREETING = b"\x05\x01\x00"


def reaches(first, then=None):
    try:
        stream = socket.create_connection((HOST, int(PROXY)), 5)
        stream.settimeout(1)
        stream.sendall(first)
        if then:
            stream.recv(2)
            stream.sendall(then)
        stream.recv(4096)
        stream.sendall(GET)
        return b"seen" in stream.recv(4096) + stream.recv(4096)
    except OSError:
        return False


port = struct.pack(">H", PORT)
forms = {}
for name in NAMES:
    to = f"{name}:{PORT}".encode()
    forms[f"CONNECT {name}"] = (b"CONNECT " + to + b" HTTP/1.1\r\nHost: allowed.test\r\n\r\n",)
    forms[f"GET {name}"] = (b"GET http://" + to + b"/ HTTP/1.1\r\nHost: allowed.test\r\n\r\n",)
    bare = name.strip("[]").encode()
    forms[f"SOCKS5 {name}"] = (GREETING, b"\x05\x01\x00\x03" + bytes([len(bare)]) + bare + port)
local = f"127.0.0.1:{PORT}".encode()
forms |= {
    "another Host": (b"GET http://allowed.test/ HTTP/1.1\r\nHost: " + local + b"\r\n\r\n",),
    "a path alone": (b"GET / HTTP/1.1\r\nHost: " + local + b"\r\n\r\n",),
    "another scheme": (b"GET ftp://" + local + b"/ HTTP/1.1\r\n\r\n",),
    "two requests": (b"CONNECT allowed.test:443\r\nCONNECT " + local + b" HTTP/1.1\r\n\r\n",),
    "SOCKS4": (b"\x04\x01" + port + bytes([127, 0, 0, 1]) + b"u\0",),
    "SOCKS4a": (b"\x04\x01" + port + bytes([0, 0, 0, 1]) + b"u\0localhost\0",),
    "SOCKS5 version 4": (GREETING, b"\x05\x01\x00\x01" + bytes([127, 0, 0, 1]) + port),
    "SOCKS5 version 6": (GREETING, b"\x05\x01\x00\x04" + socket.inet_pton(socket.AF_INET6, "::1") + port),
    "SOCKS5 mapped": (GREETING, b"\x05\x01\x00\x04" + socket.inet_pton(socket.AF_INET6, "::ffff:127.0.0.1") + port),
    "SOCKS5 bind": (GREETING, b"\x05\x02\x00\x01" + bytes(4) + port),
    "SOCKS5 datagrams": (GREETING, b"\x05\x03\x00\x01" + bytes(4) + port),
}
for form, parts in forms.items():
    if reaches(*parts):
        print("reached by", form)
print(len(forms), "forms")
