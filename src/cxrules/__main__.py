"""`python -m cxrules` is the command `cxrules`."""

from cxrules.cli import main

if __name__ == "__main__":
    main()
