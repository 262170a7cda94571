"""The version, read by the build and by `tco --version`."""

__version__ = "0.1.0"
