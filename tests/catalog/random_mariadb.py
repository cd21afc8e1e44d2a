"""Schemas of MariaDB, made and changed at random, for test_mysql_emit.py. A seed gives the same schemas everywhere."""
import copy

TABLES = ["task", "team", "user table", "order", "log", "a_b", "tag", "ünïcode", "say `hi`", "x1"]
COLUMNS = ["title", "prio", "done", "note", "group", "due date", "n", "ref", "state", "körper"]

TYPES = {  # with what they may have as a default
    "int(11)": ["0", "-1", "(1 + 2)"], "int(10) unsigned": ["7"], "bigint(20)": ["5"], "tinyint(1)": ["1"],
    "decimal(10,2)": ["0.50"], "decimal(14,4)": ["1.0000"], "double": ["1.5"], "varchar(20)": ["'a'", "'it''s'", "''", "uuid()"],
    "varchar(60)": ["'b'"], "varchar(300)": ["'c'"], "char(3)": ["'abc'"], "text": [], "mediumtext": [], "blob": [],
    "varbinary(30)": ["'x'"], "date": ["'2020-01-01'"], "datetime": ["current_timestamp()", "'2020-01-01 00:00:00'"],
    "timestamp": ["current_timestamp()"], "time": [], "enum('a','b')": ["'a'"], "enum('a','b','c''d')": ["'b'"],
    "set('x','y')": ["'x,y'"], "json": [], "uuid": ["uuid()"], "bit(4)": ["b'101'"], "point": []}
NUMBERS = ("int(11)", "int(10) unsigned", "bigint(20)", "tinyint(1)", "decimal(10,2)", "decimal(14,4)", "double")
SHORT = ("varchar(20)", "varchar(60)", "char(3)")
LONG = ("text", "mediumtext", "varchar(300)", "blob")
CHARSETS = ["utf8mb4 COLLATE utf8mb4_bin", "latin1 COLLATE latin1_swedish_ci", "utf8mb4 COLLATE utf8mb4_unicode_ci"]


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


class Column:
    def __init__(self, rng, name):
        self.name = name
        self.type = rng.choice(list(TYPES))
        self.default = rng.choice(TYPES[self.type]) if TYPES[self.type] and rng.random() < .4 else None
        self.not_null = rng.random() < .3
        self.comment = rng.choice([None, None, None, "it''s a \\\\ b", "x"])
        self.check = rng.random() < .1 and self.type != "json" and self.type != "point"
        self.charset = rng.choice(CHARSETS) if (self.type in SHORT or "text" in self.type or "enum" in self.type) and rng.random() < .2 else None
        self.invisible = rng.random() < .05 and (self.default is not None or not self.not_null)
        self.on_update = self.type in ("datetime", "timestamp") and rng.random() < .3
        self.generated = None
        self.references = None

    def sql(self):
        parts = [quoted(self.name), self.type]
        if self.charset:
            parts.append(f"CHARACTER SET {self.charset}")
        if self.generated:
            source, kind, number = self.generated
            parts.append(f"GENERATED ALWAYS AS (coalesce({quoted(source)}, 0) + {number}) {kind}")
            return " ".join(parts)
        parts.append("NOT NULL" if self.not_null else "NULL")
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.on_update:
            parts.append("ON UPDATE current_timestamp()")
        if self.invisible:
            parts.append("INVISIBLE")
        if self.comment:
            parts.append(f"COMMENT '{self.comment}'")
        if self.check:
            parts.append(f"CHECK (length({quoted(self.name)}) < 1000)")
        return " ".join(parts)


