"""Run a child process with limits on time, output and memory; its whole process group ends with it.

A child gets exactly the environment it is given, no terminal (it runs in its own session, so that nothing can ask on
``/dev/tty``), no input except what is given, and ``/`` as its folder, so that the user's current folder has no
influence.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from _thread import RLock
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType

from hermes_dist.errors import DistError
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.world.trace import note

with later():  # one git that is waited for needs no thread
    from threading import Thread, Timer

if TYPE_CHECKING:
    from typing import IO, Literal, Self, TypeAlias, TypeVar

    _Item = TypeVar("_Item")

_CHUNK = 1 << 16
_running: dict[subprocess.Popen[bytes], tuple[int, ...]] = {}
"""The children that may get a signal from us, each with the pipe that ties it to us: see :func:`_fasten`.

A child is taken out before it is reaped: from then on, its process id may be somebody else's.
"""
_signalling = RLock()
"""Held while a child is looked up here and gets a signal, and while one is taken out; a handler may do so within."""
_births: set[object] = set()
_ended_by: list[int] = []
_ERR_BYTES = 1 << 16
_GRACE = 0.5
_GLANCE = 0.05
_BLINK = 0.0001
"""The first wait for a child that has closed its output; most end at once. Each further wait is twice as long."""
_HEED = 0.5
"""How many seconds a wait takes before it looks whether somebody ends us.

A signal that comes just before a wait, or that the system gives to another thread, does not interrupt the wait.
"""
_AT_ONCE = 0.0002
"""Seconds that a thread may run on while another one has something to do."""
# dash, bash and busybox agree on these; an unsupported limit is skipped
_LIMITER = (
    '[ -z "$1" ] || umask "$1"; data=$2 file=$3 cpu=$4; shift 4; '
    'ulimit -c 0 2>/dev/null; ulimit -d "$data" 2>/dev/null; '
    'ulimit -f "$file" 2>/dev/null; ulimit -t "$cpu" 2>/dev/null; exec "$@"'
)

Stopped: TypeAlias = "Literal['', 'time', 'output']"


class Bounds(NamedTuple):
    """What a child may use.

    Attributes:
        seconds: Time from start to end.
        output: Bytes on its standard output.
        memory: Bytes of data of each of its processes.
        file: Bytes of each file it writes.
        cpu: Seconds of processor time of each of its processes.
    """

    seconds: float = 60
    output: int = 16 << 20
    memory: int = 512 << 20
    file: int = 512 << 20
    cpu: int = 120


class Command(NamedTuple):
    """What to run.

    Attributes:
        argv: The words.
        env: The whole environment.
        request: Its input; it must fit into a pipe.
        private: Whether files that it makes are accessible only to their owner, whatever the umask.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    request: bytes = b""
    private: bool = False


class Finished(NamedTuple):
    """How a child ended.

    Attributes:
        code: Its exit code; negative for a signal.
        out: Its standard output.
        err: The end of its standard error.
        stopped: Why we killed it: out of time or too much output; empty if we did not.
    """

    code: int
    out: bytes
    err: str
    stopped: Stopped = ""

    @property
    def ok(self) -> bool:
        return self.code == 0 and not self.stopped


class Detached:
    """A child in its own session that outlives us; see :func:`start_detached`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def exited(self) -> int | None:
        """Its exit code once it has ended, negative for a signal; None while it runs."""
        return self._process.poll()

    def leave(self) -> None:
        """Stop tracking the child: whether it runs or not, we no longer wait for it."""
        if self._process.poll() is None:
            # Popen warns when it is dropped while its child runs, unless it takes it for ended.
            self._process.returncode = 0


def start_detached(
    command: Command, folder: Path, out: Path, err: Path, held: Sequence[int] = ()
) -> Detached:
    """Start a child that keeps running after we end: no terminal, no input, its output appended to two files.

    Args:
        command: What to run; it reads nothing.
        folder: Where it works.
        out: The file for its standard output; made if missing, private.
        err: The file for its standard error.
        held: Open files with locks, which it holds until it ends.

    Returns:
        The child.

    Raises:
        DistError: A file can't be opened, or the child can't be started.
    """
    note("run", "in the background:", *_told(command.argv))
    fds: list[int] = []
    try:
        for path in (out, err):
            # A FIFO in the place of a log would hold us up until somebody reads it. The flag goes
            # again, because the child inherits it, and its writes would fail instead of wait.
            flags = (
                os.O_WRONLY
                | os.O_APPEND
                | os.O_CREAT
                | os.O_NOFOLLOW
                | os.O_CLOEXEC
                | os.O_NONBLOCK
            )
            fds.append(os.open(path, flags, 0o600))
            os.set_blocking(fds[-1], True)
        process = subprocess.Popen(
            list(command.argv),
            env=dict(command.env),
            cwd=folder,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=fds[0],
            stderr=fds[1],
            pass_fds=held,
        )
    except OSError as error:
        raise DistError(
            f"can't start a program: {error.strerror}", where=error.filename or command.argv[0]
        ) from error
    finally:
        for fd in fds:
            os.close(fd)
    return Detached(process)


def run_on_terminal(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a program that talks with the user; it has our terminal, so no limit holds for it.

    Returns:
        Its exit code; negative for a signal.

    Raises:
        DistError: It can't be started.
    """
    note("run", "on the terminal:", argv[0])
    try:
        return subprocess.run(list(argv), env=dict(env), check=False).returncode
    except OSError as error:
        raise DistError(f"can't start a program: {error.strerror}", where=argv[0]) from error


