"""What stands in for a program that :mod:`forkserver` has loaded: it hands on what it was given, and ends as that ends.

It imports next to nothing: to start it is a tenth of the work of starting the program. Its words are where the server lets
programs in, the function that the program is, and the words of the program.
"""

import _socket
import marshal
import os
import resource
import signal
import sys

_LIMITS = (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_CORE)


def _hand_on(place: str, entry: str, *words: str) -> int:
    mask = os.umask(0)
    os.umask(mask)
    request = {
        "argv": list(words) or [entry],
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "entry": entry,
        "session": True,
        "mask": mask,
        "limits": [(which, *resource.getrlimit(which)) for which in _LIMITS],
    }
    fds = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2))
    ask = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    ask.connect(place)
    ask.sendmsg([marshal.dumps(request)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
    return int(ask.recv(64) or 1)


if __name__ == "__main__":
    code = _hand_on(*sys.argv[1:])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
