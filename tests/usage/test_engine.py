"""An engine that somebody watches from another thread."""

import pytest

from tco.errors import TcoError
from tco.usage.engine import Engine, Watch, connection


def test_a_stop_that_meets_a_closed_connection_is_no_fault() -> None:
    watch = Watch()
    with connection(Engine(watch=watch)) as opened:
        opened.close()
        watch.stop()
        assert watch.done_frac is None
    with pytest.raises(TcoError, match="reading was stopped"), connection(Engine(watch=watch)):
        pass
