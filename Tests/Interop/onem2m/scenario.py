"""What is around every scenario here: its arguments, a folder that goes at its end, and the logs when it fails."""

import argparse
import os
import shutil
import sys
import tempfile


def ok(what, condition, seen=None):
    """Prints a line for what was found as it should be; ends with 1 at the first thing that was not."""
    if not condition:
        print(f"not ok {what}: {seen!r}")
        raise SystemExit(1)
    print(f"ok {what}", flush=True)


def play(description, make, **options):
    """Runs what `make(arguments, folder)` makes: its `run`, then in any case its `close`; when that fails, its `logs` are
    shown. `options` are those of the command line beside --gatehouse."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--gatehouse", required=True)
    for name, details in options.items():
        parser.add_argument(f"--{name}", **details)
    arguments = parser.parse_args()
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0].replace("_", "-")
    folder = tempfile.mkdtemp(prefix=name + "-")
    house = make(arguments, folder)
    try:
        house.run()
    except BaseException:
        for log in house.logs():
            print(log, file=sys.stderr)
        raise
    finally:
        house.close()
        shutil.rmtree(folder, ignore_errors=True)
