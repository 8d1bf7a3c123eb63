"""One sending system a file: headers and body in, canonical events out; no I/O."""
