"""Servers that answer, but not with what was asked for."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, body: bytes = b"", *headers: tuple[str, str]) -> Answer:
    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(code)
        for name, value in headers:
            asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(body)))
        asked.end_headers()
        asked.wfile.write(body)

    return answer


def here(asked: BaseHTTPRequestHandler, path: str) -> None:
    """Redirect to a path of the same server."""
    port = asked.connection.getsockname()[1]
    status(302, b"", ("Location", f"http://127.0.0.1:{port}{path}"))(asked)


def cut(asked: BaseHTTPRequestHandler) -> None:
    asked.connection.shutdown(socket.SHUT_RDWR)


def reset(asked: BaseHTTPRequestHandler) -> None:
    asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.connection.close()


def cut_in_the_middle(asked: BaseHTTPRequestHandler) -> None:
    asked.send_response(200)
    asked.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
    asked.send_header("Content-Length", "5000")
    asked.end_headers()
    asked.wfile.write(b"001e# service=git-upload-pack\n0000")
    asked.wfile.flush()
    cut(asked)


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def do_GET(self) -> None:
            self.close_connection = True
            answer(self)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that was cut is the point."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/you/bot"
        finally:
            server.shutdown()
            thread.join()


PAGE = b"<!doctype html>\n<html>\n<body>\nWelcome\n</body>\n</html>\n"