class Table:
    def __init__(self, rng, name):
        self.name = name
        self.key = rng.choice(["auto", "auto", "plain", "text", "none", "unique"])
        self.columns = [Column(rng, name) for name in rng.sample(COLUMNS, rng.randint(1, 5))]
        self.keys = {}      # name: (kind, [column with prefix and order], suffix)
        self.checks = {}    # name or number: column
        self.foreign = {}   # name or number: (columns, table, actions)
        self.comment = rng.choice([None, None, "a table; it''s"])
        self.charset = rng.choice([None, None, None] + CHARSETS)
        self.partitions = None

    def find(self, name):
        return next((column for column in self.columns if column.name == name), None)

    def sql(self):
        keys = {"auto": ["`id` int AUTO_INCREMENT PRIMARY KEY"], "plain": ["`id` int PRIMARY KEY"],
                "text": ["`id` varchar(40) NOT NULL", "PRIMARY KEY (id)"], "none": ["`id` int"], "unique": ["`id` int AUTO_INCREMENT", "UNIQUE KEY (id)"]}
        items = keys[self.key][:1] + [column.sql() for column in self.columns] + keys[self.key][1:]
        for name, (kind, columns, suffix) in self.keys.items():
            items.append(f"{kind} {quoted(name)} ({', '.join(quoted(column) + rest for column, rest in columns)}){suffix}")
        for name, column in self.checks.items():
            named = f"CONSTRAINT {quoted(name)} " if isinstance(name, str) else ""
            items.append(f"{named}CHECK ({quoted(column)} is not null or {'1 = 1' if named else '2 = 2'})")
        text = ",\n    ".join(items)
        end = f" CHARACTER SET {self.charset}" if self.charset else ""
        end += f" COMMENT='{self.comment}'" if self.comment else ""
        if self.partitions:
            end += (f" PARTITION BY HASH (id) PARTITIONS {self.partitions}" if self.partitions > 0 else
                    " PARTITION BY RANGE (id) (" + ", ".join(f"PARTITION p{i} VALUES LESS THAN ({10 * i})" for i in range(-self.partitions)) + ")")
        return f"CREATE TABLE {quoted(self.name)} (\n    {text}\n){end};\n"

    def foreign_sql(self):
        for name, (columns, other, actions) in self.foreign.items():
            named = f"CONSTRAINT {quoted(name)} " if isinstance(name, str) else ""
            yield (f"ALTER TABLE {quoted(self.name)} ADD {named}FOREIGN KEY ({', '.join(map(quoted, columns))}) "
                   f"REFERENCES {quoted(other)} (id){actions};\n")


