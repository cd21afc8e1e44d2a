"""Runs a command with a PostgreSQL of its own: SKEIN_TEST_URL names the maintenance database."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Postgres  # noqa: E402

server = Postgres(auth="scram-sha-256")
try:
    code = subprocess.call(sys.argv[1:],
                           env={**os.environ, "SKEIN_TEST_URL": server.url("postgres")})
finally:
    server.close()
sys.exit(code)
