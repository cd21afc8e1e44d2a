"""What the benchmarks measure of a program."""
import os
import statistics
import subprocess
import sys
import time


def measure(command, **options):
    """Wall seconds, CPU seconds of the process, peak memory in MiB."""
    started = time.monotonic()
    with open(os.devnull, "w") as null:
        process = subprocess.Popen(command, stdout=null, **options)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    if status:
        sys.exit(f"{command[0]} failed: status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(values):
    return statistics.median(values)
