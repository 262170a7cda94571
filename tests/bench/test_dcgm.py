"""An exporter's text over a real HTTP server: which GPUs, stale answers, and windows that wait for a fresh one."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tco.bench import dcgm
from tco.bench.machine import provenance
from tco.bench.power import DcgmMeter, Meter, NoPower, open_meter, usable
from tco.bench.records import Energy

Serve = Callable[..., str]
LABELS = 'gpu="{n}",UUID="GPU-{n}",device="nvidia{n}",modelName="NVIDIA H200",Hostname="node",pod="{pod}",DCGM_FI_DRIVER_VERSION="575.1"'


def exporter(
    watts: tuple[float, ...] = (300.0,), every_s: float = 0.1, counter: bool = True, mig: bool = False, extra: str = ""
) -> Callable[[], str]:
    """What an exporter that refreshes every ``every_s`` serves, for GPUs of constant power."""
    begun = time.monotonic()

    def text() -> str:
        age_s = math.floor((time.monotonic() - begun) / every_s) * every_s
        lines = ["# HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).", "# TYPE DCGM_FI_DEV_POWER_USAGE gauge"]
        for n, each in enumerate(watts):
            labels = LABELS.format(n=n, pod="llama-0" if n < 2 else "other") + (',GPU_I_ID="1"' if mig else "")
            lines.append(f"DCGM_FI_DEV_POWER_USAGE{{{labels}}} {each}")
            lines.append(f"DCGM_FI_DEV_GPU_TEMP{{{labels}}} {50 + n}")
            if counter:
                millijoules = 1000 * each * (1e4 + age_s)
                lines.append(f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{labels}}} {millijoules:.0f}")
        return "\n".join([*lines, extra]) + "\n"

    return text


@pytest.fixture
def serve() -> Iterator[Serve]:
    """The address of a server that answers ``/metrics`` with what a function returns; None answers 503."""
    servers = []

    def begin(text: Callable[[], str | None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = text() if self.path == "/metrics" else None
                self.send_response(200 if said is not None else 503)
                self.end_headers()
                self.wfile.write((said or "").encode())

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_window_is_the_difference_of_the_exporters_counter(serve: Serve) -> None:
    with DcgmMeter(serve(exporter((300.0, 500.0))) + "/metrics", 2, period_s=0.05) as meter:
        time.sleep(0.4)
        start_s = time.monotonic()
        time.sleep(2)
        end_s = time.monotonic()
        energy = meter.energy(start_s, end_s)  # waits for the first fresh answer after the end
        trace, live = meter.trace(), meter.live()
    assert energy.watts == pytest.approx(800, rel=0.05)
    assert (energy.source, energy.gpus, energy.codes, usable(energy)) == ("dcgm", 2, (), True)
    assert trace.at_s[-1] >= end_s
    assert len(trace) <= 30  # asked 50 times, but only the fresh answers are kept
    assert live is not None
    assert (live.watts, live.temperature_c) == (800, 51)


def drawn(meter: Meter, seconds: float, settle_s: float) -> Energy:
    """What the GPUs draw in some seconds from now, after a while to settle."""
    meter.start()
    time.sleep(settle_s)
    start_s = time.monotonic()
    time.sleep(seconds)
    return meter.energy(start_s, time.monotonic())


def test_an_exporter_without_a_counter_is_summed(serve: Serve) -> None:
    with open_meter(1, serve(exporter(counter=False))) as meter:  # without a path, /metrics is asked
        energy = drawn(meter, seconds=6, settle_s=1.5)  # room for a busy machine
    assert energy.watts == pytest.approx(300, rel=1e-6)
    assert (energy.source, energy.codes) == ("dcgm", ("B-NOCOUNTER",))


def test_labels_pick_the_gpus(serve: Serve) -> None:
    url = serve(exporter((100.0, 200.0, 400.0)))
    for fragment, count in [("", 3), ("#gpu=0,2", 2), ("#pod=llama-0", 2), ("#pod=llama-0&gpu=1", 1)]:
        meter = DcgmMeter(url + fragment, count)
        meter.close()
        assert meter.gpus == count
    with pytest.raises(
        NoPower, match=r"power of 3 GPUs where the server has 2: GPU-0, GPU-1, GPU-2; pick them by a label"
    ):
        DcgmMeter(url, 2)


def test_several_exporters_are_one_meter(serve: Serve) -> None:
    first, second = serve(exporter((100.0,))), serve(lambda: exporter((200.0,))().replace("GPU-0", "GPU-9"))
    meter = DcgmMeter([first, second], 2)
    meter.close()
    assert [each.uuid for each in meter.ids] == ["GPU-0", "GPU-9"]


def test_what_cannot_be_used_is_refused_with_a_reason(serve: Serve) -> None:
    with pytest.raises(NoPower, match="a MIG slice; the power is that of the whole card") as caught:
        DcgmMeter(serve(exporter(mig=True)))
    assert caught.value.code == "B-MIG"
    with pytest.raises(NoPower, match="no answer"):
        DcgmMeter("http://127.0.0.1:9/metrics")
    with pytest.raises(NoPower, match="no answer"):
        DcgmMeter(serve(lambda: None))
    with pytest.raises(NoPower, match="power of none"):
        DcgmMeter(serve(lambda: "up 1\n"))
    with pytest.raises(NoPower, match="no power and no energy"):
        DcgmMeter(serve(lambda: 'DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-0"} 40\n'))
    with pytest.raises(NoPower, match="no Prometheus text"):
        DcgmMeter(serve(lambda: "DCGM_FI_DEV_POWER_USAGE{gpu= 1 broken\n"))
    with pytest.raises(NoPower, match="no answer"):  # named by hand: never left out
        open_meter(1, "http://127.0.0.1:9", or_none=True)


def test_an_exporter_that_falls_silent_loses_the_figure(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dcgm, "SILENCE_S", 0.3)
    text, fail_s = exporter(), time.monotonic() + 1
    with DcgmMeter(serve(lambda: text() if time.monotonic() < fail_s else None), 1, period_s=0.05) as meter:
        energy = drawn(meter, seconds=1.8, settle_s=0.3)
        assert "no answer for" in meter.fault
    assert energy.codes == ("B-LOST",)
    assert not usable(energy)


def test_provenance_keeps_the_host_to_itself(serve: Serve) -> None:
    meter = DcgmMeter(serve(exporter()))
    meter.close()
    told = provenance(meter)
    assert (told["driver"], told["power_from"], "client" in told, "host" in told) == ("575.1", "dcgm", True, False)
    assert "node" not in str(told["gpus"])
