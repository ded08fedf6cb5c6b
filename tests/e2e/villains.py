"""What bad servers do on a connection, for servers.Rude; and one that counts
the requests that it saw."""

import ssl
import threading
import time
import zlib

from servers import Rude, read_head

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"


class Villain(Rude):
    """Calls behave(connection, head) for each request, until it returns
    something true; counts the requests."""

    def __init__(self, behave):
        self.lock = threading.Lock()
        self.requests = 0
        self.answer = behave
        super().__init__(self._serve_requests)

    def _serve_requests(self, connection):
        while True:
            head = read_head(connection)
            if not head:
                return
            with self.lock:
                self.requests += 1
            if self.answer(connection, head):
                return


class TlsVillain(Villain):
    """The same behind TLS; reach(connection) may end it before that."""

    def __init__(self, behave, certificate, reach=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.cert, certificate.key)
        self.reach = reach
        super().__init__(behave)
        self.url = f"https://127.0.0.1:{self.port}"

    def _serve_requests(self, connection):
        if self.reach and self.reach(connection):
            return
        wrapped = self.context.wrap_socket(connection, server_side=True)
        self.open.add(wrapped)
        try:
            super()._serve_requests(wrapped)
        finally:
            self.open.discard(wrapped)
            wrapped.close()


def send(*pieces, closes=True):
    """Answers with these bytes."""
    def behave(connection, head):
        connection.sendall(b"".join(pieces))
        return closes
    return behave


def repeat(first, piece, pause_s=0.0):
    """Answers, and never stops."""
    def behave(connection, head):
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(pause_s)
    return behave


def drip(connection, head):
    """A good answer, a byte at a time."""
    for byte in OK + b"Content-Length: 3\r\n\r\nabc":
        connection.sendall(bytes([byte]))
        time.sleep(0.002)


def bomb(megabytes):
    """A body of zeros that is a thousandth of that on the wire."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    packed = b"".join([pack.compress(zeros) for _ in range(megabytes)]
                      + [pack.flush()])
    return send(OK, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
                % len(packed), packed, closes=False)


def plunge(megabytes):
    """A body of so much."""
    def behave(connection, head):
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n"
                           % (megabytes << 20))
        piece = bytes(1 << 20)
        for _ in range(megabytes):
            connection.sendall(piece)
    return behave
