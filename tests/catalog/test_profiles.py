"""Serving profiles: read with every fault, ranked, and written whole or not at all."""

import os
from datetime import date
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.catalog.profiles import as_yaml, best_first, head, mixes, read_profile, write_profile
from tco.errors import LookupFault
from tco.inputs.hardware import Engine, PageSource, Percentiles, ServingPoint, ServingProfile
from tco.inputs.source import Grade


def point(concurrency: float = 8, input_tok: float = 1024, p99: float | None = None) -> ServingPoint:
    return ServingPoint(
        input_tok=input_tok,
        output_tok=256,
        concurrency=concurrency,
        output_tok_per_s=1000.5,
        ttft_ms=Percentiles(p50=50, p99=p99),
    )


def profile(
    *points: ServingPoint, version: str = "0.13.0", grade: Grade = "published", gpus: int = 2
) -> ServingProfile:
    return ServingProfile(
        profile=1,
        model="maker/no-1",
        gpu="X1",
        gpus_per_replica=gpus,
        engine=Engine(name="vllm", version=version, args=("--no-cache",)),
        grade=grade,
        sources=(PageSource(url="https://x.example", checked_on=date(2026, 11, 20), note="yes: no"),),
        points=points or (point(),),
    )


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    first = profile(point(16, p99=90), point(8))
    path = write_profile(first, tmp_path, "mine")
    assert path.name == "no-1--X1x2--vllm-0.13.0--mine.yaml"
    again, faults = read_profile(path, path.name)
    assert not faults
    assert again is not None
    assert again.id == path.stem
    assert again.model_dump(exclude={"id", "points"}) == first.model_dump(exclude={"id", "points"})
    assert [p.concurrency for p in again.points] == [8, 16]
    assert head(path) == ("maker/no-1", "X1")


def test_a_point_takes_one_line(tmp_path: Path) -> None:
    text = as_yaml(profile(point(8, p99=90.25)))
    lengths = "input_tok: 1024, output_tok: 256, concurrency: 8"
    assert f"  - {{{lengths}, output_tok_per_s: 1000.5, ttft_ms: {{p50: 50, p99: 90.25}}}}" in text.splitlines()


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_profile(profile(point(8)), tmp_path)
    before = path.read_text()

    def fails(source: str, target: str) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        write_profile(profile(point(8), point(16)), tmp_path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_every_fault_of_a_profile_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "profile: 1\nmodel: m\ngpu: X1\ngpus_per_replica: 0\nengine: {name: vllm, verson: 1}\ngrade: rumoured\n"
        "sources: []\npoints:\n  - {input_tok: 1, output_tok: 1, concurrency: 1, output_tok_per_s: -4}\n"
    )
    found, faults = read_profile(path, "hw_profiles/serving/bad.yaml")
    told = "\n".join(str(fault) for fault in faults)
    assert found is None
    for part in ("gpus_per_replica", "engine.verson", "engine.version", "grade", "points.0.output_tok_per_s"):
        assert f"bad.yaml: {part}" in told


def test_a_point_measured_twice_is_a_fault(tmp_path: Path) -> None:
    path = write_profile(profile(point(8), point(8)), tmp_path)
    assert "1024 in, 256 out at 8 in flight" in str(read_profile(path, path.name)[1][0])


def test_the_most_trustworthy_profile_comes_first() -> None:
    tails = profile(point(p99=90))
    wide = profile(point(), point(input_tok=2048), point(input_tok=4096))
    ranked = [
        profile(grade="measured", version="0.1"),
        profile(point(p99=9), point(input_tok=2048)),
        profile(point(p99=90), version="0.13.1"),
        tails,
        profile(point(p99=90), gpus=4),
        wide,
        profile(version="0.9.2"),
    ]
    assert best_first(reversed(ranked)) == ranked
    assert mixes(wide) == 3


def graded(quality: str, *points: ServingPoint, engine: str = "vllm", version: str = "0.13.0") -> ServingProfile:
    page = PageSource(url="https://x.example", checked_on=date(2026, 11, 20), quality=quality)
    served_by = Engine(name=engine, version=version)
    return profile(*points).model_copy(update={"sources": (page,), "engine": served_by})


