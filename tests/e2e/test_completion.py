"""Completions in real shells: bash and zsh at a pseudo-terminal, fish by its own `complete -C`."""
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

from harness import ENVIRONMENT, SKEIN, FleetCase, main


class Completion(FleetCase):
    def setUp(self):
        super().setUp()
        self.bin = tempfile.mkdtemp(prefix="skein-bin-")
        self.addCleanup(shutil.rmtree, self.bin)
        os.symlink(os.path.abspath(SKEIN), f"{self.bin}/skein")
        self.env = {**ENVIRONMENT, "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": self.bin, "TERM": "dumb",
                    "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}
        self.fleet.revision("abcd1111", "SELECT 1;", message="First")
        self.fleet.inventory([{**self.fleet.sqlite("acme"), "labels": ["tier=canary"]},
                              {**self.fleet.sqlite("globex"), "labels": ["tier=pro"]}],
                             rollout={"waves": [{"name": "early", "select": "tier=canary"}, {"name": "rest"}]})

    def reply(self, *words):
        done = subprocess.run([SKEIN, "completion", "reply", "--", *words], cwd=self.fleet.dir, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]

    def test_what_may_stand_next(self):
        run = self.run_ok("upgrade", "-o", "json").report["run"]["id"]
        cases = [
            (["upg"], ["upgrade"]),
            (["upgrade", "--on-f"], ["--on-failure"]),
            (["upgrade", "--on-failure", ""], ["stop", "continue", "rollback"]),
            (["upgrade", "abc"], ["abcd1111"]),
            (["upgrade", "--tenant", "g"], ["globex"]),
            (["upgrade", "-t", "g"], ["globex"]),
            (["upgrade", "--select", "tier=c"], ["tier=canary"]),
            (["upgrade", "--wave", ""], ["early", "rest"]),
            (["resume", ""], [run]),
            (["report", run[:4]], [run]),
            (["resolve", "a"], ["acme"]),
            (["completion", ""], ["bash", "zsh", "fish"]),
            (["heads", "x"], []),
            (["upgrade", "--zip", "abc"], ["abcd1111"]),
            (["-f", "none.yaml", "upgrade", "--tenant", ""], []),
            (["-f", ""], ["@files"]),
            (["report", "--ledger", ".skein/ledger.db", ""], [run]),
            (["report", "--ledger", "none.db", ""], []),
        ]
        for words, expected in cases:
            with self.subTest(words=words):
                self.assertEqual(self.reply(*words), expected)

    def type_into(self, shell, lines, text):
        """What the terminal shows after `text` and two tabs; `lines` set the shell up."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.fleet.dir)
            os.execvpe(shell[0], shell, self.env)
        try:
            shown = ""
            for line in [*lines, "echo re''ady"]:
                os.write(terminal, line.encode() + b"\n")
            shown = self.read_until(terminal, lambda said: "ready" in said)
            os.write(terminal, text.encode() + b"\t\t")
            return self.read_until(terminal, lambda said: False, quiet=1.5)
        finally:
            os.close(terminal)
            os.kill(pid, 9)
            os.waitpid(pid, 0)

    def read_until(self, terminal, is_there, quiet=30):
        said, last = "", time.monotonic()
        while time.monotonic() - last < quiet and not is_there(said):
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 65536).decode(errors="replace")
                last = time.monotonic() if said else last
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)

    def assert_completes(self, shell, lines):
        for text, expected in (("skein upg", "upgrade"), ("skein upgrade abcd", "abcd1111"),
                               ("skein upgrade --tenant glo", "globex"), ("skein upgrade --select tier=can", "tier=canary")):
            with self.subTest(text=text):
                self.assertIn(expected, self.type_into(shell, lines, text))

    def test_bash(self):
        self.assert_completes(["bash", "--norc", "--noprofile", "-i"], ['eval "$(skein completion bash)"'])

    def test_zsh(self):
        self.assert_completes(["zsh", "-f", "-i"], ["autoload -Uz compinit", "compinit -u", 'eval "$(skein completion zsh)"'])

    def test_fish(self):
        for text, expected in (("skein upg", "upgrade"), ("skein upgrade abcd", "abcd1111"),
                               ("skein upgrade --tenant glo", "globex"), ("skein upgrade --select tier=can", "tier=canary")):
            done = subprocess.run(["fish", "--no-config", "-c", f"skein completion fish | source; complete -C '{text}'"],
                                  cwd=self.fleet.dir, env=self.env, stdout=subprocess.PIPE, timeout=60)
            self.assertIn(expected, done.stdout.decode())


if __name__ == "__main__":
    main()
