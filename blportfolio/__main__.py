"""`python -m blportfolio`."""

from blportfolio.cli import main

if __name__ == "__main__":
    main()
