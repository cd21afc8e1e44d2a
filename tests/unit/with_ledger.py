"""Runs programs, one after the other, with SKEIN_TEST_LEDGER: a database for a ledger in a PostgreSQL of its own."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Postgres  # noqa: E402

server = Postgres()
try:
    server.create("ledger")
    environment = {**os.environ, "SKEIN_TEST_LEDGER": server.url("ledger")}
    code = max(abs(subprocess.call([program], env=environment)) for program in sys.argv[1:])
finally:
    server.close()
sys.exit(code)
