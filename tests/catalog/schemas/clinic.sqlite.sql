CREATE TABLE doctor (
    id integer PRIMARY KEY AUTOINCREMENT,
    name text NOT NULL,
    email varchar(200) UNIQUE,
    is_active boolean NOT NULL DEFAULT 1
);
CREATE TABLE patient (
    id integer PRIMARY KEY,
    name text NOT NULL COLLATE NOCASE CHECK (name <> ''),
    born date,
    doctor_id integer REFERENCES doctor (id) ON DELETE SET NULL,
    notes text NOT NULL DEFAULT '{}'
);
CREATE TABLE visit (
    id integer NOT NULL,
    patient_id integer NOT NULL REFERENCES patient, -- who comes
    doctor_id integer NOT NULL,
    at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    until datetime,
    price decimal(10, 2),
    tax decimal(10, 2) GENERATED ALWAYS AS (price * 0.19) STORED,
    CONSTRAINT visit_pk PRIMARY KEY (id),
    CONSTRAINT visit_doctor FOREIGN KEY (doctor_id) REFERENCES doctor (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT in_order CHECK (until IS NULL OR until > at),
    UNIQUE (doctor_id, at)
);
CREATE TABLE setting (name text PRIMARY KEY, value any) STRICT, WITHOUT ROWID;
CREATE INDEX visit_at ON visit (at DESC) WHERE until IS NULL;
CREATE UNIQUE INDEX patient_name ON patient (lower(name), born);
CREATE VIEW planned AS SELECT v.id, p.name, v.at FROM visit v JOIN patient p ON p.id = v.patient_id WHERE v.until IS NULL;
CREATE VIEW planned_late AS SELECT id, name FROM planned WHERE at > '18:00';
CREATE TRIGGER visit_price AFTER INSERT ON visit WHEN NEW.price IS NULL BEGIN UPDATE visit SET price = 50 WHERE id = NEW.id; END;
CREATE VIRTUAL TABLE letters USING fts5 (body, sender);
