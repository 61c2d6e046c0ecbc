"""An app that is nothing but a supervisor: `small_app.py RUN_FOLDER TAG BEHAVIOUR ...`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.supervision.launch_command import Launch, server_environment
from app.supervision.supervisor import Supervisor
from app.views import ServerState
from tests.patience import PATIENCE_S

FAULTY = str(Path(__file__).with_name("faulty_server.py"))


async def main(run_folder: str, tag: str, *behaviours: str) -> None:
    async def prepare(name: str) -> Launch:
        behaviour = behaviours[int(name)]
        argv = (sys.executable, "-I", "-S", FAULTY, behaviour, tag)
        return Launch(argv, server_environment(), "/")

    supervisor = Supervisor(prepare, run_folder=Path(run_folder))
    names = [str(number) for number in range(len(behaviours))]
    for name in names:
        supervisor.add(name)
        supervisor.want(name, True)
    for name in names:
        observed = await supervisor.settled(name, PATIENCE_S)
        assert observed.state is ServerState.READY, observed
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
