"""Schemas of SQLite, made and changed at random, for test_autogenerate.py. A seed gives the same schemas everywhere."""
import copy

TYPES = ["integer", "text", "real", "blob", "numeric(10, 2)", "varchar(20)"]
DEFAULTS = {"integer": ["0", "7", "-1"], "text": ["'a'", "'it''s'", "''"], "real": ["1.5"], "blob": ["x'00'"],
            "numeric(10, 2)": ["0"], "varchar(20)": ["'x y'"]}
NAMES = ["task", "Team", "user table", "order", "log", "a_b", "tag", "ünïcode", 'say "hi"', "x1"]
COLUMNS = ["title", "prio", "Done", "note", "group", "due date", "n", "ref", "state", "körper"]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Column:
    def __init__(self, rng, name):
        self.name = name
        self.type = rng.choice(TYPES)
        self.default = rng.choice([None, rng.choice(DEFAULTS[self.type])])
        self.not_null = self.default is not None and rng.random() < .4
        self.unique = rng.random() < .1 and self.default is None
        self.check = rng.random() < .15
        self.collate = self.type in ("text", "varchar(20)") and rng.random() < .2
        self.generated = None
        self.references = None

    def sql(self, table):
        parts = [quoted(self.name), self.type]
        if self.generated:
            kind, source = self.generated
            return " ".join(parts + [f"GENERATED ALWAYS AS (coalesce({quoted(source)}, 0)) {kind}"])
        if self.not_null:
            parts.append("NOT NULL")
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.unique:
            parts.append("UNIQUE")
        if self.collate:
            parts.append("COLLATE NOCASE")
        if self.check:
            parts.append(f"CHECK (length({quoted(self.name)}) < 1000)")
        if self.references:
            parts.append(f"REFERENCES {quoted(self.references)} (id) ON DELETE CASCADE")
        return " ".join(parts)


class Table:
    def __init__(self, rng, name):
        self.name = name
        self.key = rng.choice(["rowid", "autoincrement", "text", "without"])
        self.columns = [Column(rng, name) for name in rng.sample(COLUMNS, rng.randint(1, 4))]
        self.uniques = []
        self.strict = False

    def find(self, name):
        return next((column for column in self.columns if column.name == name), None)

    def sql(self):
        keys = {"rowid": "id integer PRIMARY KEY", "autoincrement": "id integer PRIMARY KEY AUTOINCREMENT",
                "text": "id text NOT NULL PRIMARY KEY", "without": "id integer NOT NULL PRIMARY KEY"}
        items = [keys[self.key]] + [column.sql(self) for column in self.columns]
        items += [f"CONSTRAINT {quoted('uq ' + '_'.join(names))} UNIQUE ({', '.join(map(quoted, names))})" for names in self.uniques]
        text = ",\n    ".join(items)
        return f"CREATE TABLE {quoted(self.name)} (\n    {text}\n)" + (" WITHOUT ROWID" if self.key == "without" else "") + ";\n"


