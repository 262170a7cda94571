"""
The contents manager of ``tco lab``'s server: it hands the notebook out once it is live.

So the browser can load JupyterLab while the kernel still runs the cells; what comes first waits for the other.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from tco.lab import WARMING

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
        return await super().get(path, content, *arguments, **named)  # type: ignore[no-untyped-call]
