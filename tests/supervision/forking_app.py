"""An app that is nothing but a supervisor over two relays: `forking_app.py RUN_FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.supervision.launch_command import Launch, server_argv, server_environment
from app.supervision.supervisor import Supervisor
from app.views import ServerState
from tests.patience import PATIENCE_S

WIRE = str(Path(__file__).parents[1] / "relay" / "wire_upstream.py")


async def main(run_folder: str) -> None:
    async def prepare(name: str) -> Launch:
        upstream = {"command": sys.executable, "args": [WIRE]}
        configure = {"settings": {"upstream": upstream}}
        return Launch(server_argv("relay", name), server_environment(), configure=configure)

    supervisor = Supervisor(prepare, run_folder=Path(run_folder))
    for name in ("one", "two"):
        supervisor.add(name)
        supervisor.want(name, True)
    for name in ("one", "two"):
        observed = await supervisor.settled(name, PATIENCE_S)
        assert observed.state is ServerState.READY, observed
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
