"""Runs the command line: `python -m faceswap`."""

from .core.cli.main import main

if __name__ == "__main__":
    main()
