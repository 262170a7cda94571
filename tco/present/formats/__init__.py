"""One file per format that an answer can be written in."""
