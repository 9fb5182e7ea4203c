#!/usr/bin/env python3
"""Creates and retrieves over HTTP with 1, 8 and 32 clients: this gateway's CSE in memory and durable, and ACME in memory.

    Benchmarks/onem2m.py OneM2MBench [SECONDS]
"""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/Interop/onem2m"))
from acme import ACME  # noqa: E402


def main():
    program, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "3"
    subprocess.run([program, "--seconds", seconds], check=True)
    folder = tempfile.mkdtemp(prefix="onem2m-bench-")
    acme = ACME(folder)
    try:
        acme.start()
        subprocess.run([program, "--seconds", seconds, "--url", acme.url, "--base", "cse-in", "--originator", "CAdmin",
                        "--name", "ACME, in memory"], check=True)
    finally:
        acme.stop()
        shutil.rmtree(folder, ignore_errors=True)


main()
