#!/usr/bin/env python3
"""The splitter for MySQL beside a real MariaDB: random scripts are sent whole, as one message, and the server's slow log says
which statements it made of each.

    split_diff.py SPLIT_DUMP [--scripts=150] [--seed=N]
"""
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import MariaDB  # noqa: E402

# Where a mode is set, literals are written so that it decides where they end.
MODES = {"": "", "ANSI_QUOTES": "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES": "NO_BACKSLASH_ESCAPES",
         "both": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}
COMMENTS = ("/* /* g; */", "/* g; */", "-- g;'\n", "# g;\"\n", "--\tg`\n")
GAPS = (" ", "\n", "\t", "  ", *(f" {comment} " for comment in COMMENTS))


class Script:
    def __init__(self, dice):
        self.dice, self.mode, self.made = dice, "", 0

    def gap(self):
        return self.dice.choice(GAPS) if self.dice.random() < 0.4 else " "

    def literal(self):
        texts = ["'a;b'", "'it''s;'", "';'", "1", "NULL", "'-- ;'", "'/*'", "CASE 1 WHEN 1 THEN 2 ELSE 3 END",
                 "IF(1, ';', 2)", "REPEAT('a', 2)", "5 --1", "`id`", "(SELECT 1)", "@end", "@`begin;`"]
        if "NO_BACKSLASH" in MODES[self.mode]:
            texts += ["'\\'", "'a\\'"]
        else:
            texts += ["'\\';'", "'\\\\'"]
        if "ANSI" not in MODES[self.mode]:
            texts += ['"a;"', '"it\'s;"']
        text = self.dice.choice(texts)
        return "1" if text == "`id`" else text

    def simple(self):
        kind = self.dice.randrange(4)
        value = self.literal()
        if kind == 0:
            return f"SELECT{self.gap()}{value}{self.gap()}AS x"
        if kind == 1:
            return f"DO{self.gap()}{value}"
        if kind == 2:
            return f"INSERT{self.gap()}INTO t VALUES ({self.literal()})"
        return f"SET @v ={self.gap()}{value}"

    def block(self, depth, is_labelled=True):
        self.made += 1
        label = f"l{self.made}" if is_labelled else None
        inner = "".join(self.inside(depth - 1) for _ in range(self.dice.randrange(1, 4)))
        kind = self.dice.randrange(7)
        if kind == 0:
            return f"BEGIN{self.gap()}{inner}END"
        if kind == 1:
            return f"IF{self.gap()}0 THEN {inner}ELSEIF 0 THEN{self.gap()}{inner}ELSE{self.gap()}{inner}END IF"
        if kind == 2:
            return f"CASE 1 WHEN 1 THEN {inner}ELSE {inner}END CASE"
        if kind == 3:
            return f"{label}:{self.gap()}LOOP {inner}LEAVE {label}; END LOOP {label}" if label else f"BEGIN {inner}END"
        if kind == 4:
            return f"WHILE 0 DO{self.gap()}{inner}END WHILE"
        if kind == 5:
            return f"REPEAT{self.gap()}{inner}UNTIL 1 END{self.gap()}REPEAT"
        return f"FOR i{self.made} IN 1..1 DO {inner}END FOR"

    def inside(self, depth):
        statement = self.block(depth) if depth > 0 and self.dice.random() < 0.6 else self.simple()
        if statement.startswith("SELECT"):
            statement = "DO 1" if self.dice.random() < 0.5 else f"SET @w = CASE 1 WHEN 1 THEN {self.literal()} END"
        return f"{statement}{self.gap()};{self.gap()}"

    def program(self):
        self.made += 1
        name, kind = f"`p;{self.made}`", self.dice.randrange(6)
        definer = "" if self.dice.random() < 0.7 else "DEFINER = `skein`@`%` "
        if kind == 0:
            return f"CREATE OR REPLACE {definer}PROCEDURE{self.gap()}{name} (a DECIMAL(5, 2)) COMMENT 'c;' {self.block(3)}"
        if kind == 1:
            return f"CREATE OR REPLACE {definer}FUNCTION {name}() RETURNS INT DETERMINISTIC RETURN 1"
        if kind == 2:
            return (f"CREATE OR REPLACE FUNCTION {name}() RETURNS VARCHAR(20) CHARSET utf8mb4 NO SQL BEGIN DECLARE x INT; "
                    f"{self.inside(1)}RETURN 1; END")
        if kind == 3:
            return f"CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON u FOR EACH ROW {self.block(2)}"
        if kind == 4:
            return f"CREATE OR REPLACE EVENT {name} ON SCHEDULE EVERY 1 DAY DISABLE DO{self.gap()}{self.block(2)}"
        return f"BEGIN NOT ATOMIC {self.inside(2)}{self.inside(1)}END"

    def statement(self):
        roll = self.dice.random()
        if roll < 0.15:
            self.mode = self.dice.choice(list(MODES))
            how = self.dice.choice(("SET sql_mode = '{}'", "SET SESSION sql_mode='{}'", "SET @a = 1, sql_mode = '{}'",
                                    "/*!40101 SET @@sql_mode := '{}' */"))
            return how.format(MODES[self.mode])
        if roll < 0.25:
            return f"/*!50100 {self.simple().replace('/*', '').replace('*/', '').replace(';', '').replace('#', '')}\n*/"
        return self.program() if roll < 0.6 else self.simple()

    def text(self):
        return (self.gap() + ";" + self.gap()).join(self.statement() for _ in range(self.dice.randrange(2, 8)))


