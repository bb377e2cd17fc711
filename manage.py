#!/usr/bin/env python
"""Django's command line for Canvalo; `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run the command named on the command line with Canvalo's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")
    from canvalo import commandline

    commandline.run(sys.argv)


if __name__ == "__main__":
    main()
