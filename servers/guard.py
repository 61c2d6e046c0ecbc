"""Runs one server, and ends its whole process tree when the app or the server ends.

usage: guard.py LIFELINE PROGRAM [ARGUMENT ...]

LIFELINE is the number of a connected socket whose other end only the app holds. The guard writes
`pid N`, `exit CODE` or `error WORDS` on it, a line each; it reads `t` (terminate the server's
group) and `k` (kill the whole tree). End of file means that the app is gone. stdin, stdout and
stderr are the server's own.

Standard library only, once for each server: run by path under `python -I -S`, or in a fork of the
fork server, which calls `guard_server`.

On Linux the guard is a child subreaper, which inherits daemonised grandchildren, and the server
dies with it. macOS has neither: a daemonised grandchild is only found while its parent lives.
"""

# `signal` itself brings `enum`: 0.75 MB of the 5 that a guard may have.
import _signal as signal  # type: ignore[import-not-found]
import os
import select
import sys
import time

assert sys.platform != "win32"

GRACE = 0.5
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36
_ZOMBIE = b"Z"
_PS = ("/bin/ps", "-axo", "pid=,ppid=,stat=")
_NOT_EXECUTABLE = 126


def main() -> None:
    """Run the command in the arguments of this process until it or the app ends."""
    app, argv = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(app, False)
    guard_server(app)
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)  # noqa: S606 - the app made this command; no shell
    except OSError as refused:
        say(app, f"error {argv[0]}: {refused.strerror}")
    finally:
        os._exit(_NOT_EXECUTABLE)


def guard_server(app: int, *of_server: int) -> None:
    """Fork, and return in the new process, which is to become the server.

    The calling process is the guard from now on; it ends with the server or the app. `app` is the
    lifeline; the server alone keeps the descriptors `of_server`.
    """
    wakeup = _wakeup_pipe()
    _adopt_orphans()
    guard, server = os.getpid(), os.fork()
    if not server:
        _leave(guard)
        return
    say(app, f"pid {server}")
    for descriptor in of_server:
        os.close(descriptor)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    code = _watch(server, app, wakeup)
    say(app, f"exit {code}")
    os._exit(0)


def _wakeup_pipe() -> int:
    """A descriptor that becomes readable when a child ends or a signal asks the guard to end."""
    wakeup, writer = os.pipe()
    os.set_blocking(wakeup, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return wakeup


def _adopt_orphans() -> None:
    """Become a subreaper, and let the end of the parent wake a stopped guard."""
    _prctl(_SET_CHILD_SUBREAPER, 1)
    _prctl(_SET_PDEATHSIG, signal.SIGCONT)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        from ctypes import pythonapi  # noqa: PLC0415 - only where it is of use

        pythonapi.prctl(option, value, 0, 0, 0)


def _leave(guard: int) -> None:
    """Begin a session of its own, in the server's process, and end with the guard."""
    os.setsid()
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:
        os._exit(1)
    _no_core_files()


def _no_core_files() -> None:
    import resource  # noqa: PLC0415 - in the server's process, not in the guard's

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(server: int, app: int, wakeup: int) -> int:
    """Wait until the server ends, or end it when asked; returns its exit code."""
    poll = select.poll()
    poll.register(app, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        signals = os.read(wakeup, 4096) if wakeup in ready else b""
        code = _reap(server)
        if code is not None:
            _end_tree(GRACE, server)
            return code
        command = _commands(app) if app in ready else b""
        if b"t" in command:
            _signal([-server], signal.SIGTERM, signal.SIGCONT)
        if b"k" in command:
            return _end_tree(0.0, server)
        if command.endswith(b"\0") or signals.strip(bytes([signal.SIGCHLD])):
            return _end_tree(GRACE, server)


def _commands(app: int) -> bytes:
    """The commands of the app; a zero byte at the end means that the app is gone."""
    try:
        return os.read(app, 64) or b"\0"
    except OSError:
        return b"\0"


def _end_tree(grace: float, server: int) -> int:
    """SIGTERM to all descendants, then SIGKILL until none is left; returns the server's code."""
    code = None
    deadline = time.monotonic() + grace
    if grace:
        _signal(_descendants(), signal.SIGTERM, signal.SIGCONT)
    pause = 0.005
    while True:
        found = _reap(server)
        code = code if found is None else found
        left = _descendants()
        if not left:
            return -signal.SIGKILL if code is None else code
        if time.monotonic() >= deadline:
            _signal(left, signal.SIGKILL)
            pause = min(pause * 1.2, 0.5)
        time.sleep(pause)


def _signal(pids: list[int], *numbers: int) -> None:
    for number in numbers:
        for pid in pids:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue


def _reap(server: int) -> int | None:
    """Reap every ended child; returns the exit code of the server if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == server:
            code = os.waitstatus_to_exitcode(status)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    unvisited = [os.getpid()]
    while unvisited:
        direct = children.pop(unvisited.pop(), [])
        found += direct
        unvisited += direct
    return found


def _processes() -> list[tuple[int, int]]:
    """(pid, parent) of every process that is not a zombie."""
    if sys.platform != "linux":
        return _listed_by_ps()
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs megabytes
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != _ZOMBIE:
                found.append((int(name), int(fields[1])))
    return found


def _listed_by_ps() -> list[tuple[int, int]]:
    import subprocess  # noqa: PLC0415 - not on Linux, where a guard has no room for it

    with subprocess.Popen(_PS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as ps:
        assert ps.stdout
        rows = [line.split() for line in ps.stdout]
    found = [(int(pid), int(parent)) for pid, parent, state in rows if state[:1] != _ZOMBIE]
    return [(pid, parent) for pid, parent in found if pid != ps.pid]


def say(app: int, words: str) -> None:
    """Write a line to the app; do nothing if it is gone."""
    try:
        os.write(app, words.encode() + b"\n")
    except OSError:
        return


if __name__ == "__main__":
    main()