def words(text):
    """Comments between statements belong to none, or to the one before or after: they are left out."""
    for comment in COMMENTS:
        text = text.replace(comment, "").replace(comment.rstrip("\n"), "")
    return re.sub(r"\s+", " ", text).strip(" ;")


def server_splits(server, script):
    """Sent whole: the client is told of a delimiter that no script has."""
    server.sql("", "TRUNCATE mysql.slow_log")
    done = server.client("d", "--delimiter=~~~~~~", "--comments", input=script.encode())
    if done.returncode:
        return None, done.stderr.decode()
    rows = server.client("", "--raw", "-e", "SELECT CONCAT(REPLACE(CONVERT(sql_text USING utf8mb4), '\\0', ''), '~~~~') FROM "
                                            "mysql.slow_log WHERE db = 'd' ORDER BY start_time, thread_id").stdout.decode()
    found = [words(part) for part in rows.split("~~~~\n")]
    return [part for part in found if part and not part.startswith("select @@version_comment")], None


def main(program, scripts=150, seed=None):
    seed = seed or time.time_ns() % 1000000
    dice = random.Random(int(seed))
    server = MariaDB("--log-output=TABLE", "--slow-query-log=1", "--long-query-time=0", "--log-slow-admin-statements=1")
    compared = skipped = wrong = 0
    try:
        server.create("d")
        server.sql("d", "CREATE TABLE t (x VARCHAR(200)); CREATE TABLE u (x VARCHAR(200))")
        for _ in range(int(scripts)):
            script = Script(dice).text()
            theirs, error = server_splits(server, script)
            if error:  # then the server has not come to its end
                skipped += 1
                continue
            ours = subprocess.run([program], input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            ours = [words(part) for part in ours.stdout.decode().split("\0") if words(part)]
            compared += len(ours)
            if ours != theirs:
                wrong += 1
                print(f"DIFFERENT\n{script}\nours: {ours}\ntheirs: {theirs}")
    finally:
        server.close()
    print(f"seed {seed}: {scripts} scripts, {compared} statements compared, {skipped} scripts that the server refused, {wrong} wrong")
    return 1 if wrong or skipped > int(scripts) // 3 else 0


if __name__ == "__main__":
    options = dict(arg[2:].split("=") for arg in sys.argv[2:])
    sys.exit(main(sys.argv[1], **options))
