"""The roofline: what a step waits for, what a service level leaves, and that the work model says the same."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.model.roofline import (
    Replica,
    batch_at_slo,
    batch_in_memory,
    coefficients,
    experts_frac,
    kv_bytes,
    prefill_s,
    request_s,
    step_s,
    touched_frac,
    tpot_s,
)
from tco.model.work import request_seconds

PLAIN = Replica(
    weights_gb=100.0,
    experts_frac=0.0,
    chosen_frac=1.0,
    active_params_billions=50.0,
    attention_count=0.0,
    kv_bytes_per_tok=1e6,
    window_kv_bytes_per_tok=0.0,
    window_tok=np.inf,
    room_gb=200.0,
    memory_gb_per_s=10_000.0,
    tflops=1_000.0,
    attention_tflops=1_000.0,
    overhead_s=0.002,
    exchange_s_per_tok=0.0,
    max_batch_count=1024.0,
)


def test_a_step_by_hand() -> None:
    # 100 GB of weights and 10 x 1 GB of cache at 10,000 GB/s: 11 ms; 10 x 100 GFLOP at 1,000 TFLOP/s: 1 ms; 2 ms overhead
    assert step_s(PLAIN, 10.0, 1000.0) == pytest.approx(0.013)
    # a prompt of 500: 500 x 100 GFLOP at 1,000 TFLOP/s = 50 ms; 10 of them in 100 steps are 5 ms a step
    assert prefill_s(PLAIN, 500.0) == pytest.approx(0.05)
    assert tpot_s(PLAIN, 10.0, 500.0, 100.0, 1000.0) == pytest.approx(0.018)


def test_the_batch_at_a_limit_by_hand() -> None:
    # TPOT(B) = 10 + 2 + 0.1·B + 50·B/100 ms at context 1,000, so 24 ms at B = 20; TTFT(20) = 50 + 14 = 64 ms
    assert batch_at_slo(PLAIN, 500.0, 100.0, 1000.0, 0.024, 1.0) == pytest.approx(20.0)
    assert batch_at_slo(PLAIN, 500.0, 100.0, 1000.0, 0.024, 0.0639) == pytest.approx(19.0)  # 50 + 12 + 0.1·19 = 63.9 ms
    assert batch_at_slo(PLAIN, 500.0, 100.0, 1000.0, 1.0, 1.0) == pytest.approx(200.0)  # all that memory holds
    assert batch_at_slo(PLAIN, 500.0, 100.0, 1000.0, 0.012, 1.0) == 0.0  # not even one


def test_no_request_fits_where_there_is_no_room() -> None:
    full = replace(PLAIN, room_gb=np.array([-5.0, 0.5, 200.0]))
    assert batch_in_memory(full, 1000.0) == pytest.approx(np.array([0.0, 0.5, 200.0]))
    assert batch_at_slo(full, 500.0, 100.0, 1000.0, 1.0, 1.0) == pytest.approx(np.array([0.0, 0.0, 200.0]))


def test_windows_hold_no_more_than_they_see() -> None:
    # 1,000 tokens at 1 MB, and 128 of them at 2 MB more
    assert kv_bytes(replace(PLAIN, window_kv_bytes_per_tok=2e6, window_tok=128.0), 1000.0) == pytest.approx(1.256e9)


def test_a_large_batch_touches_every_expert() -> None:
    share = experts_frac(116.8, 5.1, 4 / 128)
    assert share == pytest.approx((116.8 - 5.1) / (1 - 1 / 32) / 116.8)
    assert touched_frac(share, 1 / 32, 1.0) == pytest.approx(5.1 / 116.8)
    assert touched_frac(share, 1 / 32, 1e4) == pytest.approx(1.0)
    assert experts_frac(70.6, 70.6, 1.0) == 0.0


lengths = st.floats(1, 1e5)
replicas = st.builds(
    Replica,
    weights_gb=st.floats(1, 2e3),
    experts_frac=st.floats(0, 1),
    chosen_frac=st.floats(0.01, 1),
    active_params_billions=st.floats(1, 500),
    attention_count=st.floats(0, 1e7),
    kv_bytes_per_tok=st.floats(1e3, 1e6),
    window_kv_bytes_per_tok=st.floats(0, 1e5),
    window_tok=st.floats(128, 1e4),
    room_gb=st.floats(1, 2e3),
    memory_gb_per_s=st.floats(100, 1e5),
    tflops=st.floats(10, 1e5),
    attention_tflops=st.floats(10, 1e5),
    overhead_s=st.floats(0, 0.1),
    exchange_s_per_tok=st.floats(0, 1e-4),
    max_batch_count=st.just(1024.0),
)


@given(replicas, st.floats(1, 1000), lengths, lengths)
def test_littles_law_and_the_work_model_say_the_same(
    replica: Replica, batch: float, prompt: float, answer: float
) -> None:
    context = prompt + answer / 2
    seconds = request_s(replica, batch, prompt, answer, context)
    assert seconds == pytest.approx(answer * tpot_s(replica, batch, prompt, answer, context) / batch)
    a, b, c = coefficients(replica, batch, prompt, answer, context)
    assert min(a, c) >= 0
    assert b >= -1e-12
    assert request_seconds(a, 0.0, b, c, prompt, 0.0, answer, answer * context) == pytest.approx(seconds)


@given(replicas, lengths, lengths, st.floats(1e-4, 1), st.floats(0.01, 10))
def test_the_batch_keeps_both_limits_and_cannot_grow(
    replica: Replica, prompt: float, answer: float, tpot: float, ttft: float
) -> None:
    context = prompt + answer / 2
    batch = float(batch_at_slo(replica, prompt, answer, context, tpot, ttft, 2.0))
    if batch == 0.0:
        return
    assert tpot_s(replica, batch, prompt, answer, context) <= tpot
    assert 2.0 * (prefill_s(replica, prompt) + step_s(replica, batch, context)) <= ttft
    more = batch * (1 + 1e-6)
    full = more > batch_in_memory(replica, context)
    late = tpot_s(replica, more, prompt, answer, context) > tpot
    slow = 2.0 * (prefill_s(replica, prompt) + step_s(replica, more, context)) > ttft
    assert full or late or slow


@given(st.lists(replicas, min_size=2, max_size=5), lengths, lengths)
def test_many_gpus_at_once_are_each_of_them_alone(found: list[Replica], prompt: float, answer: float) -> None:
    context = prompt + answer / 2
    together = Replica(**{name: np.array([getattr(r, name) for r in found]) for name in Replica.__dataclass_fields__})
    batches = batch_at_slo(together, prompt, answer, context, 0.05, 2.0)
    assert batches == pytest.approx(np.array([batch_at_slo(r, prompt, answer, context, 0.05, 2.0) for r in found]))
