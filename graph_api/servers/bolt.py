"""One login over Bolt, to know that Neo4j answers and takes the password.

The driver stays out of this room (only `cypher` imports it), and a driver retries and logs what here is the
normal course of a start.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Mapping

# The magic, then four proposals; one is enough: 5.8 down to 5.1, which LOGON came with.
HANDSHAKE = bytes.fromhex("6060b017") + bytes.fromhex("00070805") + bytes(12)
HELLO, LOGON, GOODBYE, SUCCESS = 0x01, 0x6A, 0x02, 0x70


class LoginRefused(Exception):
    """Neo4j answered, and refused; carries its status code."""


def log_in(port: int, *, user: str, password: str, timeout_seconds: float = 10.0) -> None:
    """Log in at this port of the loopback and leave; raises OSError or LoginRefused."""
    with socket.create_connection(("127.0.0.1", port), timeout_seconds) as connection:
        connection.sendall(HANDSHAKE)
        if _exactly(connection, 4)[3] != 5:
            raise LoginRefused("no common Bolt version")
        _ask(connection, HELLO, {"user_agent": "promograph/0", "bolt_agent": {"product": "promograph/0"}})
        _ask(connection, LOGON, {"scheme": "basic", "principal": user, "credentials": password})
        connection.sendall(_chunked(bytes([0xB0, GOODBYE])))


def _ask(connection: socket.socket, kind: int, fields: Mapping[str, object]) -> None:
    connection.sendall(_chunked(bytes([0xB1, kind]) + _packed(fields)))
    answer = b""
    while (size := struct.unpack(">H", _exactly(connection, 2))[0]) or not answer:
        answer += _exactly(connection, size)
    if answer[1] != SUCCESS:
        code = re.search(rb"Neo\.[A-Za-z.]+", answer)
        raise LoginRefused(code.group().decode() if code else "refused")


def _packed(value: object) -> bytes:
    """PackStream of strings and maps of them."""
    if isinstance(value, Mapping):
        return bytes([0xA0 + len(value)]) + b"".join(_packed(part) for item in value.items() for part in item)
    text = str(value).encode()
    return b"\xd1" + struct.pack(">H", len(text)) + text


def _chunked(message: bytes) -> bytes:
    return struct.pack(">H", len(message)) + message + b"\0\0"


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionResetError("Neo4j closed the connection")
        received += part
    return received
