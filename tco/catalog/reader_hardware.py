"""GPUs, models and serving profiles by name; profiles are also written here."""

from functools import cached_property
from pathlib import Path

from tco.catalog import hardware, profiles
from tco.catalog.reader import Reader, named_in, raise_any, well
from tco.catalog.yaml_files import files
from tco.errors import Fault, LookupFault, SheetError
from tco.inputs.hardware import Gpu, Model, ServingProfile


class HardwareReader(Reader):
    """What ``hw_profiles`` says of machines and models."""

    def gpus(self) -> dict[str, Gpu]:
        """Every GPU by name."""
        return well(self._read_gpus)

    def gpu(self, name: str) -> Gpu:
        """One GPU."""
        return named_in(self.gpus(), f"GPU {name}", name, "hw_profiles/gpus")

    def models(self) -> dict[str, Model]:
        """Every open-weight model by name."""
        return well(self._read_models)

    def model(self, name: str) -> Model:
        """One open-weight model."""
        return named_in(self.models(), f"model {name}", name, "hw_profiles/models")

    def profiles(self) -> dict[str, ServingProfile]:
        """Every serving profile by id, which is its file's name without the ending."""
        results = {path.stem: self._read_profile(path) for path in self._profile_paths.values()}
        raise_any([fault for _, faults in results.values() for fault in faults])
        return {name: profile for name, (profile, _) in results.items() if profile is not None}

    def profile(self, name: str) -> ServingProfile:
        """One serving profile; no other file is read."""
        return self._good_profile(named_in(self._profile_paths, f"profile {name}", name, "hw_profiles/serving"))

    def find_profiles(self, model: str | None = None, gpu: str | None = None) -> list[ServingProfile]:
        """
        The profiles of a model, a GPU or both, the most trustworthy first; other files are not read whole.

        Those that a stand-in for the driver measured are left out: they are tests, and found by name only.
        """
        wanted = [
            path
            for path, (of_model, of_gpu) in self._profile_heads.items()
            if model in (None, of_model) and gpu in (None, of_gpu)
        ]
        found = [profile for path in wanted if not profiles.is_test(profile := self._good_profile(path))]
        random = any(map(profiles.has_random_weights, found))
        experts = [name for name, facts in self.models().items() if facts.experts_count] if random else []
        return profiles.best_first(found, experts)

    def tests_of(self, model: str | None = None, gpu: str | None = None) -> list[ServingProfile]:
        """The profiles of a model, a GPU or both that a stand-in for the driver measured, by name."""
        wanted = [
            path
            for path, (of_model, of_gpu) in sorted(self._profile_heads.items())
            if model in (None, of_model) and gpu in (None, of_gpu)
        ]
        return [profile for path in wanted if profiles.is_test(profile := self._good_profile(path))]

    def profile_folder(self) -> Path:
        """
        Where profiles are written.

        Raises
        ------
        LookupFault
            When the data are the package's own: they are not to be written to.
        """
        folder = self._folders["hw_profiles"]
        if folder.path is None or folder.whose == "the package":
            mend = "make a folder of your own with `tco init` and work there"
            raise LookupFault(Fault("hw_profiles/serving", "no folder to write to", mend))
        return folder.path / "serving"

    def save_profile(self, profile: ServingProfile, variant: str = "") -> Path:
        """Write a profile beside the others, whole or not at all, and return its file."""
        folder = self.profile_folder()
        self._profile_cache.clear()
        for name in ("_profile_paths", "_profile_heads"):
            self.__dict__.pop(name, None)
        return profiles.write_profile(profile, folder, variant)

    @cached_property
    def _read_gpus(self) -> tuple[dict[str, Gpu], list[Fault]]:
        return hardware.read_gpus(self._hardware("gpus"))

    @cached_property
    def _read_models(self) -> tuple[dict[str, Model], list[Fault]]:
        return hardware.read_models(self._hardware("models"))

    @cached_property
    def _profile_paths(self) -> dict[str, Path]:
        return {path.stem: path for path, _ in files(self._hardware("serving"), "")}

    @cached_property
    def _profile_heads(self) -> dict[Path, tuple[str, str]]:
        return {path: profiles.head(path) for path in self._profile_paths.values()}

    @cached_property
    def _profile_cache(self) -> dict[Path, tuple[ServingProfile | None, list[Fault]]]:
        return {}

    def _read_profile(self, path: Path) -> tuple[ServingProfile | None, list[Fault]]:
        if path not in self._profile_cache:
            self._profile_cache[path] = profiles.read_profile(path, f"hw_profiles/serving/{path.name}")
        return self._profile_cache[path]

    def _good_profile(self, path: Path) -> ServingProfile:
        profile, faults = self._read_profile(path)
        if profile is None:
            raise SheetError(faults)
        return profile
