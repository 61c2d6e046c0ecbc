"""A real server process that speaks the control protocol and misbehaves as it is told.

usage: faulty_server.py BEHAVIOUR [TAG] --lou-instance=ID

It runs under `python -I -S`, so that it starts in 20 ms; the tag tells its processes from others.
"""

import json
import os
import signal
import subprocess
import sys
import time

BEHAVIOUR = sys.argv[1] if len(sys.argv) > 1 else ""
TAG = sys.argv[2] if len(sys.argv) > 2 else ""
LINE = "x" * 99
SEEN: list[str] = []

DAEMON = """
import os, signal, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
time.sleep(3600)
"""


def say(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def event(kind: str, /, **data: object) -> None:
    say({"type": "event", "event": kind, "data": data})


def spawn_daemon() -> None:
    """A grandchild that forked twice, has a session of its own, and ignores SIGTERM."""
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", DAEMON, TAG],
        stdin=subprocess.DEVNULL,
        check=True,
    )


def before_ready() -> None:
    kind, _, detail = BEHAVIOUR.partition(":")
    if kind == "exit":
        sys.exit(int(detail))
    if kind == "last-words":
        sys.exit("Traceback (most recent call last):\nOSError: the disk is full")
    if kind == "refused":
        event("trouble", code="no_key", message="No key is set.", hint="Set it.", key="TAVILY")
        sys.exit(int(detail))
    if kind == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "slow":
        time.sleep(float(detail))
    if kind == "never-ready":
        time.sleep(3600)
    if kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "garbage":
        os.write(1, b"Hello, I am a banner\n\xff\xfe{}\n[1]\n" + b"y" * 3_000_000 + b"\n{\n")
    if kind == "daemons":
        for _ in range(int(detail)):
            spawn_daemon()


def call(name: str, arguments: dict) -> dict:
    if name == "big":
        return {"text": "z" * arguments["bytes"]}
    if name == "flood":
        text = (LINE + "\n").encode() * 100
        until = time.monotonic() + arguments["seconds"]
        lines = 0
        while time.monotonic() < until:
            os.write(2, text)
            lines += 100
        return {"lines": lines}
    if name == "events":
        for number in range(arguments["count"]):
            event("log", at=0, level="INFO", logger="x", message=f"{number} {LINE}")
        return {}
    if name == "hang":
        time.sleep(3600)
    if name == "exit":
        os._exit(arguments["code"])
    if name == "daemon":
        spawn_daemon()
    if name == "seen":
        return {"methods": SEEN}
    if name == "grow":
        globals()["ballast"] = bytearray(arguments["bytes"])
    return {"echo": arguments}


def answer(request: dict) -> dict:
    method, params = request["method"], request.get("params", {})
    if method == "call_tool":
        return {"status": "success", "data": call(params["name"], params.get("arguments", {}))}
    if method == "list_tools":
        return {"tools": [{"name": "echo"}]}
    return {"configured": params} if method == "configure" else {}


def main() -> None:
    before_ready()
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        SEEN.append(request["method"])
        if request.get("params", {}).get("name") == "mute":
            continue
        if request["method"] == "unknown":
            error = {"code": "unknown_method", "message": "No such method.", "data": {}}
            say({"type": "error", "id": request["id"], "error": error})
            continue
        say({"type": "response", "id": request["id"], "result": answer(request)})
        if number == 0:
            event("ready", name="x", pid=os.getpid(), tools=1, tools_hash="0", endpoint="/s")
        if request["method"] == "stop" and BEHAVIOUR != "deaf":
            return
    while BEHAVIOUR == "deaf":
        time.sleep(3600)


if __name__ == "__main__":
    main()
