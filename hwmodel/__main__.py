"""``python -m hwmodel``: the command line."""

from hwmodel.cli import main

if __name__ == "__main__":
    main()