def _told(argv: Sequence[str]) -> Iterator[str]:
    """The words of a command without the settings that git gets with each, which would hide what it does."""
    words = iter(argv)
    is_git = os.path.basename(argv[0]) == "git"
    for word in words:
        if is_git and word == "-c":
            next(words, "")
        else:
            yield word


def _start(
    command: Command, bounds: Bounds, *, stdin: int, stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    # The shells count `ulimit -f` in blocks of 512 bytes, and -d in KiB.
    _end_together()
    limits = (str(bounds.memory >> 10), str(bounds.file >> 9), str(bounds.cpu))
    mask = "077" if command.private else ""
    note("run", *_told(command.argv))
    argv = ["/bin/sh", "-c", _LIMITER, "sh", mask, *limits, *command.argv]
    with _being_born():
        tie = _new_tie()
        try:
            process = _begin(argv, command, stdin, stderr, tie)
        except BaseException:
            _close(tie)
            raise
        _running[process] = tie
        _fasten(process, tie)
    return process


def _new_tie() -> tuple[int, ...]:
    """A pipe that is to tie a child to us; none where the system has no such ties, or no room for one."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.pipe()
    return ()


def _fasten(process: subprocess.Popen[bytes], tie: tuple[int, ...]) -> None:
    """Have the system end the group of a child as soon as we are gone, even if we are killed and can't see to it.

    Nobody but us has the end of the pipe that is written to. When we are gone it is closed, and then the system sends
    the group the signal that is asked for here: until then nothing watches, waits or runs. Only Linux lets the signal
    be chosen; the one that other systems send is ignored by default.
    """
    if sys.platform == "linux" and tie:
        with contextlib.suppress(OSError):
            fcntl.fcntl(tie[0], fcntl.F_SETOWN, -process.pid)
            fcntl.fcntl(tie[0], fcntl.F_SETSIG, signal.SIGTERM)
            fcntl.fcntl(tie[0], fcntl.F_SETFL, os.O_ASYNC)


def _reap(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a child, and return its exit code; nobody sends it a signal any more."""
    _has_ended(process.pid, float("inf"))
    _let_go(process)
    return process.wait()


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Note that a child has ended; what it left in the background goes on, such as git's store of passwords."""
    with _signalling:
        tie = _running.pop(process, ())
    if tie:
        with contextlib.suppress(OSError):
            fcntl.fcntl(tie[0], fcntl.F_SETFL, 0)
    _close(tie)


def _close(tie: tuple[int, ...]) -> None:
    for fd in tie:
        os.close(fd)


def _begin(
    argv: list[str], command: Command, stdin: int, stderr: int | IO[bytes], tie: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            pass_fds=tie[:1],
            env=dict(command.env),
            cwd="/",
            start_new_session=True,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except OSError as error:
        raise DistError(
            f"can't start a program: {error.strerror}", where=command.argv[0]
        ) from error


_ENDING = (signal.SIGTERM, signal.SIGHUP)


def _end_together() -> None:
    """See to it that whoever ends this process, or closes its terminal, ends the children that it waits for, too.

    They are in sessions of their own, so nobody else would end a git that waits for a server.
    """
    for number in _ENDING:
        # A signal that is ignored, as under nohup, stays ignored; and whoever listens to one goes on listening.
        if signal.getsignal(number) is signal.SIG_DFL:
            _listen(number, _ended)


def _listen(number: int, handler: Callable[[int, FrameType | None], None]) -> bool:
    """Listen to a signal; return whether this thread may, which is so of the main one alone."""
    try:
        signal.signal(number, handler)
    except ValueError:
        return False
    return True


def _ended(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    _ended_by.append(number)
    if not _births:
        _end_all()


@contextlib.contextmanager
def _being_born() -> Iterator[None]:
    """Start a child in the block: who ends or interrupts us then waits for it, so that it is ended with the others."""
    birth = object()
    _births.add(birth)
    try:
        with _interrupts_wait():
            yield
    finally:
        _births.discard(birth)
        if _ended_by:
            _end_all()


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Let Ctrl-C interrupt the block at its end."""
    typed: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    usual = handler is signal.default_int_handler
    if not usual or not _listen(signal.SIGINT, lambda number, _frame: typed.append(number)):
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if typed:
        stop_running()
        raise KeyboardInterrupt


def _end_all() -> None:
    stop_running()
    signal.raise_signal(_ended_by[0])


def stop_running() -> None:
    """Terminate every child that a thread waits for; used to give up while other threads wait."""
    for process in list(_running):
        _send(process, signal.SIGTERM)


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Send a signal to the group of a child, unless it was reaped; return whether it was not."""
    with _signalling:
        if process not in _running:
            return False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        return True


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread while the block runs, and wait for its end.

    If the block fails or is interrupted, every child that the thread waits for is terminated.

    Args:
        work: Waits for children most of the time. The kind of an error is noted for the crash log, and
            the rest forgotten: the step that needs what it was to bring does it again, and tells what fails.
    """
    _end_together()
    thread = Thread(target=_attempt, args=(work,), daemon=True)
    patience = sys.getswitchinterval()
    # The work mostly waits for children, so whatever it does between two of them goes first.
    sys.setswitchinterval(_AT_ONCE)
    try:
        thread.start()
        yield
        _wait_for(thread)
    except BaseException:
        stop_running()
        thread.join(_GRACE)
        stop_running()  # what it began in between
        raise
    finally:
        sys.setswitchinterval(patience)


def _wait_for(thread: Thread) -> None:
    while thread.is_alive():
        thread.join(_HEED)


def _attempt(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - a traceback of a thread helps nobody, and may show what is secret
        note("failed", "what was begun early:", type(error).__name__)


def at_once(work: Callable[[_Item], None], items: Iterable[_Item], most: int) -> None:
    """Do something for many items, some at the same time, and wait for the last one.

    If that is interrupted, no other item is begun, every child that is waited for is terminated, and what still waits
    for a server is left alone.

    Args:
        work: What to do with an item; an error is noted and forgotten, as for :func:`meanwhile`.
        items: The items.
        most: How many at the same time.
    """
    _end_together()
    left = deque(items)

    def one_after_the_other() -> None:
        with contextlib.suppress(IndexError):
            while True:
                _attempt(partial(work, left.popleft()))

    threads = [Thread(target=one_after_the_other, daemon=True) for _ in range(min(most, len(left)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            _wait_for(thread)
    except BaseException:
        left.clear()
        stop_running()
        end = time.monotonic() + _GRACE
        for thread in threads:
            if thread.is_alive():
                thread.join(max(0, end - time.monotonic()))
        stop_running()  # what they began in between
        raise


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: first SIGTERM, so that it removes its lock files, then SIGKILL."""
    if _send(process, signal.SIGTERM):
        _has_ended(process.pid, time.monotonic() + _GRACE)
        _send(process, signal.SIGKILL)


def _has_ended(pid: int, end: float) -> bool:
    """Wait until our child ends, but not beyond a moment of the monotonic clock; return whether it has ended."""
    pause = _BLINK
    while not _is_dead(pid):
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(2 * pause, _GLANCE)
    return True


def _is_dead(pid: int) -> bool:
    """Return whether our child has ended; it is not reaped, so its process id is not reused."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


class _Tail:
    """The last bytes of standard error, and its lines as they come."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._held = b""
        self.bytes = b""

    def take(self, data: bytes) -> None:
        self.bytes = (self.bytes + data)[-_ERR_BYTES:]
        if self._on_line is None:
            return
        # git redraws a line of progress after a carriage return, and ends it only when it is done.
        *lines, self._held = (self._held + data).replace(b"\r", b"\n")[-_ERR_BYTES:].split(b"\n")
        for line in lines:
            if line.strip():
                self._on_line(line.decode("utf-8", "replace"))

    @property
    def text(self) -> str:
        # What follows a redrawn line of progress begins a line of its own.
        return self.bytes.replace(b"\r", b"\n").decode("utf-8", "replace")


def run(command: Command, bounds: Bounds, on_line: Callable[[str], None] | None = None) -> Finished:
    """Run a child to its end.

    Args:
        command: What to run.
        bounds: What it may use.
        on_line: Called with each line of its standard error.

    Returns:
        How it ended; never raises for a child that fails or is stopped.

    Raises:
        DistError: The child can't be started.
    """
    stdin = subprocess.PIPE if command.request else subprocess.DEVNULL
    process = _start(command, bounds, stdin=stdin, stderr=subprocess.PIPE)
    tail = _Tail(on_line)
    try:
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(command.request)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        out, stopped = _collect(process, bounds, tail)
        if stopped:
            _kill(process)
        code = _reap(process)
        note("ended", os.path.basename(command.argv[0]), "with", code, stopped)
        return Finished(code, out, tail.text, stopped)
    finally:
        _kill(process)
        _reap(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


class _Outputs:
    """Both outputs of a child while it runs.

    Args:
        process: The child, started with pipes.
        tail: Takes its standard error.
    """

    def __init__(self, process: subprocess.Popen[bytes], tail: _Tail) -> None:
        assert process.stdout is not None  # noqa: S101 - started with pipes
        assert process.stderr is not None  # noqa: S101 - started with pipes
        self._out, self._err = process.stdout.fileno(), process.stderr.fileno()
        self._open = {self._out, self._err}
        self._tail = tail
        self._chunks: list[bytes] = []
        self.size = 0

    @property
    def read(self) -> bytes:
        """What standard output said so far."""
        return b"".join(self._chunks)

    @property
    def is_done(self) -> bool:
        """Whether both are closed."""
        return not self._open

    @property
    def is_read(self) -> bool:
        """Whether standard output is closed."""
        return self._out not in self._open

    def take(self, seconds: float) -> bool:
        """Wait for output and take it in; return whether there was any."""
        ready, _, _ = select.select(list(self._open), [], [], seconds)
        for fd in ready:
            self._take(fd, os.read(fd, _CHUNK))
        return bool(ready)

    def _take(self, fd: int, data: bytes) -> None:
        if not data:
            self._open.discard(fd)
        elif fd == self._err:
            self._tail.take(data)
        else:
            self._chunks.append(data)
            self.size += len(data)


def _collect(
    process: subprocess.Popen[bytes], bounds: Bounds, tail: _Tail
) -> tuple[bytes, Stopped]:
    """Read both outputs until the child has ended.

    A background program may keep standard error open without end; we don't wait for it.
    """
    outputs, end = _Outputs(process, tail), time.monotonic() + bounds.seconds
    while not outputs.is_done:
        left = end - time.monotonic()
        if left <= 0:
            return outputs.read, "time"
        was_read = outputs.is_read
        # Nothing tells of the child's end while somebody else holds standard error, so look at it often.
        heard = outputs.take(min(left, _GLANCE if was_read else _HEED))
        if not heard and was_read and _is_dead(process.pid):
            break
        if outputs.size > bounds.output:
            return outputs.read, "output"
    return outputs.read, "" if _has_ended(process.pid, end) else "time"


class Stream:
    """A child whose output is read as it arrives; a context manager.

    Args:
        command: What to run.
        bounds: What it may use; output is not limited here, because the reader knows how much to expect.
        stdin: What to feed it.

    Raises:
        DistError: The child can't be started.
    """

    def __init__(self, command: Command, bounds: Bounds, stdin: bytes = b"") -> None:
        self._process = _start(command, bounds, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self._said = _Tail(None)
        assert self._process.stdout is not None  # noqa: S101 - started with a pipe
        self.out: IO[bytes] = self._process.stdout
        self._late = False
        self._timer = Timer(bounds.seconds, self._expire)
        self._timer.daemon = True
        self._feeder = Thread(target=self._feed, args=(command.request + stdin,), daemon=True)
        self._listener = Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._timer.start()
        self._feeder.start()
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _kill(self._process)
        _reap(self._process)
        self._feeder.join()
        self.out.close()
        self._listener.join(_GRACE)

    def _expire(self) -> None:
        self._late = self._process in _running
        _kill(self._process)

    def _feed(self, data: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - started with a pipe
        with contextlib.suppress(BrokenPipeError):
            if data:
                pipe.write(data)
        with contextlib.suppress(BrokenPipeError):
            pipe.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - started with a pipe
        with self._process.stderr as pipe:
            while data := pipe.read1(_CHUNK):  # type: ignore[attr-defined]  # a BufferedReader
                self._said.take(data)

    def finish(self) -> Finished:
        """Wait for the child to end, after all expected output has been read."""
        code = _reap(self._process)
        self._timer.cancel()
        self._listener.join(_GRACE)  # a background program may keep it open without end
        return Finished(code, b"", self._said.text, "time" if self._late else "")
