"""The greeting by which both ends of a loopback TCP connection prove that they are Lou's.

In and out: lines; the caller owns the sockets. A Unix socket is protected by its folder. A port is
not: after a crash any process may bind it. So each end proves that it knows the token, without
sending it, before MCP begins. Three lines, each at most LONGEST_LINE bytes:

```
bridge > lou-hello 1 <nonce of the bridge>
server > lou-proof 1 <nonce of the server> <HMAC of "server">
bridge > lou-proof 1 <HMAC of "bridge">          and MCP follows at once
```

An HMAC covers the role, both nonces, and the instance and port in the port file, so a proof is
valid for one connection to one server and cannot be relayed through another port.
"""

import os
import sys
from _operator import _compare_digest as is_same

from servers.contract import file_sharing, ownership

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST_LINE = 256
DEADLINE_S = 2.0
"""Either end closes the connection if the greeting takes longer."""

_TOKEN_BYTES = 32
_BLOCK_BYTES = 64
_NONCE_BYTES = 16


class GreetingError(Exception):
    """The other end did not prove itself, or the port file cannot be used; no proof was sent."""


class Port:
    """The content of a port file: which process listens where, and as which instance."""

    __slots__ = ("create_time", "instance", "pid", "port")

    def __init__(self, pid: int, create_time: str, port: int, instance: str) -> None:
        self.pid = pid
        self.create_time = create_time
        self.port = port
        self.instance = instance

    def is_of_live_process(self) -> bool:
        """Whether the process that wrote the port file still runs."""
        return bool(self.create_time) and create_time_of(self.pid) == self.create_time

    def may_be_served(self) -> bool:
        """As `is_of_live_process`, but on Windows without the time, which `ctypes` alone can tell.

        It takes a third of the bridge's start; who has the number now does not know the token.
        """
        if sys.platform == "win32":
            return _runs(self.pid)
        return self.is_of_live_process()


class BridgeGreeting:
    """The connecting end: send `hello`, then send what `answer` returns for the server's line."""

    def __init__(self, token: bytes, port: Port) -> None:
        self._token = token
        self._port = port
        self._nonce = _nonce()

    def hello(self) -> bytes:
        return b"lou-hello 1 %s\n" % self._nonce

    def answer(self, line: bytes) -> bytes:
        """The line that proves this end; MCP may follow it.

        Raises:
            GreetingError: the process that listens there does not know the token.
        """
        nonce, proof = _words(line, b"lou-proof", 2)
        nonces = self._nonce + b"|" + nonce
        expected = _proof(self._token, self._port, b"server", nonces)
        if not is_same(proof, expected):
            raise GreetingError(f"port {self._port.port} is held by a process that is not Lou's")
        return b"lou-proof 1 %s\n" % _proof(self._token, self._port, b"bridge", nonces)


class ServerGreeting:
    """The listening end of one connection: `prove` the first line, then `admit` the second."""

    def __init__(self, token: bytes, port: Port) -> None:
        self._token = token
        self._port = port
        self._nonce = _nonce()
        self._nonces = b""

    def prove(self, hello: bytes) -> bytes:
        """Raises GreetingError if it is not a greeting; close the connection."""
        (bridge,) = _words(hello, b"lou-hello", 1)
        self._nonces = bridge + b"|" + self._nonce
        proof = _proof(self._token, self._port, b"server", self._nonces)
        return b"lou-proof 1 %s %s\n" % (self._nonce, proof)

    def admit(self, answer: bytes) -> None:
        """Check the bridge's second line; MCP follows it.

        Raises:
            GreetingError: it does not know the token; close the connection without an answer.
        """
        (proof,) = _words(answer, b"lou-proof", 1)
        expected = _proof(self._token, self._port, b"bridge", self._nonces)
        if not self._nonces or not is_same(proof, expected):
            raise GreetingError("the connecting process does not know the token")


def this_port(port: int, instance: str) -> Port:
    """The port file's content for a server of this process that listens on `port`."""
    pid = os.getpid()
    return Port(pid, create_time_of(pid), port, instance)


def write_port(path: str, port: Port) -> None:
    """Put the port file of a server that listens now; the token is not in it."""
    import json

    entry = {name: getattr(port, name) for name in Port.__slots__}
    _write_private(path, json.dumps(entry).encode())


def read_port(path: str) -> Port:
    """The content of the port file at `path`.

    Raises:
        FileNotFoundError: no server listens there.
        PermissionError: another user could have written it.
        GreetingError: it is not a port file.
    """
    content = ownership.read(path)
    try:
        entry = _members(content.decode())
        pid, port = int(entry["pid"]), int(entry["port"])
        found = Port(pid, entry["create_time"], port, entry["instance"])
    except (ValueError, TypeError, KeyError) as broken:
        raise GreetingError(f"{path} is not a port file; restart the server") from broken
    if not 0 < found.port < 65536:
        raise GreetingError(f"{path} is not a port file; restart the server")
    return found


