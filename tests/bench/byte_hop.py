"""Copies bytes from process to process as quickly as Python can: the floor for relay and bridge.

`byte_hop.py SOCKET COMMAND ...` runs a command and copies between it and the first client of the
socket. `byte_hop.py SOCKET` is such a client, and copies between it and stdin and stdout.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys

CHUNK = 1 << 16


def main(path: str, command: list[str]) -> None:
    link = socket.socket(socket.AF_UNIX)
    if command:
        child = subprocess.Popen(command, stdin=-1, stdout=-1)
        assert child.stdin is not None
        assert child.stdout is not None
        into, out = child.stdin.fileno(), child.stdout.fileno()
        link.bind(path)
        link.listen()
        link, _ = link.accept()
    else:
        link.connect(path)
        into, out = 1, 0
    to = {out: link.fileno(), link.fileno(): into}
    poll = select.epoll()
    for source in to:
        poll.register(source, select.EPOLLIN)
    while True:
        for source, _ in poll.poll():
            data = os.read(source, CHUNK)
            if not data:
                return
            while data:
                data = data[os.write(to[source], data) :]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
