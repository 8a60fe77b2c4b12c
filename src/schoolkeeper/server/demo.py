"""A whole demonstration in one process tree: a living ERP, and Schoolkeeper taking care of it."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from schoolkeeper.connectors.postgres.cluster_files import free_port, port_is_free
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.server import configuration, demo_definition, serving
from schoolkeeper.server.database import control_plane
from schoolkeeper.server.demo_erp import Erp
from schoolkeeper.server.demo_folder import DemoFolder
from schoolkeeper.server.supervisor import TICK_SECONDS, Supervisor

USUAL_PORT = 8000
PEOPLE = ("administrator", "approver", "auditor")  # each named after the role
WORKER_PATIENCE_SECONDS = 30.0


class Demo:
    """Everything that a demonstration starts; as a context manager it stops all of that again.

    `say` is told what has just come up. `port` None takes the usual one, or another where that is in use.
    """

    def __init__(self, folder: DemoFolder, *, size: str, port: int | None, say: Callable[[str], object]) -> None:
        self.folder = folder
        self.port = port or (USUAL_PORT if port_is_free(USUAL_PORT) else free_port())
        self.sign_ins: list[tuple[str, str]] = []
        self.requests = 0
        self._say = say
        self._size = size
        self._stack = ExitStack()
        self._supervisor: Supervisor | None = None
        self._upkeep: Callable[[], object] = lambda: None
        self._erp: Erp | None = None

    @property
    def address(self) -> str:
        return f"http://{serving.LOOPBACK}:{self.port}/"

    @property
    def system(self) -> str:
        """The slug of the ERP in Schoolkeeper."""
        return demo_definition.SLUG

    @property
    def erp_password(self) -> str:
        """The password of all the ERP's users."""
        return self.folder.secret("erp-user-password")

    @property
    def erp(self) -> Erp:
        """The ERP; there once `start` has begun."""
        assert self._erp is not None
        return self._erp

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self) -> None:
        """Bring everything up, the ERP beside the control plane; Django is loaded afterwards.

        Raises ClusterError, ChildFailed, Permanent and Refused.
        """
        serving.require_free(self.port)
        self.folder.prepare()
        self._stack.callback(os.close, self.folder.hold())
        os.environ["SCHOOLKEEPER_HOME"] = str(self.folder.keeper_home)
        os.environ.pop("SCHOOLKEEPER_DATABASE_URL", None)
        self._erp = erp = Erp(self.folder, self._size, self._say)
        self._stack.callback(erp.stop)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="erp") as pool:
            started = pool.submit(erp.start)
            try:
                self._start_keeper()
                started.result()
            except BaseException:
                erp.request_stop()  # otherwise leaving the pool would wait until the ERP is up
                raise

    def write_definition(self) -> Path:
        """The definition file of the ERP, ready to be applied."""
        return demo_definition.write(self.folder, url=self.erp.url, database_log=self.erp.database_log)

    def warm_up(self) -> None:
        """Wait until people have worked with the ERP for a while and a worker is there. Raises Permanent."""
        self.requests = self.erp.wait_for_traffic()
        self._say(f"{self.requests} requests in the ERP's access log")
        self._wait_for_worker()
        self._say("a worker waits for work")

    def tick(self) -> None:
        """One round of looking after what runs."""
        self._upkeep()
        self.erp.tick()
        if self._supervisor is not None:
            self._supervisor.tick()

    def wait(self, seconds: float) -> None:
        """Wait, and look after what runs meanwhile."""
        self.tick()
        time.sleep(min(seconds, TICK_SECONDS))

    def _start_keeper(self) -> None:
        plane = self._stack.enter_context(control_plane(configuration.read(), serving.PATIENCE_SECONDS))
        serving.prepare(plane)
        self._upkeep = plane.upkeep
        self._say("the control plane's database is ready")
        self._make_people()
        self._supervisor = Supervisor(serving.children(port=self.port), self.folder.keeper_home)
        self._stack.callback(self._supervisor.stop)
        self._supervisor.start()
        self._say("the control room answers")

    def _make_people(self) -> None:
        from schoolkeeper.server.accounts import invent

        self.sign_ins = [(one.name, one.password) for one in (invent(role, role) for role in PEOPLE)]

    def _wait_for_worker(self) -> None:
        from schoolkeeper.engine.presence import alive

        deadline = time.monotonic() + WORKER_PATIENCE_SECONDS
        while not alive():
            if time.monotonic() > deadline:
                logs = self.folder.keeper_home / "logs"
                raise Permanent(f"The worker did not come up; see {logs}.")
            self.wait(0.1)
