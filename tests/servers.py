"""Servers on loopback for tests: smart HTTP over `git http-backend`, `git daemon`, ssh, and rude ones."""

from __future__ import annotations

import base64
import getpass
import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import sshstandin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sshstandin import make_keys

GIT = shutil.which("git") or "git"
LOGIN = ("ada", "s3cret-w0rd")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitHttp

    def log_message(self, *_: object) -> None:
        """Tests look at what was asked themselves."""

    def end_headers(self) -> None:
        self.send_header("Connection", "close")
        super().end_headers()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(self.path)
        self.server.agents.append(self.headers.get("User-Agent", ""))
        self.server.logins += self.headers.get_all("Authorization") or []
        self.close_connection = True
        if self.server.redirect and not path.startswith("/elsewhere/"):
            self.send_response(self.server.redirects_by)
            self.send_header("Location", self.server.redirect + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.server.login and self.headers.get("Authorization") != _basic(*LOGIN):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="\x1b[31mred"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        env = self._env(path, query)
        if self.server.packs_for and path.endswith("upload-pack") and self.command == "POST":
            self._stream({**env, **_slowly(self.server.root, self.server.packs_for)})
        else:
            self._backend(path, env)

    def _env(self, path: str, query: str) -> dict[str, str]:
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        if self.server.modern:
            env["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
        return env

    def _stream(self, env: Mapping[str, str]) -> None:
        """Answer as it comes."""
        with subprocess.Popen(
            [GIT, "http-backend"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as git:
            assert git.stdin
            assert git.stdout
            git.stdin.write(self._body())
            git.stdin.close()
            self.send_response(200)
            while line := git.stdout.readline().strip():
                self.send_header(*line.decode().split(": ", 1))
            self.end_headers()
            while piece := git.stdout.read(4096):
                self.wfile.write(piece)

    def _backend(self, path: str, env: Mapping[str, str]) -> None:
        done = subprocess.run(
            [GIT, "http-backend"], input=self._body(), env=env, capture_output=True, check=False
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200)
        if self.server.lost and path.endswith("receive-pack") and self.command == "POST":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for key, value in headers:
            if key != "Status":
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


def _slowly(root: Path, seconds: float) -> dict[str, str]:
    """What makes git wait before it packs, and tell each second that it is there."""
    hook = root / "pack-slowly"
    hook.write_text(f'#!/bin/sh\nsleep {seconds}\nexec "$@"\n')
    hook.chmod(0o755)
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "uploadpack.packObjectsHook",
        "GIT_CONFIG_VALUE_0": str(hook),
        "GIT_CONFIG_KEY_1": "uploadpack.keepAlive",
        "GIT_CONFIG_VALUE_1": "1",
    }


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class GitHttp(ThreadingHTTPServer):
    """Smart HTTP for every repository below ``root``; a context manager.

    Attributes:
        modern: Whether it speaks protocol version 2.
        login: Whether it wants a user name and password.
        packs_for: For how many seconds it packs before it sends anything.
        lost: Whether it takes what is pushed, and cuts the connection before it says so.
        redirect: Where it sends everybody.
        redirects_by: The status with which it does.
        asked: The requests so far.
        agents: The programs that made them, as they call themselves.
        logins: What they said about a login.
    """

    daemon_threads = True

    def __init__(self, root: Path, tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.root = root
        self.redirects_by = 302
        self.logins: list[str] = []
        self.modern = True
        self.login = False
        self.packs_for = 0.0
        self.lost = False
        self.redirect = ""
        self.asked: list[str] = []
        self.agents: list[str] = []
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is not news."""

    def __enter__(self) -> GitHttp:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine that signs itself; returns it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@contextmanager
def rude(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server whose whole conversation is ``talk``; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    done = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(5)
            talk(client)

    def accept() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server does not come up")


@contextmanager
def _serving(argv: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        _await(port, process)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextmanager
def git_daemon(root: Path) -> Iterator[str]:
    """`git://` for every repository below ``root``; yields the URL of ``root``."""
    port = free_port()
    words = [
        "--reuseaddr",
        "--listen=127.0.0.1",
        f"--port={port}",
        f"--base-path={root}",
        "--export-all",
    ]
    with _serving([GIT, "daemon", *words], port):
        yield f"git://127.0.0.1:{port}"


@contextmanager
def sshd(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """An ssh server with keys of its own in ``folder``; yields (URL of /, value for GIT_SSH_COMMAND).

    ``env`` is for the commands that it runs. The server is asyncssh, which comes by pip. The client is the machine's own ssh, or asyncssh where there is none.
    """
    make_keys(folder)
    client = folder / "ssh_config"
    client.write_text(
        f"Host *\n IdentityFile {folder}/user\n IdentitiesOnly yes\n UserKnownHostsFile {folder}/known\n"
        " StrictHostKeyChecking accept-new\n LogLevel ERROR\n BatchMode yes\n"
    )
    program = [sys.executable, "-W", "ignore", sshstandin.__file__]
    with subprocess.Popen(
        [*program, "serve", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    ) as server:
        assert server.stdout is not None
        try:
            port = server.stdout.readline().strip()
            assert port, "the ssh server does not come up"
            asked = (
                f"ssh -F {client}"
                if shutil.which("ssh")
                else shlex.join([*program, "ask", str(folder)])
            )
            yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}", asked
        finally:
            server.kill()