class Schema:
    """Tables; and what is named after them and goes with them, by name: indexes, views, triggers."""

    def __init__(self, rng):
        self.rng = rng
        self.tables = []
        self.indexes, self.views, self.triggers = {}, {}, {}
        for _ in range(rng.randint(1, 4)):
            self.add_table()
        for _ in range(rng.randint(0, 6)):
            rng.choice([self.add_index, self.add_view, self.add_trigger, self.add_reference, self.add_generated])()

    def copy(self):
        rng, self.rng = self.rng, None
        other = copy.deepcopy(self)
        self.rng = other.rng = rng
        return other

    def unused(self, names, used):
        used = {name.lower() for name in used}
        left = [name for name in names if name.lower() not in used]
        return self.rng.choice(left) if left else None

    # ---- what may be added ----

    def add_table(self):
        name = self.unused(NAMES, [table.name for table in self.tables])
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
        if name:
            column = Column(self.rng, name)
            column.type, column.default, column.not_null, column.check = "integer", None, False, False
            column.references, column.collate = other.name, False
            table.columns.append(column)

    def add_generated(self):
        table = self.rng.choice(self.tables)
        sources = [column for column in table.columns if not column.generated]
        name = self.unused(COLUMNS, [column.name for column in table.columns])
        if sources and name:
            column = Column(self.rng, name)
            column.generated = (self.rng.choice(["VIRTUAL", "STORED"]), self.rng.choice(sources).name)
            table.columns.append(column)

    def add_unique(self):
        table = self.rng.choice(self.tables)
        names = [column.name for column in table.columns if not column.generated]
        if len(names) > 1:
            names = tuple(self.rng.sample(names, 2))
            if names not in table.uniques and names[::-1] not in table.uniques:
                table.uniques.append(names)

    def add_index(self):
        table = self.rng.choice(self.tables)
        names = [column.name for column in table.columns]
        if names:
            name = f"ix {self.rng.randint(1, 40)}"
            columns = self.rng.sample(names, min(len(names), self.rng.randint(1, 2)))
            where = self.rng.choice([None, None, columns[0]])
            self.indexes[name] = (table.name, columns, self.rng.choice(["", " DESC", " COLLATE NOCASE"]), where)

    def add_view(self):
        table = self.rng.choice(self.tables)
        names = [column.name for column in table.columns]
        over = self.rng.choice([None] + sorted(self.views)) if self.rng.random() < .3 else None
        self.views[f"view_{self.rng.randint(1, 40)}"] = (table.name, self.rng.sample(names, min(len(names), 1)), over)
        self.prune()

    def add_trigger(self):
        table, other = self.rng.choice(self.tables), self.rng.choice(self.tables)
        if self.views and self.rng.random() < .3:
            self.triggers[f"tr_{self.rng.randint(1, 40)}"] = (self.rng.choice(sorted(self.views)), other.name, "INSTEAD OF")
        else:
            self.triggers[f"tr_{self.rng.randint(1, 40)}"] = (table.name, other.name, self.rng.choice(["AFTER", "BEFORE"]))

    # ---- what may go or change ----

    def drop_table(self):
        if len(self.tables) > 1:
            self.tables.remove(self.rng.choice(self.tables))
            self.prune()

    def drop_column(self):
        table = self.rng.choice(self.tables)
        if len(table.columns) > 1:
            table.columns.remove(self.rng.choice(table.columns))
            self.prune()

    def drop_other(self):
        kind = self.rng.choice([self.indexes, self.views, self.triggers])
        if kind:
            del kind[self.rng.choice(sorted(kind))]
            self.prune()

    def change_column(self):
        table = self.rng.choice(self.tables)
        if table.columns:
            old = self.rng.choice(table.columns)
            at = table.columns.index(old)
            table.columns[at] = Column(self.rng, old.name)
            if old.references:
                table.columns[at].references = old.references
                table.columns[at].default, table.columns[at].not_null = None, False
            self.prune()

    def change_key(self):
        self.rng.choice(self.tables).key = self.rng.choice(["rowid", "autoincrement", "text", "without"])

    def change_other(self):
        kind, add = self.rng.choice([(self.indexes, self.add_index), (self.views, self.add_view), (self.triggers, self.add_trigger)])
        before = dict(kind)
        add()
        added = [name for name in kind if name not in before]
        if before and added:
            kind[self.rng.choice(sorted(before))] = kind.pop(added[0])
            self.prune()

    def prune(self):
        """What names something that is gone goes too."""
        for _ in range(4):
            tables = {table.name: table for table in self.tables}
            for table in self.tables:
                table.columns = [column for column in table.columns if not column.references or column.references in tables]
                names = {column.name for column in table.columns if not column.generated}
                table.columns = [column for column in table.columns if not column.generated or column.generated[1] in names]
                table.uniques = [key for key in table.uniques if set(key) <= names]

            def has(table, columns):
                return table in tables and all(tables[table].find(name) for name in columns)
            self.indexes = {name: index for name, index in self.indexes.items() if has(index[0], index[1])}
            self.views = {name: view for name, view in self.views.items()
                          if has(view[0], view[1]) and (view[2] is None or (view[2] in self.views and view[2] < name))}
            self.triggers = {name: trigger for name, trigger in self.triggers.items()
                             if (trigger[0] in tables if trigger[2] != "INSTEAD OF" else trigger[0] in self.views) and trigger[1] in tables}

    def mutate(self):
        for _ in range(self.rng.randint(1, 4)):
            self.rng.choice([self.add_table, self.add_column, self.add_column, self.add_reference, self.add_generated, self.add_unique,
                             self.add_index, self.add_view, self.add_trigger, self.drop_table, self.drop_column, self.drop_other,
                             self.change_column, self.change_column, self.change_key, self.change_other])()
            self.prune()

    # ---- as text ----

    def sql(self):
        text = "".join(table.sql() for table in self.tables)
        for name, (table, columns, suffix, where) in sorted(self.indexes.items()):
            text += f"CREATE INDEX {quoted(name)} ON {quoted(table)} ({', '.join(quoted(column) + suffix for column in columns)})"
            text += f" WHERE {quoted(where)} IS NOT NULL;\n" if where else ";\n"
        for name, (table, columns, over) in sorted(self.views.items()):
            text += f"CREATE VIEW {quoted(name)} AS SELECT {', '.join(['t.id'] + ['t.' + quoted(column) for column in columns])} "
            text += f"FROM {quoted(table)} AS t" + (f" JOIN {quoted(over)} AS o ON o.id = t.id;\n" if over else ";\n")
        for name, (on, other, timing) in sorted(self.triggers.items()):
            text += f"CREATE TRIGGER {quoted(name)} {timing} INSERT ON {quoted(on)} BEGIN DELETE FROM {quoted(other)} WHERE id = -1; END;\n"
        return text

    def dropped_since(self, before):
        """The names of tables and columns that were there before."""
        now = {table.name: table for table in self.tables}
        for table in before.tables:
            if table.name not in now:
                yield table.name
                continue
            for column in table.columns:
                if not now[table.name].find(column.name):
                    yield f"{table.name}.{column.name}"