def _members(text: str) -> dict[str, str]:
    """The members of a port file's JSON; the module `json` is a sixth of the bridge's start."""
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError(text)
    pairs = (pair.partition(":") for pair in text[1:-1].split(","))
    return {name.strip(' "'): value.strip(' "') for name, _, value in pairs}


def token(state_folder: str) -> bytes:
    """The secret that Lou's processes of this home share; the first call creates it.

    Raises:
        PermissionError: another user could have written it.
    """
    try:
        found = ownership.read(os.path.join(state_folder, "token"))
    except (FileNotFoundError, ownership.ForeignError):
        found = b""
    return found if len(found) == _TOKEN_BYTES else _made_token(state_folder)


def _made_token(state_folder: str) -> bytes:
    path = os.path.join(ownership.make_private(state_folder), "token")
    while True:
        try:
            found = ownership.read(path)
            if len(found) == _TOKEN_BYTES:
                return found
            os.unlink(path)
        except FileNotFoundError:
            pass
        _write_private(path, os.urandom(_TOKEN_BYTES), keep=True)


def create_time_of(pid: int) -> str:
    """When process `pid` started, in a form of this system; empty if it does not run."""
    systems = {"linux": _create_time_linux, "win32": _create_time_windows}
    return systems.get(sys.platform, _create_time_ps)(pid)


def _create_time_linux(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            after_name = file.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in {b"Z", b"X"} else after_name[19].decode()


def _create_time_ps(pid: int) -> str:
    import subprocess

    ps = ("/bin/ps", "-o", "lstart=", "-p", str(pid))
    found = subprocess.run(ps, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    return found.stdout.strip()


def _create_time_windows(pid: int) -> str:
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    query_limited_information = 0x1000
    process = kernel.OpenProcess(query_limited_information, 0, pid)
    if not process:
        return ""
    times = [ctypes.c_uint64() for _ in range(4)]
    exit_code = ctypes.c_ulong()
    handle = ctypes.c_void_p(process)
    try:
        known = kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in times))
        still_active = 259
        kernel.GetExitCodeProcess(handle, ctypes.byref(exit_code))
        return str(times[0].value) if known and exit_code.value == still_active else ""
    finally:
        kernel.CloseHandle(handle)


if sys.platform == "win32":
    import _winapi

    def _runs(pid: int) -> bool:
        try:
            process = _winapi.OpenProcess(_winapi.SYNCHRONIZE, False, pid)
        except OSError:
            return False
        try:
            return _winapi.WaitForSingleObject(process, 0) == _winapi.WAIT_TIMEOUT
        finally:
            _winapi.CloseHandle(process)


def _write_private(path: str, content: bytes, *, keep: bool = False) -> None:
    """Write atomically and for this user only; with `keep` an existing file stays."""
    sibling = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    made = os.open(sibling, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _publish(sibling, path, keep)
    finally:
        if os.path.lexists(sibling):
            os.unlink(sibling)


def _publish(sibling: str, path: str, keep: bool) -> None:
    if not keep:
        file_sharing.replace(sibling, path)
        return
    try:
        os.link(sibling, path)
    except FileExistsError:
        return


def _nonce() -> bytes:
    return os.urandom(_NONCE_BYTES).hex().encode()


def _proof(token: bytes, port: Port, role: bytes, nonces: bytes) -> bytes:
    message = b"|".join((role, nonces, port.instance.encode(), b"%d" % port.port))
    return _hmac_of(token, message).encode()


def _hmac_of(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 after RFC 2104, of a key that is no longer than a block."""
    sha256 = light_sha256()
    block = key.ljust(_BLOCK_BYTES, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return str(sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest())


def light_sha256() -> "Callable[[bytes], Any]":
    """SHA-256 without OpenSSL, whose library takes 1 MB and a third of the bridge's start.

    What is built into Python comes first: a file that is not there delays a start on Windows.
    """
    built_in = {"_sha2", "_sha256"} & {*sys.builtin_module_names}
    for name in (*built_in, "_sha2", "_sha256", "hashlib"):
        try:
            found: Callable[[bytes], Any] = __import__(name).sha256
        except ImportError:
            continue
        return found
    raise AssertionError("hashlib is part of Python")


def _words(line: bytes, verb: bytes, count: int) -> list[bytes]:
    """The `count` arguments of a greeting line."""
    words = line.split()
    if len(line) > LONGEST_LINE or len(words) != count + 2 or words[:2] != [verb, b"1"]:
        raise GreetingError("the other end does not speak Lou's greeting")
    return words[2:]
