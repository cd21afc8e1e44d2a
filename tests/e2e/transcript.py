"""The sessions of a page: commands after `$ `, and what they print. `cat FILE` says what is in a file; a line with `…` alone stands for
any lines."""
import os
import re
import subprocess

from harness import ENVIRONMENT, SKEIN

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")


class Transcript:
    VARIES = ((r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", "RUN"), (r"[0-9-]{10}T[0-9:.]{12}Z", "MOMENT"), (r"[0-9.]+ m?s\b", "TIME"),
              (r"\b[0-9a-f]{12}_", "ID_"),  # of a file that was generated
              (r"\nby [^@\n]+@[^,\n]+,", "\nby WHO,"),
              (r"(?s)Slowest\n.*?(\n\n|\Z)", ""))  # who is slowest, and whether anyone is, depends on the machine

    def __init__(self, page, folder, errors=subprocess.DEVNULL):
        """Beside the page's fleet in `folder`; `errors`: where stderr goes."""
        self.path, self.folder, self.errors = os.path.join(DOCS, page), folder, errors
        os.makedirs(os.path.join(folder, "bin"))
        os.symlink(os.path.abspath(SKEIN), os.path.join(folder, "bin", "skein"))
        with open(self.path, encoding="utf-8") as file:
            self.text = file.read()

    def parts(self):
        """Each command with its output, in order."""
        for block in re.findall(r"(?ms)^```console\n(.*?)^```", self.text):
            yield from re.findall(r"(?ms)^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", block)

    def play(self, command, output):
        if command.startswith("cat "):
            path = os.path.join(self.folder, command[4:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(output)
        env = {**ENVIRONMENT, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        return subprocess.run(["sh", "-c", command], cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=self.errors,
                              timeout=60).stdout.decode()

    def write(self):
        """The page with what is printed now."""
        for command, output in list(self.parts()):
            old, new = f"$ {command}\n{output}", f"$ {command}\n{self.play(command, output)}"
            at = self.text.index(old, self.text.index("```console"))
            self.text = self.text[:at] + "\x00" + new[1:] + self.text[at + len(old):]  # not found again
        with open(self.path, "w", encoding="utf-8") as page:
            page.write(self.text.replace("\x00", "$"))

    @classmethod
    def plain(cls, text):
        for pattern, word in cls.VARIES:
            text = re.sub(pattern, word, text)
        return re.sub(" +", " ", text).rstrip("\n")

    @classmethod
    def is_like(cls, printed, output):
        pieces = [re.escape(piece) for piece in re.split(r"(?m)^…\n", cls.plain(output) + "\n")]
        return re.fullmatch("(?:.*\n)*".join(pieces), cls.plain(printed) + "\n") is not None