def test_bursts_come_last_and_versions_are_compared_within_an_engine() -> None:
    five = [point(input_tok=tok) for tok in (1, 2, 3, 4, 5)]
    ranked = [
        graded("A", *five[:4]),
        graded("B", *five[:4], version="0.13.0"),
        graded("B", *five, version="0.12.0"),  # a fifth mix adds nothing that four do not know
        graded("B", *five, engine="sglang", version="0.5.6"),
        graded("B", *five, engine="trtllm", version="1.2.0"),
        graded("B", *five, engine="another", version="9.9"),
        graded("A", *five[:3]),
        graded("C", *five),
    ]
    assert best_first(reversed(ranked)) == ranked


def test_a_saved_profile_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "hw_profiles").mkdir()
    catalog = Catalog.open(tmp_path)
    assert catalog.find_profiles("maker/no-1") == []
    path = catalog.save_profile(profile())
    assert [found.id for found in catalog.find_profiles("maker/no-1", "X1")] == [path.stem]
    assert catalog.find_profiles(gpu="H100-SXM") == []
    assert catalog.profile(path.stem).gpu == "X1"


def test_the_package_itself_is_not_written_to(tmp_path: Path) -> None:
    from tco.catalog.locate import Found

    folders = {name: Found(name, tmp_path, "the package") for name in ("price_sheets", "hw_profiles", "scenarios")}
    with pytest.raises(LookupFault, match="tco init"):
        Catalog(folders).save_profile(profile())


def measured(*codes: str, model: str = "maker/no-1", **changes: object) -> ServingProfile:
    """What `tco bench` wrote, with the codes of its run."""
    return profile(grade="measured").model_copy(update={"codes": codes, "model": model, **changes})


def test_kinds_of_measurement_by_how_far_to_trust_them() -> None:
    wide = profile(*(point(input_tok=tok, p99=90) for tok in (1, 2, 3, 4)))
    ranked = [
        measured(),
        measured("B-QUICK", "B-SHORT"),
        profile(grade="imported"),
        measured("B-DUMMY"),
        measured("B-DUMMY", "B-QUICK"),
        wide,
        measured("B-DUMMY", model="maker/experts"),
        measured("B-DUMMY", "B-QUICK", model="maker/experts"),
        profile(grade="estimated"),
        measured("B-FAKE"),
    ]
    assert best_first(reversed(ranked), experts=["maker/experts"]) == ranked
    # one written before there were codes has them at the head of its warnings
    old = profile(grade="measured").model_copy(update={"warnings": ("B-FAKE: The power came from a stand-in.",)})
    assert best_first([old, wide]) == [wide, old]


def test_random_weights_count_less_where_a_router_chooses_experts(tmp_path: Path) -> None:
    models = tmp_path / "hw_profiles" / "models"
    models.mkdir(parents=True)
    repository = Path(__file__).resolve().parents[2]
    for name in ("openai--gpt-oss-20b", "Qwen--Qwen3-8B"):
        (models / f"{name}.yaml").write_bytes((repository / f"hw_profiles/models/{name}.yaml").read_bytes())
    catalog = Catalog.open(tmp_path)
    for model in ("openai/gpt-oss-20b", "Qwen/Qwen3-8B"):
        catalog.save_profile(profile().model_copy(update={"model": model}))
        catalog.save_profile(measured("B-DUMMY", model=model), "dummy")
        catalog.save_profile(measured("B-FAKE", model=model), "fake")
    grades = {
        model: [p.grade for p in catalog.find_profiles(model)] for model in ("openai/gpt-oss-20b", "Qwen/Qwen3-8B")
    }
    assert grades == {"openai/gpt-oss-20b": ["published", "measured"], "Qwen/Qwen3-8B": ["measured", "published"]}
    assert [p.codes for p in catalog.tests_of("Qwen/Qwen3-8B")] == [("B-FAKE",)]
    assert len(catalog.profiles()) == 6


def test_codes_and_counts_are_read_back(tmp_path: Path) -> None:
    counted = point().model_copy(update={"failed_count": 2, "completed_count": 98})
    path = write_profile(profile(counted, grade="measured").model_copy(update={"codes": ("B-QUICK",)}), tmp_path)
    again, faults = read_profile(path, path.name)
    assert not faults
    assert again is not None
    assert again.codes == again.told_codes == ("B-QUICK",)
    assert again.points[0].failed_frac == 0.02