class Schema:
    """Tables; and what is named after them and goes with them, by name."""

    def __init__(self, rng):
        self.rng = rng
        self.tables = []
        self.views, self.triggers, self.routines, self.events, self.sequences = {}, {}, {}, {}, {}
        for _ in range(rng.randint(1, 4)):
            self.add_table()
        for _ in range(rng.randint(0, 10)):
            rng.choice(self.additions())()
            self.prune()

    def additions(self):
        return [self.add_key, self.add_key, self.add_key, self.add_view, self.add_trigger, self.add_reference, self.add_reference, self.add_generated,
                self.add_check, self.add_routine, self.add_event, self.add_sequence, self.add_default]

    def copy(self):
        rng, self.rng = self.rng, None
        other = copy.deepcopy(self)
        self.rng = other.rng = rng
        return other

    def unused(self, names, used):
        left = [name for name in names if name not in used]
        return self.rng.choice(left) if left else None

    # ---- what may be added ----

    def add_table(self):
        name = self.unused(TABLES, [table.name for table in self.tables])
        if name:
            self.tables.append(Table(self.rng, name))

    def add_column(self):
        table = self.rng.choice(self.tables)
        name = self.unused(COLUMNS, [column.name for column in table.columns])
        if name:
            table.columns.insert(self.rng.randint(0, len(table.columns)), Column(self.rng, name))

    def add_reference(self):
        table, other = self.rng.choice(self.tables), self.rng.choice(self.tables)
        name = self.unused(COLUMNS, [column.name for column in table.columns])
        if name and other.key in ("auto", "plain", "unique", "text"):
            column = Column(self.rng, name)
            column.type, column.default, column.charset, column.invisible, column.on_update = "int(11)", None, None, False, False
            column.not_null = self.rng.random() < .3
            column.references = other.name
            table.columns.append(column)
            key = f"fk {self.rng.randint(1, 99)}" if self.rng.random() < .6 else self.rng.randint(1, 99)
            actions = self.rng.choice(["", " ON DELETE CASCADE", " ON UPDATE CASCADE ON DELETE RESTRICT", "" if column.not_null else " ON DELETE SET NULL"])
            if not any(key in other.foreign for other in self.tables):
                table.foreign[key] = ([name], other.name, actions)

    def add_generated(self):
        table = self.rng.choice(self.tables)
        sources = [column for column in table.columns if column.type in NUMBERS]
        name = self.unused(COLUMNS, [column.name for column in table.columns])
        if sources and name:
            column = Column(self.rng, name)
            column.type, column.charset = "double", None
            column.generated = (self.rng.choice(sources).name, self.rng.choice(["VIRTUAL", "STORED"]), self.rng.randint(1, 3))
            table.columns.append(column)

    def add_check(self):
        table = self.rng.choice(self.tables)
        if table.columns:
            table.checks[self.rng.choice([f"ck {self.rng.randint(1, 20)}", self.rng.randint(1, 20)])] = self.rng.choice(table.columns).name

    def add_default(self):
        table = self.rng.choice(self.tables)
        if self.sequences and table.columns:
            column = self.rng.choice(table.columns)
            if not column.generated and not column.references:
                column.type, column.default, column.charset, column.on_update = "bigint(20)", f"nextval({quoted(self.rng.choice(sorted(self.sequences)))})", None, False

    def add_key(self):
        table = self.rng.choice(self.tables)
        names = [column.name for column in table.columns]
        if not names:
            return
        kind = self.rng.choice(["KEY", "KEY", "KEY", "UNIQUE KEY", "FULLTEXT KEY", "SPATIAL KEY"])
        columns, suffix = [], self.rng.choice(["", "", " COMMENT 'c''c'", " IGNORED"])
        for name in self.rng.sample(names, min(len(names), self.rng.randint(1, 2) if "KEY" in kind[:6] else 1)):
            column = table.find(name)
            rest = self.rng.choice(["", "", " DESC"])
            if column.type in LONG or column.type == "json":
                rest = "(10)"
            if kind == "FULLTEXT KEY":
                if not (column.type in SHORT or column.type in ("text", "mediumtext")):
                    return
                rest = ""
            if kind == "SPATIAL KEY":
                if column.type != "point" or not column.not_null:
                    return
                rest = ""
            elif column.type == "point":
                return
            if column.type == "varbinary(30)" or column.generated and column.generated[1] == "VIRTUAL" and rest == "(10)":
                rest = ""
            columns.append((name, rest))
        suffix = "" if kind == "UNIQUE KEY" and "IGNORED" in suffix else suffix  # it may be the primary key
        name = self.rng.choice([f"ix {self.rng.randint(1, 40)}", columns[0][0]])
        table.keys[name] = (kind, columns, suffix)

    def add_view(self):
        table = self.rng.choice(self.tables)
        names = [column.name for column in table.columns]
        over = self.rng.choice([None] + sorted(self.views)) if self.rng.random() < .3 else None
        self.views[f"view_{self.rng.randint(10, 40)}"] = (table.name, self.rng.sample(names, min(len(names), 1)), over,
                                                        self.rng.choice(["", "ALGORITHM=MERGE ", "SQL SECURITY INVOKER "]))

    def add_trigger(self):
        table, other = self.rng.choice(self.tables), self.rng.choice(self.tables)
        self.triggers[f"tr_{self.rng.randint(10, 40)}"] = (table.name, other.name, self.rng.choice(["AFTER", "BEFORE"]), self.rng.random() < .5,
                                                         self.rng.choice(["", "", "ANSI_QUOTES"]))

    def add_routine(self):
        self.routines[f"f {self.rng.randint(10, 30)}"] = (self.rng.choice(["FUNCTION", "PROCEDURE"]), self.rng.randint(1, 9), self.rng.choice([
            "", "STRICT_ALL_TABLES,PIPES_AS_CONCAT"]))

    def add_event(self):
        self.events[f"e {self.rng.randint(10, 30)}"] = (self.rng.choice(["EVERY 1 DAY", "EVERY 5 MINUTE", "EVERY '1:30' HOUR_MINUTE", "AT '2037-01-01 00:00:00'",
                                                                       "EVERY 1 WEEK ENDS '2036-05-05 00:00:00'"]),
                                                      self.rng.choice(["", " ON COMPLETION PRESERVE"]), self.rng.choice(["", " DISABLE"]),
                                                      self.rng.choice(["", " COMMENT 'it''s'"]), self.rng.randint(1, 5))

    def add_sequence(self):
        self.sequences[f"s {self.rng.randint(10, 30)}"] = self.rng.choice(["", " START WITH 5 INCREMENT BY 2", " MINVALUE 3 MAXVALUE 99 CYCLE", " NOCACHE"])

    # ---- what may go or change ----

    def drop_table(self):
        if len(self.tables) > 1:
            self.tables.remove(self.rng.choice(self.tables))

    def drop_column(self):
        table = self.rng.choice(self.tables)
        if len(table.columns) > 1:
            table.columns.remove(self.rng.choice(table.columns))

    def drop_other(self):
        table = self.rng.choice(self.tables)
        kind = self.rng.choice([table.keys, table.checks, table.foreign, self.views, self.triggers, self.routines, self.events, self.sequences])
        if kind:
            del kind[self.rng.choice(sorted(kind, key=str))]

    def change_column(self):
        table = self.rng.choice(self.tables)
        if not table.columns:
            return
        old = self.rng.choice(table.columns)
        if old.generated:
            old.generated = (old.generated[0], self.rng.choice(["VIRTUAL", "STORED"]), self.rng.randint(1, 4))
            return
        new = Column(self.rng, old.name)
        if old.references:
            new.type, new.default, new.charset, new.invisible, new.on_update = old.type, None, None, False, False
            new.references, new.not_null = old.references, old.not_null
        elif self.rng.random() < .6:  # a part of it
            part = self.rng.choice(["comment", "check", "not_null", "invisible"])
            value = getattr(new, part)
            new = copy.copy(old)
            setattr(new, part, value)
        table.columns[table.columns.index(old)] = new

    def change_table(self):
        table = self.rng.choice(self.tables)
        part = self.rng.choice(["key", "comment", "charset", "columns", "partitions"])
        if part == "columns":
            self.rng.shuffle(table.columns)
        elif part == "partitions":
            table.partitions = self.rng.choice([None, 2, 4, -2, -3])
        else:
            setattr(table, part, getattr(Table(self.rng, table.name), part))

    def change_foreign(self):
        table = self.rng.choice(self.tables)
        if table.foreign:
            name = self.rng.choice(sorted(table.foreign, key=str))
            columns, other, _ = table.foreign.pop(name)
            table.foreign[self.rng.choice([name, f"fk {self.rng.randint(100, 199)}", self.rng.randint(100, 199)])] = (
                columns, other, self.rng.choice(["", " ON DELETE CASCADE"]))

    def change_other(self):
        kind, add = self.rng.choice([(self.views, self.add_view), (self.triggers, self.add_trigger), (self.routines, self.add_routine),
                                     (self.events, self.add_event), (self.sequences, self.add_sequence)])
        before = dict(kind)
        add()
        added = [name for name in kind if name not in before]
        if before and added:
            kind[self.rng.choice(sorted(before))] = kind.pop(added[0])

    def prune(self):
        """What names something that is gone, or cannot be, goes too."""
        for _ in range(4):
            tables = {table.name: table for table in self.tables}
            for table in self.tables:
                self.prune_table(table, tables)
            self.views = {name: view for name, view in self.views.items()
                          if view[0] in tables and all(tables[view[0]].find(column) for column in view[1]) and
                          (view[2] is None or (view[2] in self.views and view[2] < name))}
            self.triggers = {name: trigger for name, trigger in self.triggers.items() if trigger[0] in tables and trigger[1] in tables}

    def prune_table(self, table, tables):
        for column in table.columns:
            if column.default and column.default.startswith("nextval") and not any(quoted(name) in column.default for name in self.sequences):
                column.default = None
            if column.references and (column.references not in tables or tables[column.references].key == "none"):
                column.references = None
            if column.references:
                key = tables[column.references].key
                column.type = "varchar(40)" if key == "text" else "int(11)"
                column.charset = "utf8mb4 COLLATE utf8mb4_bin" if key == "text" else None
                if key == "text":
                    tables[column.references].charset = "utf8mb4 COLLATE utf8mb4_bin"
        numbers = {column.name for column in table.columns if column.type in NUMBERS and not column.generated}
        table.columns = [column for column in table.columns if not column.generated or column.generated[0] in numbers]
        sources = {column.generated[0] for column in table.columns if column.generated}
        table.foreign = {name: key for name, key in table.foreign.items()
                         if table.find(key[0][0]) and table.find(key[0][0]).references == key[1] and key[1] in tables and
                         not (table.find(key[0][0]).not_null and "SET NULL" in key[2]) and
                         not (key[0][0] in sources and ("SET NULL" in key[2] or "CASCADE" in key[2]))}
        acting = {key[0][0] for key in table.foreign.values() if "CASCADE" in key[2] or "SET NULL" in key[2]}
        table.checks = {name: column for name, column in table.checks.items() if table.find(column) and column not in acting}
        for column in table.columns:
            column.invisible = column.invisible and (column.default is not None or not column.not_null)
            column.check = column.check and column.name not in acting
        table.keys = {name: key for name, key in table.keys.items() if self.can_have(table, key)}
        referenced = any(key[1] == table.name for other in self.tables for key in other.foreign.values())
        if table.foreign or referenced or table.key in ("text", "unique") or any(
                key[0] != "KEY" for key in table.keys.values()) or any(column.type == "point" or column.references for column in table.columns):
            table.partitions = None

    def can_have(self, table, key):
        kind, columns, _ = key
        for name, rest in columns:
            column = table.find(name)
            if not column or column.default is not None and column.generated:
                return False
            if kind == "FULLTEXT KEY" and not (column.type in SHORT or column.type in ("text", "mediumtext")):
                return False
            if kind == "SPATIAL KEY" and (column.type != "point" or not column.not_null):
                return False
            if kind != "SPATIAL KEY" and column.type == "point":
                return False
            if kind in ("KEY", "UNIQUE KEY") and (column.type in LONG or column.type == "json") != (rest == "(10)"):
                return False
        return True

    def mutate(self):
        for _ in range(self.rng.randint(1, 6)):
            self.rng.choice(self.additions() + [
                self.add_table, self.add_column, self.add_column, self.drop_table, self.drop_column, self.drop_other, self.drop_other,
                self.change_column, self.change_column, self.change_column, self.change_table, self.change_table, self.change_foreign,
                self.change_foreign, self.change_other, self.change_other])()
            self.prune()

    # ---- as text ----

    def sql(self):
        text = "SET SESSION sql_mode = DEFAULT;\n"
        for name, options in sorted(self.sequences.items()):
            text += f"CREATE SEQUENCE {quoted(name)}{options};\n"
        text += "".join(table.sql() for table in self.tables)
        text += "".join(sql for table in self.tables for sql in table.foreign_sql())
        text += "DELIMITER //\n"
        for name, (kind, number, mode) in sorted(self.routines.items()):
            text += f"SET SESSION sql_mode = '{mode}'//\n"
            text += (f"CREATE FUNCTION {quoted(name)}(a int) RETURNS int DETERMINISTIC BEGIN RETURN a + {number}; END//\n" if kind == "FUNCTION" else
                     f"CREATE PROCEDURE {quoted(name)}(IN a int, OUT b int)\nBEGIN\n  -- a comment; 'here\n  SET b = {number};\nEND//\n")
        text += "SET SESSION sql_mode = DEFAULT//\n"
        for name, (table, columns, over, how) in sorted(self.views.items()):
            text += f"CREATE {how}VIEW {quoted(name)} AS SELECT {', '.join(['t.id'] + ['t.' + quoted(column) for column in columns])} "
            text += f"FROM {quoted(table)} AS t" + (f" JOIN {quoted(over)} AS o ON o.id = t.id//\n" if over else "//\n")
        for name, (on, other, timing, is_long, mode) in sorted(self.triggers.items()):
            text += f"SET SESSION sql_mode = '{mode}'//\n"
            body = f"DELETE FROM {quoted(other)} WHERE id = -1"
            text += f"CREATE TRIGGER {quoted(name)} {timing} INSERT ON {quoted(on)} FOR EACH ROW " + (f"BEGIN {body}; END//\n" if is_long else f"{body}//\n")
        text += "SET SESSION sql_mode = DEFAULT//\n"
        for name, (schedule, completion, status, comment, number) in sorted(self.events.items()):
            text += f"CREATE EVENT {quoted(name)} ON SCHEDULE {schedule}{completion}{status}{comment} DO BEGIN DO {number}; END//\n"
        return text + "DELIMITER ;\n"
