"""
The contents manager of ``tco lab``'s server: it hands a notebook out once it is live.

So the browser can load JupyterLab while the kernel still runs the cells; what comes first waits for the other. A notebook of ours
that is opened later, by a link from the first or from the file browser, gets its kernel and its outputs the same way.
"""

import asyncio
import os
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from tco.lab import WARMING, bring_to_life, untouched

LONGEST_S = 300.0
LOOK_S = 0.03


class WaitingContents(AsyncLargeFileManager):  # type: ignore[misc, unused-ignore]
    """A file manager that answers for a notebook's content when nothing warms up any more."""

    async def get(self, path: str, content: bool = True, *arguments: Any, **named: Any) -> Any:
        """A file's model; a notebook's is held back while its cells run."""
        flag = Path(os.environ.get(WARMING, ""))
        until = time.monotonic() + LONGEST_S
        while content and path.endswith(".ipynb") and flag.is_file() and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
        if content and path.endswith(".ipynb"):
            async with self._one_at_a_time:
                await self._enliven(path.strip("/"))
        return await super().get(path, content, *arguments, **named)  # type: ignore[no-untyped-call]

    @cached_property
    def _one_at_a_time(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def _enliven(self, path: str) -> None:
        """Start the kernel of a notebook of ours that has none, and run its cells; others are left as they are."""
        copy = Path(self._get_os_path(path))  # type: ignore[no-untyped-call, unused-ignore]
        if copy.parent != Path(os.environ.get(WARMING, "")).parent.parent or not untouched(copy):
            return
        server: Any = self.parent
        sessions = server.session_manager
        if any(session.get("path") == path for session in await sessions.list_sessions()):
            return
        kernel = await server.kernel_manager.start_kernel(kernel_name="python3", path="")
        await sessions.create_session(path=path, name=copy.name, type="notebook", kernel_id=kernel)
        failed = await asyncio.to_thread(bring_to_life, copy, kernel)
        if failed:
            self.log.warning("%s: %s", path, failed)
